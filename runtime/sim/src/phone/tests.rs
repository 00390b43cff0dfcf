//! Phones without a network: against a far end made of the same two cores and driven by hand, and against each other.

mod one_end;
mod registering;
mod street;
mod transfers;

use super::*;
use patchcord_media::{self as media, Command, Engine, FRAME, KeyPress, Plan, Report, SessionId};
use patchcord_sip::{NameAddr, Uri, sdp};
use std::net::SocketAddr;
use std::time::Duration;

const SESSION: SessionId = SessionId(0);

/// The far end: what it does with an INVITE is up to the test.
struct Far {
    sip: Endpoint,
    engine: Engine,
    local: Local,
    dialog: Option<DialogId>,
    events: Vec<sip::Event>,
    reports: Vec<Report>,
    /// Start lines of what the phone sent.
    received: Vec<String>,
}

struct Pair {
    base: Instant,
    now: Instant,
    phone: Phone,
    far: Far,
    events: Vec<Event>,
    heard: Vec<i16>,
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn phone_sip() -> SocketAddr {
    address("10.0.0.1:5060")
}

fn far_sip() -> SocketAddr {
    address("192.0.2.1:5060")
}

struct ToPhone(Vec<(media::Lane, Vec<u8>)>);

impl media::Sink for ToPhone {
    fn send(&mut self, _: SessionId, lane: media::Lane, _: SocketAddr, packet: &[u8]) {
        self.0.push((lane, packet.to_vec()));
    }
    fn relay(&mut self, _: SessionId, _: &media::Relayed<'_>) {}
    fn heard(&mut self, _: SessionId, _: &[i16]) {}
}

impl Pair {
    fn new(faults: Faults) -> Self {
        #[allow(clippy::disallowed_methods, reason = "an origin for the virtual clock")]
        let base = Instant::now();
        let config = Config {
            faults,
            ..Config::new(phone_sip(), address("10.0.0.1:4000"), 1)
        };
        let far = sip::Config::new(vec![sip::Listener::udp(far_sip())], "");
        let local = Local {
            address: far_sip().ip(),
            port: 20_000,
            session_id: 7,
            version: 1,
            codecs: vec![sdp::Codec::Pcma],
            ptime_ms: 20,
            direction: Direction::SendRecv,
            srtp: Srtp::Accept,
            srtp_key: SrtpKey([1; sdp::SRTP_KEY_BYTES]),
            webrtc: None,
        };
        let far = Far {
            sip: Endpoint::new(far, 2),
            engine: Engine::new(media::Config::default(), 3),
            local,
            dialog: None,
            events: Vec::new(),
            reports: Vec::new(),
            received: Vec::new(),
        };
        Self {
            base,
            now: base,
            phone: Phone::new(config),
            far,
            events: Vec::new(),
            heard: Vec::new(),
        }
    }

    /// A pair in which the phone has called; the INVITE is with the far end.
    fn calling(offer: Offer, faults: Faults) -> Self {
        let mut pair = Self::new(faults);
        pair.act(Action::Call(dial(offer)));
        pair
    }

    /// A pair in a call, audio both ways.
    fn answered() -> Self {
        let mut pair = Self::calling(Offer::InInvite, Faults::default());
        let answer = pair.agree(Command::Open {
            session: SESSION,
            plan: plan(Direction::SendRecv),
        });
        pair.far_accepts(answer);
        assert_eq!(pair.events, [Event::Answered]);
        pair.events.clear();
        pair
    }

    fn act(&mut self, action: Action) {
        self.phone.handle(self.now, Input::Action(action));
        self.settle();
    }

    /// The far end's answer to the phone's last offer.
    fn agree(&mut self, command: Command) -> Vec<u8> {
        let offer = self.far.events.iter().rev().find_map(|event| match event {
            sip::Event::Invite { request, .. } => request.sdp().map(<[u8]>::to_vec),
            sip::Event::Reinvite { sdp, .. } => sdp.clone(),
            _ => None,
        });
        let (answer, _) = sdp::answer(&offer.expect("the phone offered"), &self.far.local).unwrap();
        self.far.engine.command(self.now, command);
        answer
    }

    fn dialog(&self) -> DialogId {
        self.far.dialog.expect("the phone called")
    }

    fn far_accepts(&mut self, sdp: Vec<u8>) {
        let dialog = self.dialog();
        self.far.sip.accept(self.now, dialog, sdp).unwrap();
        self.settle();
    }

    /// Carries everything both ends want to each other until both have nothing more.
    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(output) = self.phone.poll() {
                quiet = false;
                self.phone_output(output);
            }
            while let Some(output) = self.far.sip.poll() {
                quiet = false;
                match output {
                    sip::Output::Send { bytes, .. } => {
                        let input = Input::Datagram {
                            lane: Lane::Sip,
                            from: far_sip(),
                            bytes: &bytes,
                        };
                        self.phone.handle(self.now, input);
                        while let Some(output) = self.phone.poll() {
                            self.phone_output(output);
                        }
                    }
                    sip::Output::Event(event) => {
                        if let sip::Event::Invite { dialog, .. } = event {
                            self.far.dialog = Some(dialog);
                        }
                        self.far.events.push(event);
                    }
                }
            }
            while let Some(report) = self.far.engine.poll_report() {
                self.far.reports.push(report);
            }
            if quiet {
                return;
            }
        }
    }

    fn phone_output(&mut self, output: Output) {
        match output {
            Output::Send {
                lane: Lane::Sip, bytes, ..
            } => {
                let line = bytes.split(|byte| *byte == b'\r').next().unwrap();
                self.far.received.push(String::from_utf8_lossy(line).into_owned());
                self.far.sip.handle(
                    self.now,
                    sip::Input::Message {
                        flow: sip::Flow::udp(phone_sip()),
                        bytes: &bytes,
                        proven: None,
                    },
                );
            }
            Output::Send { lane, bytes, .. } => {
                let (lane, port) = if lane == Lane::Rtp {
                    (media::Lane::Rtp, 4000)
                } else {
                    (media::Lane::Rtcp, 4001)
                };
                let from = SocketAddr::new(phone_sip().ip(), port);
                let datagram = media::Datagram {
                    session: SESSION,
                    lane,
                    from,
                    bytes: &bytes,
                };
                let mut sink = ToPhone(Vec::new());
                self.far.engine.packet(self.now, datagram, &mut sink);
            }
            Output::Heard { samples, .. } => self.heard.extend_from_slice(&samples),
            Output::Event { event, .. } => self.events.push(event),
        }
    }

    /// Lets time pass in steps of 20 ms; the far end's session ticks in each.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.now += FRAME;
            let mut sink = ToPhone(Vec::new());
            self.far.engine.tick(self.now, 0, &mut sink);
            for (lane, bytes) in sink.0 {
                let (lane, port) = if lane == media::Lane::Rtp {
                    (Lane::Rtp, 20_000)
                } else {
                    (Lane::Rtcp, 20_001)
                };
                let from = SocketAddr::new(far_sip().ip(), port);
                self.phone.handle(
                    self.now,
                    Input::Datagram {
                        lane,
                        from,
                        bytes: &bytes,
                    },
                );
                self.settle();
            }
            self.far.sip.handle(self.now, sip::Input::Deadline);
            self.phone.handle(self.now, Input::Deadline);
            self.settle();
        }
    }

    fn received(&self, method: &str) -> usize {
        self.far.received.iter().filter(|line| line.starts_with(method)).count()
    }

    fn keys_heard(&self) -> Vec<u8> {
        let key = |report: &Report| match report {
            Report::Key { event, .. } => Some(*event),
            _ => None,
        };
        self.far.reports.iter().filter_map(key).collect()
    }

    fn ended(&self) -> Option<End> {
        match self.events.last() {
            Some(Event::Ended { end, .. }) => Some(*end),
            _ => None,
        }
    }
}

fn dial(offer: Offer) -> Dial {
    Dial {
        uri: Uri::parse("sip:100@192.0.2.1").unwrap(),
        destination: far_sip(),
        from: NameAddr::new(Uri::parse("sip:alice@10.0.0.1").unwrap()),
        offer,
    }
}

/// The far end's plan.
fn plan(direction: Direction) -> Plan {
    Plan {
        remote: address("10.0.0.1:4000"),
        remote_rtcp: address("10.0.0.1:4001"),
        codec: media::Codec::Pcma,
        payload_type: 8,
        receives: Vec::new(),
        opus: media::OpusOptions::default(),
        packets: media::PacketTimes::default(),
        srtp: None,
        telephone_event: Some(media::TelephoneEvent::new(101)),
        flow: match direction {
            Direction::RecvOnly => media::Flow::RecvOnly,
            _ => media::Flow::SendRecv,
        },
        timeout: None,
    }
}

fn keys(text: &str) -> Action {
    let press = |key| KeyPress {
        event: key_event(key).unwrap(),
        duration_ms: 100,
        pause_ms: 60,
    };
    Action::Press(text.chars().map(press).collect())
}
