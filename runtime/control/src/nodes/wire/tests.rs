//! What nodes say of themselves, there and back.

use super::*;
use crate::nodes::Nodes;
use crate::replica::tests::{Dice, fuzz, is_longest, me, number};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

fn some_facts(dice: &mut Dice) -> Facts {
    let mut facts = Facts::default();
    match dice.below(3) {
        0 => facts = facts.sip_at((Ipv4Addr::from_bits(number(dice) as u32), number(dice) as u16).into()),
        1 => {
            let ip = Ipv6Addr::from_bits(number(dice).into());
            let (flow, scope) = (number(dice) as u32, number(dice) as u32);
            facts = facts.sip_at(SocketAddrV6::new(ip, number(dice) as u16, flow, scope).into());
        }
        _ => {}
    }
    if dice.percent(50) {
        let url = format!("https://eu1-a.invalid/{}", number(dice));
        facts = facts.api_at(&url).expect("a good address");
    }
    if dice.percent(20) {
        facts = facts.on_duty(Duty::Draining);
    }
    for word in ["mix", "record", "say-en"] {
        if dice.percent(50) {
            let offering = facts.offering(word, number(dice) as u32, number(dice) as u32);
            facts = offering.expect("a good word");
        }
    }
    facts
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
fn fuzz_what_nodes_say_comes_back_and_what_is_spoiled_breaks_nothing() {
    let mut now = Instant::now();
    let mut nodes = Nodes::new(now, me("reader"), Facts::default());
    fuzz(some_facts, |message| {
        now += Duration::from_millis(100);
        nodes.handle(now, message);
        nodes.deadline(now);
        while nodes.poll().is_some() {}
    });
}

#[test]
fn the_longest_facts_are_as_long_as_they_are_said_to_be() {
    let address = SocketAddrV6::new(Ipv6Addr::from_bits(u128::MAX), u16::MAX, u32::MAX, u32::MAX);
    let facts = Facts::default().sip_at(address.into()).on_duty(Duty::Draining);
    let facts = facts.api_at(&"u".repeat(URL_BYTES)).expect("a good address");
    let facts = (0..CAPABILITIES_MAX).try_fold(facts, |facts, number| {
        let word = format!("{number:02}{}", "w".repeat(OFFER_BYTES - 2));
        facts.offering(&word, u32::MAX, u32::MAX)
    });
    is_longest(&facts.expect("good words"));
}
