//! Which shard gets what: by Call-ID, by what is replaced, and always the same.

use super::{Dealer, ELSEWHERE, peek_replaces};
use crate::shard_threads::Inbox;
use patchcord_sip::shard_of;

const KEY: u64 = 11;
const SHARDS: usize = 4;

fn dealer() -> Dealer {
    Dealer::new((0..SHARDS).map(|_| Inbox::new().0).collect(), KEY)
}

fn message(method: &str, call_id: &str, more: &str) -> Vec<u8> {
    format!("{method} sip:a@b SIP/2.0\r\nVia: x\r\nCall-ID: {call_id}\r\n{more}\r\nbody").into_bytes()
}

/// A Call-ID that belongs to this shard.
fn call_of(shard: usize, number: usize) -> String {
    let names = (0..).map(|try_| format!("call-{number}-{try_}"));
    names
        .into_iter()
        .find(|name| shard_of(name.as_bytes(), SHARDS, KEY) == shard)
        .unwrap()
}

#[test]
fn a_call_has_one_shard_and_registrations_have_the_first() {
    let dealer = dealer();
    for number in 0..50 {
        let call_id = format!("call-{number}");
        let shard = shard_of(call_id.as_bytes(), SHARDS, KEY);
        for method in ["INVITE", "ACK", "BYE", "OPTIONS"] {
            assert_eq!(dealer.shard(&message(method, &call_id, "")), shard);
        }
        let response = format!("SIP/2.0 200 OK\r\ni: {call_id}\r\nCSeq: 1 REGISTER\r\n\r\n");
        assert_eq!(dealer.shard(response.as_bytes()), shard);
        assert_eq!(dealer.shard(&message("REGISTER", &call_id, "")), 0);
    }
    assert_eq!(dealer.shard(b"\r\n\r\n"), 0);
    assert_eq!(dealer.shard(b""), 0);
}

#[test]
fn a_call_that_replaces_another_goes_where_that_is_and_stays() {
    let dealer = dealer();
    let (there, here) = (call_of(2, 0), call_of(1, 1));
    let replaces = format!("Replaces: {there};to-tag=a;from-tag=b\r\n");
    assert_eq!(dealer.shard(&message("INVITE", &here, &replaces)), 2);
    assert_eq!(dealer.shard(&message("ACK", &here, "")), 2);
    assert_eq!(dealer.shard(&message("BYE", &here, "")), 2);
    // It may be replaced in turn.
    let third = call_of(0, 2);
    let replaces = format!("replaces : {here} ;early-only\r\n");
    assert_eq!(dealer.shard(&message("INVITE", &third, &replaces)), 2);
    assert_eq!(dealer.shard(&message("CANCEL", &third, "")), 2);
    // Only an INVITE replaces, and only with its headers.
    let other = call_of(3, 3);
    let in_body = format!("\r\nReplaces: {there}\r\n");
    assert_eq!(dealer.shard(&message("INVITE", &other, &in_body)), 3);
    assert_eq!(dealer.shard(&message("OPTIONS", &other, "Replaces: x\r\n")), 3);
}

#[test]
fn the_memory_of_moved_calls_has_an_end() {
    let dealer = dealer();
    let there = call_of(2, 0);
    let replaces = format!("Replaces: {there}\r\n");
    let here = call_of(1, 1);
    dealer.shard(&message("INVITE", &here, &replaces));
    let mut more = 0;
    for number in 0.. {
        if more == ELSEWHERE {
            break;
        }
        let call_id = format!("flood-{number}");
        if shard_of(call_id.as_bytes(), SHARDS, KEY) != 2 {
            dealer.shard(&message("INVITE", &call_id, &replaces));
            more += 1;
        }
    }
    let elsewhere = dealer.elsewhere.lock().unwrap();
    assert_eq!((elsewhere.order.len(), elsewhere.shards.len()), (ELSEWHERE, ELSEWHERE));
    drop(elsewhere);
    assert_eq!(dealer.shard(&message("BYE", &here, "")), 1);
}

#[test]
fn replaces_is_found_in_every_form() {
    let peek = |fields: &str| peek_replaces(&message("INVITE", "1", fields)).map(<[u8]>::to_vec);
    assert_eq!(peek("Replaces: a@b;to-tag=1\r\n"), Some(b"a@b".to_vec()));
    assert_eq!(peek("REPLACES:a\r\n"), Some(b"a".to_vec()));
    assert_eq!(peek("Replaces:\r\n"), None);
    assert_eq!(peek("Replaces: ;to-tag=1\r\n"), None);
    assert_eq!(peek("Supported: replaces\r\n"), None);
    assert_eq!(peek(""), None);
}
