//! One browser: ICE finds the way, DTLS agrees on keys over it, and both go on underneath while media flows. It takes datagrams and times
//! and gives datagrams, the path to use, the keys, and how it stands. Encrypted media is not its business: whoever has the datagram asks
//! [`Peer::accepts`].
//!
//! A restart of ICE is a second session beside the first; the first carries on until the second has a pair. DTLS and SRTP notice nothing.

use crate::candidate::Candidate;
use crate::credentials::{Credentials, Fingerprint, OUR_UFRAG};
use crate::dtls::{Event, Handshake, HandshakeEnd, Identity, Keys, Setup};
use crate::ice::{self, Agent, Beginning, IceMode, State};
use crate::limits;
use crate::path::{Kind, Path};
use crate::random::Random;
use crate::stun::{self, Role};
use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;

/// What a peer begins with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether we check or only answer.
    pub ice: IceMode,
    /// Whether we made the first offer, and so decide which pair is used (a lite side never does).
    pub side: Side,
    /// Who we are.
    pub identity: Identity,
    /// Random bytes, new for each peer: credentials and transactions are made of them.
    pub seed: [u8; 32],
}

/// Who made the first offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// We did.
    Offerer,
    /// The far end did.
    Answerer,
}

/// What the far end's description says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// `ice-ufrag` and `ice-pwd`.
    pub credentials: Credentials,
    /// `ice-lite`, or not.
    pub ice: IceMode,
    /// Every `fingerprint` that counts; one of them has to fit. At most [`limits::FINGERPRINTS`].
    pub fingerprints: Vec<Fingerprint>,
    /// Which side **we** are, as offer and answer agreed.
    pub setup: Setup,
}

/// What a peer is told.
#[derive(Debug)]
pub enum Input<'a> {
    /// Our credentials, where they were chosen elsewhere: before the far end's description, and before that of a restart. The name
    /// has 8 characters, so that it is found in a table.
    Local(Credentials),
    /// The far end's description; after a restart, its new credentials with the same fingerprints.
    Remote(Remote),
    /// An address of the far end's, with its description or later.
    RemoteCandidate(Candidate),
    /// There are no more. Nothing waits for this: a session has failed when its time is over (RFC 8863), not sooner.
    EndOfRemoteCandidates,
    /// An address of ours.
    LocalCandidate(Candidate),
    /// STUN or DTLS; anything else is passed over.
    Datagram {
        /// Its way.
        path: Path,
        /// All of it.
        bytes: &'a [u8],
    },
    /// A TCP connection is closed.
    ConnectionClosed(Path),
    /// ICE begins anew; [`Peer::local`] has the new credentials.
    Restart,
    /// The handshake may begin, after [`Output::HandshakeWanted`].
    Handshake,
    /// The moment of [`Peer::wake_at`] has come.
    Deadline,
    /// Say goodbye; nothing is taken or given any more.
    Close,
}

/// What a peer wants, or tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To be sent.
    Send {
        /// Which way.
        path: Path,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// The far end has proved that it is there: what comes this way is the peer's.
    Opened(Path),
    /// What comes this way is not any more.
    Gone(Path),
    /// Media goes this way from now on; none: nothing may be sent.
    Selected(Option<Path>),
    /// How it stands.
    State(State),
    /// The handshake could begin; it does with [`Input::Handshake`].
    HandshakeWanted,
    /// The far end is who it should be, and these are the keys of SRTP.
    Keys(Keys),
    /// It is over.
    Closed(Closed),
}

/// Why a peer is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// We were told to.
    ByUs,
    /// The far end said goodbye.
    ByFarEnd,
    /// The far end's certificate is not the one of its description.
    WrongFingerprint,
    /// The handshake took more than [`limits::HANDSHAKE`].
    HandshakeTimeout,
    /// The handshake came to nothing: no version, cipher or protection in common, or a broken message.
    HandshakeFailed,
}

/// Why an input was not taken. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// [`limits::REMOTE_CANDIDATES`] or [`limits::LOCAL_CANDIDATES`] are there.
    TooManyCandidates,
    /// Nothing can be reached there: no port, or no address of one machine.
    UselessAddress,
    /// A description without one could be anybody's.
    NoFingerprint,
    /// More than [`limits::FINGERPRINTS`].
    TooManyFingerprints,
    /// Neither side would check.
    BothLite,
    /// New credentials are for a restart: tell that first.
    NotRestarted,
    /// A name of ours that has not 8 characters.
    Name,
    /// Another fingerprint or role is another handshake: that is another peer.
    IdentityChanged,
    /// It is over.
    Over,
}

/// How far the handshake is.
enum Dtls {
    /// There is no way for it yet, or nobody has told whom to expect.
    Early,
    /// It waits for leave.
    Wanted,
    /// It is going on, and has to be done by then.
    Running(Box<Handshake>, Instant),
    /// Keys are agreed on. It still answers repetitions, and hears goodbye.
    Done(Box<Handshake>),
}

/// One browser.
pub struct Peer {
    identity: Identity,
    random: Random,
    remote: Option<(Vec<Fingerprint>, Setup)>,
    ice: Agent,
    /// The session before a restart, until the new one has a pair.
    before: Option<Agent>,
    /// How often the set of sessions has changed.
    sessions: u32,
    dtls: Dtls,
    /// The way of the last DTLS datagram, for as long as no pair is chosen.
    heard_on: Option<Path>,
    /// What was told last.
    open: Vec<Path>,
    selected: Option<Path>,
    state: State,
    is_over: bool,
    outputs: VecDeque<Output>,
}

impl Peer {
    /// With credentials of its own.
    #[must_use]
    pub fn new(now: Instant, settings: Settings) -> Self {
        Self::with_mark(now, settings, 0)
    }

    /// Its transactions begin with this mark.
    pub(crate) fn with_mark(now: Instant, settings: Settings, mark: u32) -> Self {
        let mut random = Random::new(settings.seed);
        let beginning = Beginning {
            mode: settings.ice,
            role: match settings.side {
                Side::Offerer => Role::Controlling,
                Side::Answerer => Role::Controlled,
            },
            prefix: mark,
            seed: random.seed(),
        };
        Self {
            identity: settings.identity,
            random,
            remote: None,
            ice: Agent::new(now, &beginning),
            before: None,
            sessions: 0,
            dtls: Dtls::Early,
            heard_on: None,
            open: Vec::new(),
            selected: None,
            state: State::Checking,
            is_over: false,
            outputs: VecDeque::new(),
        }
    }

    /// Our credentials, for the description.
    #[must_use]
    pub fn local(&self) -> &Credentials {
        &self.ice.local
    }

    /// Whether we check or only answer.
    #[must_use]
    pub fn mode(&self) -> IceMode {
        self.ice.mode()
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Which way media goes; none if nothing may be sent.
    #[must_use]
    pub fn selected(&self) -> Option<Path> {
        self.selected
    }

    /// Whether what comes this way is the far end's: only then DTLS and media are taken.
    #[must_use]
    pub fn accepts(&self, path: Path) -> bool {
        self.open.contains(&path)
    }

    /// All that [`Peer::accepts`].
    pub(crate) fn paths(&self) -> &[Path] {
        &self.open
    }

    /// The names by which questions find it, and a number that changes with them.
    pub(crate) fn names(&self) -> (u32, impl Iterator<Item = &str>) {
        let all = [Some(&self.ice), self.before.as_ref()];
        (
            self.sessions,
            all.into_iter().flatten().map(|agent| agent.local.ufrag()),
        )
    }

    /// One input. Drain [`Peer::poll`] afterwards, then look at [`Peer::wake_at`].
    ///
    /// # Errors
    /// Why it was not taken. Datagrams are refused only when it is over: what is not right about one is passed over.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) -> Result<(), Refused> {
        if self.is_over {
            return Err(Refused::Over);
        }
        match input {
            Input::Local(credentials) => self.rename(credentials)?,
            Input::Remote(remote) => self.describe(now, remote)?,
            Input::RemoteCandidate(candidate) => self.add_remote(now, candidate)?,
            Input::EndOfRemoteCandidates => {}
            Input::LocalCandidate(candidate) => {
                let fits = self.ice.add_local(now, candidate.clone());
                if let Some(before) = self.before.as_mut().filter(|_| fits) {
                    before.add_local(now, candidate);
                }
                fits.then_some(()).ok_or(Refused::TooManyCandidates)?;
            }
            Input::Datagram { path, bytes } => self.receive(now, path, bytes),
            Input::ConnectionClosed(path) => {
                for agent in [Some(&mut self.ice), self.before.as_mut()].into_iter().flatten() {
                    agent.forget(now, path);
                }
            }
            Input::Restart => self.restart(now),
            Input::Handshake => self.begin_handshake(now),
            Input::Deadline => self.see_to_deadlines(now),
            Input::Close => self.close(now),
        }
        self.tell();
        Ok(())
    }

    fn rename(&mut self, credentials: Credentials) -> Result<(), Refused> {
        if credentials.ufrag().len() != OUR_UFRAG {
            return Err(Refused::Name);
        }
        if self.ice.remote.is_some() {
            return Err(Refused::NotRestarted);
        }
        self.ice.rename(credentials);
        self.sessions += 1;
        Ok(())
    }

    fn describe(&mut self, now: Instant, remote: Remote) -> Result<(), Refused> {
        match remote.fingerprints.len() {
            0 => return Err(Refused::NoFingerprint),
            1..=limits::FINGERPRINTS => {}
            _ => return Err(Refused::TooManyFingerprints),
        }
        if remote.ice == IceMode::Lite && self.ice.mode() == IceMode::Lite {
            return Err(Refused::BothLite);
        }
        let is_another = |known: &ice::Remote| known.credentials != remote.credentials;
        if self.ice.remote.as_ref().is_some_and(is_another) {
            return Err(Refused::NotRestarted);
        }
        let identity = (remote.fingerprints, remote.setup);
        match &self.remote {
            Some(known) if *known != identity => return Err(Refused::IdentityChanged),
            Some(_) => {}
            None => self.remote = Some(identity),
        }
        if self.ice.remote.is_none() {
            self.ice.set_remote(now, remote.credentials, remote.ice);
        }
        Ok(())
    }

    fn add_remote(&mut self, now: Instant, candidate: Candidate) -> Result<(), Refused> {
        let ip = candidate.address.ip();
        let is_one_machine = !ip.is_unspecified() && !ip.is_multicast() && ip != std::net::Ipv4Addr::BROADCAST;
        if candidate.address.port() == 0 || !is_one_machine {
            return Err(Refused::UselessAddress);
        }
        let fits = self.ice.add_remote(now, candidate);
        fits.then_some(()).ok_or(Refused::TooManyCandidates)
    }

    fn receive(&mut self, now: Instant, path: Path, bytes: &[u8]) {
        if bytes.len() > limits::DATAGRAM_BYTES {
            return;
        }
        match Kind::of(bytes) {
            Some(Kind::Stun) => self.receive_stun(now, path, bytes),
            Some(Kind::Dtls) if self.accepts(path) => {
                if let Dtls::Running(handshake, _) | Dtls::Done(handshake) = &mut self.dtls {
                    self.heard_on = Some(path);
                    let mut events = Vec::new();
                    handshake.receive(now, bytes, |event| events.push(event));
                    self.follow(events);
                }
            }
            _ => {}
        }
    }

    /// A question names its session; an answer fits the question of one.
    fn receive_stun(&mut self, now: Instant, path: Path, bytes: &[u8]) {
        let name = stun::addressee(bytes);
        for agent in [Some(&mut self.ice), self.before.as_mut()].into_iter().flatten() {
            if name.is_none_or(|name| name == agent.local.ufrag()) {
                agent.hear(now, path, bytes);
            }
        }
    }

    /// A session that was never used is replaced; one that is, is kept until the new one works.
    fn restart(&mut self, now: Instant) {
        let seed = self.random.seed();
        let next = self.ice.restarted(now, seed);
        let ended = std::mem::replace(&mut self.ice, next);
        if ended.selected().is_some() {
            self.before = Some(ended);
        }
        self.sessions += 1;
    }

    fn begin_handshake(&mut self, now: Instant) {
        let (Dtls::Wanted, Some((fingerprints, setup))) = (&self.dtls, &self.remote) else {
            return;
        };
        let mut handshake = Box::new(Handshake::new(now, &self.identity, *setup, fingerprints.clone()));
        let mut events = Vec::new();
        handshake.settle(now, |event| events.push(event));
        self.dtls = Dtls::Running(handshake, now + limits::HANDSHAKE);
        self.follow(events);
    }

    fn see_to_deadlines(&mut self, now: Instant) {
        for agent in [Some(&mut self.ice), self.before.as_mut()].into_iter().flatten() {
            agent.settle(now);
        }
        if matches!(&self.dtls, Dtls::Running(_, by) if now >= *by) {
            return self.end(Closed::HandshakeTimeout);
        }
        if let Dtls::Running(handshake, _) | Dtls::Done(handshake) = &mut self.dtls
            && handshake.wake_at().is_some_and(|at| at <= now)
        {
            let mut events = Vec::new();
            handshake.settle(now, |event| events.push(event));
            self.follow(events);
        }
    }

    fn close(&mut self, now: Instant) {
        if let Dtls::Running(handshake, _) | Dtls::Done(handshake) = &mut self.dtls {
            let mut events = Vec::new();
            handshake.close(now, |event| events.push(event));
            self.follow(events);
        }
        self.end(Closed::ByUs);
    }

    /// Does what the handshake says.
    fn follow(&mut self, events: Vec<Event>) {
        for event in events {
            match event {
                Event::Datagram(bytes) => {
                    let way = self.ice.selected();
                    let way = way.or_else(|| self.before.as_ref().and_then(Agent::selected));
                    if let Some(path) = way.or(self.heard_on.filter(|path| self.accepts(*path))) {
                        self.outputs.push_back(Output::Send { path, bytes });
                    }
                }
                Event::Keys(keys) => {
                    self.dtls = match std::mem::replace(&mut self.dtls, Dtls::Early) {
                        Dtls::Running(handshake, _) => Dtls::Done(handshake),
                        other => other,
                    };
                    self.outputs.push_back(Output::Keys(keys));
                }
                Event::Over(end) => self.end(match end {
                    HandshakeEnd::WrongFingerprint => Closed::WrongFingerprint,
                    HandshakeEnd::Goodbye => Closed::ByFarEnd,
                    HandshakeEnd::Broken => Closed::HandshakeFailed,
                }),
            }
        }
    }

    fn end(&mut self, why: Closed) {
        if !self.is_over {
            self.is_over = true;
            for path in std::mem::take(&mut self.open) {
                self.outputs.push_back(Output::Gone(path));
            }
            self.selected = None;
            self.outputs.push_back(Output::Closed(why));
        }
    }

    /// Compares what is with what was told last, so nothing that changes it can forget to tell.
    fn tell(&mut self) {
        let is_replaced = self.ice.selected().is_some();
        if self
            .before
            .as_ref()
            .is_some_and(|before| is_replaced || before.state() == State::Failed)
        {
            self.before = None;
            self.sessions += 1;
        }
        for agent in [Some(&mut self.ice), self.before.as_mut()].into_iter().flatten() {
            while let Some((path, bytes)) = agent.poll() {
                self.outputs.push_back(Output::Send { path, bytes });
            }
        }
        if self.is_over {
            return;
        }
        self.tell_paths();
        let carrier = self.before.as_ref().unwrap_or(&self.ice);
        let (selected, state) = (carrier.selected(), carrier.state());
        if selected != self.selected {
            self.selected = selected;
            self.outputs.push_back(Output::Selected(selected));
        }
        if state != self.state {
            self.state = state;
            self.outputs.push_back(Output::State(state));
        }
        let has_a_way = match &self.remote {
            Some((_, Setup::Passive)) => !self.open.is_empty(),
            Some((_, Setup::Active)) => self.selected.is_some(),
            None => false,
        };
        if has_a_way && matches!(self.dtls, Dtls::Early) {
            self.dtls = Dtls::Wanted;
            self.outputs.push_back(Output::HandshakeWanted);
        }
    }

    fn tell_paths(&mut self) {
        let mut valid: Vec<Path> = self.ice.valid_paths().collect();
        if let Some(before) = &self.before {
            valid.extend(before.valid_paths());
        }
        valid.sort_unstable();
        valid.dedup();
        if valid == self.open {
            return;
        }
        for gone in self.open.iter().filter(|path| !valid.contains(path)) {
            self.outputs.push_back(Output::Gone(*gone));
        }
        for opened in valid.iter().filter(|path| !self.open.contains(path)) {
            self.outputs.push_back(Output::Opened(*opened));
        }
        self.open = valid;
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Deadline`] is due; none if nothing is.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        if self.is_over {
            return None;
        }
        let handshake = match &self.dtls {
            Dtls::Running(handshake, by) => Some(handshake.wake_at().map_or(*by, |at| at.min(*by))),
            Dtls::Done(handshake) => handshake.wake_at(),
            Dtls::Early | Dtls::Wanted => None,
        };
        let before = self.before.as_ref().and_then(Agent::wake_at);
        [self.ice.wake_at(), before, handshake].into_iter().flatten().min()
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({}, {:?})", self.ice.local.ufrag(), self.state)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyCandidates => "there are as many candidates as are taken",
            Self::UselessAddress => "nothing can be reached at this address: give the address and port of one machine",
            Self::NoFingerprint => "the description has no fingerprint that counts: one by sha-256 is needed",
            Self::TooManyFingerprints => "the description has more fingerprints than are taken",
            Self::BothLite => "both sides are ICE-lite, so neither would check",
            Self::Name => "a name of ours has 8 characters",
            Self::NotRestarted => "the credentials are others: restart ICE first",
            Self::IdentityChanged => "the fingerprint or the role in the handshake is another: make another peer",
            Self::Over => "the peer is over",
        })
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
pub(crate) mod tests;
