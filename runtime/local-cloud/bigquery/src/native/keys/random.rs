//! Randomness for keys and nonces, from the system.

use ring::rand::{SecureRandom as _, SystemRandom};

/// As many random bytes. A system without randomness has nothing to go on with.
pub(super) fn fill(bytes: &mut [u8]) {
    #[allow(clippy::expect_used)]
    SystemRandom::new().fill(bytes).expect("the system gives random bytes");
}

pub(super) fn bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    fill(&mut bytes);
    bytes
}
