//! `vaultctl show`

use std::process::ExitCode;

use clap::Args;
use vault::api::Secret;
use vault::presets::Presets;

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::locate;
use crate::moment::now;
use crate::show::{Tone, date, plain};

/// Prints what is known of a secret, never its value.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl show skill:openai:access_token
  vaultctl show db-url --json | jq .metadata")]
pub(crate) struct ShowArgs {
    /// A name, an id, or a platform
    #[arg(add = Completes::Key)]
    name: String,
}

/// Finds the secret and prints its metadata.
pub(super) fn run(args: &ShowArgs, context: &Context) -> Result<ExitCode, Failure> {
    let secret = locate::secret(context, &args.name)?;
    if context.show.is_json() {
        context.show.json(&secret)?;
    } else {
        context.show.pairs(&pairs(&secret, context))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn pairs(secret: &Secret, context: &Context) -> Vec<(&'static str, String)> {
    let mut pairs = vec![
        ("name", plain(secret.name.as_str())),
        ("id", String::from(secret.id)),
        ("org", plain(secret.org_id.as_str())),
        ("category", secret.category.id().to_owned()),
        ("version", secret.version.to_string()),
        ("created", format!("{} by {}", date(secret.created_at), plain(&secret.created_by))),
        ("updated", date(secret.updated_at)),
    ];
    pairs.extend(secret.rotated_at.map(|at| ("rotated", date(at))));
    pairs.extend(secret.expires_at.map(|at| {
        let text = date(at);
        let text =
            if at <= now() { context.show.tone(Tone::Bad, &format!("{text} (expired)")) } else { text };
        ("expires", text)
    }));
    pairs.extend(variables(secret).map(|names| ("variable", names)));
    let metadata = secret.metadata.as_json();
    if metadata != "{}" {
        pairs.push(("metadata", plain(metadata)));
    }
    pairs
}

/// Gives the environment variables that the secret's field usually goes into.
fn variables(secret: &Secret) -> Option<String> {
    let (platform, field) = secret.name.skill()?;
    let field = Presets::builtin().field(platform, field?)?;
    Some(field.env.join(", "))
}
