//! For tests: raw messages, and two endpoints joined by a lossy network under a virtual clock. Nothing here sleeps.

#![allow(
    clippy::disallowed_methods,
    reason = "a test needs an origin for its virtual clock, and the fuzz tests a wall clock and their length"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::{Config, DialogId, Endpoint, Event, Flow, Input, Listener, Message, Outgoing, Output};

pub(crate) const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
     m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().expect("a test's address")
}

pub(crate) fn server_address() -> SocketAddr {
    address("198.51.100.2:5060")
}

pub(crate) fn phone_address() -> SocketAddr {
    address("192.0.2.1:5062")
}

pub(crate) fn config(contact: SocketAddr) -> Config {
    Config::new(vec![Listener::udp(contact)], "test")
}

/// The origin of a virtual clock.
pub(crate) fn start() -> Instant {
    Instant::now()
}

/// A random sequence for tests (xorshift64*).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        (self.roll() >> 11) % bound.max(1)
    }
}

/// How long fuzzing runs: as the environment says, else a moment.
pub(crate) fn fuzz_rounds(default: u64) -> impl Iterator<Item = u64> {
    let seconds = std::env::var("PATCHCORD_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse::<u64>().ok());
    let begun = Instant::now();
    (0..).take_while(move |round| match seconds {
        Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
        None => *round < default,
    })
}

/// A hand-written phone: raw requests into one endpoint, raw answers out.
pub(crate) struct Bench {
    pub(crate) endpoint: Endpoint,
    pub(crate) now: Instant,
    pub(crate) events: Vec<Event>,
    pub(crate) sent: Vec<(SocketAddr, Message)>,
    /// The way of each in `sent`.
    pub(crate) ways: Vec<Flow>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(config(server_address()))
    }

    pub(crate) fn with(config: Config) -> Self {
        Self {
            endpoint: Endpoint::new(config, 7),
            now: start(),
            events: Vec::new(),
            sent: Vec::new(),
            ways: Vec::new(),
        }
    }

    /// Feeds a raw message from the phone and returns what was sent because of it.
    pub(crate) fn feed(&mut self, raw: &str) -> Vec<Message> {
        self.feed_from(phone_address(), raw.as_bytes())
    }

    pub(crate) fn feed_from(&mut self, from: SocketAddr, raw: &[u8]) -> Vec<Message> {
        self.feed_over(Flow::udp(from), raw)
    }

    pub(crate) fn feed_over(&mut self, flow: Flow, raw: &[u8]) -> Vec<Message> {
        self.endpoint.handle(
            self.now,
            Input::Message {
                flow,
                bytes: raw,
                proven: None,
            },
        );
        self.drain()
    }

    /// Passes time, firing deadlines on the way; returns what was sent.
    pub(crate) fn pass(&mut self, time: Duration) -> Vec<Message> {
        let until = self.now + time;
        let mut sent = Vec::new();
        while let Some(at) = self.endpoint.wake_at().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.endpoint.handle(self.now, Input::Deadline);
            sent.extend(self.drain());
        }
        self.now = until;
        sent
    }

    pub(crate) fn drain(&mut self) -> Vec<Message> {
        let mut sent = Vec::new();
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Send { to, bytes, .. } => {
                    // A 400 copies the fields of the request it complains about, faults included.
                    let (message, fault) = crate::parse::read(&bytes).expect("what we send can be read");
                    assert!(
                        fault.is_none() || status(&message) >= 400,
                        "we sent {message:?} with {fault:?}"
                    );
                    self.sent.push((to.peer, message.clone()));
                    self.ways.push(to);
                    sent.push(message);
                }
                Output::Event(event) => self.events.push(event),
            }
        }
        sent
    }

    /// Feeds an INVITE and returns the dialog it made.
    pub(crate) fn ring(&mut self) -> DialogId {
        self.feed(&request("INVITE", "b1", 1, None, SDP));
        match self.events.last() {
            Some(Event::Invite { dialog, .. }) => *dialog,
            other => panic!("expected an Invite event, got {other:?}"),
        }
    }

    /// A call that is answered and acknowledged; returns the dialog and our tag.
    pub(crate) fn up(&mut self) -> (DialogId, String) {
        let dialog = self.ring();
        self.endpoint
            .accept(self.now, dialog, SDP.into())
            .expect("accepting a ringing call");
        let answer = self.drain().pop().expect("a 200");
        let tag = tag_of(&answer);
        self.feed(&request("ACK", "b2", 1, Some(&tag), ""));
        assert!(
            matches!(self.events.last(), Some(Event::Confirmed { .. })),
            "{:?}",
            self.events
        );
        (dialog, tag)
    }

    /// Places a call to the phone and returns its dialog and the INVITE.
    pub(crate) fn place(&mut self, edit: impl FnOnce(&mut Outgoing)) -> (DialogId, Message) {
        let uri = |text: &str| text.parse().expect("a test's address");
        let mut outgoing = Outgoing {
            sdp: Some(SDP.into()),
            ..Outgoing::new(
                uri("sip:b@192.0.2.1:5062"),
                Flow::udp(phone_address()),
                crate::NameAddr::new(uri("sip:a@198.51.100.2")),
            )
        };
        edit(&mut outgoing);
        let dialog = self.endpoint.invite(self.now, outgoing).expect("room");
        (dialog, self.drain().remove(0))
    }

    /// The far end answers a request of ours; returns what was sent because of it.
    pub(crate) fn hear(&mut self, request: &Message, status: u16, extra: &str, body: &str) -> Vec<Message> {
        let raw = response_to(request, status, "far", extra, body);
        self.feed(&raw)
    }

    /// A call we placed that was answered, with these fields in the 200; returns the dialog and the INVITE.
    pub(crate) fn placed(&mut self, extra: &str) -> (DialogId, Message) {
        let (dialog, invite) = self.place(|_| {});
        self.hear(&invite, 200, extra, SDP);
        assert!(
            matches!(self.events.last(), Some(Event::Answered { .. })),
            "{:?}",
            self.events
        );
        (dialog, invite)
    }

    /// A request of the far end in a call we placed.
    pub(crate) fn theirs(
        &mut self,
        invite: &Message,
        method: &str,
        cseq: u32,
        extra: &str,
        body: &str,
    ) -> Vec<Message> {
        let copy = |name| header(invite, name).unwrap_or_default().to_owned();
        let raw = request_with(method, &format!("far{cseq}"), cseq, Some("ours"), extra, body)
            .replace("call-1", &copy("Call-ID"))
            .replace("To: <sip:menu@198.51.100.2>;tag=ours", &format!("To: {}", copy("From")))
            .replace("tag=phone", "tag=far");
        self.feed(&raw)
    }

    pub(crate) fn endings(&self) -> usize {
        self.events
            .iter()
            .filter(|event| matches!(event, Event::Ended { .. }))
            .count()
    }
}

pub(crate) fn status(message: &Message) -> u16 {
    match message {
        Message::Response(response) => response.status,
        Message::Request(_) => 0,
    }
}

pub(crate) fn statuses(messages: &[Message]) -> Vec<u16> {
    messages.iter().map(status).collect()
}

pub(crate) fn methods(messages: &[Message]) -> Vec<String> {
    let method = |message: &Message| match message {
        Message::Request(request) => Some(request.method.to_string()),
        Message::Response(_) => None,
    };
    messages.iter().filter_map(method).collect()
}

pub(crate) fn tag_of(message: &Message) -> String {
    match message {
        Message::Response(response) => response.to().ok().and_then(|to| to.tag().map(str::to_owned)),
        Message::Request(request) => request.from().ok().and_then(|from| from.tag().map(str::to_owned)),
    }
    .expect("the message has our tag")
}

pub(crate) fn header<'a>(message: &'a Message, name: &'a str) -> Option<&'a str> {
    match message {
        Message::Response(response) => response.headers.first(name),
        Message::Request(request) => request.headers.first(name),
    }
}

/// A request of the phone; with SDP if `body` is not empty.
pub(crate) fn request(method: &str, branch: &str, cseq: u32, to_tag: Option<&str>, body: &str) -> String {
    request_with(method, branch, cseq, to_tag, "", body)
}

pub(crate) fn request_with(
    method: &str,
    branch: &str,
    cseq: u32,
    to_tag: Option<&str>,
    extra: &str,
    body: &str,
) -> String {
    let tag = to_tag.map(|tag| format!(";tag={tag}")).unwrap_or_default();
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    format!(
        "{method} sip:menu@198.51.100.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK{branch};rport\r\n\
         Max-Forwards: 70\r\nFrom: \"A\" <sip:a@192.0.2.1:5062>;tag=phone\r\nTo: <sip:menu@198.51.100.2>{tag}\r\n\
         Call-ID: call-1\r\nCSeq: {cseq} {method}\r\nContact: <sip:a@192.0.2.1:5062>\r\n{extra}{kind}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A response of the far end to a request of ours; with SDP if `body` is not empty.
pub(crate) fn response_to(request: &Message, status: u16, tag: &str, extra: &str, body: &str) -> String {
    let copy = |name| header(request, name).unwrap_or_default().to_owned();
    let mut to = copy("To");
    if !to.contains(";tag=") && !tag.is_empty() {
        to = format!("{to};tag={tag}");
    }
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    format!(
        "SIP/2.0 {status} X\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:b@192.0.2.1:5062>\r\n{extra}{kind}Content-Length: {}\r\n\r\n{body}",
        copy("Via"),
        copy("From"),
        copy("Call-ID"),
        copy("CSeq"),
        body.len()
    )
}

/// What the network does to datagrams, in percent.
#[derive(Clone, Copy)]
pub(crate) struct Weather {
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    /// Up to so much delay, in ms, drawn for each datagram: more than the spacing means reordering.
    pub(crate) delay_ms: u64,
}

/// Two endpoints and the network between them.
pub(crate) struct Pair {
    pub(crate) phone: Endpoint,
    pub(crate) server: Endpoint,
    pub(crate) now: Instant,
    pub(crate) weather: Weather,
    pub(crate) log: Vec<(Side, Event)>,
    dice: Dice,
    wire: BTreeMap<(Instant, u64), (SocketAddr, SocketAddr, Vec<u8>)>,
    sent: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Phone,
    Server,
}

impl Pair {
    pub(crate) fn new(seed: u64, weather: Weather) -> Self {
        Self {
            phone: Endpoint::new(config(phone_address()), seed),
            server: Endpoint::new(config(server_address()), seed ^ 0xffff),
            now: start(),
            weather,
            log: Vec::new(),
            dice: Dice::new(seed),
            wire: BTreeMap::new(),
            sent: 0,
        }
    }

    pub(crate) fn call(&mut self, sdp: Option<&str>) -> DialogId {
        let uri = |text: &str| text.parse().expect("a test's address");
        let outgoing = Outgoing {
            sdp: sdp.map(|sdp| sdp.as_bytes().to_vec()),
            headers: vec![("X-Test".to_owned(), "1".to_owned())],
            ..Outgoing::new(
                uri("sip:menu@198.51.100.2"),
                Flow::udp(server_address()),
                crate::NameAddr::new(uri("sip:a@192.0.2.1")),
            )
        };
        self.phone
            .invite(self.now, outgoing)
            .expect("an empty endpoint takes a call")
    }

    /// Runs until nothing is due within `time`, answering events by `answer`.
    pub(crate) fn run(&mut self, time: Duration, mut answer: impl FnMut(&mut Self, Side, &Event)) {
        let until = self.now + time;
        loop {
            // Commands given by `answer` leave outputs behind; they are collected before time goes on.
            let events = self.collect();
            if !events.is_empty() {
                for (side, event) in events {
                    answer(self, side, &event);
                    self.log.push((side, event));
                }
                continue;
            }
            let arrival = self.wire.first_key_value().map(|((at, _), _)| *at);
            let next = [arrival, self.phone.wake_at(), self.server.wake_at()]
                .into_iter()
                .flatten()
                .min();
            let Some(next) = next.filter(|at| *at <= until) else {
                break;
            };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                let (_, (from, to, bytes)) = self.wire.pop_first().expect("seen above");
                let input = Input::Message {
                    flow: Flow::udp(from),
                    bytes: &bytes,
                    proven: None,
                };
                if to == phone_address() {
                    self.phone.handle(self.now, input);
                } else if to == server_address() {
                    self.server.handle(self.now, input);
                }
            } else {
                self.phone.handle(self.now, Input::Deadline);
                self.server.handle(self.now, Input::Deadline);
            }
        }
        self.now = until;
    }

    pub(crate) fn events_of(&self, side: Side) -> Vec<&Event> {
        self.log
            .iter()
            .filter(|(at, _)| *at == side)
            .map(|(_, event)| event)
            .collect()
    }

    fn collect(&mut self) -> Vec<(Side, Event)> {
        let mut events = Vec::new();
        for side in [Side::Phone, Side::Server] {
            loop {
                let (endpoint, own) = match side {
                    Side::Phone => (&mut self.phone, phone_address()),
                    Side::Server => (&mut self.server, server_address()),
                };
                match endpoint.poll() {
                    None => break,
                    Some(Output::Event(event)) => events.push((side, event)),
                    Some(Output::Send { to, bytes, .. }) => self.carry(own, to.peer, &bytes),
                }
            }
        }
        events
    }

    fn carry(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let copies = 1 + u64::from(self.dice.below(100) < self.weather.doubled);
        for _ in 0..copies {
            if self.dice.below(100) < self.weather.lost {
                continue;
            }
            let delay = Duration::from_millis(1 + self.dice.below(self.weather.delay_ms + 1));
            self.sent += 1;
            self.wire
                .insert((self.now + delay, self.sent), (from, to, bytes.to_vec()));
        }
    }
}
