//! One endpoint reached only by raw bytes, as a peer reaches it.

use std::net::SocketAddr;
use std::time::Instant;

use patchcord_sip::{Config, DialogId, Endpoint, Event, Flow, Input, Listener, Message, Output, Transport, parse};

pub(crate) const ANSWER: &str = "v=0\r\no=- 7 1 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=0 0\r\n\
     m=audio 30000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

pub(crate) struct Door {
    pub(crate) endpoint: Endpoint,
    pub(crate) now: Instant,
    pub(crate) events: Vec<Event>,
    flow: Flow,
}

impl Door {
    /// A door at which somebody knocks with datagrams.
    pub(crate) fn from(source: &str) -> Self {
        Self::by(Flow::udp(source.parse().expect("an address")))
    }

    /// A door at which somebody knocks whose connection, if it is one, was accepted.
    pub(crate) fn by(flow: Flow) -> Self {
        let contact: SocketAddr = "198.51.100.2:5060".parse().expect("an address");
        let config = Config::new(
            vec![
                Listener::udp(contact),
                Listener {
                    transport: Transport::Tcp,
                    address: contact,
                },
            ],
            "",
        );
        Self {
            endpoint: Endpoint::new(config, 1),
            now: Instant::now(),
            events: Vec::new(),
            flow,
        }
    }

    /// Feeds bytes; gives the statuses of the responses they caused.
    pub(crate) fn feed(&mut self, raw: &[u8]) -> Vec<u16> {
        let status = |sent: Vec<u8>| match parse(&sent) {
            Ok(Message::Response(response)) => response.status,
            // A 400 copies the faults of its request, so it need not parse; its start line does.
            _ => String::from_utf8_lossy(&sent)
                .split(' ')
                .nth(1)
                .and_then(|code| code.parse().ok())
                .unwrap_or(0),
        };
        self.feed_raw(raw).into_iter().map(status).collect()
    }

    /// Feeds bytes; gives what was sent because of them.
    pub(crate) fn feed_raw(&mut self, raw: &[u8]) -> Vec<Vec<u8>> {
        self.endpoint.handle(
            self.now,
            Input::Message {
                flow: self.flow,
                bytes: raw,
                proven: None,
            },
        );
        self.drain().into_iter().map(|sent| sent.bytes).collect()
    }

    pub(crate) fn drain(&mut self) -> Vec<Sent> {
        let mut sent = Vec::new();
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Send { to, bytes, .. } => sent.push(Sent {
                    to: to.peer,
                    bytes: bytes.to_vec(),
                }),
                Output::Event(event) => self.events.push(event),
            }
        }
        sent
    }

    /// The dialog of the last new call.
    pub(crate) fn call(&self) -> DialogId {
        let invite = self.events.iter().rev().find_map(|event| match event {
            Event::Invite { dialog, .. } => Some(*dialog),
            _ => None,
        });
        invite.expect("a call came in")
    }

    /// Answers the last call and gives the To tag of our 200.
    pub(crate) fn answer(&mut self) -> String {
        let dialog = self.call();
        self.endpoint
            .accept(self.now, dialog, ANSWER.into())
            .expect("the call waits for an answer");
        let sent = self.drain();
        let Ok(Message::Response(response)) = parse(&sent[0].bytes) else {
            panic!("a 200 was sent")
        };
        response.to().expect("a To").tag().expect("our tag").to_owned()
    }
}

pub(crate) struct Sent {
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

/// Line ends as on the wire; texts in this folder are written with bare line feeds.
pub(crate) fn wire(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}
