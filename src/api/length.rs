//! How long requests and answers are.

use std::io;

use serde::Serialize;

/// The most bytes of a request's body, or of a message on the stream; an escape in its JSON counts as one.
pub const REQUEST_BYTES: usize = 2 * 1024 * 1024;
/// The most bytes of a request as it is sent: a value of 1 MiB of which each byte is written as `\u0001`, and room for the rest.
pub const SENT_BYTES: usize = 7 * 1024 * 1024;

/// The length of a request as it arrives.
#[derive(Debug, Default)]
pub struct RequestLength {
    seen: usize,
    counted: usize,
    escape: Escape,
}

/// Where in an escape a request has been cut.
#[derive(Debug, Default, Clone, Copy)]
enum Escape {
    #[default]
    Outside,
    /// Behind the backslash.
    Begun,
    /// The number of digits that are still to come.
    Digits(u8),
}

impl RequestLength {
    /// Returns whether a request has room, as far as it has arrived; each call has what the one before had, and more.
    pub fn fits(&mut self, request: &[u8]) -> bool {
        if request.len() <= REQUEST_BYTES {
            return true;
        }
        for byte in request.get(self.seen..).unwrap_or_default() {
            self.count(*byte);
        }
        self.seen = request.len();
        self.counted <= REQUEST_BYTES && self.seen <= SENT_BYTES
    }

    fn count(&mut self, byte: u8) {
        self.escape = match (self.escape, byte) {
            (Escape::Begun, b'u') => Escape::Digits(4),
            (Escape::Begun | Escape::Digits(1), _) => Escape::Outside,
            (Escape::Digits(left), _) => Escape::Digits(left - 1),
            (Escape::Outside, _) => {
                self.counted += 1;
                if byte == b'\\' { Escape::Begun } else { Escape::Outside }
            }
        };
    }
}

/// Returns how many bytes something has as JSON, without keeping what is written.
pub fn json_bytes(part: &impl Serialize) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // It is written again into what is sent, which tells if it cannot be.
    let _ = serde_json::to_writer(&mut count, part);
    count.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(request: &str) -> bool {
        RequestLength::default().fits(request.as_bytes())
    }

    #[test]
    fn an_escape_counts_as_one_byte_however_it_is_written() {
        for (escape, most) in [
            ("\\u0001", SENT_BYTES / 6),
            ("\\\"", REQUEST_BYTES),
            ("\\\\", REQUEST_BYTES),
            ("x", REQUEST_BYTES),
        ] {
            assert!(fits(&escape.repeat(most)), "{escape}");
            assert!(!fits(&escape.repeat(most + 1)), "{escape}");
        }
    }

    #[test]
    fn a_request_may_be_cut_anywhere() {
        let request = format!("{}{}", "\\u0001\\n".repeat(400_000), "x".repeat(REQUEST_BYTES - 800_000));
        let mut length = RequestLength::default();
        let cuts =
            (REQUEST_BYTES..REQUEST_BYTES + 50).chain((REQUEST_BYTES + 50..request.len()).step_by(99_991));
        for at in cuts {
            assert!(length.fits(&request.as_bytes()[..at]), "{at}");
        }
        assert!(length.fits(request.as_bytes()) && !length.fits(format!("{request}x").as_bytes()));
    }
}
