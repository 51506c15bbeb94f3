//! What people read in a file: texts and documentation, without code.

use std::path::Path;

use anyhow::Result;
use proc_macro2::{Delimiter, Group, Literal, TokenStream, TokenTree};

use super::super::sources::Source;

/// A piece of text and the line that it begins in.
pub(super) type Piece = (usize, String);

/// Where whole files are text: what the system, its users and its package read.
const FOLDERS: [&str; 5] = ["systemd", "launchd", "debian", "presets", "ctl/src/complete/scripts"];
/// Single files that are text as a whole.
const FILES: [&str; 6] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "benches/load/src/page.md",
    "ctl/src/commands/init/vault.toml",
];
/// The dashboard's page.
const PAGE: &str = "ctl/src/commands/ui/page";
/// Written by `cargo xtask bench` from sources that are looked at themselves.
const MEASURED: &str = "docs/performance.md";

/// Returns what people read in a file; nothing if it is of another kind.
///
/// # Errors
/// If a Rust file cannot be read as Rust.
pub(super) fn of(source: &Source) -> Result<Vec<Piece>> {
    let (path, text) = (source.path.as_path(), source.text.as_str());
    let ends = |end: &str| path.extension().is_some_and(|extension| extension == end);
    if ends("rs") {
        let tokens: TokenStream = text.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
        return Ok(rust(tokens));
    }
    if path == Path::new("CHANGELOG.md") {
        return Ok(unreleased(text).into_iter().collect());
    }
    if path.starts_with(PAGE) && ends("js") {
        return Ok(script(text));
    }
    let is_page = path.starts_with(PAGE) && ends("html");
    let is_document = path.starts_with("docs") && ends("md") && path != Path::new(MEASURED);
    let is_whole = is_page || is_document || FILES.iter().any(|file| path == Path::new(file));
    let is_whole = is_whole || FOLDERS.iter().any(|folder| path.starts_with(folder));
    Ok(if is_whole { vec![(1, text.to_owned())] } else { Vec::new() })
}

/// Returns what is to be released next, from a changelog.
fn unreleased(text: &str) -> Option<Piece> {
    let (before, after) = text.split_once("\n## [Unreleased]\n")?;
    let section = after.split("\n## ").next().unwrap_or_default();
    Some((line_of(text, before.len()) + 2, section.to_owned()))
}

/// Collects string literals and documentation, whatever macro they are given to.
fn rust(tokens: TokenStream) -> Vec<Piece> {
    let mut found = Rust::default();
    found.walk(tokens);
    found.pieces
}

#[derive(Default)]
struct Rust {
    pieces: Vec<Piece>,
    /// The line of a doc comment that the next one may continue.
    documented: Option<usize>,
}

impl Rust {
    fn walk(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => match documentation(&group) {
                    Some(literal) => self.document(&literal),
                    None => self.walk(group.stream()),
                },
                TokenTree::Literal(literal) => self.pieces.extend(string(&literal)),
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    /// Adds a line of documentation, to the piece before it if that is the line above: phrases go over lines.
    fn document(&mut self, literal: &Literal) {
        let Some((line, text)) = string(literal) else { return };
        let continues = self.documented.is_some_and(|last| last + 1 == line);
        match self.pieces.last_mut().filter(|_| continues) {
            Some((_, piece)) => piece.extend(["\n", &text]),
            None => self.pieces.push((line, text)),
        }
        self.documented = Some(literal.span().end().line);
    }
}

/// Returns the text of `[doc = "…"]`, which is what a doc comment is read as.
fn documentation(group: &Group) -> Option<Literal> {
    let tokens: Vec<_> = group.stream().into_iter().collect();
    match (group.delimiter(), tokens.as_slice()) {
        (Delimiter::Bracket, [TokenTree::Ident(name), TokenTree::Punct(_), TokenTree::Literal(text)]) => {
            (name == "doc").then(|| text.clone())
        }
        _ => None,
    }
}

/// Returns a literal's text and line if it is a string.
fn string(literal: &Literal) -> Option<Piece> {
    match syn::Lit::new(literal.clone()) {
        syn::Lit::Str(text) => Some((literal.span().start().line, text.value())),
        _ => None,
    }
}

/// Collects the strings of a script, and the comments that document its functions.
///
/// It knows no regular expressions: a quote in one is taken for a string's begin, to the end of that line.
fn script(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((at, begin)) = next_of(rest) {
        let (opening, closing) = begin;
        let after = rest.get(at + opening.len()..).unwrap_or_default();
        let end = end_of(after, closing);
        let line = line_of(text, text.len() - after.len());
        // What begins with two slashes alone says why, to those who read the code.
        if opening != "//" {
            pieces.push((line, after.get(..end).unwrap_or_default().to_owned()));
        }
        rest = after.get(end + closing.len()..).unwrap_or_default();
    }
    pieces
}

/// What begins a piece of text in a script, and what ends it.
const BEGINS: [(&str, &str); 5] = [("//", "\n"), ("/*", "*/"), ("'", "'"), ("\"", "\""), ("`", "`")];

/// Returns the first place where something begins.
fn next_of(text: &str) -> Option<(usize, (&'static str, &'static str))> {
    BEGINS.iter().filter_map(|begin| Some((text.find(begin.0)?, *begin))).min_by_key(|(at, _)| *at)
}

/// Returns where a piece of text ends: at what closes it, without a backslash; a string in quotes at its line's end.
fn end_of(text: &str, closing: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        let ends_line = letter == '\n' && matches!(closing, "'" | "\"");
        if ends_line || (!escaped && text.get(at..).is_some_and(|rest| rest.starts_with(closing))) {
            return at;
        }
        escaped = letter == '\\' && !escaped;
    }
    text.len()
}

fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(path: &str, text: &str) -> Vec<Piece> {
        of(&Source { path: path.into(), text: text.to_owned() }).unwrap()
    }

    fn piece(line: usize, text: &str) -> Piece {
        (line, text.to_owned())
    }

    #[test]
    fn rust_is_read_for_its_strings_and_documentation_even_in_macros() {
        let text = "//! One\n//! two.\n\n/// Three.\nfn told() {\n    // four\n    say!(\"five\", r#\"six\"#, b\"7\");\n}\n";
        let expected = [piece(1, " One\n two."), piece(4, " Three."), piece(7, "five"), piece(7, "six")];
        assert_eq!(expected, pieces("src/a.rs", text)[..]);
    }

    #[test]
    fn a_file_that_is_not_rust_is_an_error() {
        assert!(of(&Source { path: "src/a.rs".into(), text: "fn (".to_owned() }).is_err());
    }

    #[test]
    fn a_script_is_read_for_its_strings_and_documentation() {
        let text = "// told\nconst told = 'one \\' two';\n/** Three. */\nf(`four\n${told}`, /[\"]/);\ng(\"five\");\n";
        let expected = [
            piece(2, "one \\' two"),
            piece(3, "* Three. "),
            piece(4, "four\n${told}"),
            piece(5, "]/);"),
            piece(6, "five"),
        ];
        assert_eq!(expected, pieces("ctl/src/commands/ui/page/a.js", text)[..]);
    }

    #[test]
    fn a_changelog_is_read_for_what_is_not_released() {
        let text = "# Changelog\n\n## [Unreleased]\n\nNew.\n\n## 1.0\n\nOld.\n";
        assert_eq!([piece(4, "\nNew.\n")], pieces("CHANGELOG.md", text)[..]);
        assert!(pieces("CHANGELOG.md", "# Changelog\n\n## 1.0\n").is_empty());
    }

    #[test]
    fn documents_are_read_as_a_whole_and_generated_files_not_at_all() {
        for path in
            ["docs/run.md", "README.md", "debian/postinst", "presets/a.toml", "systemd/user/a.service"]
        {
            assert_eq!([piece(1, "text")], pieces(path, "text")[..], "{path}");
        }
        for path in ["docs/performance.md", "docs/man/vaultd.8", "docs/json-output.schema.json", "a.css"] {
            assert!(pieces(path, "text").is_empty(), "{path}");
        }
    }
}
