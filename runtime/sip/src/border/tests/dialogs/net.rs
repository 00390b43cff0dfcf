//! An anchor, borders, devices and what lies between them. The way between nodes is a stream: it loses nothing and keeps
//! the order. So is a browser's; a phone on UDP has a lossy one, and an address of its own that nobody else can reach.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::*;
use crate::tests::{Dice, SDP, start};
use crate::{
    Config, DialogId, EndCause, Endpoint, Event, Input, MayCall, MayWatch, NameAddr, Outgoing, Output, Proven, Target,
    Uri,
};

/// One end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum At {
    Anchor,
    Device(usize),
}

/// What a device is connected by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Udp,
    Tls,
    Wss,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    End(At),
    /// The border with this number.
    Border(usize),
}

struct Phone {
    endpoint: Endpoint,
    border: usize,
    /// As its border sees it.
    flow: Flow,
    owner: String,
    /// Where it was told to send to first.
    door: Flow,
    path: String,
}

struct Sent {
    from: Place,
    to: Place,
    bytes: Vec<u8>,
}

/// More than twelve fields: a test turns some and looks at others.
pub(super) struct Net {
    pub(super) now: Instant,
    /// Of datagrams, in percent.
    pub(super) lost: u64,
    /// No flow takes anything.
    pub(super) gone: bool,
    pub(super) log: Vec<(At, Event)>,
    pub(super) asserted: Vec<Asserted>,
    /// Calls of the anchor.
    pub(super) calls: Vec<DialogId>,
    pub(super) caller: At,
    pub(super) has_updated: bool,
    anchor: Endpoint,
    anchor_border: Border,
    borders: Vec<(NodeName, Border, BorderConfig)>,
    phones: Vec<Phone>,
    dice: Dice,
    wire: BTreeMap<(Instant, u64), Sent>,
    sent: u64,
    /// Methods and statuses that came by a border.
    carried: Vec<String>,
}

const DELAY: Duration = Duration::from_millis(20);

fn border_config(name: &str, number: usize) -> BorderConfig {
    let mut config = config(name, &format!("10.0.0.{}:5071", 2 + number));
    for door in &mut config.doors {
        door.address
            .set_ip(address(&format!("198.51.100.{}:1", 2 + number)).ip());
    }
    config
}

impl Net {
    /// Devices by the border each is registered at.
    pub(super) fn new(seed: u64, devices: &[(&str, Kind)]) -> Self {
        let borders: Vec<_> = ["b", "c"]
            .into_iter()
            .enumerate()
            .map(|(number, name)| {
                let config = border_config(name, number);
                (node(name), Border::new(config.clone()).expect("good"), config)
            })
            .collect();
        let door = Listener {
            transport: Transport::Node,
            address: address("10.0.0.1:5071"),
        };
        let phones = devices.iter().enumerate();
        let phones = phones.map(|(number, (at, kind))| phone(seed, number, at, *kind, &borders));
        Self {
            now: start(),
            lost: 0,
            gone: false,
            log: Vec::new(),
            asserted: Vec::new(),
            calls: Vec::new(),
            caller: At::Anchor,
            has_updated: false,
            anchor: Endpoint::new(Config::new(vec![door], "anchor"), seed),
            anchor_border: Border::new(config("a", "10.0.0.1:5071")).expect("good"),
            phones: phones.collect(),
            borders,
            dice: Dice::new(seed),
            wire: BTreeMap::new(),
            sent: 0,
            carried: Vec::new(),
        }
    }

    pub(super) fn end(&mut self, at: At) -> &mut Endpoint {
        match at {
            At::Anchor => &mut self.anchor,
            At::Device(number) => &mut self.phones[number].endpoint,
        }
    }

    pub(super) fn ends(&self) -> Vec<At> {
        let devices = (0..self.phones.len()).map(At::Device);
        std::iter::once(At::Anchor).chain(devices).collect()
    }

    pub(super) fn start_call(&mut self, caller: At) -> DialogId {
        self.caller = caller;
        match caller {
            At::Anchor => self.call_device(0),
            At::Device(number) => self.call_anchor(number),
        }
    }

    /// The anchor calls a device as its location says: its Contact, by its Path.
    pub(super) fn call_device(&mut self, number: usize) -> DialogId {
        let phone = &self.phones[number];
        let flow = node_flow(self.borders[phone.border].2.internal);
        let outgoing = Outgoing {
            sdp: Some(SDP.into()),
            routes: vec![phone.path.clone()],
            ..Outgoing::new(
                uri(&private(number)),
                Target::from(flow),
                NameAddr::new(uri("sip:menu@example.com")),
            )
        };
        let call = self.anchor.invite(self.now, outgoing).expect("room");
        self.calls.push(call);
        call
    }

    pub(super) fn call_anchor(&mut self, number: usize) -> DialogId {
        self.caller = At::Device(number);
        let phone = &mut self.phones[number];
        let outgoing = Outgoing {
            sdp: Some(SDP.into()),
            ..Outgoing::new(
                uri("sip:menu@example.com"),
                phone.door,
                NameAddr::new(uri("sip:alice@example.com")),
            )
        };
        phone.endpoint.invite(self.now, outgoing).expect("room")
    }

    /// A device comes back over another connection; the old one takes nothing any more.
    pub(super) fn reconnect(&mut self, number: usize) {
        self.phones[number].flow.connection = Some(ConnectionId(1_000));
    }

    /// Runs until nothing is due within `time`, answering events by `answer`.
    pub(super) fn run(&mut self, time: Duration, mut answer: impl FnMut(&mut Self, At, &Event)) {
        let until = self.now + time;
        loop {
            let events = self.collect();
            if !events.is_empty() {
                for (at, event) in events {
                    answer(self, at, &event);
                    self.log.push((at, event));
                }
                continue;
            }
            let arrival = self.wire.first_key_value().map(|((at, _), _)| *at);
            let wakes = self.phones.iter().map(|phone| phone.endpoint.wake_at());
            let next = wakes.chain([arrival, self.anchor.wake_at()]).flatten().min();
            let Some(next) = next.filter(|at| *at <= until) else {
                break;
            };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                let (_, sent) = self.wire.pop_first().expect("seen above");
                self.arrive(sent);
            } else {
                for at in self.ends() {
                    let now = self.now;
                    self.end(at).handle(now, Input::Deadline);
                }
            }
        }
        self.now = until;
    }

    fn collect(&mut self) -> Vec<(At, Event)> {
        let mut events = Vec::new();
        for at in self.ends() {
            while let Some(output) = self.end(at).poll() {
                match output {
                    Output::Event(event) => events.push((at, event)),
                    Output::Send { to, bytes, .. } => {
                        let border = self.border_at(at, to);
                        self.carry(Place::End(at), Place::Border(border), bytes.to_vec());
                    }
                }
            }
        }
        events
    }

    /// The border an end sends to. Each can reach the doors that are meant for it, and nothing else.
    fn border_at(&self, at: At, to: Flow) -> usize {
        let found = match at {
            At::Anchor => self
                .borders
                .iter()
                .position(|(.., config)| to == node_flow(config.internal)),
            At::Device(number) => {
                let phone = &self.phones[number];
                let door = phone.door;
                Some(phone.border).filter(|_| (to.transport, to.peer) == (door.transport, door.peer))
            }
        };
        found.unwrap_or_else(|| panic!("{at:?} sends where it cannot: {:?} {}", to.transport, to.peer))
    }

    fn carry(&mut self, from: Place, to: Place, bytes: Vec<u8>) {
        let number = match (from, to) {
            (Place::End(At::Device(number)), _) | (_, Place::End(At::Device(number))) => Some(number),
            _ => None,
        };
        let is_lossy = number.is_some_and(|number| !self.phones[number].flow.transport.is_reliable());
        if is_lossy && self.dice.below(100) < self.lost {
            return;
        }
        self.sent += 1;
        self.wire
            .insert((self.now + DELAY, self.sent), Sent { from, to, bytes });
    }

    fn arrive(&mut self, sent: Sent) {
        match (sent.from, sent.to) {
            (Place::End(at), Place::Border(number)) => self.arrive_at_border(at, number, &sent.bytes),
            (Place::Border(number), Place::End(At::Anchor)) => {
                let passed = self
                    .anchor_border
                    .pass(Arrival::Node(&self.borders[number].0), &sent.bytes);
                let Passed::Ours { bytes, asserted } = passed else {
                    panic!("the anchor takes what is sent to it: {passed:?}");
                };
                let proven = asserted.as_ref().map(|asserted| proven(self.now, asserted));
                self.asserted.extend(asserted);
                let input = Input::Message {
                    flow: node_flow(self.borders[number].2.internal),
                    bytes: &bytes,
                    proven: proven.as_ref(),
                };
                self.anchor.handle(self.now, input);
            }
            (_, Place::End(At::Device(number))) => {
                let phone = &mut self.phones[number];
                let input = Input::Message {
                    flow: phone.door,
                    bytes: &sent.bytes,
                    proven: None,
                };
                phone.endpoint.handle(self.now, input);
            }
            (from, to) => panic!("nothing goes from {from:?} to {to:?}"),
        }
    }

    /// What a host does with the border.
    fn arrive_at_border(&mut self, at: At, number: usize, bytes: &[u8]) {
        let anchor = node("a");
        let who = format!("device-{}", if let At::Device(number) = at { number } else { 0 });
        let (border, from) = (&self.borders[number].1, self.arrival(at, &anchor));
        let passed = match (border.pass(from, bytes), from) {
            (Passed::Ours { bytes, .. }, Arrival::Device(device)) => {
                let who = Assertion::new("acme", &who, "call=anyone").expect("in bounds");
                match border.begin(device, &bytes, &anchor, &who) {
                    Passed::Send { to, bytes } => Passed::Send { to, bytes },
                    other => panic!("a new request of a device: {other:?}"),
                }
            }
            (passed, _) => passed,
        };
        let passed = match passed {
            Passed::Send {
                to: Hop::Flow(flow), ..
            } if self.gone || self.phone_of(flow).is_none() => border.unreachable(from, bytes),
            other => other,
        };
        match passed {
            Passed::Send { to, bytes } | Passed::Refuse { to, bytes, .. } => {
                let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
                self.carried.push(String::from_utf8_lossy(line).into_owned());
                let to = match to {
                    Hop::Node(name) if name == anchor => At::Anchor,
                    Hop::Flow(flow) => At::Device(self.phone_of(flow).expect("a flow of a device")),
                    Hop::Node(name) => panic!("sent to {name}"),
                };
                self.carry(Place::Border(number), Place::End(to), bytes);
            }
            // Of the refusal for want of a flow.
            Passed::Drop(NotPassed::FlowGone) if bytes.starts_with(b"ACK ") => {}
            Passed::Drop(why) => panic!("honest ends have nothing dropped: {why}"),
            Passed::Ours { .. } => panic!("the anchor sends nothing that is the border's own"),
        }
    }

    fn arrival<'a>(&'a self, at: At, anchor: &'a NodeName) -> Arrival<'a> {
        match at {
            At::Anchor => Arrival::Node(anchor),
            At::Device(number) => Arrival::Device(Device {
                flow: self.phones[number].flow,
                owner: Some(&self.phones[number].owner),
            }),
        }
    }

    fn phone_of(&self, flow: Flow) -> Option<usize> {
        self.phones.iter().position(|phone| phone.flow == flow)
    }

    pub(super) fn count(&self, at: At, wanted: fn(&Event) -> bool) -> usize {
        self.log
            .iter()
            .filter(|(place, event)| *place == at && wanted(event))
            .count()
    }

    pub(super) fn answered(&self, at: At) -> usize {
        self.count(at, |event| matches!(event, Event::Answered { .. }))
    }

    pub(super) fn confirmed(&self, at: At) -> usize {
        self.count(at, |event| matches!(event, Event::Confirmed { .. }))
    }

    pub(super) fn causes(&self, at: At) -> Vec<EndCause> {
        let of = |(place, event): &(At, Event)| match event {
            Event::Ended { cause, .. } if *place == at => Some(*cause),
            _ => None,
        };
        self.log.iter().filter_map(of).collect()
    }

    pub(super) fn endings(&self) -> usize {
        self.ends().into_iter().map(|at| self.causes(at).len()).sum()
    }

    /// The first dialog an end tells of.
    pub(super) fn dialog_of(&self, at: At) -> DialogId {
        let mut events = self.log.iter().filter(|(place, _)| *place == at);
        events.find_map(|(_, event)| event.dialog()).expect("it has a call")
    }

    /// How often an end repeated itself or heard something twice.
    pub(super) fn repeated(&mut self) -> u64 {
        let of = |end: &Endpoint| end.counters().retransmissions_sent + end.counters().retransmissions_received;
        let phones = self.phones.iter().map(|phone| of(&phone.endpoint));
        phones.sum::<u64>() + of(&self.anchor)
    }

    pub(super) fn carried(&self, method: &str) -> bool {
        self.carried_times(method) > 0
    }

    pub(super) fn carried_times(&self, method: &str) -> usize {
        let begins = |line: &&String| line.split(' ').next() == Some(method);
        self.carried.iter().filter(begins).count()
    }
}

/// The way to a node.
fn node_flow(internal: SocketAddr) -> Flow {
    Flow {
        transport: Transport::Node,
        peer: internal,
        connection: None,
    }
}

/// What the anchor's host makes of an assertion.
fn proven(now: Instant, asserted: &Asserted) -> Arc<Proven> {
    Arc::new(Proven {
        tenant: asserted.who.tenant().into(),
        identity: asserted.who.identity().into(),
        may_be_called: false,
        calls: MayCall::Anyone,
        watches: MayWatch::Everyone,
        expires_at: now + Duration::from_secs(3_600),
    })
}

fn uri(text: &str) -> Uri {
    text.parse().expect("a test's address")
}

/// The Contact of a device, good in its own network only.
fn private(number: usize) -> String {
    format!("sip:alice@192.168.1.{}:5062", 10 + number)
}

fn phone(seed: u64, number: usize, at: &str, kind: Kind, borders: &[(NodeName, Border, BorderConfig)]) -> Phone {
    let border = borders
        .iter()
        .position(|(name, ..)| name.as_str() == at)
        .expect("b or c");
    let transport = match kind {
        Kind::Udp => Transport::Udp,
        Kind::Tls => Transport::Tls,
        Kind::Wss => Transport::Wss,
    };
    let connection = transport.is_reliable().then_some(ConnectionId(number as u64));
    let flow = Flow {
        transport,
        peer: address(&format!("203.0.113.{}:{}", 10 + number, 40_000 + number)),
        connection,
    };
    let mut doors = borders[border].2.doors.iter();
    let public = doors.find(|door| door.transport == transport).expect("a door");
    let own = Listener {
        transport,
        address: address(&format!("192.168.1.{}:5062", 10 + number)),
    };
    let owner = format!("acme/device-{number}");
    Phone {
        endpoint: Endpoint::new(Config::new(vec![own], "phone"), seed ^ (number as u64 + 1) << 20),
        border,
        flow,
        path: borders[border].1.path(Device {
            flow,
            owner: Some(&owner),
        }),
        owner,
        door: Flow {
            transport,
            peer: public.address,
            connection,
        },
    }
}
