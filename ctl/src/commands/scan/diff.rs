//! What a diff adds: the lines that it takes out, and those around them, are no news.

use std::io::{self, BufRead};

use zeroize::Zeroizing;

use super::finding::Position;

/// How much of a text tells whether it is a diff, in bytes.
pub(super) const START: u64 = 64 * 1024;
/// Lines outside of the parts of a diff that only say what it is about.
const ABOUT: [&str; 17] = [
    "diff ",
    "index ",
    "--- ",
    "+++ ",
    "old mode ",
    "new mode ",
    "new file mode ",
    "deleted file mode ",
    "similarity index ",
    "dissimilarity index ",
    "rename from ",
    "rename to ",
    "copy from ",
    "copy to ",
    "Binary files ",
    "GIT binary patch",
    "\\ ",
];

/// Lines that belong together, and where they stand.
#[derive(Debug)]
pub(super) struct Added {
    /// The file that they are added to; none for what is said outside of the changes, as in a commit's message.
    pub(super) path: Option<String>,
    /// Where they begin: in that file, else in the diff.
    pub(super) start: Position,
    /// The lines.
    pub(super) text: Zeroizing<Vec<u8>>,
}

/// Tells whether a text is a diff, from its start.
pub(super) fn is_diff(start: &[u8]) -> bool {
    let mut lines = start.split(|byte| *byte == b'\n').map(in_plain);
    let mut was_old = false;
    lines.any(|line| {
        let is_new = was_old && line.starts_with(b"+++ ");
        was_old = line.starts_with(b"--- ");
        is_new || line.starts_with(b"diff --git ") || line.starts_with(b"diff --cc ")
    })
}

/// Passes on what a diff adds, run by run of lines.
///
/// # Errors
/// What reading it, or the function, gives.
pub(super) fn each_added<E: From<io::Error>>(
    diff: impl BufRead,
    mut added: impl FnMut(Added) -> Result<(), E>,
) -> Result<(), E> {
    let mut reader = Reader::default();
    for (number, line) in diff.split(b'\n').enumerate() {
        let line = in_plain(&Zeroizing::new(line?));
        if let Some(run) = reader.take(&line, number as u64 + 1) {
            added(run)?;
        }
    }
    reader.run.take().map_or(Ok(()), added)
}

/// Takes the colours out of a line.
fn in_plain(line: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(line.len()));
    let mut rest = line;
    while let Some((first, after)) = rest.split_first() {
        let colour = after.strip_prefix(b"[").filter(|_| *first == 0x1b).and_then(|digits| {
            let length = digits.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
            digits.get(length..)?.strip_prefix(b"m").or_else(|| digits.get(length..)?.strip_prefix(b"K"))
        });
        rest = colour.unwrap_or_else(|| {
            plain.push(*first);
            after
        });
    }
    plain
}

/// Where in a diff a reader is.
#[derive(Debug, Default)]
struct Reader {
    path: Option<String>,
    hunk: Option<Hunk>,
    run: Option<Added>,
}

/// A part of a diff: changes to lines of one file that stand together.
#[derive(Debug)]
struct Hunk {
    /// How many versions it compares with the new one: a merge's has several.
    parents: usize,
    /// The lines of the old version that are still to come.
    old: u64,
    /// The lines of the new version that are still to come.
    new: u64,
    /// The next line of the new version.
    line: u64,
}

impl Reader {
    /// Takes a line; gives the run of lines that it ends.
    fn take(&mut self, line: &[u8], number: u64) -> Option<Added> {
        if let Some(hunk) = self.hunk.as_mut().filter(|hunk| hunk.goes_on(line)) {
            let place = hunk.line;
            return match hunk.added(line) {
                Some(content) => self.add(self.path.clone(), place, content),
                None => self.run.take(),
            };
        }
        self.hunk = Hunk::begun(line);
        if let Some(path) = line.strip_prefix(b"+++ ") {
            self.path = Some(path_of(path));
        } else if line.starts_with(b"diff ") {
            self.path = None;
        }
        let is_about = self.hunk.is_some() || ABOUT.iter().any(|about| line.starts_with(about.as_bytes()));
        if is_about { self.run.take() } else { self.add(None, number, line) }
    }

    /// Puts a line to the run, or begins a new one and gives the old.
    fn add(&mut self, path: Option<String>, line: u64, content: &[u8]) -> Option<Added> {
        match &mut self.run {
            Some(run) if run.path == path => {
                run.text.push(b'\n');
                run.text.extend_from_slice(content);
                None
            }
            run => {
                let text = Zeroizing::new(content.to_vec());
                run.replace(Added { path, start: Position { line, column: 1 }, text })
            }
        }
    }
}

impl Hunk {
    /// Reads `@@ -1,2 +3,4 @@`, of merges `@@@ -1,2 -1,2 +3,4 @@@`.
    fn begun(line: &[u8]) -> Option<Self> {
        let line = String::from_utf8_lossy(line);
        let parents =
            line.bytes().take_while(|byte| *byte == b'@').count().checked_sub(1).filter(|one| *one > 0)?;
        let mut ranges = line.split(' ').skip(1);
        let olds: Vec<_> =
            ranges.by_ref().take(parents).map(|range| lines_of(range, '-')).collect::<Option<_>>()?;
        let (line, new) = lines_of(ranges.next()?, '+')?;
        let old = olds.iter().map(|(_, count)| count).max().copied()?;
        Some(Self { parents, old, new, line })
    }

    /// Returns whether a line belongs to it. Of a merge the old versions' lines cannot be counted as those of one.
    fn goes_on(&self, line: &[u8]) -> bool {
        if self.parents == 1 {
            self.old + self.new > 0
        } else {
            !line.starts_with(b"@@") && !line.starts_with(b"diff ")
        }
    }

    /// Takes a line; gives what it adds.
    fn added<'l>(&mut self, line: &'l [u8]) -> Option<&'l [u8]> {
        let (marks, content) = line.split_at(self.parents.min(line.len()));
        if marks.starts_with(b"\\") {
            return None;
        }
        let (is_added, is_removed) = (marks.contains(&b'+'), marks.contains(&b'-'));
        if !is_added {
            self.old = self.old.saturating_sub(1);
        }
        if !is_removed {
            self.new = self.new.saturating_sub(1);
            self.line += 1;
        }
        (is_added && !is_removed).then_some(content)
    }
}

/// Reads the first line and the number of lines of `-1,2` or `+1`.
fn lines_of(range: &str, sign: char) -> Option<(u64, u64)> {
    let range = range.strip_prefix(sign)?;
    let (first, count) = range.split_once(',').unwrap_or((range, "1"));
    Some((first.parse().ok()?, count.parse().ok()?))
}

/// Reads the path behind `+++`: without git's prefix, its quotes, and the time that other programs put there.
fn path_of(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let text = text.split('\t').next().unwrap_or_default().trim_end_matches('\r');
    let text = match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => unquoted(quoted),
        None => text.to_owned(),
    };
    ["b/", "a/", "i/", "w/", "c/", "o/"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(&text)
        .to_owned()
}

/// Undoes the quotes that git puts around odd paths.
fn unquoted(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let Some((escaped, after)) = after.split_first().filter(|_| *first == b'\\') else {
            bytes.push(*first);
            continue;
        };
        let octal = rest.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let octal = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        rest = octal.and_then(|_| rest.get(3..)).unwrap_or(after);
        bytes.push(octal.unwrap_or(match escaped {
            b't' => b'\t',
            b'n' => b'\n',
            other => *other,
        }));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(diff: &str) -> Vec<(Option<String>, u64, String)> {
        let mut all = Vec::new();
        let keep = |run: Added| {
            all.push((run.path, run.start.line, String::from_utf8(run.text.to_vec()).unwrap()));
            io::Result::Ok(())
        };
        each_added(diff.as_bytes(), keep).unwrap();
        all
    }

    #[test]
    fn only_added_lines_count_with_their_place_in_the_file() {
        let diff = "diff --git a/c.ini b/c.ini\nindex 1..2 100644\n--- a/c.ini\n+++ b/c.ini\n@@ -1,4 +1,5 @@ [x]\n a=1\n-key=old\n+key=new\n+more\n b=2\n+last\n";
        let path = Some("c.ini".to_owned());
        assert_eq!(
            vec![(path.clone(), 2, "key=new\nmore".to_owned()), (path, 5, "last".to_owned())],
            added(diff)
        );
    }

    #[test]
    fn lines_that_look_like_headers_are_content_within_a_part() {
        let diff = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- was\n+++ is\n same\n";
        assert_eq!(vec![(Some("x".to_owned()), 1, "++ is".to_owned())], added(diff));
    }

    #[test]
    fn merges_quoted_paths_and_messages_are_read() {
        let diff = "commit 1\n\n    the message\n\ndiff --cc \"b/\\303\\266.txt\"\n--- \"a/\\303\\266.txt\"\n+++ \"b/\\303\\266.txt\"\n@@@ -1,1 -1,1 +1,2 @@@\n++both\n +one\n";
        let expected = vec![
            (None, 1, "commit 1\n\n    the message\n".to_owned()),
            (Some("\u{f6}.txt".to_owned()), 1, "both\none".to_owned()),
        ];
        assert_eq!(expected, added(diff));
    }

    #[test]
    fn a_file_that_goes_and_a_missing_newline_add_nothing() {
        let diff = "diff --git a/k b/k\ndeleted file mode 100644\n--- a/k\n+++ /dev/null\n@@ -1 +0,0 @@\n-key\n\\ No newline at end of file\n";
        assert!(added(diff).is_empty(), "{:?}", added(diff));
    }

    #[test]
    fn a_diff_is_known_by_its_headers_also_in_colour_and_after_a_message() {
        for diff in [
            "diff --git a/x b/x\n",
            "commit 1\n\n  m\n\ndiff --git a/x b/x\n",
            "--- x\n+++ x\n",
            "\u{1b}[1mdiff --git a/x b/x\u{1b}[m\n",
        ] {
            assert!(is_diff(diff.as_bytes()), "{diff}");
        }
        for other in ["+ key=1\n", "--- a\nb\n", "diff of opinion\n", ""] {
            assert!(!is_diff(other.as_bytes()), "{other}");
        }
    }
}
