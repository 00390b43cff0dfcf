//! What is written is read again; what is cut off, garbled or of another kind is no harm.

use super::{FormatError, decode, encode};
use crate::trace::tests::{call, flow, other};
use crate::trace::{CallTrace, What};
use patchcord_sip::Transport;

#[test]
fn what_is_written_is_read() {
    let mut trace = call();
    trace.left_out = 12;
    assert_eq!(decode(&encode(&trace)).unwrap(), trace);
    let empty = CallTrace {
        doors: Vec::new(),
        records: Vec::new(),
        ..trace
    };
    assert_eq!(decode(&encode(&empty)).unwrap(), empty);
}

#[test]
fn every_transport_and_address_is_read_again() {
    use crate::trace::Direction::Out;
    let mut trace = call();
    trace.records.clear();
    for transport in [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss] {
        for peer in ["192.0.2.1:1", "[2001:db8::1]:65535"] {
            trace.records.push(crate::trace::tests::sip(1, 3, Out, flow(transport, peer), "x"));
        }
    }
    assert_eq!(decode(&encode(&trace)).unwrap(), trace);
}

#[test]
fn a_file_that_was_cut_off_gives_what_came_before() {
    let trace = call();
    let bytes = encode(&trace);
    let mut before = 0;
    for end in 0..bytes.len() {
        match decode(&bytes[..end]) {
            Ok(part) => {
                assert_eq!(part.records, trace.records[..part.records.len()]);
                assert!(part.records.len() >= before && part.records.len() < trace.records.len());
                before = part.records.len();
            }
            Err(why) => assert_eq!((why, before), (FormatError::NotATrace, 0)),
        }
    }
    assert_eq!(before, trace.records.len() - 1);
}

#[test]
fn garbled_bytes_never_panic() {
    let bytes = encode(&call());
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..20_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let mut garbled = bytes.clone();
        let at = state as usize % garbled.len();
        garbled[at] = (state >> 32) as u8;
        let _ = decode(&garbled);
    }
}

#[test]
fn other_files_and_versions_are_refused_in_a_sentence() {
    assert_eq!(decode(b""), Err(FormatError::NotATrace));
    assert_eq!(decode(b"PK\x03\x04"), Err(FormatError::NotATrace));
    let mut newer = encode(&call());
    newer[7] = 9;
    assert_eq!(decode(&newer), Err(FormatError::Version(9)));
    assert!(FormatError::Version(9).to_string().contains("version 9 and this patchcord reads 1"));
}

#[test]
fn an_endless_record_ends_the_file() {
    let mut trace = call();
    trace.records = vec![other(1, What::Note("x".repeat(2 * super::RECORD_BYTES)))];
    assert!(decode(&encode(&trace)).unwrap().records.is_empty());
}
