//! Every key survives the way to the contract and back.

use crate::bindings::patchcord::handler::gather;
use patchcord_control::words::Key;

#[test]
fn keys_go_both_ways() {
    for event in 0..16 {
        let key = Key::from_event(event).expect("0 to 15 are keys");
        assert_eq!(Key::from(gather::Key::from(key)), key);
    }
}
