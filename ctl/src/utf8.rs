//! Text that comes from files, which others may have written in another encoding.

use crate::failure::Failure;

/// Takes bytes for text; what else can be done with bytes that are not is said in the words of the caller.
///
/// # Errors
/// `invalid_request`, which says so of UTF-16 and how to convert it.
pub(crate) fn text<'b>(bytes: &'b [u8], name: &str, instead: &str) -> Result<&'b str, Failure> {
    std::str::from_utf8(bytes).map_err(|_| {
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            Failure::usage(format!("{name} is UTF-16"), "convert it first: iconv -f UTF-16 -t UTF-8")
        } else {
            Failure::usage(format!("{name} is not UTF-8"), instead)
        }
    })
}
