//! The key file `.env`: finding `AGENTICMAIL_VAULT_KEY` in it, and replacing what it says.
//!
//! UTF-8 lines, with or without a byte-order mark in front; an optional `export `; the last occurrence wins, and earlier ones are
//! kept for when it opens nothing; white space is trimmed; one pair of matching quotes is removed; no escapes, no expansion; an empty
//! value counts as absent.

use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::api::Warning;
use crate::domain::Invalid;
use crate::files;
use crate::secret::Passphrase;

/// The variable, in the key file and in the environment.
pub const VARIABLE: &str = "AGENTICMAIL_VAULT_KEY";
/// The byte-order mark that editors put in front of a file.
const MARK: char = '\u{feff}';
/// The largest key file that is read, in bytes.
const FILE_BYTES: u64 = 64 * 1024;
/// The longest key that is written into one.
const KEY_BYTES: usize = 4096;
/// The most different keys of one file that are tried: each takes as long as an unlock.
const TRIED: usize = 4;

/// The keys that the lines of a key file give.
#[derive(Debug)]
pub struct FileKeys {
    last: Passphrase,
    earlier: Vec<Passphrase>,
}

impl FileKeys {
    /// Takes a key that is the only one.
    pub fn only(key: Passphrase) -> Self {
        Self { last: key, earlier: Vec::new() }
    }

    /// Takes the key that counts: the last one.
    pub fn into_last(self) -> Passphrase {
        self.last
    }

    /// Returns all keys that are to be tried, at most four and no two alike, the last one first.
    pub fn each(&self) -> impl Iterator<Item = &Passphrase> {
        std::iter::once(&self.last).chain(&self.earlier)
    }

    /// Takes them in the order of [`FileKeys::each`].
    pub fn into_each(self) -> impl Iterator<Item = Passphrase> {
        std::iter::once(self.last).chain(self.earlier)
    }

    /// Collects what the lines of a key file give.
    fn in_text(text: &str) -> Option<Self> {
        let mut values: Vec<&str> = Vec::new();
        for value in values_of(text).rev() {
            if values.len() < TRIED && !values.contains(&value) {
                values.push(value);
            }
        }
        let mut keys = values.into_iter().filter_map(|value| Passphrase::new(value.as_bytes().to_vec()).ok());
        Some(Self { last: keys.next()?, earlier: keys.collect() })
    }
}

/// Warns that another line of the key file than the last opens the vault.
pub fn warning_of_earlier() -> Warning {
    Warning::new(
        "key_file",
        "the last AGENTICMAIL_VAULT_KEY of the key file does not open the vault; an earlier line does, and is used",
        "remove the line that does not open it, or have one line written in place of all: vaultctl rekey",
    )
}

/// Says why a key file gives no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Others may read or change it.
    #[error("{0}")]
    Unsafe(String),
    /// It is no regular file, too large or not UTF-8.
    #[error("the key file is {0}")]
    Malformed(&'static str),
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Reads the keys out of a key file; `None` where the file or the line is missing, or the value empty.
///
/// # Errors
/// [`KeyFileError::Unsafe`] where its mode lets others in, with the `chmod` that mends it.
pub fn read(path: &Path) -> Result<Option<FileKeys>, KeyFileError> {
    read_of(None, path)
}

/// Reads them out of one that may belong to one other user too, as that of a daemon under a user of its own.
///
/// # Errors
/// As [`read`].
pub fn read_of(other: Option<u32>, path: &Path) -> Result<Option<FileKeys>, KeyFileError> {
    let text = match read_text(other, path) {
        Err(KeyFileError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    Ok(FileKeys::in_text(&text))
}

fn read_text(other: Option<u32>, path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let mut file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_CLOEXEC)
        .open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(KeyFileError::Malformed("no regular file"));
    }
    if meta.len() > FILE_BYTES {
        return Err(KeyFileError::Malformed("larger than 64 KiB"));
    }
    let real = std::fs::canonicalize(path)?;
    if let Some(why) = files::why_not_private_of(other, &real, 0o600)? {
        return Err(KeyFileError::Unsafe(why));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(meta.len()).unwrap_or_default() + 1));
    file.by_ref().take(FILE_BYTES).read_to_end(&mut bytes)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| KeyFileError::Malformed(encoding(&bytes)))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Says in which encoding bytes are that are not UTF-8.
fn encoding(bytes: &[u8]) -> &'static str {
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if is_utf16 { "UTF-16; convert it to UTF-8: iconv -f UTF-16 -t UTF-8" } else { "not UTF-8" }
}

/// Gives a line's variable and value, where it assigns one.
pub fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix(MARK).unwrap_or(line).trim();
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    if line.starts_with('#') {
        return None;
    }
    let (name, value) = line.split_once('=')?;
    Some((name.trim(), unquote(value.trim())))
}

fn unquote(value: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value)
}

/// Returns the key that counts among the lines of a key file.
pub fn key_in(text: &str) -> Option<&str> {
    values_of(text).next_back()
}

fn values_of(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    let ours = text.lines().filter_map(assignment).filter(|(name, _)| *name == VARIABLE);
    ours.map(|(_, value)| value).filter(|value| !value.is_empty())
}

/// Refuses a key that a line of the key file could not hold as it is.
///
/// # Errors
/// A rule in words.
pub fn check_writable(key: &str) -> Result<(), Invalid> {
    let plain =
        !key.contains(['\n', '\r', '\0']) && key.trim() == key && unquote(key) == key && !key.is_empty();
    if key.len() > KEY_BYTES {
        Err(Invalid("a key has at most 4096 bytes"))
    } else if plain {
        Ok(())
    } else {
        Err(Invalid("a key has no line break, no space at its ends and no quotes around it"))
    }
}

/// Replaces the key in a key file and reads it back.
///
/// # Errors
/// [`KeyFileError`] where it could not be written, or reads back as another.
pub fn replace(path: &Path, key: &Passphrase) -> Result<(), KeyFileError> {
    let text = std::str::from_utf8(key.expose()).map_err(|_| KeyFileError::Malformed("not UTF-8"))?;
    write(path, text)?;
    match read(path)? {
        Some(FileKeys { last, earlier }) if last.expose() == key.expose() && earlier.is_empty() => Ok(()),
        _ => Err(KeyFileError::Malformed("not what was written")),
    }
}

/// Writes a key into a key file: replaces the line that counts, removes others of the variable, and keeps every other byte;
/// makes a missing file.
pub fn write(path: &Path, key: &str) -> Result<(), KeyFileError> {
    let old = match read_text(None, path) {
        Err(KeyFileError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => Zeroizing::default(),
        other => other?,
    };
    let ours = |line: &str| assignment(line).is_some_and(|(name, _)| name == VARIABLE);
    let mut left = old.split_inclusive('\n').filter(|line| ours(line)).count();
    let mut new = Zeroizing::new(String::with_capacity(old.len() + key.len() + VARIABLE.len() + 2));
    let is_new = left == 0;
    for line in old.split_inclusive('\n') {
        if ours(line) {
            new.extend(line.chars().take_while(|char| *char == MARK));
            left -= 1;
            if left == 0 {
                put(&mut new, key);
            }
        } else {
            new.push_str(line);
        }
    }
    if is_new {
        if !new.is_empty() && !new.ends_with('\n') {
            new.push('\n');
        }
        put(&mut new, key);
    }
    if new.len() as u64 > FILE_BYTES {
        return Err(KeyFileError::Malformed("larger than 64 KiB"));
    }
    Ok(files::replace_private(path, new.as_bytes())?)
}

fn put(text: &mut String, key: &str) {
    text.push_str(VARIABLE);
    text.push('=');
    text.push_str(key);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<&str> {
        key_in(text)
    }

    #[test]
    fn the_last_occurrence_wins_and_those_before_it_are_kept_once_each_at_most_three() {
        assert_eq!(Some("b"), key("AGENTICMAIL_VAULT_KEY=a\nAGENTICMAIL_VAULT_KEY=b\n"));
        let lines =
            ["a", "b", "c", "d", "c", "e", "", "e"].map(|key| format!("AGENTICMAIL_VAULT_KEY={key}\n"));
        let keys = FileKeys::in_text(&lines.concat()).unwrap();
        let tried: Vec<_> = keys.each().map(|key| std::str::from_utf8(key.expose()).unwrap()).collect();
        assert_eq!(vec!["e", "c", "d", "b"], tried);
        assert!(FileKeys::in_text("AGENTICMAIL_VAULT_KEY=\nX=1\n").is_none());
    }

    #[test]
    fn writing_replaces_the_last_occurrence_and_removes_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        for (old, new) in [
            (
                "AGENTICMAIL_VAULT_KEY=a\nX=1\nexport AGENTICMAIL_VAULT_KEY=b\nY=2\n",
                "X=1\nAGENTICMAIL_VAULT_KEY=new\nY=2\n",
            ),
            (
                "\u{feff}AGENTICMAIL_VAULT_KEY=a\r\n# x\r\nAGENTICMAIL_VAULT_KEY=",
                "\u{feff}# x\r\nAGENTICMAIL_VAULT_KEY=new\n",
            ),
            (
                "AGENTICMAIL_VAULT_KEY=a\nAGENTICMAIL_VAULT_KEY=a\n#AGENTICMAIL_VAULT_KEY=c\n",
                "AGENTICMAIL_VAULT_KEY=new\n#AGENTICMAIL_VAULT_KEY=c\n",
            ),
        ] {
            files::replace_private(&path, old.as_bytes()).unwrap();
            replace(&path, &Passphrase::new(b"new".to_vec()).unwrap()).unwrap();
            assert_eq!(new, std::fs::read_to_string(&path).unwrap());
        }
    }

    #[test]
    fn export_space_and_one_pair_of_quotes_are_removed() {
        assert_eq!(Some("'a b'"), key("X=1\n  export AGENTICMAIL_VAULT_KEY = \"'a b'\"  \r\n"));
    }

    #[test]
    fn a_mark_in_front_is_no_part_of_the_first_line_and_stays_when_the_key_is_replaced() {
        assert_eq!(Some("a"), key("\u{feff}AGENTICMAIL_VAULT_KEY=a\n"));
        assert_eq!(Some("a"), key("\u{feff}X=1\r\nexport AGENTICMAIL_VAULT_KEY=a\r\n"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        write(&path, "first").unwrap();
        files::replace_private(&path, "\u{feff}AGENTICMAIL_VAULT_KEY=first\nX=1\n".as_bytes()).unwrap();
        write(&path, "second").unwrap();
        assert_eq!("\u{feff}AGENTICMAIL_VAULT_KEY=second\nX=1\n", std::fs::read_to_string(&path).unwrap());
    }

    #[test]
    fn utf16_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        write(&path, "first").unwrap();
        for bytes in [b"\xff\xfeA\0", b"\xfe\xff\0A"] {
            files::replace_private(&path, bytes).unwrap();
            assert!(read(&path).unwrap_err().to_string().contains("UTF-16"));
        }
    }

    #[test]
    fn a_file_that_could_not_be_read_again_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        write(&path, "first").unwrap();
        assert!(write(&path, &"x".repeat(64 * 1024)).is_err());
        assert_eq!(b"first".as_slice(), read(&path).unwrap().unwrap().into_last().expose());
        assert!(check_writable(&"x".repeat(4096)).is_ok() && check_writable(&"x".repeat(4097)).is_err());
    }

    #[test]
    fn nothing_is_expanded_or_escaped() {
        assert_eq!(Some("a\\n$HOME#b"), key("AGENTICMAIL_VAULT_KEY=a\\n$HOME#b"));
    }

    #[test]
    fn an_empty_or_commented_key_is_absent() {
        assert_eq!(None, key("AGENTICMAIL_VAULT_KEY=\"\"\n"));
        assert_eq!(None, key("# AGENTICMAIL_VAULT_KEY=a\n"));
    }

    #[test]
    fn writing_keeps_every_other_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        files::replace_private(&path, b"A=1\n# note\nexport AGENTICMAIL_VAULT_KEY=old\nB=2").unwrap();
        write(&path, "new").unwrap();
        assert_eq!("A=1\n# note\nAGENTICMAIL_VAULT_KEY=new\nB=2", std::fs::read_to_string(&path).unwrap());
    }

    #[test]
    fn a_key_file_that_others_read_is_refused_with_its_mend() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        files::replace_private(&path, b"AGENTICMAIL_VAULT_KEY=a\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}
