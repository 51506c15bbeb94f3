//! The link on its way to a browser: in a file that only its user can read, and on no command line.

use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use data_encoding::HEXLOWER;
use vault::files;
use zeroize::Zeroizing;

use crate::birth;
use crate::env;
use crate::failure::in_words;
use crate::show::Show;

/// The program that opens a file as its user wants it opened.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// A page that leads to the link; it is gone when this is dropped.
#[derive(Debug)]
pub(super) struct Redirect {
    folder: PathBuf,
}

impl Redirect {
    /// Writes the page into a folder of its own.
    ///
    /// # Errors
    /// What stands in the way, in words.
    pub(super) fn write(url: &str) -> Result<Self, String> {
        let random = vault::crypto::random::<8>().map_err(|_| "there are no random numbers")?;
        let folder = env::passing_folder().join(format!("vaultctl-ui-{}", HEXLOWER.encode(&random)));
        let words = |error: std::io::Error| in_words(&error);
        std::fs::DirBuilder::new().mode(0o700).create(&folder).map_err(words)?;
        let redirect = Self { folder };
        let page = Zeroizing::new(format!(
            "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
             <meta http-equiv=\"refresh\" content=\"0;url={url}\">\n<title>The Vault</title>\n\
             <p><a href=\"{url}\">Open the dashboard</a></p>\n"
        ));
        let mut file = files::create_private(&redirect.file()).map_err(words)?;
        file.write_all(page.as_bytes()).map_err(words)?;
        Ok(redirect)
    }

    fn file(&self) -> PathBuf {
        self.folder.join("open.html")
    }

    /// Gives the page to the user's browser.
    ///
    /// # Errors
    /// What stands in the way, in words.
    pub(super) fn open(&self, show: Show) -> Result<(), String> {
        if !env::has_display() {
            return Err("there is no display".to_owned());
        }
        let mut command = Command::new(OPENER);
        command.arg(self.file()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Ctrl-C ends the dashboard, and not the browser.
        command.process_group(0);
        for name in env::PRIVATE {
            command.env_remove(name);
        }
        let mut child = birth::given_back(|| command.spawn())
            .map_err(|error| format!("{OPENER}: {}", in_words(&error)))?;
        // It may stay for as long as the browser does.
        std::thread::spawn(move || {
            if child.wait().is_ok_and(|status| !status.success()) {
                not_opened(show, &format!("{OPENER} found none that takes it"));
            }
        });
        Ok(())
    }
}

/// Says that the link is the user's to open.
pub(super) fn not_opened(show: Show, why: &str) {
    show.note(format_args!("no browser was opened: {why}; open the link yourself"));
}

impl Drop for Redirect {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.file());
        let _ = std::fs::remove_dir(&self.folder);
    }
}
