//! The simulator's test phone on real sockets: one call by a script, until it is over.

use patchcord_media::measure;
use patchcord_sim::Phone;
use patchcord_sim::phone::{Action, Config, Dial, End, Event, Incoming, Input, Lane, Offer, Output};
use patchcord_sip::{NameAddr, Uri};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Longest any call of a test may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of a call.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub end: End,
    pub events: Vec<Event>,
    /// Everything heard from the answer on, at 8 kHz.
    pub heard: Vec<i16>,
}

impl Outcome {
    /// Whether a tone of this frequency, and nothing louder, sounds for at least half a second at some time.
    pub fn heard_tone(&self, hz: f64) -> bool {
        self.heard.chunks(4_000).any(|half| {
            let (tone, all) = (measure::frequency_dbfs(half, 8_000, hz), measure::level_dbfs(half));
            all > -40.0 && (tone - all).abs() < 3.0
        })
    }
}

/// A phone on loopback.
pub struct TestPhone {
    phone: Phone,
    sockets: [(Lane, UdpSocket); 3],
    from: String,
}

impl TestPhone {
    /// A phone of a user of this name.
    pub fn new(from: &str, seed: u64) -> Self {
        let bind = |port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port));
        let sip = bind(0).unwrap();
        let (rtp, rtcp) = loop {
            let rtp = bind(0).unwrap();
            let port = rtp.local_addr().unwrap().port();
            if let (0, Ok(rtcp)) = (port % 2, bind(port + 1)) {
                break (rtp, rtcp);
            }
        };
        let config = Config {
            incoming: Incoming::Wait,
            ..Config::new(sip.local_addr().unwrap(), rtp.local_addr().unwrap(), seed)
        };
        let sockets = [(Lane::Sip, sip), (Lane::Rtp, rtp), (Lane::Rtcp, rtcp)];
        for (_, socket) in &sockets {
            socket.set_nonblocking(true).unwrap();
        }
        Self {
            phone: Phone::new(config),
            sockets,
            from: from.to_owned(),
        }
    }

    /// Where it is called.
    pub fn address(&self) -> SocketAddr {
        let (_, socket) = &self.sockets[0];
        socket.local_addr().unwrap()
    }

    /// Waits for a call, answers it, and does what the script says, each so long after the answer, until the call is over. The
    /// script is asked for when the call comes.
    pub fn take_call(&mut self, script: impl FnOnce() -> Vec<(Duration, Action)>) -> Outcome {
        let mut script = Some(script);
        let incoming = |event: &Event| {
            let came = matches!(event, Event::Incoming(_));
            came.then(|| script.take()).flatten().map(|script| script())
        };
        self.until_over(Vec::new(), incoming)
    }

    /// Places a call and does what the script says, each so long after the answer, until the call is over.
    pub fn call(mut self, node: SocketAddr, to: &str, script: Vec<(Duration, Action)>) -> Outcome {
        let dial = Dial {
            uri: Uri::parse(&format!("sip:{to}@{node}")).unwrap(),
            destination: node,
            from: NameAddr::new(Uri::parse(&format!("sip:{}@phones.invalid", self.from)).unwrap()),
            offer: Offer::InInvite,
        };
        self.phone.handle(Instant::now(), Input::Action(Action::Call(dial)));
        self.until_over(script, |_| None)
    }

    /// A call until it is over; `incoming` says what is done with one that comes.
    fn until_over(
        &mut self,
        script: Vec<(Duration, Action)>,
        mut incoming: impl FnMut(&Event) -> Option<Vec<(Duration, Action)>>,
    ) -> Outcome {
        let began = Instant::now();
        let mut script = script.into_iter().peekable();
        let (mut events, mut heard, mut answered) = (Vec::new(), Vec::new(), None);
        loop {
            let now = Instant::now();
            while let Some(output) = self.phone.poll() {
                match output {
                    Output::Send { lane, to, bytes } => self.send(lane, to, &bytes),
                    Output::Heard { samples, .. } => heard.extend_from_slice(&samples),
                    Output::Event { event, .. } => {
                        if event == Event::Answered {
                            answered = Some(now);
                        }
                        if let Some(then) = incoming(&event) {
                            script = then.into_iter().peekable();
                            self.phone.handle(now, Input::Action(Action::Answer));
                        }
                        let ended = match &event {
                            Event::Ended { end, .. } => Some(*end),
                            _ => None,
                        };
                        events.push(event);
                        if let Some(end) = ended {
                            return Outcome { end, events, heard };
                        }
                    }
                }
            }
            assert!(began.elapsed() < PATIENCE, "the call does not end; so far {events:?}");
            let due = script.next_if(|(after, _)| answered.is_some_and(|answered| now >= answered + *after));
            if let Some((_, action)) = due {
                self.phone.handle(now, Input::Action(action));
            } else if self.phone.wake_at().is_some_and(|at| at <= now) {
                self.phone.handle(now, Input::Deadline);
            } else if !self.receive(now) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    fn send(&self, lane: Lane, to: SocketAddr, bytes: &[u8]) {
        let (_, socket) = self.sockets.iter().find(|(which, _)| *which == lane).unwrap();
        socket.send_to(bytes, to).unwrap();
    }

    /// One datagram, if there is one.
    fn receive(&mut self, now: Instant) -> bool {
        let mut buffer = [0; 65_536];
        for (lane, socket) in &self.sockets {
            if let Ok((size, from)) = socket.recv_from(&mut buffer) {
                let bytes = &buffer[..size];
                self.phone.handle(
                    now,
                    Input::Datagram {
                        lane: *lane,
                        from,
                        bytes,
                    },
                );
                return true;
            }
        }
        false
    }
}
