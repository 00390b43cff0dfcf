//! The shard: which call an input belongs to, which calls are due, and what is alive.
//!
//! It holds the indexes (dialog, session and time to call) and hands everything else to the call it belongs to.

use crate::directory::Directory;
use crate::errands::Waiting;
use crate::hearing::Asker;
use crate::identity::Vetting;
use crate::io::{Config, Counts, Input, MediaPort, Output, Query, RecordingKey};
use crate::ladder::Ladder;
use crate::leg_sip::event_dialog;
use crate::live::Live;
use crate::locate::Pending;
use crate::presence::Asker as PresenceAsker;
use crate::speaking::Speaking;
use crate::stream::{STREAM_CHANNEL, StreamKey};
use crate::streaming::Streaming;
use crate::subscriptions::Subscriptions;
use crate::tenants::HeldTurns;
use crate::working::WorkingTurns;
use patchcord_control::call::Input as CallInput;
use patchcord_control::ids::{CallId, LegId};
use patchcord_control::words::{Interruption, UnixTime};
use patchcord_media::{Report, SessionId};
use patchcord_sip::{
    DialogId, Endpoint, Event, ExchangeId, Gate, GateError, Input as SipInput, Output as SipOutput, Registrar, Target,
    Trunk, TrunkConfig, TrunkError, TrunkRequest,
};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Calls woken by one deadline. The rest stay due, so that `wake_at` names a moment that has passed and others get their
/// turn; two calls that keep waking each other cannot hold the shard.
pub(crate) const DUE_PER_DEADLINE: usize = 1_024;

/// A share of the calls of a node, complete.
///
/// More than twelve fields: the cores, their indexes, the stock of ports, the queues, and what is counted.
pub struct Shard {
    pub(crate) config: Config,
    pub(crate) sip: Endpoint,
    pub(crate) calls: BTreeMap<CallId, Live>,
    pub(crate) dialogs: HashMap<DialogId, (CallId, LegId)>,
    pub(crate) sessions: HashMap<SessionId, (CallId, LegId)>,
    /// Recordings that storage has not answered for. Bounded by the limits of the calls.
    pub(crate) recordings: HashMap<RecordingKey, (CallId, u32)>,
    /// Rooms by the number that engines know, with their call and their number in it.
    pub(crate) rooms: HashMap<u64, (CallId, u32)>,
    pub(crate) last_room: u64,
    /// Streams that are not over. Bounded by the limits of the calls.
    pub(crate) streams: HashMap<StreamKey, Streaming>,
    /// Recognitions that are not over. Bounded by the limits of the calls.
    pub(crate) recognitions: HashMap<StreamKey, Streaming>,
    /// Addresses that are being looked up. Bounded by the endpoints of all calls.
    pub(crate) queries: BTreeMap<Query, Pending>,
    pub(crate) next_query: u64,
    /// Texts that are being spoken. Bounded by [`SPEAKING_MAX`](crate::SPEAKING_MAX) of each call.
    pub(crate) speaking: BTreeMap<Query, Speaking>,
    /// What was said and is being recognised. Bounded by [`RECOGNISING_MAX`](crate::RECOGNISING_MAX) of each call.
    pub(crate) recognising: BTreeMap<Query, Asker>,
    /// What handlers have done elsewhere: one of each call, and those that came too late.
    pub(crate) errands: BTreeMap<Query, Waiting>,
    /// What is asked of presence. Bounded by the endpoints, the errands and the operations of all calls.
    pub(crate) presence: BTreeMap<Query, PresenceAsker>,
    /// Telephones that are told how others are.
    pub(crate) subscriptions: Subscriptions,
    /// Turns that wait for their tenant's fuel.
    pub(crate) held: HeldTurns,
    /// Turns that wait for their next slice.
    pub(crate) working: WorkingTurns,
    /// Calls whose signature waits for a certificate.
    pub(crate) vetting: Vetting,
    /// Where trunks are now, best first, as the shard that watches them has found out.
    pub(crate) trunk_targets: HashMap<Arc<str>, Vec<Target>>,
    /// Trunks this shard watches, what they wait for from the wire, and what they have asked.
    pub(crate) trunks: BTreeMap<Arc<str>, Trunk>,
    pub(crate) trunk_requests: HashMap<ExchangeId, (Arc<str>, TrunkRequest)>,
    pub(crate) trunk_queries: HashMap<Query, Arc<str>>,
    /// Only in the shard that takes REGISTER.
    pub(crate) registrar: Option<Registrar>,
    pub(crate) due: BTreeSet<(Instant, CallId)>,
    pub(crate) directory: Option<Arc<Directory>>,
    /// Port pairs nobody uses, the longest-idle first.
    pub(crate) ports: VecDeque<MediaPort>,
    pub(crate) random: ChaCha12Rng,
    pub(crate) ladder: Ladder,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) draining: Draining,
    pub(crate) counts: Counts,
}

/// Why a shard cannot be set up.
#[derive(Debug)]
pub enum ShardError {
    /// The gate.
    Gate(GateError),
    /// A trunk.
    Trunk(TrunkError),
}

impl std::fmt::Display for ShardError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gate(why) => write!(f, "who may call in: {why}"),
            Self::Trunk(why) => write!(f, "trunks: {why}"),
        }
    }
}

impl std::error::Error for ShardError {}

/// Whether new calls are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Draining {
    No,
    Yes,
}

impl Shard {
    /// A shard without calls, ports or programs.
    ///
    /// # Errors
    /// A gate or a trunk that cannot be set up as the configuration says.
    pub fn new(now: Instant, config: Config) -> Result<Self, ShardError> {
        let mut random = ChaCha12Rng::from_seed(config.seed);
        let mut sip = Endpoint::new(config.sip.clone(), random.next_u64());
        if let Some(gate) = config.gate.clone() {
            let mut key = [0; 32];
            random.fill_bytes(&mut key);
            sip.set_gate(Gate::new(now, gate, key).map_err(ShardError::Gate)?);
        }
        let trunk = |trunk: &TrunkConfig| Ok((trunk.name.clone(), Trunk::new(now, trunk.clone())?));
        let trunks = config.trunks.iter().map(trunk);
        let trunks = trunks.collect::<Result<_, _>>().map_err(ShardError::Trunk)?;
        Ok(Self {
            sip,
            calls: BTreeMap::new(),
            dialogs: HashMap::new(),
            sessions: HashMap::new(),
            recordings: HashMap::new(),
            rooms: HashMap::new(),
            last_room: 0,
            streams: HashMap::new(),
            recognitions: HashMap::new(),
            queries: BTreeMap::new(),
            next_query: 0,
            speaking: BTreeMap::new(),
            recognising: BTreeMap::new(),
            errands: BTreeMap::new(),
            presence: BTreeMap::new(),
            subscriptions: Subscriptions::default(),
            held: HeldTurns::default(),
            working: WorkingTurns::default(),
            vetting: Vetting::default(),
            trunk_targets: HashMap::new(),
            trunks,
            trunk_requests: HashMap::new(),
            trunk_queries: HashMap::new(),
            registrar: config.registrar.clone().map(Registrar::new),
            config,
            due: BTreeSet::new(),
            directory: None,
            ports: VecDeque::new(),
            random,
            ladder: Ladder::default(),
            outputs: VecDeque::new(),
            draining: Draining::No,
            counts: Counts::default(),
        })
    }

    /// Takes one input. Drain [`Shard::poll`] before the next.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Message { flow, bytes, proven } => {
                let proven = proven.as_ref();
                self.sip.handle(now, SipInput::Message { flow, bytes, proven });
                self.message_came(flow, bytes);
            }
            Input::Excess { flow, bytes, proven } => {
                let proven = proven.as_ref();
                self.sip.handle(now, SipInput::Excess { flow, bytes, proven });
                self.message_came(flow, bytes);
            }
            Input::SendFailed { flow } => {
                self.sip.handle(now, SipInput::SendFailed { flow });
                self.flow_failed(flow);
                self.subscriptions_flow_failed(flow);
            }
            Input::Resolved { query, targets } => self.resolved(now, query, targets),
            Input::Fetched { query, file } => self.fetched(now, query, file),
            Input::Location(change) => self.mirror(change),
            Input::Trunk(found) => self.trunk_moved(found),
            Input::StartTrunks => self.start_trunks(now),
            Input::Reload(reload) => self.reload(now, &reload),
            Input::Media(report) => self.media_report(now, report),
            Input::Door { session, event } => self.at_door(now, session, event),
            Input::Recorded { key, stored } => self.recorded(now, key, stored),
            Input::Spoken { query, sound } => self.spoken(now, query, sound),
            Input::Responded { query, response } => self.responded(now, query, response),
            Input::Stored { query, reply } => self.stored(now, query, reply),
            Input::Presence { query, told } => self.presence_told(now, query, told),
            Input::Recognised { query, heard } => self.recognised(now, query, heard),
            Input::Stream { key, signal } => self.stream_signal(now, key, signal),
            Input::Recognition { key, signal } => self.recognise_signal(now, key, signal),
            Input::Ports(ports) => {
                self.counts.ports += ports.len();
                self.ports.extend(ports);
            }
            Input::Tell(to) => self.tell_sink(now, &to),
            Input::Directory(directory) => self.directory = Some(directory),
            Input::Drain => {
                self.draining = Draining::Yes;
                self.stop_trunks(now);
            }
            Input::EndAll => self.end_all(now),
            Input::Deadline => self.deadline(now),
        }
        self.settle(now);
        self.report_messages(now);
    }

    /// The next thing the shard wants; none when it is at rest.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When the shard acts by itself next: [`Input::Deadline`] is due then.
    pub fn wake_at(&self) -> Option<Instant> {
        let call = self.due.first().map(|(at, _)| *at);
        let registrations = self.registrar.as_ref().and_then(Registrar::wake_at);
        let own = [
            self.vetting.wake_at(),
            self.held.wake_at(),
            self.working.wake_at(),
            self.subscriptions.notifier.wake_at(),
        ];
        [call, self.sip.wake_at(), registrations, self.trunks_wake_at()]
            .into_iter()
            .chain(own)
            .flatten()
            .min()
    }

    /// What is alive and what was refused.
    pub fn counts(&self) -> Counts {
        let instances = self.calls.values().filter(|live| live.instance.is_some()).count();
        Counts {
            calls: self.calls.len() + self.vetting.len(),
            instances,
            ports_in_use: self.counts.ports - self.ports.len(),
            ..self.counts
        }
    }

    /// Dialogs and media sessions that are kept for a leg that is gone: 0, or something is wrong with the shard itself.
    pub fn orphans(&self) -> usize {
        let owners = self.dialogs.values().chain(self.sessions.values());
        let lives =
            |(call, leg): &(CallId, LegId)| self.calls.get(call).is_some_and(|live| live.legs.contains_key(leg));
        owners.filter(|owner| !lives(owner)).count()
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
    pub(crate) fn settle(&mut self, now: Instant) {
        while let Some(output) = self.sip.poll() {
            match output {
                SipOutput::Send {
                    to,
                    name,
                    bytes,
                    dialog,
                } => {
                    self.message_goes(dialog, to, &bytes);
                    self.outputs.push_back(Output::Send { to, name, bytes });
                }
                SipOutput::Event(event) => self.event(now, event),
            }
        }
    }

    fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Invite {
                dialog,
                request,
                flow,
                origin,
                replaces,
            } => match replaces.and_then(|old| self.leg_of(old)) {
                Some(leg) => self.replaced(now, leg, (dialog, &request), (&origin, flow)),
                None => self.offered(now, dialog, request, (&origin, flow)),
            },
            Event::Request {
                exchange,
                request,
                flow,
                origin,
            } => self.outside(now, exchange, (&request, flow), &origin),
            Event::Response { exchange, response } => self.response(now, exchange, response.as_deref()),
            event => match self.leg_of(event_dialog(&event)) {
                Some(leg) => self.leg_event(now, leg, event),
                None => self.not_a_leg_yet(&event),
            },
        }
    }

    /// What happens in the dialog of a leg. A dialog that was refused before it became a call has none.
    fn leg_event(&mut self, now: Instant, leg: (CallId, LegId), event: Event) {
        match event {
            Event::Confirmed { sdp, .. } => self.confirmed(now, leg, sdp),
            Event::EarlyAnswer { sdp, .. } => self.confirmed(now, leg, Some(sdp)),
            Event::Reinvite { sdp, .. } => self.renegotiate(now, leg, sdp),
            Event::Progress { status, sdp, .. } => self.progress(now, leg, status, sdp),
            Event::Answered { sdp, .. } => self.dialled_answered(now, leg, sdp),
            Event::Refused { response, .. } => self.dialled_refused(leg, &response),
            Event::ReinviteAnswered { status, sdp, .. } => self.reinvite_answered(now, leg, status, sdp),
            Event::Key { event, .. } => self.key(now, leg, event),
            Event::Refer {
                refer, to, replaces, ..
            } => self.transfer_asked(now, leg, refer, (&to, replaces)),
            Event::ReferProgress { status, last, .. } => self.referred(now, leg, status, last),
            Event::Ended { cause, .. } => self.dialog_ended(now, leg, &cause),
            Event::Invite { .. } | Event::Request { .. } | Event::Response { .. } => {
                unreachable!("told apart before the dialog was looked for")
            }
        }
    }

    /// Finds the leg of a dialog.
    fn leg_of(&self, dialog: DialogId) -> Option<(CallId, LegId)> {
        self.dialogs.get(&dialog).copied()
    }

    fn media_report(&mut self, now: Instant, report: Report) {
        if let Report::Tap { tap, event, .. } = report {
            if tap.channel == STREAM_CHANNEL {
                return self.recognition_tapped(now, StreamKey(tap.number), event);
            }
            return self.tap_report(now, tap, event);
        }
        if let Report::Room { room, event } = report {
            return self.room_report(now, room, event);
        }
        if let Report::Live { live, event, .. } = report {
            return self.live_report(live, event);
        }
        let session = report.session();
        // A report of a session whose call is over (its counters came too late) belongs to nobody.
        if let Some(id) = self.sessions.get(&session) {
            self.leg_report(now, *id, report);
        }
    }

    fn deadline(&mut self, now: Instant) {
        if self.sip.wake_at().is_some_and(|at| at <= now) {
            self.sip.handle(now, SipInput::Deadline);
        }
        self.registrations_expire(now);
        self.subscriptions_deadline(now);
        self.trunks_deadline(now);
        self.vetting_deadline(now);
        self.held_deadline(now);
        for _ in 0..DUE_PER_DEADLINE {
            let Some((_, id)) = self.due.first().copied().filter(|(at, _)| *at <= now) else {
                break;
            };
            self.due.pop_first();
            self.feed(now, id, CallInput::Deadline);
        }
        self.work(now);
    }

    fn end_all(&mut self, now: Instant) {
        self.draining = Draining::Yes;
        self.refuse_vetted(now);
        let all: Vec<CallId> = self.calls.keys().copied().collect();
        for id in all {
            self.feed(now, id, CallInput::End(Interruption::EndedByPlatform));
        }
    }

    /// A call is to be driven as soon as the one at hand is at rest.
    pub(crate) fn wake_now(&mut self, now: Instant, id: CallId) {
        let live = self.live(id);
        let before = live.wake_at.replace(now);
        if let Some(old) = before {
            self.due.remove(&(old, id));
        }
        self.due.insert((now, id));
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
