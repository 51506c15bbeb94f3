//! The files of the page, built in as they are sent: packed by `build/page.rs`.

/// A file of the page.
pub(super) struct File {
    /// Its name, as it stands behind `/app/`.
    pub(super) name: &'static str,
    /// What is in it, as gzip.
    pub(super) packed: &'static [u8],
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// Every file of the page.
        const FILES: &[File] = &[$(File {
            name: $name,
            packed: include_bytes!(concat!(env!("OUT_DIR"), "/page/", $name, ".gz")),
        }),*];
    };
}

// One line a file.
files! {
    "index.html",
    "acts.js",
    "add.js",
    "addcustom.js",
    "addenv.js",
    "addplatform.js",
    "agentadd.js",
    "agents.js",
    "api.js",
    "audit.js",
    "bars.js",
    "base.css",
    "bulk.js",
    "chain.js",
    "clipboard.js",
    "combo.js",
    "controls.css",
    "dialog.css",
    "dialog.js",
    "dom.js",
    "dotenv.js",
    "draft.js",
    "edit.js",
    "entry.js",
    "export.js",
    "facts.js",
    "faults.js",
    "fields.js",
    "filters.js",
    "focus.js",
    "format.js",
    "frame.js",
    "generate.js",
    "keys.js",
    "lifetime.js",
    "listing.js",
    "locked.js",
    "logpager.js",
    "main.js",
    "named.js",
    "names.js",
    "notfound.js",
    "pairs.js",
    "palette.js",
    "pills.js",
    "proof.js",
    "reveal.js",
    "route.js",
    "roving.js",
    "say.js",
    "search.js",
    "secret.js",
    "secrets.js",
    "session.js",
    "settings.js",
    "state.js",
    "status.js",
    "stream.js",
    "table.css",
    "table.js",
    "tabs.js",
    "tail.js",
    "theme.js",
    "token.js",
    "upkeep.js",
    "use.js",
    "versions.js",
    "views.css",
    "waiting.js",
    "words.js",
}

impl File {
    /// Finds the file of a path.
    pub(super) fn at(path: &str) -> Option<&'static Self> {
        let name = if path == "/" { "index.html" } else { path.strip_prefix("/app/")? };
        FILES.iter().find(|file| file.name == name)
    }

    /// Gives its media type.
    pub(super) fn kind(&self) -> &'static str {
        match self.name.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_built_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/commands/ui/page");
        for file in std::fs::read_dir(folder).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            assert!(FILES.iter().any(|file| file.name == name), "{name}");
        }
    }

    #[test]
    fn every_file_has_a_type_that_a_browser_takes() {
        for file in FILES {
            assert_ne!("text/plain; charset=utf-8", file.kind(), "{}", file.name);
        }
    }

    #[test]
    fn a_path_is_taken_as_it_is_written() {
        for path in ["", "/app", "/app/", "/app/../index.html", "/app//index.html", "//", "/app/%69ndex.html"]
        {
            assert!(File::at(path).is_none(), "{path}");
        }
        assert!(File::at("/").is_some() && File::at("/app/index.html").is_some());
    }
}
