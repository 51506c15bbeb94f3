//! Text that comes from files, which others may have written in another encoding.

use crate::failure::Failure;
use crate::quote::for_argument;

/// The byte-order mark that editors of Windows put in front of UTF-8.
pub(crate) const MARK: char = '\u{feff}';

/// Drops a byte-order mark at the start of a text; returns whether there was one.
pub(crate) fn drop_mark(text: &mut String) -> bool {
    let is_marked = text.starts_with(MARK);
    if is_marked {
        text.drain(..MARK.len_utf8());
    }
    is_marked
}

/// Says that a mark at the start of something was dropped.
pub(crate) fn mark_left_out(of: &str) -> String {
    format!("the byte-order mark at the start of {of} is left out")
}

/// Takes bytes for text; what else can be done with bytes that are not is said in the words of the caller.
///
/// # Errors
/// `invalid_request`, which says so of UTF-16 and how to convert it.
pub(crate) fn text<'b>(bytes: &'b [u8], name: &str, instead: &str) -> Result<&'b str, Failure> {
    std::str::from_utf8(bytes).map_err(|_| {
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            let file = for_argument(name);
            let hint = format!("convert it first: iconv -f UTF-16 -t UTF-8 < {} > utf8.txt", file.as_str());
            Failure::usage(format!("{name} is UTF-16"), hint)
        } else {
            Failure::usage(format!("{name} is not UTF-8"), instead)
        }
    })
}
