//! Numbers that nobody outside can predict, from a seed that the owner gives. For tie-breakers, transactions and credentials; keys of
//! DTLS come from the provider of cryptography (see [`crate::Identity`]).

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The 64 characters of RFC 8839 (`ice-char`).
const ICE_CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A generator.
pub(crate) struct Random(ChaCha12Rng);

impl Random {
    /// The same seed gives the same numbers.
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A seed for another generator.
    pub(crate) fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        seed
    }

    /// So many characters of those that ICE takes.
    pub(crate) fn ice_characters(&mut self, count: usize) -> String {
        (0..count)
            .map(|_| char::from(ICE_CHARACTERS[(self.next() & 63) as usize]))
            .collect()
    }

    /// A number from 0 up to, not including, 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
