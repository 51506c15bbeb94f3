//! The sum over all rows: order-free, kept by adding and subtracting one leaf a change.

use std::ops::RangeInclusive;

use rusqlite::Connection;

use super::columns;
use crate::audit::Head;
use crate::crypto::{Bytes32, MacKey, mac_fits};
use crate::domain::SecretId;
use crate::keyring::Keys;
use crate::store::{State, StoreError};

/// Stands in the place of the MAC of a state that was edited or rolled back.
const DISOWNED: Bytes32 = [0xff; 32];

/// Computes a row's leaf: `HMAC-SHA256(state key, "leaf" ‖ id ‖ revision ‖ row mac)`.
pub(super) fn leaf(keys: &Keys, id: SecretId, revision: u64, mac: &Bytes32) -> Bytes32 {
    keys.state_mac(&[b"leaf", id.as_bytes(), &revision.to_be_bytes(), mac])
}

/// Sums up the rows of some places in the table.
pub(super) fn sum(
    connection: &Connection,
    places: RangeInclusive<i64>,
    key: &MacKey,
) -> Result<State, StoreError> {
    let mut sum = State::empty();
    columns::walk(connection, places, &mut |id, revision, mac| {
        sum.add(&key.mac(&[b"leaf", id.as_bytes(), &revision.to_be_bytes(), &mac]));
    })?;
    Ok(sum)
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

    /// Adds a row's leaf.
    pub(crate) fn add(&mut self, leaf: &Bytes32) {
        self.sum = plus(&self.sum, leaf);
        self.count += 1;
    }

    /// Adds what was summed up of other rows.
    pub(super) fn join(&mut self, other: &Self) {
        self.sum = plus(&self.sum, &other.sum);
        self.count += other.count;
    }

    /// Takes a row's leaf away.
    pub(crate) fn subtract(&mut self, leaf: &Bytes32) {
        // Modulo 2^256 to subtract is to add the complement and one.
        let complement = plus(&leaf.map(|byte| !byte), &ONE);
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
        state.add(&[0xff; 32]);
        let one = state;
        state.add(&[0x81; 32]);
        assert_ne!(one.sum, state.sum);
        state.subtract(&[0x81; 32]);
        assert_eq!(one, state);
        state.subtract(&[0xff; 32]);
        assert_eq!(State::empty(), state);
    }
}
