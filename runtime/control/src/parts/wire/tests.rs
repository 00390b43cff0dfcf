//! What nodes tell of identities, there and back.

use super::*;
use crate::ids::Tenant;
use crate::parts::{Output, Parts};
use crate::presence::{Availability, NAME_BYTES, Reason, Status, TENANT_BYTES};
use crate::replica::tests::{Dice, fuzz, is_longest, me, message_of, number, text};
use std::time::Instant;

fn some_instance(dice: &mut Dice) -> InstanceId {
    let name = match dice.below(2) {
        0 => text(dice, 128),
        _ => format!("urn:uuid:00000000-0000-1000-8000-00000000000{}", dice.below(10)),
    };
    InstanceId::new(&name).expect("a good name")
}

fn some_word(dice: &mut Dice) -> Word {
    let status = dice.percent(60).then(|| Status {
        availability: [Availability::Available, Availability::DoNotDisturb][dice.below(2) as usize],
        reason: [None, Some(Reason::AwayLong)][dice.below(2) as usize],
        text: text(dice, 256).into(),
    });
    Word {
        by: NodeId::new(["eu1-a", "us1-b"][dice.below(2) as usize]).expect("a node's name"),
        said: Said {
            at_ms: number(dice),
            status,
        },
    }
}

fn some_change(dice: &mut Dice) -> Change {
    let tenant = Tenant(["acme", "other"][dice.below(2) as usize].to_owned());
    let identity = Identity::new(tenant, &text(dice, NAME_BYTES)).expect("a good name");
    if dice.percent(20) {
        return Change::Remove(identity);
    }
    let word = dice.percent(40).then(|| some_word(dice));
    let is_no_longer = word.as_ref().is_some_and(|word| word.said.status.is_none());
    let instances = dice.below(4);
    let legs = (0..instances).map(|_| {
        let instance = dice.percent(80).then(|| some_instance(dice));
        (instance, 1 + (number(dice) >> 33) as u32)
    });
    Change::Put(Entry {
        identity,
        legs: legs.collect(),
        ringing: number(dice) as u32,
        left: match is_no_longer {
            true => Duration::from_millis(dice.below(86_400_001)),
            false => Duration::ZERO,
        },
        word,
    })
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
fn fuzz_what_is_told_of_identities_comes_back_and_what_is_spoiled_breaks_nothing() {
    let mut now = Instant::now();
    let mut parts = Parts::new(now, me("reader"));
    fuzz(some_change, |message| {
        now += Duration::from_millis(500);
        parts.handle(now, message);
        parts.deadline(now);
        while let Some(output) = parts.poll() {
            assert!(matches!(output, Output::Send(_)));
        }
    });
}

fn long(bytes: usize) -> String {
    "é".repeat(bytes / 2)
}

#[test]
fn the_longest_part_is_as_long_as_it_is_said_to_be() {
    let legs = (0..LEGS_MAX).map(|number| {
        let name = format!("{number:02}{}", long(126));
        (Some(InstanceId::new(&name).expect("a good name")), u32::MAX)
    });
    let status = Status {
        text: long(256).into(),
        reason: Some(Reason::AwayLong),
        ..Status::new(Availability::Unavailable)
    };
    is_longest(&Change::Put(Entry {
        identity: Identity::new(Tenant(long(TENANT_BYTES)), &long(NAME_BYTES)).expect("good names"),
        legs: legs.collect(),
        ringing: u32::MAX,
        word: Some(Word {
            by: NodeId::new(&"n".repeat(NODE_BYTES)).expect("a node's name"),
            said: Said {
                at_ms: u64::MAX,
                status: Some(status),
            },
        }),
        left: Duration::ZERO,
    }));
}

#[test]
fn who_is_in_a_call_is_told_in_few_bytes() {
    let instance = InstanceId::new("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6").expect("a good name");
    let change = Change::Put(Entry {
        identity: Identity::new(Tenant("acme".to_owned()), "ann").expect("a good name"),
        legs: [(Some(instance), 1)].into(),
        ringing: 0,
        word: None,
        left: Duration::ZERO,
    });
    let bytes = |many| message_of(&change, many).to_bytes().len();
    // The first with its tenant, the second without.
    assert_eq!(
        (bytes(1) - bytes(0), bytes(2) - bytes(1)),
        (1 + 5 + 4 + 3 + 17 + 1, 1 + 1 + 4 + 3 + 17 + 1)
    );
}
