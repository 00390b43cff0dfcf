//! A call that is alive in a shard: its decisions, its handler's instance, and what its legs hold of SIP and media.

use crate::browsers::AtDoor;
use crate::directory::{Directory, Program};
use crate::hearing::Ears;
use crate::io::{MediaPort, Query, RecordingKey};
use crate::journal::Journal;
use crate::leg_keys::KeysFrom;
use crate::locate::Way;
use crate::placing::Purpose;
use crate::presence::Party;
use crate::rooms::{RoomPlace, Seated};
use crate::sinks::SinkKey;
use crate::stream::StreamKey;
use crate::tenants::HeldTurn;
use crate::trial::{Candidate, Shadow};
use crate::working::Work;
use patchcord_control::call::Call;
use patchcord_control::ids::{LegId, OperationId, Tenant, TransferId};
use patchcord_control::ledger::Permit;
use patchcord_control::private::Private;
use patchcord_control::record::Spent;
use patchcord_control::tenancy::Seat;
use patchcord_control::words::{Cause, Credentials};
use patchcord_guest::Instance;
use patchcord_media::{PlayId, SessionId};
use patchcord_sip::sdp::{Agreed, Direction, Local};
use patchcord_sip::{DialogId, ReferId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// A call and everything that belongs to it.
pub(crate) struct Live {
    pub(crate) call: Call,
    /// Gone as soon as the handler has ended.
    pub(crate) instance: Option<Instance>,
    pub(crate) program: Arc<Program>,
    /// The version that is tried and has this call.
    pub(crate) candidate: Option<Arc<Candidate>>,
    /// The version that is to run beside the handler and do nothing, until the handler runs.
    pub(crate) shadowed: Option<Arc<Candidate>>,
    /// It, once it runs.
    pub(crate) shadow: Option<Box<Shadow>>,
    /// Routes and announcement as they were when the call began.
    pub(crate) directory: Arc<Directory>,
    pub(crate) tenant: Tenant,
    /// Its place in the tenant's share.
    pub(crate) seat: Seat,
    /// What its handler will be told, if its turn waits for fuel.
    pub(crate) held: Option<HeldTurn>,
    /// Its handler's turn, if others have interrupted it.
    pub(crate) work: Option<Work>,
    /// Host calls that its handler had answered at once, one after the other.
    pub(crate) in_a_row: u32,
    /// Legs that hold a dialog or a session. Bounded by the call's limit on legs.
    pub(crate) legs: BTreeMap<LegId, LegIo>,
    /// Ways to endpoints that were found and not yet placed, by the key the call knows. Bounded by the call's limits on
    /// endpoints and redirections, times the ways to one endpoint.
    pub(crate) ways: BTreeMap<u32, Way>,
    pub(crate) next_way: u32,
    pub(crate) next_transfer: u32,
    /// Transfers that far ends have asked for, until each has its outcome: whoever asked may hang up meanwhile and is told
    /// all the same. Bounded by the endpoint's limit on open transfers of a dialog.
    pub(crate) refers: BTreeMap<TransferId, Referred>,
    /// Recordings of the call by their number, under the keys that taps and storage know. Bounded by the call's limit.
    pub(crate) recordings: BTreeMap<u32, RecordingKey>,
    /// Texts of it that are being spoken; at most [`SPEAKING_MAX`](crate::SPEAKING_MAX).
    pub(crate) speaking: usize,
    /// What was said in it and is being recognised; at most [`RECOGNISING_MAX`](crate::RECOGNISING_MAX).
    pub(crate) recognising: usize,
    /// Its last request to a web server, by its number.
    pub(crate) http: Option<(u32, Query)>,
    /// Streams of the call by their number. Bounded by the call's limit.
    pub(crate) streams: BTreeMap<u32, StreamKey>,
    /// Its rooms by their number. Bounded by the call's limit.
    pub(crate) rooms: BTreeMap<u32, RoomPlace>,
    /// Its legs that sit in rooms.
    pub(crate) seats: BTreeMap<LegId, Seated>,
    /// Recognitions of the call by their number. Bounded by the call's limit.
    pub(crate) recognitions: BTreeMap<u32, StreamKey>,
    /// What its handler watches, by its number. Bounded by the call's operations.
    pub(crate) watches: BTreeMap<u32, Query>,
    /// The moment the shard has noted for it.
    pub(crate) wake_at: Option<Instant>,
    /// What its handler asks and is told, if journals are kept.
    pub(crate) journal: Option<Box<Journal>>,
    /// The event that it is told of, if it is an event sink's.
    pub(crate) told: Option<SinkKey>,
    /// What it was placed for.
    pub(crate) purpose: Purpose,
    /// The trunk that is tried first for the leg it begins with, until that is located.
    pub(crate) first_trunk: Option<Arc<str>>,
    /// What it has cost so far.
    pub(crate) spent: Spent,
}

impl Live {
    /// A call that holds nothing yet.
    pub(crate) fn new(call: Call, program: Arc<Program>, directory: Arc<Directory>, seat: Seat) -> Self {
        Self {
            tenant: seat.share().tenant().clone(),
            seat,
            held: None,
            work: None,
            in_a_row: 0,
            call,
            instance: None,
            program,
            candidate: None,
            shadowed: None,
            shadow: None,
            directory,
            legs: BTreeMap::new(),
            ways: BTreeMap::new(),
            next_way: 0,
            next_transfer: 0,
            refers: BTreeMap::new(),
            recordings: BTreeMap::new(),
            speaking: 0,
            recognising: 0,
            http: None,
            streams: BTreeMap::new(),
            rooms: BTreeMap::new(),
            seats: BTreeMap::new(),
            recognitions: BTreeMap::new(),
            watches: BTreeMap::new(),
            wake_at: None,
            journal: None,
            told: None,
            purpose: Purpose::Handler,
            first_trunk: None,
            spent: Spent::default(),
        }
    }
}

/// What a leg holds outside the call machine. More than twelve fields: its dialog, its session, and how it was reached.
pub(crate) struct LegIo {
    pub(crate) dialog: DialogId,
    pub(crate) port: MediaPort,
    /// Our side of the session description; its version grows with every new one.
    pub(crate) local: Local,
    pub(crate) negotiation: Negotiation,
    /// What both ends agreed on, once they have.
    pub(crate) agreed: Option<Agreed>,
    pub(crate) session: Session,
    /// What the door of browsers knows of it, if the far end is one.
    pub(crate) at_door: AtDoor,
    /// Prompts under way in the media engine: each number is used once in the life of the port's session.
    pub(crate) plays: Plays,
    /// What is listened for in place of keys.
    pub(crate) ears: Ears,
    /// The far end has put us on hold.
    pub(crate) held: Held,
    /// Our own change of the session waits for its answer.
    pub(crate) offering: Offering,
    /// How a dialled leg is reached, while it is not answered.
    pub(crate) way: Option<Way>,
    /// The trunk that carries it.
    pub(crate) trunk: Option<Arc<str>>,
    /// What the handler gave for challenges, for the next place.
    pub(crate) credentials: Option<Credentials>,
    /// Its place in the limits of tenant and trunk.
    pub(crate) permit: Option<Permit>,
    pub(crate) rang: Rang,
    pub(crate) answered_at: Option<Instant>,
    /// What the far end refused with, until the dialog's end is told.
    pub(crate) refusal: Option<Refusal>,
    pub(crate) keys_from: KeysFrom,
    /// Whose it is, if that is somebody of ours.
    pub(crate) party: Option<Party>,
}

/// A transfer that the far end of a leg has asked for.
#[derive(Clone, Copy)]
pub(crate) struct Referred {
    pub(crate) leg: LegId,
    pub(crate) refer: ReferId,
    /// The dialog it wants replaced.
    pub(crate) replaces: Option<DialogId>,
}

/// What a far end refused a dialled leg with.
pub(crate) struct Refusal {
    pub(crate) cause: Cause,
    /// Where it says to call instead (3xx).
    pub(crate) contacts: Vec<Private<String>>,
}

/// How far the two session descriptions are.
pub(crate) enum Negotiation {
    /// The far end offered; this is our answer, not yet sent, and what it means.
    Answerable { answer: Vec<u8>, agreed: Agreed },
    /// Nothing was offered: our 200 will offer, and the ACK must answer.
    Late,
    /// Our offer is out.
    Offered,
    /// Both ends know.
    Settled { answer: Vec<u8> },
}

/// Whether the media engine has a session for the leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Session {
    /// Not yet.
    None,
    /// It runs.
    Open,
    /// It was told to close, or has closed.
    Closed,
}

/// Whether the far end wants to hear us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    No,
    Yes,
}

/// Whether a dialled far end has rung: then dialling elsewhere would ring twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rang {
    No,
    Yes,
}

/// Whether a re-INVITE of ours is under way, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offering {
    No,
    /// The handler waits for it; what we did before it stays if it is refused.
    Hold {
        /// Our direction until then.
        before: Direction,
    },
}

/// Which number in the media engine stands for which prompt of the call.
#[derive(Debug, Default)]
pub(crate) struct Plays {
    next: u32,
    known: BTreeMap<u32, OperationId>,
}

impl Plays {
    /// A new number for a prompt. Each ends with one report, which takes it out again.
    pub(crate) fn begin(&mut self, operation: OperationId) -> PlayId {
        self.next = self.next.wrapping_add(1);
        self.known.insert(self.next, operation);
        PlayId(self.next)
    }

    /// The number of a prompt that has not ended.
    pub(crate) fn find(&self, operation: OperationId) -> Option<PlayId> {
        let known = self.known.iter().rev();
        known
            .filter(|(_, named)| **named == operation)
            .map(|(number, _)| PlayId(*number))
            .next()
    }

    /// A prompt has ended; its name, unless it was another call's.
    pub(crate) fn end(&mut self, play: PlayId) -> Option<OperationId> {
        self.known.remove(&play.0)
    }

    /// What still plays belongs to a call that this leg has left.
    pub(crate) fn disown(&mut self) {
        self.known.clear();
    }
}

impl LegIo {
    /// A leg whose INVITE came or goes out; nothing is agreed.
    pub(crate) fn new(dialog: DialogId, port: MediaPort, local: Local, negotiation: Negotiation) -> Self {
        Self {
            dialog,
            port,
            local,
            negotiation,
            agreed: None,
            session: Session::None,
            at_door: AtDoor::default(),
            plays: Plays::default(),
            ears: Ears::default(),
            held: Held::No,
            offering: Offering::No,
            way: None,
            trunk: None,
            credentials: None,
            permit: None,
            rang: Rang::No,
            answered_at: None,
            refusal: None,
            keys_from: KeysFrom::default(),
            party: None,
        }
    }
}

impl Live {
    /// Whether it is a call of a tenant, as those outside know calls: an event sink that runs is none.
    pub(crate) fn is_call_of(&self, tenant: &Tenant) -> bool {
        self.told.is_none() && self.tenant == *tenant
    }

    /// Whether it proves who has a number: nobody outside changes it then, but to end it.
    pub(crate) fn is_proof(&self) -> bool {
        matches!(self.purpose, Purpose::Proof(_))
    }

    /// The session of a leg, while it is open, and the media thread that has it.
    pub(crate) fn open_session(&self, leg: LegId) -> Option<(SessionId, usize)> {
        let io = self.legs.get(&leg).filter(|io| io.session == Session::Open)?;
        Some((io.port.session, io.port.thread))
    }

    /// A leg that an index of the shard named.
    pub(crate) fn leg(&mut self, leg: LegId) -> &mut LegIo {
        self.legs
            .get_mut(&leg)
            .expect("an index names only legs that hold something")
    }
}
