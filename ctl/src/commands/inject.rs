//! `vaultctl inject`

mod template;

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use vault::api::{Code, Fault};
use zeroize::Zeroizing;

use crate::context::Context;
use crate::failure::{Failure, in_words};
use crate::output_file::Target;
use crate::references::{SCHEME, Wanted};
use crate::show::{counted, plain};
use crate::utf8;
use template::{Malformed, Placed, Template};

/// What to do where the output cannot be that file.
const INSTEAD: &str = "write to stdout: leave `-o` out";

/// The largest template, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Fills the references of a template with values.
///
/// `{{ vault://NAME }}` becomes the value of the secret that `resolve NAME` finds, `{{ vault://NAME?org=ORG }}` that of another org. All values are read at once, or none. The
/// output file is for its owner alone (0600), and the old one stays in place until the new one is whole; a symbolic link
/// is followed, unless another user may have left it there. A reference to a secret that is not there changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl inject -i config.tpl.yaml -o config.yaml
  vaultctl inject < nginx.tpl | ssh host 'umask 077; cat > nginx.conf'
  vaultctl inject -i config.tpl.yaml --reveal        look at it on the terminal")]
pub(crate) struct InjectArgs {
    /// The template; `-` is stdin
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    input: PathBuf,
    /// Where the filled template goes; `-` is stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Print values on a terminal
    #[arg(long)]
    reveal: bool,
}

/// Reads the template, then the values, then writes the output.
pub(super) fn run(args: &InjectArgs, context: &Context) -> Result<ExitCode, Failure> {
    let to_stdout = is_standard(&args.output);
    if to_stdout && !args.reveal {
        super::refuse_terminal("inject -o FILE")?;
    }
    let file = (!to_stdout).then(|| Target::find(&args.output, context)?.regular(INSTEAD)).transpose()?;
    let text = read(&args.input)?;
    let template = Template::parse(&text).map_err(|malformed| told(&args.input, &malformed))?;
    let filled = fill(&template, args, context)?;
    if let Some(file) = file {
        file.replace(filled.as_bytes())?;
        let count = counted(template.references().count() as u64, "reference");
        context.show.done(format_args!("filled {count} into {}", shown(&args.output)))?;
    } else {
        context.show.revealed(&filled)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

fn shown(path: &Path) -> String {
    if is_standard(path) { "stdin".to_owned() } else { plain(&path.display().to_string()) }
}

fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    if is_standard(path) && io::stdin().is_terminal() {
        return Err(Failure::usage("there is no template", "name one with -i FILE, or pipe it in"));
    }
    let mut text = Zeroizing::new(Vec::new());
    let read = if is_standard(path) {
        io::stdin().lock().take(LARGEST + 1).read_to_end(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut text))
    };
    read.map_err(|error| {
        Failure::usage(format!("{}: {}", shown(path), in_words(&error)), "name a template that you may read")
    })?;
    if text.len() as u64 > LARGEST {
        let message = format!("{}: a template takes at most 16 MiB", shown(path));
        return Err(Fault::new(Code::TooLarge, message).hint("split it into several").into());
    }
    Ok(Zeroizing::new(utf8::text(&text, &shown(path), "a template is text")?.to_owned()))
}

fn told(path: &Path, malformed: &Malformed) -> Failure {
    let message = format!("{}, line {}: {}", shown(path), malformed.line, malformed.why);
    Failure::usage(message, format!("a reference is {{{{ {SCHEME}NAME }}}}"))
}

/// Reads the values and puts them in place of their references.
fn fill(template: &Template<'_>, args: &InjectArgs, context: &Context) -> Result<Zeroizing<String>, Failure> {
    let mut wanted = Wanted::default();
    template.references().for_each(|one| wanted.secret(&one.reference));
    let values = wanted.read(context).map_err(|failure| match failure {
        Failure::Fault(fault) if fault.code == Code::NotFound => {
            Failure::Fault(placed(fault, &wanted, template, (args, context)))
        }
        other => other,
    })?;
    Ok(template.filled(|reference| values.of(reference).map_or("", |read| read.value.value().expose())))
}

/// Says which reference of which line has no secret.
fn placed(fault: Fault, wanted: &Wanted, template: &Template<'_>, from: (&InjectArgs, &Context)) -> Fault {
    let (args, context) = from;
    let missing = wanted.missing(context);
    let place = missing.and_then(|missing| template.references().find(|one| one.reference == *missing));
    let Some(Placed { reference, line }) = place else { return fault };
    let (file, asked) = (shown(&args.input), plain(&reference.to_string()));
    Fault { message: format!("{file}, line {line}: {asked}: {}", fault.message), ..fault }
}
