//! The test vectors of RFC 5769, messages that are not what they should be, and noise.

use super::*;
use crate::tests::{Noise, fuzz_rounds};

const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";
const REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff\
                       80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249\
                       c1b571a280280004e57a3bcf";
const RESPONSE: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643\
                        000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
const RESPONSE_V6: &str = "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9fa\
                           a5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";

fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

#[test]
fn the_request_of_rfc_5769_is_read() {
    let request = bytes(REQUEST);
    let message = Message::parse(&request).unwrap();
    assert_eq!(message.class, Class::Request);
    assert_eq!(message.username, Some("evtj:h6vY"));
    assert_eq!(message.priority, Some(0x6e00_01ff));
    assert_eq!(message.role, Some((Role::Controlled, 0x932f_f9b1_5126_3b36)));
    assert!(!message.use_candidate);
    assert!(message.unknown().is_empty());
    assert!(message.is_signed_with(&Key::new(PASSWORD)));
    assert!(!message.is_signed_with(&Key::new("VOkJxbRl1RmTxUk/WvJxBT")));
    assert_eq!(addressee(&request), Some("evtj"));
    assert_eq!(answered(&request), None);
}

#[test]
fn the_responses_of_rfc_5769_are_read() {
    for (text, address) in [
        (RESPONSE, "192.0.2.1:32853"),
        (RESPONSE_V6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ] {
        let response = bytes(text);
        let message = Message::parse(&response).unwrap();
        assert_eq!(message.class, Class::Success);
        assert_eq!(message.mapped, Some(address.parse().unwrap()));
        assert!(message.is_signed_with(&Key::new(PASSWORD)));
        assert_eq!(answered(&response), Some(message.transaction));
        assert_eq!(addressee(&response), None);
    }
}

#[test]
fn what_is_written_is_read_alike() {
    let key = Key::new("swordfish-swordfish-22");
    let transaction = TransactionId([7; 12]);
    let request = Writer::new(Class::Request, transaction)
        .username("theirs", "ours")
        .priority(1_853_824_767)
        .role(Role::Controlling, 99)
        .use_candidate()
        .sign(&key);
    let message = Message::parse(&request).unwrap();
    assert_eq!(message.transaction, transaction);
    assert_eq!(message.username, Some("theirs:ours"));
    assert_eq!(message.priority, Some(1_853_824_767));
    assert_eq!(message.role, Some((Role::Controlling, 99)));
    assert!(message.use_candidate && message.is_signed_with(&key));
    assert_eq!(addressee(&request), Some("theirs"));

    for address in ["203.0.113.9:4000", "[2001:db8::9]:65535"] {
        let answer = Writer::new(Class::Success, transaction)
            .mapped(address.parse().unwrap())
            .sign(&key);
        let message = Message::parse(&answer).unwrap();
        assert_eq!(message.mapped, Some(address.parse().unwrap()));
    }

    let refusal = Writer::new(Class::Error, transaction)
        .error(420, "Unknown Attribute")
        .unknown(&[0x7f, 0x19])
        .sign(&key);
    let message = Message::parse(&refusal).unwrap();
    assert_eq!((message.class, message.error), (Class::Error, Some(420)));
}

#[test]
fn what_we_would_have_to_understand_is_named() {
    let mut writer = Writer::new(Class::Request, TransactionId([1; 12]));
    for kind in [0x0019, 0x0024, 0x7fff, 0x8022, 0xc001] {
        writer.put(kind, &[0; 4]);
    }
    let bytes = writer.sign(&Key::new("p"));
    assert_eq!(Message::parse(&bytes).unwrap().unknown(), [0x0019, 0x7fff]);
}

#[test]
fn what_follows_the_signature_counts_for_nothing() {
    let key = Key::new(PASSWORD);
    let mut writer = Writer::new(Class::Request, TransactionId([1; 12]));
    let signature = key.sign(&writer.bytes);
    writer.put(attribute::MESSAGE_INTEGRITY, signature.as_ref());
    writer.put(attribute::USE_CANDIDATE, &[]);
    writer.state_length(0);
    let message = Message::parse(&writer.bytes).unwrap();
    assert!(message.is_signed_with(&key) && !message.use_candidate);
}

#[test]
fn a_bad_message_is_refused_with_its_fault() {
    let request = bytes(REQUEST);
    type Spoil = fn(&mut Vec<u8>);
    let faults: [(&str, Spoil, StunError); 8] = [
        ("too short", |m| m.truncate(19), StunError::NotStun),
        ("another protocol", |m| m[0] = 0x80, StunError::NotStun),
        ("another cookie", |m| m[5] = 0, StunError::NotStun),
        ("cut", |m| m.truncate(m.len() - 4), StunError::WrongLength),
        ("longer", |m| m.extend([0; 4]), StunError::WrongLength),
        ("another method", |m| m[1] = 3, StunError::NotBinding),
        ("beyond the end", |m| m[23] = 200, StunError::BadAttribute(0x8022)),
        ("another byte", |m| m[25] ^= 1, StunError::WrongChecksum),
    ];
    for (what, spoil, error) in faults {
        let mut bytes = request.clone();
        spoil(&mut bytes);
        assert_eq!(Message::parse(&bytes).err(), Some(error), "{what}");
    }
}

#[test]
fn fuzz_bytes_are_read_or_refused() {
    let models = [bytes(REQUEST), bytes(RESPONSE), bytes(RESPONSE_V6)];
    let key = Key::new(PASSWORD);
    for round in fuzz_rounds(20_000) {
        let mut noise = Noise::new(round);
        let bytes = noise.spoil(&models[(round % 3) as usize]);
        addressee(&bytes);
        answered(&bytes);
        if let Ok(message) = Message::parse(&bytes) {
            // The signature covers everything before it but the length, which is that of the datagram.
            let model = &models[(round % 3) as usize];
            let is_covered = |at: usize| bytes[..2] == model[..2] && bytes[4..at] == model[4..at];
            let is_signed = message.is_signed_with(&key);
            assert!(!is_signed || message.signed.is_some_and(is_covered), "{round}");
        }
    }
}
