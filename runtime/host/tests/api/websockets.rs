//! Events of calls and of presence by WebSocket, read by a client on a real connection: each is one text, a call's end with it, and what
//! is wrong is told before the connection changes over.

use super::{KEY, READER, STRANGER, api_node, call, client, live};
use patchcord_host::Node;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

const PRESENCE: &str = "/v1/presence/events?identities=bob,alice";
/// The example of RFC 6455 section 1.3, and what it is answered with.
const NONCE: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPTED: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A client that reads.
struct Reader(WebSocket<TcpStream>);

/// Asks for a WebSocket; the head of the answer, and the connection behind it.
fn ask(node: &Node, path: &str, version: u8, fields: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(node.local_api().unwrap()).unwrap();
    stream.set_read_timeout(Some(super::PATIENCE)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: {NONCE}\r\n{fields}\r\n"
    )
    .unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    (String::from_utf8(head).unwrap().to_ascii_lowercase(), stream)
}

fn by_header(key: &str) -> String {
    format!("Authorization: Bearer {key}\r\n")
}

impl Reader {
    fn open(node: &Node, path: &str, fields: &str) -> Self {
        let (head, stream) = ask(node, path, 13, fields);
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        let accepted = format!("sec-websocket-accept: {}\r\n", ACCEPTED.to_ascii_lowercase());
        assert!(head.contains(&accepted), "{head}");
        let protocol = head.contains("sec-websocket-protocol: patchcord.events.v1\r\n");
        assert_eq!(protocol, fields.contains("patchcord.events.v1"), "{head}");
        Self(WebSocket::from_raw_socket(stream, Role::Client, None))
    }

    /// The next event; none once the node has said goodbye.
    fn next(&mut self) -> Option<Value> {
        loop {
            match self.0.read().unwrap() {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Ping(_) => {}
                Message::Close(goodbye) => {
                    assert_eq!(goodbye.unwrap().code, CloseCode::Normal);
                    return None;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Events until the one that is the last, by its kind.
    fn until(&mut self, last: &str) -> Vec<Value> {
        let mut all = Vec::new();
        while let Some(event) = self.next() {
            let over = event["event"] == last;
            all.push(event);
            if over {
                return all;
            }
        }
        panic!("goodbye came before {last}: {all:?}");
    }

    /// Says goodbye, which is answered.
    fn leave(mut self) {
        let goodbye = CloseFrame {
            code: CloseCode::Normal,
            reason: "".into(),
        };
        self.0.close(Some(goodbye)).unwrap();
        while let Ok(message) = self.0.read() {
            if message.is_close() {
                return;
            }
        }
        panic!("a goodbye is answered");
    }
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[test]
fn a_page_hears_of_calls_as_they_happen_and_of_one_until_it_is_over() {
    let node = api_node();
    let by_protocol = format!("Sec-WebSocket-Protocol: patchcord.events.v1, bearer.{READER}\r\n");
    let mut all = Reader::open(&node, "/v1/events", &by_protocol);
    let phone = call(&node, "endless_tone");
    let ours = client(&node, KEY);
    let id = live(&ours);
    let mut of_call = Reader::open(&node, &format!("/v1/calls/{id}/events"), &by_header(READER));
    assert_eq!(ours.post(&format!("/v1/calls/{id}/end"), None).status, 204);
    let last: Vec<Value> = std::iter::from_fn(|| of_call.next()).collect();
    assert_eq!(kinds(&last), ["leg-ended", "call-ended"]);
    assert_eq!(last[1]["call_id"], id.as_str());
    assert!(last[1]["duration_ms"].is_u64());
    let events = all.until("call-ended");
    assert_eq!(
        kinds(&events),
        ["call-started", "leg-answered", "leg-ended", "call-ended"]
    );
    assert!(events.iter().all(|event| event["call_id"] == id.as_str()));
    all.leave();
    phone.join().unwrap();
}

#[test]
fn a_page_hears_how_all_are_then_what_changed_and_nothing_of_another_tenant() {
    let node = api_node();
    let by_protocol = format!("Sec-WebSocket-Protocol: patchcord.events.v1, bearer.{READER}\r\n");
    let mut by_page = Reader::open(&node, PRESENCE, &by_protocol);
    let mut by_program = Reader::open(&node, PRESENCE, &by_header(KEY));
    let mut stranger = Reader::open(&node, PRESENCE, &by_header(STRANGER));
    for reader in [&mut by_page, &mut by_program, &mut stranger] {
        let first = reader.next().unwrap();
        assert_eq!(first["event"], "presence");
        let all = first["presence"].as_array().unwrap();
        let names: Vec<_> = all.iter().map(|one| &one["identity"]).collect();
        assert_eq!(names, ["alice", "bob"]);
    }
    let say = |key: &str, text: &str| {
        let body = json!({ "availability": "unavailable", "text": text });
        let said = client(&node, key).ask("PUT", "/v1/presence/bob", &[], Some(body));
        assert_eq!(said.status, 200, "{}", said.text);
    };
    say(KEY, "one");
    say(KEY, "two");
    say(STRANGER, "three");
    for (reader, newest) in [
        (&mut by_page, "two"),
        (&mut by_program, "two"),
        (&mut stranger, "three"),
    ] {
        let mut texts = Vec::new();
        while texts.last().is_none_or(|text| text != newest) {
            let news = reader.next().unwrap();
            let changed = news["presence"].as_array().unwrap();
            assert_eq!((changed.len(), &changed[0]["identity"]), (1, &json!("bob")), "{news}");
            texts.push(changed[0]["text"].as_str().unwrap().to_owned());
        }
        let ours: &[&str] = if newest == "three" { &["three"] } else { &["one", "two"] };
        assert!(texts.iter().all(|text| ours.contains(&text.as_str())), "{texts:?}");
    }
    for reader in [by_page, by_program, stranger] {
        reader.leave();
    }
}

#[test]
fn what_is_wrong_is_told_in_http() {
    let node = api_node();
    let wrong_protocol = format!("{}Sec-WebSocket-Protocol: chat\r\n", by_header(READER));
    for path in ["/v1/events", PRESENCE] {
        for (status, version, fields) in [
            (401, 13, String::new()),
            (401, 13, by_header("pck_nobody")),
            (400, 8, by_header(READER)),
            (400, 13, wrong_protocol.clone()),
        ] {
            let (head, _) = ask(&node, path, version, &fields);
            assert!(head.starts_with(&format!("http/1.1 {status} ")), "{path}: {head}");
        }
    }
    let (head, _) = ask(&node, "/v1/presence/events", 13, &by_header(READER));
    assert!(head.starts_with("http/1.1 400 "), "nobody is named: {head}");
}
