//! The canonical form of what is authenticated: fixed parts as they are, variable ones after their length.

/// Builds canonical bytes; two different sequences of parts never give the same bytes.
#[derive(Debug, Default)]
pub struct Canon(Vec<u8>);

impl Canon {
    /// Starts with room for a usual row.
    pub fn new() -> Self {
        Self(Vec::with_capacity(256))
    }

    /// Starts again in the same room.
    #[must_use]
    pub fn emptied(mut self) -> Self {
        self.0.clear();
        self
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A part of any kind, as a format puts them in a row.
    #[derive(Debug, Clone, PartialEq)]
    enum Part {
        Number(u64),
        Signed(i64),
        Text(Vec<u8>),
        Optional(Option<Vec<u8>>),
    }

    fn canonical(parts: &[Part]) -> Vec<u8> {
        let canon = parts.iter().fold(Canon::new(), |canon, part| match part {
            Part::Number(number) => canon.number(*number),
            Part::Signed(number) => canon.signed(*number),
            Part::Text(bytes) => canon.part(bytes),
            Part::Optional(bytes) => canon.optional(bytes.as_deref()),
        });
        canon.bytes().to_vec()
    }

    fn texts() -> impl Strategy<Value = Vec<Vec<u8>>> {
        // Few different bytes and zeros among them, so that a shifted boundary or a length would collide.
        proptest::collection::vec(proptest::collection::vec(0_u8..3, 0..6), 0..5)
    }

    fn row() -> impl Strategy<Value = Vec<Part>> {
        let bytes = || proptest::collection::vec(0_u8..3, 0..5);
        (0_u64..4, -2_i64..2, bytes(), proptest::option::of(bytes()), bytes(), proptest::option::of(bytes()))
            .prop_map(|(a, b, c, d, e, f)| {
                vec![
                    Part::Number(a),
                    Part::Signed(b),
                    Part::Text(c),
                    Part::Optional(d),
                    Part::Text(e),
                    Part::Optional(f),
                ]
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn two_sequences_of_texts_never_give_the_same_bytes(one in texts(), other in texts()) {
            let whole = |texts: &[Vec<u8>]| canonical(&texts.iter().cloned().map(Part::Text).collect::<Vec<_>>());
            prop_assert_eq!(one == other, whole(&one) == whole(&other));
        }

        #[test]
        fn two_rows_of_one_form_never_give_the_same_bytes(one in row(), other in row()) {
            prop_assert_eq!(one == other, canonical(&one) == canonical(&other));
        }

        #[test]
        fn a_byte_that_moves_over_a_boundary_changes_the_bytes(text in "[a-c]{2,12}", cut in 0_usize..12) {
            let cut = cut.min(text.len() - 1);
            let (left, right) = text.as_bytes().split_at(cut);
            let (more, less) = text.as_bytes().split_at(cut + 1);
            let one = Canon::new().part(left).part(right);
            let other = Canon::new().part(more).part(less);
            prop_assert_ne!(one.bytes(), other.bytes());
        }
    }

    #[test]
    fn every_part_has_the_form_of_the_documentation() {
        let canon =
            Canon::new().fixed(b"f").number(1).signed(-1).part(b"ab").optional(None).optional(Some(b""));
        let expected = b"f\0\0\0\0\0\0\0\x01\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\x02ab\0\x01\0\0\0\0";
        assert_eq!(expected.as_slice(), canon.bytes());
    }
}
