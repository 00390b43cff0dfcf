//! Copies: the wheel against a list, the two halves by hand, and what all orders of messages lead to. The pretend network here is
//! that of the clusters in the tests of what uses copies, too.

mod halves;
mod leases;
mod network;

pub(crate) use super::wire::tests::{fuzz, is_longest, message_of, number, text};
pub(crate) use network::{Clock, Dice, Net, Seed, seeds};

use super::*;

/// A node of the first region, in its first incarnation.
pub(crate) fn me(name: &str) -> Me {
    Me {
        node: NodeId::new(name).expect("a node's name"),
        region: Region::new("eu1").expect("a region's name"),
        incarnation: 1,
    }
}
