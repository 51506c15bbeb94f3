//! What the writer keeps of the whole: the end of the chain, and a sum over all rows that is free of their order and kept by
//! adding and subtracting one leaf a change.

use crate::audit::Head;
use crate::crypto::{Bytes32, MacKey, mac_fits};
use crate::domain::SecretId;
use crate::keyring::Keys;
use crate::store::Row;

/// What the writer keeps of the whole: the chain's head and the sum over all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The end of the audit chain.
    pub head: Head,
    /// The sum of every row's leaf modulo 2^256.
    pub sum: Bytes32,
    /// How many secrets there are.
    pub count: u64,
    /// The MAC over all agents; zeros where there never was one.
    pub agents: Bytes32,
    /// HMAC over the above under the state key.
    pub mac: Bytes32,
}

/// Stands in the place of the MAC of a state that was edited or rolled back.
const DISOWNED: Bytes32 = [0xff; 32];

/// What a row adds to the sum: its id, revision and MAC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaf {
    /// The secret.
    pub(crate) id: SecretId,
    /// Its revision.
    pub(crate) revision: u64,
    /// The MAC of its row.
    pub(crate) mac: Bytes32,
}

impl Leaf {
    /// Computes `HMAC-SHA256(state key, "leaf" ‖ id ‖ revision ‖ row mac)`, with a MAC under the state key.
    fn under(&self, mac: impl FnOnce(&[&[u8]]) -> Bytes32) -> Bytes32 {
        mac(&[b"leaf", self.id.as_bytes(), &self.revision.to_be_bytes(), &self.mac])
    }
}

impl From<&Row> for Leaf {
    fn from(row: &Row) -> Self {
        Self { id: row.id, revision: row.revision, mac: row.mac }
    }
}

impl State {
    /// The state of a vault without secrets and entries.
    pub(crate) fn empty() -> Self {
        Self { head: Head::START, sum: [0; 32], count: 0, agents: [0; 32], mac: [0; 32] }
    }

    /// Computes the state's MAC: `HMAC-SHA256(state key, "state" ‖ seq ‖ head ‖ sum ‖ count ‖ agents)`.
    pub(crate) fn compute_mac(&self, keys: &Keys) -> Bytes32 {
        let (seq, count) = (self.head.seq.to_be_bytes(), self.count.to_be_bytes());
        keys.state_mac(&[b"state", &seq, &self.head.mac, &self.sum, &count, &self.agents])
    }

    /// Tells whether this vault wrote the state.
    pub(crate) fn is_authentic(&self, keys: &Keys) -> bool {
        mac_fits(&self.compute_mac(keys), &self.mac)
    }

    /// Takes the state for edited: no commit on it gives it a MAC that fits, so that the warning outlasts them.
    pub(crate) fn disown(&mut self) {
        self.mac = DISOWNED;
    }

    /// Tells whether the state was taken for edited.
    pub(crate) fn is_disowned(&self) -> bool {
        self.mac == DISOWNED
    }

    /// Gives the MAC to store.
    pub(crate) fn mac_to_store(&self, keys: &Keys) -> Bytes32 {
        if self.is_disowned() { DISOWNED } else { self.compute_mac(keys) }
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, leaf: &Leaf, keys: &Keys) {
        self.add_number(&leaf.under(|parts| keys.state_mac(parts)));
    }

    /// Adds a row, one of many.
    pub(crate) fn add_one_of_many(&mut self, leaf: &Leaf, key: &MacKey) {
        self.add_number(&leaf.under(|parts| key.mac(parts)));
    }

    fn add_number(&mut self, number: &Bytes32) {
        self.sum = plus(&self.sum, number);
        self.count += 1;
    }

    /// Adds what was summed up of other rows.
    pub(crate) fn join(&mut self, other: &Self) {
        self.sum = plus(&self.sum, &other.sum);
        self.count += other.count;
    }

    /// Takes a row away.
    pub(crate) fn subtract(&mut self, leaf: &Leaf, keys: &Keys) {
        self.subtract_number(&leaf.under(|parts| keys.state_mac(parts)));
    }

    fn subtract_number(&mut self, number: &Bytes32) {
        // Modulo 2^256 to subtract is to add the complement and one.
        let complement = plus(&number.map(|byte| !byte), &ONE);
        self.sum = plus(&self.sum, &complement);
        self.count = self.count.saturating_sub(1);
    }
}

/// One, as 32 bytes.
const ONE: Bytes32 = {
    let mut one = [0; 32];
    one[31] = 1;
    one
};

/// Adds two numbers of 32 bytes modulo 2^256.
fn plus(a: &Bytes32, b: &Bytes32) -> Bytes32 {
    let mut sum = *a;
    let mut carry = false;
    let (limbs, _) = sum.as_chunks_mut::<8>();
    let (others, _) = b.as_chunks::<8>();
    for (limb, other) in limbs.iter_mut().zip(others).rev() {
        let (both, over) = u64::from_be_bytes(*limb).overflowing_add(u64::from_be_bytes(*other));
        let (all, again) = both.overflowing_add(carry.into());
        *limb = all.to_be_bytes();
        carry = over || again;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_carries_through_all_bytes_and_wraps_around() {
        let mut most = [0xff; 32];
        assert_eq!([0; 32], plus(&most, &ONE));
        assert_eq!([0; 32], plus(&ONE, &most));
        most[0] = 0;
        let mut carried = [0; 32];
        carried[0] = 1;
        assert_eq!(carried, plus(&most, &ONE));
        let low = [[0; 31].as_slice(), &[0x90]].concat().try_into().unwrap();
        let twice: Bytes32 = [[0; 30].as_slice(), &[0x01, 0x20]].concat().try_into().unwrap();
        assert_eq!(twice, plus(&low, &low));
    }

    #[test]
    fn what_is_added_and_subtracted_leaves_the_sum_as_it_was() {
        let mut state = State::empty();
        state.add_number(&[0xff; 32]);
        let one = state;
        state.add_number(&[0x81; 32]);
        assert_ne!(one.sum, state.sum);
        state.subtract_number(&[0x81; 32]);
        assert_eq!(one, state);
        state.subtract_number(&[0xff; 32]);
        assert_eq!(State::empty(), state);
    }
}
