//! One session of ICE (RFC 8445): candidates become pairs, pairs are checked, one is chosen, and consent for it is kept fresh (RFC
//! 7675). One component, since RTP and RTCP share it, and one stream, since all are bundled; so no pair is frozen, and the order of
//! priority is all there is. As lite it asks nothing, answers, and takes a pair for valid whose far end has asked.
//!
//! A restart is another session: [`crate::Peer`] has both until the new one works. A session that has failed says nothing more.

mod answers;
mod checks;
mod choice;
mod pairs;

pub(crate) use pairs::Pair;

use crate::budget::Budget;
use crate::candidate::Candidate;
use crate::credentials::Credentials;
use crate::limits;
use crate::path::{Path, Transport};
use crate::random::Random;
use crate::stun::{Key, Role};
use pairs::Progress;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Whether a side checks or only answers (RFC 8445 section 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IceMode {
    /// It checks.
    Full,
    /// It answers: for a side that everybody reaches at the addresses it tells.
    Lite,
}

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No pair is chosen yet.
    Checking,
    /// One is, and the far end was heard on it in the last 12 s ([`limits::SILENT`]).
    Connected,
    /// One is, but nothing was heard since.
    Disconnected,
    /// None could be chosen in 39.5 s ([`limits::PATIENCE`]), or consent ran out after 30 s ([`limits::CONSENT_LASTS`]). Nothing is sent;
    /// only a restart helps.
    Failed,
}

/// The far end, as far as ICE knows it.
pub(crate) struct Remote {
    pub(crate) credentials: Credentials,
    key: Key,
}

/// A session.
pub(crate) struct Agent {
    mode: IceMode,
    role: Role,
    tie_breaker: u64,
    pub(crate) local: Credentials,
    key: Key,
    pub(crate) remote: Option<Remote>,
    locals: Vec<Candidate>,
    remotes: Vec<Candidate>,
    pairs: Vec<Pair>,
    next_pair: u32,
    /// Pairs that are checked before others, each once.
    triggered: VecDeque<u32>,
    /// Not before then the next check is sent.
    next_check: Instant,
    /// Since when the far end can be expected.
    began: Option<Instant>,
    /// Since when there is a valid pair.
    first_valid: Option<Instant>,
    selected: Option<u32>,
    /// When the pair that was used then gave the last sign of consent.
    last_heard: Option<Instant>,
    next_consent: Instant,
    state: State,
    forgeries: Budget,
    random: Random,
    /// The first bytes of each transaction, by which a port finds whose answer it has.
    prefix: u32,
    sends: VecDeque<(Path, Vec<u8>)>,
}

/// What a session begins with.
pub(crate) struct Beginning {
    pub(crate) mode: IceMode,
    pub(crate) role: Role,
    pub(crate) prefix: u32,
    pub(crate) seed: [u8; 32],
}

impl Agent {
    /// With credentials of its own, and nothing known of the far end.
    pub(crate) fn new(now: Instant, beginning: &Beginning) -> Self {
        let mut random = Random::new(beginning.seed);
        let local = Credentials::make(&mut random);
        Self {
            mode: beginning.mode,
            role: match beginning.mode {
                IceMode::Full => beginning.role,
                IceMode::Lite => Role::Controlled,
            },
            tie_breaker: random.next(),
            key: Key::new(local.password()),
            local,
            remote: None,
            locals: Vec::new(),
            remotes: Vec::new(),
            pairs: Vec::new(),
            next_pair: 0,
            triggered: VecDeque::new(),
            next_check: now,
            began: None,
            first_valid: None,
            selected: None,
            last_heard: None,
            next_consent: now,
            state: State::Checking,
            forgeries: Budget::new(limits::FORGERIES_A_SECOND),
            random,
            prefix: beginning.prefix,
            sends: VecDeque::new(),
        }
    }

    /// The session after a restart: the same candidates of ours, and nothing else.
    pub(crate) fn restarted(&self, now: Instant, seed: [u8; 32]) -> Self {
        let beginning = Beginning {
            mode: self.mode,
            role: self.role,
            prefix: self.prefix,
            seed,
        };
        let mut next = Self::new(now, &beginning);
        next.locals.clone_from(&self.locals);
        next
    }

    /// Other credentials of our own, before anybody can know the ones that were made.
    pub(crate) fn rename(&mut self, credentials: Credentials) {
        self.key = Key::new(credentials.password());
        self.local = credentials;
    }

    /// The far end's credentials; a second time they are the same.
    pub(crate) fn set_remote(&mut self, now: Instant, credentials: Credentials, mode: IceMode) {
        if mode == IceMode::Lite {
            // A lite side cannot decide (RFC 8445 section 6.1.1).
            self.role = Role::Controlling;
        }
        self.remote = Some(Remote {
            key: Key::new(credentials.password()),
            credentials,
        });
        self.began.get_or_insert(now);
        self.settle(now);
    }

    /// Whether we check or only answer.
    pub(crate) fn mode(&self) -> IceMode {
        self.mode
    }

    /// False if there are too many.
    pub(crate) fn add_local(&mut self, now: Instant, candidate: Candidate) -> bool {
        if self.locals.contains(&candidate) {
            return true;
        }
        if self.locals.len() >= limits::LOCAL_CANDIDATES {
            return false;
        }
        if self.mode == IceMode::Full {
            for remote in self.remotes.clone() {
                self.pair(&candidate, &remote);
            }
        }
        self.locals.push(candidate);
        self.settle(now);
        true
    }

    /// False if there are too many.
    pub(crate) fn add_remote(&mut self, now: Instant, candidate: Candidate) -> bool {
        let known = |known: &Candidate| {
            known.address == candidate.address && known.tcp == candidate.tcp && known.kind == candidate.kind
        };
        if self.mode == IceMode::Lite || self.remotes.iter().any(known) {
            return true;
        }
        if self.remotes.len() >= limits::REMOTE_CANDIDATES {
            return false;
        }
        for local in self.locals.clone() {
            self.pair(&local, &candidate);
        }
        self.remotes.push(candidate);
        self.settle(now);
        true
    }

    /// Pairs what can reach each other by our own check. Connections are opened by the far end, and are found when it asks.
    fn pair(&mut self, local: &Candidate, remote: &Candidate) {
        let is_udp = local.transport() == Transport::Udp && remote.transport() == Transport::Udp;
        if is_udp && local.base.is_ipv4() == remote.address.is_ipv4() {
            let path = Path {
                transport: Transport::Udp,
                local: local.base,
                remote: remote.address,
            };
            self.add_pair(path, local, remote.priority);
        }
    }

    /// A connection is closed: what went over it is not usable any more.
    pub(crate) fn forget(&mut self, now: Instant, path: Path) {
        for pair in self.pairs.iter_mut().filter(|pair| pair.path == path) {
            pair.fail();
        }
        self.settle(now);
    }

    /// Does what is due.
    pub(crate) fn settle(&mut self, now: Instant) {
        if self.state == State::Failed {
            return;
        }
        if self.mode == IceMode::Full {
            self.repeat_checks(now);
        }
        self.expire(now);
        self.choose(now);
        if let Some(pair) = self.selected_pair() {
            self.last_heard = Some(pair.heard(self.mode, Duration::ZERO));
        }
        self.state = self.state_at(now);
        if self.mode == IceMode::Full {
            self.begin_check(now);
            self.nominate(now);
            self.ask_for_consent(now);
        }
        if self.state == State::Failed {
            self.pairs.clear();
            self.triggered.clear();
            self.sends.clear();
            self.selected = None;
        }
    }

    fn state_at(&self, now: Instant) -> State {
        match (self.selected_pair(), self.last_heard) {
            (Some(pair), _) if now < pair.heard(self.mode, limits::SILENT) => State::Connected,
            (Some(_), _) => State::Disconnected,
            // It is lost; another that works may take its place.
            (None, Some(last)) if now < last + limits::CONSENT_LASTS => State::Disconnected,
            (None, Some(_)) if self.valid_paths().next().is_some() => State::Disconnected,
            (None, Some(_)) => State::Failed,
            (None, None) if self.began.is_some_and(|began| now >= began + limits::PATIENCE) => State::Failed,
            (None, None) => State::Checking,
        }
    }

    /// When [`Agent::settle`] has something to do again.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        if self.state == State::Failed {
            return None;
        }
        let mut earliest: Option<Instant> = None;
        let mut at = |moment: Instant| earliest = Some(earliest.map_or(moment, |known| known.min(moment)));
        for pair in &self.pairs {
            if let Some(check) = &pair.check {
                at(check.next);
            }
            if pair.progress == Progress::Valid {
                at(pair.expires(self.mode, self.selected == Some(pair.id)));
            }
        }
        match self.selected_pair() {
            Some(pair) => {
                if self.state == State::Connected {
                    at(pair.heard(self.mode, limits::SILENT));
                }
                if self.mode == IceMode::Full {
                    at(self.next_consent);
                }
            }
            // What is over by now waits for a pair that works, whose end is named above.
            None => match (self.last_heard, self.began) {
                (Some(last), _) if self.valid_paths().next().is_none() => at(last + limits::CONSENT_LASTS),
                (None, Some(began)) => at(began + limits::PATIENCE),
                _ => {}
            },
        }
        if self.has_check_to_begin() {
            at(self.next_check);
        }
        if let Some(moment) = self.nomination_due() {
            at(moment);
        }
        earliest
    }

    /// The next message to be sent.
    pub(crate) fn poll(&mut self) -> Option<(Path, Vec<u8>)> {
        self.sends.pop_front()
    }

    /// How it stands.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// The pair that is used.
    pub(crate) fn selected(&self) -> Option<Path> {
        self.selected_pair().map(|pair| pair.path)
    }

    /// All that the far end has proved to be reached at.
    pub(crate) fn valid_paths(&self) -> impl Iterator<Item = Path> {
        self.pairs
            .iter()
            .filter(|pair| pair.progress == Progress::Valid)
            .map(|pair| pair.path)
    }

    /// How many pairs there are.
    #[cfg(test)]
    pub(crate) fn pair_count(&self) -> usize {
        self.pairs.len()
    }

    fn selected_pair(&self) -> Option<&Pair> {
        let id = self.selected?;
        self.pairs.iter().find(|pair| pair.id == id)
    }
}

#[cfg(test)]
mod tests;
