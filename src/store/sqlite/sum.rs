//! The sum over all rows: order-free, kept by adding and subtracting one leaf a change.

use crate::audit::Head;
use crate::crypto::{Bytes32, mac_fits};
use crate::domain::SecretId;
use crate::keyring::Keys;
use crate::store::State;

/// Stands in the place of the MAC of a state that was edited or rolled back.
const DISOWNED: Bytes32 = [0xff; 32];

/// Computes a row's leaf: `HMAC-SHA256(state key, "leaf" ‖ id ‖ revision ‖ row mac)`.
pub(crate) fn leaf(keys: &Keys, id: SecretId, revision: u64, mac: &Bytes32) -> Bytes32 {
    keys.state_mac(&[b"leaf", id.as_bytes(), &revision.to_be_bytes(), mac])
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
        let mut carry = 0;
        for (at, with) in self.sum.iter_mut().zip(leaf).rev() {
            let sum = u16::from(*at) + u16::from(*with) + carry;
            *at = sum.to_be_bytes()[1];
            carry = sum >> 8;
        }
        self.count += 1;
    }

    /// Takes a row's leaf away.
    pub(crate) fn subtract(&mut self, leaf: &Bytes32) {
        let mut borrow = 0;
        for (at, with) in self.sum.iter_mut().zip(leaf).rev() {
            let rest = 0x100 + u16::from(*at) - u16::from(*with) - borrow;
            *at = rest.to_be_bytes()[1];
            borrow = 1 - (rest >> 8);
        }
        self.count = self.count.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
