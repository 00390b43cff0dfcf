//! The shard: which call an input belongs to, which calls are due, and what is alive.
//!
//! It holds the indexes (dialog, session and time to call) and hands everything else to the call it belongs to.

use crate::directory::Directory;
use crate::io::{Config, Counts, Input, MediaPort, Output};
use crate::live::Live;
use patchcord_control::call::Input as CallInput;
use patchcord_control::ids::CallId;
use patchcord_control::words::{Interruption, UnixTime};
use patchcord_media::{Report, SessionId};
use patchcord_sip::{DialogId, Endpoint, Event, Input as SipInput, Output as SipOutput};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A share of the calls of a node, complete.
///
/// Thirteen fields: the cores, four indexes, the stock of ports, the queues, and what is counted.
pub struct Shard {
    pub(crate) config: Config,
    pub(crate) sip: Endpoint,
    pub(crate) calls: BTreeMap<CallId, Live>,
    pub(crate) dialogs: HashMap<DialogId, CallId>,
    pub(crate) sessions: HashMap<SessionId, CallId>,
    pub(crate) due: BTreeSet<(Instant, CallId)>,
    pub(crate) directory: Option<Arc<Directory>>,
    /// Port pairs nobody uses, the longest-idle first.
    pub(crate) ports: VecDeque<MediaPort>,
    pub(crate) random: ChaCha12Rng,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) draining: Draining,
    pub(crate) counts: Counts,
}

/// Whether new calls are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Draining {
    No,
    Yes,
}

impl Shard {
    /// A shard without calls, ports or programs.
    pub fn new(config: Config) -> Self {
        let mut random = ChaCha12Rng::from_seed(config.seed);
        Self {
            sip: Endpoint::new(config.sip.clone(), random.next_u64()),
            config,
            calls: BTreeMap::new(),
            dialogs: HashMap::new(),
            sessions: HashMap::new(),
            due: BTreeSet::new(),
            directory: None,
            ports: VecDeque::new(),
            random,
            outputs: VecDeque::new(),
            draining: Draining::No,
            counts: Counts::default(),
        }
    }

    /// Takes one input. Drain [`Shard::poll`] before the next.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Message { flow, bytes } => self.sip.handle(now, SipInput::Message { flow, bytes }),
            Input::SendFailed { flow } => {
                self.sip.handle(now, SipInput::SendFailed { flow });
            }
            // This shard asks nothing.
            Input::Resolved { .. } => {}
            Input::Media(report) => self.media_report(now, report),
            Input::Ports(ports) => {
                self.counts.ports += ports.len();
                self.ports.extend(ports);
            }
            Input::Directory(directory) => self.directory = Some(directory),
            Input::Drain => self.draining = Draining::Yes,
            Input::EndAll => self.end_all(now),
            Input::Deadline => self.deadline(now),
        }
        self.settle(now);
    }

    /// The next thing the shard wants; none when it is at rest.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When the shard acts by itself next: [`Input::Deadline`] is due then.
    pub fn wake_at(&self) -> Option<Instant> {
        let call = self.due.first().map(|(at, _)| *at);
        [call, self.sip.wake_at()].into_iter().flatten().min()
    }

    /// What is alive and what was refused.
    pub fn counts(&self) -> Counts {
        let instances = self.calls.values().filter(|live| live.instance.is_some()).count();
        Counts {
            calls: self.calls.len(),
            instances,
            ports_in_use: self.counts.ports - self.ports.len(),
            ..self.counts
        }
    }

    /// The SIP endpoint's counters.
    pub fn sip_counters(&self) -> patchcord_sip::Counters {
        self.sip.counters()
    }

    /// The time of day at `now`.
    pub(crate) fn unix(&self, now: Instant) -> UnixTime {
        let (then, time) = self.config.clock;
        let at = Duration::new(time.seconds, time.nanoseconds) + now.saturating_duration_since(then);
        UnixTime {
            seconds: at.as_secs(),
            nanoseconds: at.subsec_nanos(),
        }
    }

    /// Handles what the SIP endpoint has to say until it has nothing more; calls may make it say more.
    fn settle(&mut self, now: Instant) {
        while let Some(output) = self.sip.poll() {
            match output {
                SipOutput::Send { to, name, bytes, .. } => self.outputs.push_back(Output::Send { to, name, bytes }),
                SipOutput::Event(event) => self.dialog_event(now, event),
            }
        }
    }

    fn dialog_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Invite { dialog, request, .. } => self.offered(now, dialog, &request),
            Event::Confirmed { dialog, sdp } => {
                self.with_call(now, dialog, |shard, now, id| shard.confirmed(now, id, sdp))
            }
            Event::Reinvite { dialog, sdp } => {
                self.with_call(now, dialog, |shard, now, id| shard.renegotiate(now, id, sdp));
            }
            Event::Ended { dialog, cause } => {
                self.with_call(now, dialog, |shard, now, id| shard.dialog_ended(now, id, &cause))
            }
            // The client side of dialogs; this shard places no calls.
            _ => {}
        }
    }

    /// Finds the call of a dialog. A dialog that was refused before it became a call has none.
    fn with_call(&mut self, now: Instant, dialog: DialogId, act: impl FnOnce(&mut Self, Instant, CallId)) {
        if let Some(id) = self.dialogs.get(&dialog) {
            act(self, now, *id);
        }
    }

    fn media_report(&mut self, now: Instant, report: Report) {
        let session = match &report {
            Report::Key { session, .. }
            | Report::PlayEnded { session, .. }
            | Report::Silent { session }
            | Report::Refused { session, .. }
            | Report::Closed { session, .. } => *session,
        };
        // A report of a session whose call is over (its counters came too late) belongs to nobody.
        if let Some(id) = self.sessions.get(&session) {
            self.leg_report(now, *id, report);
        }
    }

    fn deadline(&mut self, now: Instant) {
        if self.sip.wake_at().is_some_and(|at| at <= now) {
            self.sip.handle(now, SipInput::Deadline);
        }
        while let Some((at, id)) = self.due.first().copied() {
            if at > now {
                break;
            }
            self.due.pop_first();
            self.feed(now, id, CallInput::Deadline);
        }
    }

    fn end_all(&mut self, now: Instant) {
        self.draining = Draining::Yes;
        let all: Vec<CallId> = self.calls.keys().copied().collect();
        for id in all {
            self.feed(now, id, CallInput::End(Interruption::EndedByPlatform));
        }
    }

    /// Notes when a call wants to be woken next.
    pub(crate) fn note_wake(&mut self, id: CallId) {
        let Some(live) = self.calls.get_mut(&id) else { return };
        let wanted = live.call.wake_at();
        if wanted == live.wake_at && wanted.is_none_or(|at| self.due.contains(&(at, id))) {
            return;
        }
        if let Some(old) = live.wake_at {
            self.due.remove(&(old, id));
        }
        if let Some(at) = wanted {
            self.due.insert((at, id));
        }
        live.wake_at = wanted;
    }
}
