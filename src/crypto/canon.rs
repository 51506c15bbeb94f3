//! The canonical form of what is authenticated: fixed parts as they are, variable ones after their length.

/// Builds canonical bytes; two different sequences of parts never give the same bytes.
#[derive(Debug, Default)]
pub struct Canon(Vec<u8>);

impl Canon {
    /// Starts with room for a usual row.
    pub fn new() -> Self {
        Self(Vec::with_capacity(256))
    }

    /// Appends bytes of a fixed length.
    #[must_use]
    pub fn fixed(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Appends a number as eight bytes.
    #[must_use]
    pub fn number(self, number: u64) -> Self {
        self.fixed(&number.to_be_bytes())
    }

    /// Appends a signed number (a moment in milliseconds) as eight bytes of two's complement.
    #[must_use]
    pub fn signed(self, number: i64) -> Self {
        self.fixed(&number.to_be_bytes())
    }

    /// Appends bytes after their length.
    #[must_use]
    pub fn part(self, bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.fixed(&length.to_be_bytes()).fixed(bytes)
    }

    /// Appends a part that may be absent: `0`, or `1` and the part.
    #[must_use]
    pub fn optional(self, bytes: Option<&[u8]>) -> Self {
        match bytes {
            None => self.fixed(&[0]),
            Some(bytes) => self.fixed(&[1]).part(bytes),
        }
    }

    /// Gives the bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
