//! Callers without number on one SIP socket: each places a call, notes how long the 200 took, and hangs up at once or stays.
//! Who is called back on the same socket answers at once, and goes when hung up. What they hear is not here.

use super::agent::Agent;
use patchcord_sip::{DialogId, Event, Flow, NameAddr, Outgoing, Request, Uri};
use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// How long the last answers of a load may take.
const LATE_MAX: Duration = Duration::from_secs(3);

/// What a caller does once its call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    HangUp,
    Stay,
    /// It waits for the far end to hang up, and notes when.
    BeHungUp,
}

/// The callers and what happened to their calls.
pub struct Callers {
    agent: Agent,
    server: SocketAddr,
    then: Then,
    /// When each was placed, and where its sound goes.
    ringing: HashMap<DialogId, (Instant, SocketAddr)>,
    up: Vec<DialogId>,
    /// Calls that the far end is to hang up, by when they were answered.
    up_since: HashMap<DialogId, Instant>,
    /// From the answer to the far end's hang-up, in the order of those.
    pub lasted: Vec<Duration>,
    /// Whom the callers call: the user part.
    user: String,
    callees: HashSet<DialogId>,
    /// Where the sound of the next callees goes; one place serves them all if callers hang up at once.
    callee_sounds: VecDeque<SocketAddr>,
    /// Where those who listen at an address have to speak to, since somebody looked last.
    pub connected: Vec<(SocketAddr, SocketAddr)>,
    /// What became of calls, since somebody looked last.
    pub outcomes: Vec<(DialogId, Outcome)>,
    /// INVITE out to 200 in, in the order of the answers.
    pub setups: Vec<Duration>,
    /// Calls that were not answered, or ended by the server.
    pub failed: usize,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Answered so long after its INVITE.
    Answered(Duration),
    /// Refused; a caller may try again after so long.
    Refused(Duration),
}

/// What came of a load.
pub struct Loaded {
    /// INVITE out to 200 in, sorted.
    pub setups: Vec<Duration>,
    pub placed: usize,
    pub failed: usize,
    /// From the first INVITE to the last.
    pub took: Duration,
}

impl Callers {
    pub fn new(server: SocketAddr, then: Then) -> Self {
        Self {
            agent: Agent::new(),
            server,
            then,
            ringing: HashMap::new(),
            up: Vec::new(),
            up_since: HashMap::new(),
            lasted: Vec::new(),
            user: "bench".to_owned(),
            callees: HashSet::new(),
            callee_sounds: VecDeque::new(),
            connected: Vec::new(),
            outcomes: Vec::new(),
            setups: Vec::new(),
            failed: 0,
        }
    }

    /// Whom the callers call from now on.
    pub fn call_user(&mut self, user: &str) {
        self.user = user.to_owned();
    }

    /// From now on the callers ask the handler for the number that is the port of their own socket: who dials it reaches us.
    pub fn call_each_other(&mut self, sound: SocketAddr) {
        self.user = self.number();
        self.callee_sounds = [sound].into();
    }

    /// The same for one more callee, whose sound is its own.
    pub fn prepare_callee(&mut self, sound: SocketAddr) {
        self.user = self.number();
        self.callee_sounds.push_back(sound);
    }

    /// Who dials it at a handler that bridges reaches us.
    pub fn number(&self) -> String {
        self.agent.address().port().to_string()
    }

    /// Places a call whose audio comes to `sound`.
    pub fn call(&mut self, sound: SocketAddr) -> DialogId {
        let outgoing = Outgoing {
            sdp: Some(offer(sound)),
            ..Outgoing::new(
                Uri::parse(&format!("sip:{}@{}", self.user, self.server)).expect("this is an address"),
                Flow::udp(self.server),
                NameAddr::new(Uri::parse("sip:caller@127.0.0.1").expect("this is an address")),
            )
        };
        let dialog = self.agent.endpoint.invite(Instant::now(), outgoing);
        let dialog = dialog.expect("callers have no limits");
        self.ringing.insert(dialog, (Instant::now(), sound));
        self.drain();
        dialog
    }

    /// Calls placed and not yet answered or failed.
    pub fn ringing(&self) -> usize {
        self.ringing.len()
    }

    /// Places so many calls a second, for so long, and waits for the last answers.
    pub fn load(&mut self, rate: u32, time: Duration, sound: SocketAddr) -> Loaded {
        self.setups.clear();
        self.connected.clear();
        self.outcomes.clear();
        self.failed = 0;
        let placed = (f64::from(rate) * time.as_secs_f64()) as u32;
        let start = Instant::now();
        for number in 0..placed {
            self.run_until(start + Duration::from_secs(1) * number / rate);
            self.call(sound);
        }
        let took = start.elapsed();
        let end = Instant::now() + LATE_MAX;
        while self.ringing() > 0 && Instant::now() < end {
            self.run_until(Instant::now() + Duration::from_millis(5));
        }
        let mut setups = std::mem::take(&mut self.setups);
        setups.sort_unstable();
        Loaded {
            failed: self.failed + self.ringing(),
            setups,
            placed: placed as usize,
            took,
        }
    }

    /// Takes what comes and does what is due until then.
    pub fn run_until(&mut self, until: Instant) {
        while let Some((at, event)) = self.agent.next(until) {
            self.take(at, event);
        }
    }

    /// Ends every call that is up.
    pub fn hang_up(&mut self) {
        for dialog in std::mem::take(&mut self.up) {
            // A call the server has ended meanwhile is counted already.
            let _ = self.agent.endpoint.bye(Instant::now(), dialog);
            self.drain();
        }
    }

    /// Requests that were sent again because nobody answered in half a second.
    pub fn sent_again(&self) -> u64 {
        self.agent.endpoint.counters().retransmissions_sent
    }

    fn drain(&mut self) {
        while let Some((at, event)) = self.agent.poll() {
            self.take(at, event);
        }
    }

    fn take(&mut self, now: Instant, event: Event) {
        match event {
            Event::Invite { dialog, request, .. } => self.answer(now, dialog, &request),
            Event::Answered { dialog, sdp, .. } => {
                if let Some((sent, sound)) = self.ringing.remove(&dialog) {
                    self.setups.push(now - sent);
                    self.outcomes.push((dialog, Outcome::Answered(now - sent)));
                    self.connected.extend(sdp.and_then(|sdp| Some((sound, far_end(&sdp)?))));
                }
                match self.then {
                    Then::HangUp => self.agent.endpoint.bye(now, dialog).expect("it is up"),
                    Then::Stay => self.up.push(dialog),
                    Then::BeHungUp => drop(self.up_since.insert(dialog, now)),
                }
            }
            Event::Refused { dialog, response } => {
                let seconds = response.headers.first("Retry-After");
                let seconds = seconds.and_then(|seconds| seconds.trim().parse().ok());
                let after = Duration::from_secs(seconds.unwrap_or(0));
                self.outcomes.push((dialog, Outcome::Refused(after)));
            }
            Event::Ended { dialog, .. } if self.callees.remove(&dialog) => {}
            Event::Ended {
                dialog,
                cause: patchcord_sip::EndCause::RemoteBye,
            } => match self.up_since.remove(&dialog) {
                Some(answered) => self.lasted.push(now - answered),
                None => self.failed += 1,
            },
            Event::Ended { dialog, cause } => {
                self.ringing.remove(&dialog);
                self.failed += usize::from(cause != patchcord_sip::EndCause::LocalBye);
            }
            _ => {}
        }
    }

    /// Somebody is called: answers at once.
    fn answer(&mut self, now: Instant, dialog: DialogId, request: &Request) {
        self.callees.insert(dialog);
        let sound = match self.then {
            Then::HangUp | Then::BeHungUp => self.callee_sounds.front().copied(),
            Then::Stay => self.callee_sounds.pop_front(),
        };
        let sound = sound.expect("only those who are prepared are called");
        self.connected
            .extend(request.sdp().and_then(|sdp| Some((sound, far_end(sdp)?))));
        // Whoever has gone in the same breath needs no answer.
        let _ = self.agent.endpoint.accept(now, dialog, offer(sound));
    }
}

/// Where a session description wants its sound: the first audio line, on loopback.
fn far_end(sdp: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(sdp).ok()?;
    let port = text.split("m=audio ").nth(1)?.split_whitespace().next()?;
    Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?)))
}

/// G.711 and keys, to be sent to `sound`.
fn offer(sound: SocketAddr) -> Vec<u8> {
    let (ip, port) = (sound.ip(), sound.port());
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 8 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n"
    )
    .into_bytes()
}
