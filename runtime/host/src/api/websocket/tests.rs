//! Handshakes by their letters, and a client that reads slowly over a narrow pipe.

use super::*;
use crate::api::events::Reader;
use hyper::header::HeaderValue;
use patchcord_control::events::{Event, Happening};
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::words::UnixTime;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::io::DuplexStream;
use tokio::sync::broadcast;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

const GOOD: [(&str, &str); 5] = [
    ("upgrade", "websocket"),
    ("connection", "keep-alive, Upgrade"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-protocol", "patchcord.events.v1, bearer.pck_1"),
];

#[test]
fn a_handshake_is_taken_and_the_key_in_it_found() {
    let good = headers(&GOOD);
    assert!(is_asked(&Method::GET, &good) && !is_asked(&Method::POST, &good));
    let key_sent = shaken(&good).unwrap();
    // The example of RFC 6455 section 1.3.
    assert_eq!(accept_value(key_sent), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(key(&good), Some("pck_1"));
    assert_eq!(key(&headers(&GOOD[..4])), None);
    assert!(shaken(&headers(&GOOD[..4])).is_ok(), "programs need no subprotocol");
    assert!(!is_asked(&Method::GET, &headers(&GOOD[1..])));
}

#[test]
fn what_is_wrong_with_a_handshake_is_told_by_its_header() {
    let wrong = [
        ("connection", "keep-alive"),
        ("sec-websocket-version", "8"),
        ("sec-websocket-key", "c2hvcnQ="),
        ("sec-websocket-protocol", "bearer.pck_1"),
    ];
    for (name, value) in wrong {
        let mut headers = headers(&GOOD);
        headers.insert(name, HeaderValue::from_static(value));
        let problem = shaken(&headers).unwrap_err();
        assert_eq!(
            (problem.code, problem.field.as_deref()),
            (Code::InvalidRequest, Some(name))
        );
    }
    let mut twice = headers(&GOOD);
    twice.append(
        "sec-websocket-key",
        HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="),
    );
    assert!(shaken(&twice).is_err());
}

fn event(tenant: &str, call: u128, what: Happening) -> Arc<Event> {
    Arc::new(Event {
        call: CallId(call),
        tenant: Tenant(tenant.to_owned()),
        handler: "h".to_owned(),
        module: "m".to_owned(),
        at: UnixTime {
            seconds: 1,
            nanoseconds: 0,
        },
        what,
    })
}

fn over() -> Happening {
    Happening::CallEnded {
        duration_ms: 7,
        continued_as: None,
        legs: 1,
        failed: None,
    }
}

async fn next(client: &mut WebSocketStream<DuplexStream>) -> Option<Value> {
    loop {
        match client.next().await? {
            Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
            Ok(Message::Close(goodbye)) => {
                assert_eq!(goodbye.unwrap().code, CloseCode::Normal);
                return None;
            }
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_slow_reader_is_told_how_much_it_lost_and_the_call_ends_the_connection() {
    let (events, receiver) = broadcast::channel(4);
    let (ours, theirs) = tokio::io::duplex(64);
    let reader = Reader::new(receiver, &Tenant("t".to_owned()), Some(CallId(1)));
    let served = tokio::spawn(serve(ours, reader, Pace::USUAL));
    let mut client = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
    events.send(event("t", 1, Happening::LegRinging(0))).unwrap();
    events.send(event("other", 1, Happening::LegRinging(0))).unwrap();
    events.send(event("t", 2, Happening::LegRinging(0))).unwrap();
    let first = next(&mut client).await.unwrap();
    assert_eq!((&first["event"], &first["leg"]), (&json!("leg-ringing"), &json!(0)));
    assert_eq!(first["call_id"], "call_00000000000000000000000000000001");
    for leg in 1..100 {
        events.send(event("t", 1, Happening::LegAnswered(leg))).unwrap();
        // So that it is written as far as there is room.
        tokio::task::yield_now().await;
    }
    events.send(event("t", 1, over())).unwrap();
    let (mut legs, mut lost) = (0, 0);
    while let Some(told) = next(&mut client).await {
        match told["event"].as_str().unwrap() {
            "leg-answered" => legs += 1,
            "lost" => lost += told["events"].as_u64().unwrap(),
            other => assert_eq!((other, &told["duration_ms"]), ("call-ended", &json!(7))),
        }
    }
    assert!(lost > 0 && legs > 0, "{lost} {legs}");
    assert_eq!(legs + lost, 99, "each is told or counted");
    client.close(None).await.ok();
    served.await.unwrap();
}

#[tokio::test]
async fn a_client_is_pinged_and_one_that_says_nothing_is_left() {
    let (_events, receiver) = broadcast::channel(4);
    let (ours, theirs) = tokio::io::duplex(1_024);
    let reader = Reader::new(receiver, &Tenant("t".to_owned()), None);
    let pace = Pace {
        ping: Duration::from_millis(5),
        silence: Duration::from_millis(50),
    };
    let served = tokio::spawn(serve(ours, reader, pace));
    let mut client = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
    for _ in 0..3 {
        assert!(client.next().await.unwrap().unwrap().is_ping());
    }
    // It reads no more, so it answers no more.
    served.await.unwrap();
}

#[tokio::test]
async fn one_that_says_too_much_is_left_and_words_count_for_nothing() {
    let (events, receiver) = broadcast::channel(4);
    let (ours, theirs) = tokio::io::duplex(64 * 1_024);
    let reader = Reader::new(receiver, &Tenant("t".to_owned()), None);
    let served = tokio::spawn(serve(ours, reader, Pace::USUAL));
    let mut client = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
    client.send(Message::text("{\"event\":\"call-ended\"}")).await.unwrap();
    events.send(event("t", 1, over())).unwrap();
    assert_eq!(next(&mut client).await.unwrap()["event"], "call-ended");
    client.send(Message::text("x".repeat(HEARD_BYTES + 1))).await.unwrap();
    served.await.unwrap();
}
