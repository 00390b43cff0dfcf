//! Messages there and back, spoiled ones, and how long they are. What each core tells is made where the core is.

use super::*;
use crate::replica::tests::{Dice, Seed, seeds};
use std::fmt::Debug;

/// Rounds of each fuzz where nobody says for how long.
const ROUNDS: u64 = 3_000;

/// A text of up to so many bytes, mostly a short one.
pub(crate) fn text(dice: &mut Dice, longest: usize) -> String {
    const LETTERS: [char; 8] = ['a', 'z', 'A', '0', '-', '@', 'é', '☎'];
    let most = if dice.percent(5) { longest } else { longest.min(12) };
    let wanted = 1 + dice.below(most as u64) as usize;
    let mut text = String::from("a");
    loop {
        let letter = LETTERS[dice.below(8) as usize];
        if text.len() + letter.len_utf8() > wanted {
            return text;
        }
        text.push(letter);
    }
}

/// A number of any length.
pub(crate) fn number(dice: &mut Dice) -> u64 {
    (dice.below(1 << 32) << 32 | dice.below(1 << 32)) >> dice.below(64)
}

/// A message with such changes.
fn message<C>(dice: &mut Dice, change: fn(&mut Dice) -> C) -> Message<C> {
    let many = [1, 1, 3, CHANGES_PER_MESSAGE as u64][dice.below(4) as usize];
    let changes = (0..many).map(|_| change(dice)).collect();
    let body = match dice.below(6) {
        0 => Body::Beat {
            sequence: number(dice) >> 2,
        },
        1 => Body::Ask,
        2 => Body::Left,
        3 => Body::Part {
            through: number(dice) >> 2,
            part: 2,
            parts: 3 + dice.below(100) as u32,
            entries: changes,
        },
        _ => Body::Changes {
            first: 1 + dice.below(3),
            changes,
        },
    };
    Message {
        from: NodeId::new(["eu1-a", "b"][dice.below(2) as usize]).expect("a node's name"),
        region: Region::new("eu1").expect("a region's name"),
        incarnation: 1 + dice.below(3),
        number: 1 + (number(dice) >> 2),
        body,
    }
}

/// The message with a few bytes changed, cut out, doubled or cut off; sometimes nothing but noise.
fn spoil(dice: &mut Dice, model: &[u8]) -> Vec<u8> {
    let below = |dice: &mut Dice, end: usize| dice.below(end as u64) as usize;
    if dice.below(16) == 0 {
        let noise = (0..dice.below(200)).map(|_| dice.below(256) as u8);
        return [FORMAT].into_iter().chain(noise).collect();
    }
    let mut bytes = model.to_vec();
    for _ in 0..=dice.below(4) {
        let at = below(dice, bytes.len() + 1);
        match dice.below(5) {
            0 if at < bytes.len() => bytes[at] = dice.below(256) as u8,
            1 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            2 => bytes.truncate(at),
            3 => bytes.insert(at, dice.below(256) as u8),
            _ if at < bytes.len() => {
                let end = at + below(dice, bytes.len() - at);
                bytes.drain(at..end);
            }
            _ => {}
        }
    }
    bytes
}

/// What is read, if anything, is a message like any other.
fn is_read_or_refused<C: Wire + Debug + PartialEq>(bytes: &[u8]) -> Option<Message<C>> {
    match Message::<C>::from_bytes(bytes) {
        Ok(message) => {
            let again = message.to_bytes();
            assert!(again.len() <= MESSAGE_BYTES);
            assert_eq!(Message::from_bytes(&again).as_ref(), Ok(&message));
            Some(message)
        }
        Err(error) => {
            assert!(error.at <= bytes.len(), "{error}");
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

/// Messages of a core there and back; what is left of them when they are spoiled is heard by it.
pub(crate) fn fuzz<C: Wire + Debug + PartialEq>(change: fn(&mut Dice) -> C, mut hear: impl FnMut(Message<C>)) {
    let (mut read, mut refused) = (0_u64, 0_u64);
    for seed in seeds(ROUNDS) {
        let guard = Seed(seed);
        let mut dice = Dice::new(seed);
        let message = message(&mut dice, change);
        let bytes = message.to_bytes();
        assert_eq!(Message::from_bytes(&bytes).as_ref(), Ok(&message));
        for _ in 0..8 {
            match is_read_or_refused(&spoil(&mut dice, &bytes)) {
                Some(message) => {
                    read += 1;
                    hear(message);
                }
                None => refused += 1,
            }
        }
        let cut = dice.below(bytes.len() as u64) as usize;
        Message::<C>::from_bytes(&bytes[..cut]).expect_err("a message that is cut off is none");
        hear(message);
        drop(guard);
    }
    assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
}

/// A message of so many of a change.
pub(crate) fn message_of<C: Clone>(change: &C, many: usize) -> Message<C> {
    Message {
        from: NodeId::new(&"n".repeat(NODE_BYTES)).expect("a node's name"),
        region: Region::new(&"r".repeat(REGION_BYTES)).expect("a region's name"),
        incarnation: COUNTED_MAX,
        number: COUNTED_MAX,
        body: Body::Part {
            through: COUNTED_MAX,
            part: PARTS_MAX - 1,
            parts: PARTS_MAX,
            entries: vec![change.clone(); many],
        },
    }
}

/// The longest change by the limits is as long as its module says, and so many of it make no message that is too long.
pub(crate) fn is_longest<C: Wire + Clone + Debug + PartialEq>(longest: &C) {
    let mut out = Out::default();
    longest.write(None, &mut out);
    let bytes = out.into_bytes().len();
    assert!(bytes <= C::LARGEST, "{bytes} bytes, and {} at most", C::LARGEST);
    assert!(C::LARGEST - bytes < 64, "{bytes} bytes are far from {}", C::LARGEST);
    let message = message_of(longest, CHANGES_PER_MESSAGE);
    let bytes = message.to_bytes();
    assert!(bytes.len() <= HEAD_BYTES + CHANGES_PER_MESSAGE * C::LARGEST);
    assert_eq!(Message::from_bytes(&bytes), Ok(message));
}

/// A change for tests of the rest.
impl Wire for u64 {
    const KIND: u8 = b'u';
    const LARGEST: usize = NUMBER_BYTES;

    fn write(&self, _before: Option<&Self>, out: &mut Out) {
        out.number(*self);
    }

    fn read(_before: Option<&Self>, input: &mut Input<'_>) -> Result<Self, WireError> {
        input.number("a number", Self::MAX)
    }
}

#[test]
fn fuzz_messages_come_back_and_spoiled_ones_are_read_or_refused() {
    fuzz(number, |_| {});
}

#[test]
fn numbers_of_every_length_come_back() {
    let numbers = (0..64).flat_map(|bits| [(1_u64 << bits) - 1, 1 << bits, u64::MAX >> bits]);
    for number in numbers {
        let message = message_of(&number, 1);
        assert_eq!(Message::from_bytes(&message.to_bytes()), Ok(message), "{number}");
    }
    is_longest(&u64::MAX);
}

#[test]
fn an_error_says_what_is_wrong_and_where() {
    let good = Message {
        body: Body::Beat { sequence: 300 },
        ..message_of(&0_u64, 0)
    };
    let good = Message {
        from: NodeId::new("eu1-a").expect("a node's name"),
        region: Region::new("eu1").expect("a region's name"),
        incarnation: 1,
        number: 1,
        ..good
    }
    .to_bytes();
    assert_eq!(good, *b"\x01u\x05eu1-a\x03eu1\x01\x01\x00\xac\x02");
    let wrong = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        let error = Message::<u64>::from_bytes(&bytes).expect_err("it is wrong");
        error.to_string()
    };
    assert_eq!(wrong(0, 9), "the format at byte 1: it is 9; 1 is read here");
    assert_eq!(
        wrong(1, b'l'),
        "what the message is about at byte 2: it is 108; 117 is read here"
    );
    assert_eq!(
        wrong(2, 200),
        "the writer at byte 4: it has 13000 bytes; at most 64 are allowed"
    );
    assert_eq!(wrong(3, 0xff), "the writer at byte 8: it is not UTF-8");
    assert!(wrong(3, b'9').starts_with("the writer at byte 8: the name of a node is a letter and then"));
    assert_eq!(wrong(14, 7), "the body at byte 15: it is 7; 0 to 4 are known");
    assert_eq!(
        wrong(16, 0x82),
        "the last sequence at byte 17: the message ends in it; it is to be complete"
    );
    let longer = Message::<u64>::from_bytes(&[&good[..], b"\x00"].concat()).expect_err("it is too long");
    assert_eq!(
        longer.to_string(),
        "a message at byte 17: 1 bytes follow; it is to be the last"
    );
}

#[test]
fn what_is_claimed_is_not_believed() {
    let head = b"\x01u\x01a\x01r\x01\x01";
    let claims: [(&[u8], Fault); 5] = [
        (
            b"\x01\x01\xff\xff\xff\xff\x0f",
            Fault::Number(CHANGES_PER_MESSAGE as u64),
        ),
        (b"\x01\x01\x40\x00", Fault::Ended),
        (b"\x02\x01\x00\xff\xff\xff\xff\x0f\x00", Fault::Number(PARTS_MAX.into())),
        (
            b"\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            Fault::Number(COUNTED_MAX),
        ),
        (
            b"\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            Fault::Number(COUNTED_MAX),
        ),
    ];
    for (body, why) in claims {
        let error = Message::<u64>::from_bytes(&[head, body].concat()).expect_err("it is too much");
        assert_eq!(error.why, why, "{error}");
    }
    let part = Message::<u64>::from_bytes(&[&head[..], b"\x02\x01\x03\x03\x00"].concat()).expect_err("no such part");
    assert!(part.to_string().contains("it is 3 of 3"), "{part}");
    let long = vec![0; MESSAGE_BYTES + 1];
    let error = Message::<u64>::from_bytes(&long).expect_err("it is too long");
    assert_eq!(error.why, Fault::Long(MESSAGE_BYTES + 1, MESSAGE_BYTES));
}
