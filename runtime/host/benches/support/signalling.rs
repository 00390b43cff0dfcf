//! The client protocol (`docs/client-protocol.md`) from its other side, as far as a bench needs it: signing in with a token, one call, and
//! staying there.

use patchcord_host::clients::{Grants, Minting, mint, token_name};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Message, WebSocket};

/// How long the node may take to let somebody in.
const PATIENCE: Duration = Duration::from_secs(10);
const PING: Duration = Duration::from_secs(10);
/// Seconds of a token.
const LIFE: i64 = 3_600;
/// The client's name for its call.
const CALL: &str = "c1";

/// A client that has signed in.
pub struct Signalling {
    socket: WebSocket<TcpStream>,
    seq: u64,
    ping_at: Instant,
}

/// What became of the call.
pub enum Said {
    /// The description of the far end.
    Answered(String),
    /// And why.
    Ended(String),
}

/// A token for somebody who may call whom it likes.
pub fn token(api_key: &str, tenant: &str, identity: &str) -> String {
    let grants: Grants =
        serde_json::from_value(json!({ "identity": identity, "call": "any" })).expect("they are grants");
    let wanted = Minting {
        tenant: tenant.to_owned(),
        grants,
        life: LIFE,
        name: token_name().expect("this machine has randomness"),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    mint(api_key, &wanted, now.as_secs() as i64).expect("such a token can be made")
}

impl Signalling {
    /// Waits until it is welcome.
    pub fn sign_in(door: SocketAddr, token: &str) -> Self {
        let mut stream = TcpStream::connect(door).expect("the node takes connections");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a socket can be told to wait");
        let request = format!(
            "GET /client HTTP/1.1\r\nHost: {door}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: patchcord.client.v1, bearer.{token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("the node is there");
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("the node answers");
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", head.escape_ascii());
        let mut client = Self {
            socket: WebSocket::from_raw_socket(stream, Role::Client, None),
            seq: 0,
            ping_at: Instant::now() + PING,
        };
        client.send(&json!({ "type": "hello", "version": 1 }));
        let welcome = client.read().expect("the node answers");
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        client
            .socket
            .get_ref()
            .set_nonblocking(true)
            .expect("a socket can be told not to wait");
        client
    }

    /// Calls with an offer.
    pub fn call(&mut self, to: &str, sdp: &str) {
        self.say(json!({ "type": "call", "call": CALL, "to": to, "sdp": sdp }));
    }

    /// What was said since; and that we are still there, if it is time to say so.
    pub fn poll(&mut self, now: Instant) -> Option<Said> {
        if now >= self.ping_at {
            self.ping_at = now + PING;
            self.send(&json!({ "type": "ping" }));
        }
        let message = self.read()?;
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        match message["type"].as_str().unwrap_or_default() {
            "answered" => Some(Said::Answered(text("sdp"))),
            "ended" => Some(Said::Ended(text("reason"))),
            "error" => Some(Said::Ended(text("message"))),
            _ => None,
        }
    }

    /// Says goodbye: its call is over with that.
    pub fn leave(&mut self) {
        self.say(json!({ "type": "leave" }));
    }

    fn say(&mut self, mut message: Value) {
        self.seq += 1;
        message["seq"] = self.seq.into();
        self.send(&message);
    }

    fn send(&mut self, message: &Value) {
        let sent = self.socket.send(Message::text(message.to_string()));
        sent.expect("a few words fit into a connection");
    }

    /// The next message; none if there is none now.
    fn read(&mut self) -> Option<Value> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).expect("the node says JSON")),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }
}
