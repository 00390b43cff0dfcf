//! Calls that somebody outside places: they begin with a leg that is dialled, as a handler's `dial` does it, and run their
//! handler once it is answered. Not here: when a call is placed; that is [`patchcord_control::outbound`].

use crate::journal::PrivateValues;
use crate::leg_sip::{CallerFacts, Target};
use crate::shard::{Draining, Shard};
use patchcord_control::call::{CALLER, Call, Change, ChangeError, Description, Opening, Presented, Setup, Trace};
use patchcord_control::events::{EventKind, EventKinds, Subscription};
use patchcord_control::ids::{CallId, LegId, Tenant};
use patchcord_control::policy::Privacy;
use patchcord_control::private::Private;
use patchcord_control::route::Fallback;
use patchcord_control::tenancy::{Refused, Seat};
use patchcord_control::words::{Began, CallerId, Destination, Error, InboxMessage, LegDirection, LegInfo, LegOrigin};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// The name under which proofs are told what their handlers report; no webhook can have it.
pub const PROOFS: &str = "$proofs";

/// What a placed call is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Purpose {
    /// What its tenant's handler does.
    #[default]
    Handler,
    /// A proof that somebody at the called number has a code that the tenant was told. The handler is the operator's, of this
    /// tenant. What it reports is told to [`PROOFS`] alone, its journal has no private values, it has no trace of turns, and
    /// nobody outside changes the call but to end it.
    Proof(Tenant),
}

/// A call to be placed.
#[derive(Debug, Clone)]
pub struct PlacedCall {
    /// Its id; one is made up if there is none.
    pub id: Option<CallId>,
    /// Whose call it is, and whose rules it is under.
    pub tenant: Tenant,
    /// The handler, of the same tenant.
    pub handler: String,
    /// Who takes over if it breaks.
    pub fallbacks: Arc<[Fallback]>,
    /// Who is called, and how.
    pub opening: Opening,
    /// What for.
    pub purpose: Purpose,
    /// The trunk that is tried first, of those that carry the number: the one whose pace it was held to.
    pub trunk: Option<Arc<str>>,
}

/// Why a call is not placed: there is no call then, and no record. What comes of one that is placed is in its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceError {
    /// The tenant has no handler of this name.
    NoSuchHandler(String),
    /// A call of this id is alive.
    SameId(CallId),
    /// The node has as many calls as it may, or no port for another.
    Full,
    /// The node takes no more calls.
    Draining,
    /// The tenant has as much as it may.
    Tenant(Refused),
    /// Something of the call is out of its range.
    Invalid(Error),
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchHandler(name) => write!(f, "there is no handler {name:?}"),
            Self::SameId(id) => write!(f, "{id} is alive already"),
            Self::Full => f.write_str("the node has as many calls as it may; try again later"),
            Self::Draining => f.write_str("the node takes no more calls; ask another one"),
            Self::Tenant(why) => write!(f, "{why}"),
            Self::Invalid(why) => write!(f, "{why}"),
        }
    }
}

impl std::error::Error for PlaceError {}

impl Shard {
    /// Places a call: dials its first leg, and gives the call's id. What comes of that is told by the call's status, and by
    /// its record in the end; [`Change::End`](patchcord_control::call::Change::End) gives it up. Drain [`Shard::poll`]
    /// afterwards.
    ///
    /// # Errors
    /// There is no such handler, no room, or no sense in what is asked.
    pub fn place_call(&mut self, now: Instant, wanted: PlacedCall) -> Result<CallId, PlaceError> {
        if self.draining == Draining::Yes {
            return Err(PlaceError::Draining);
        }
        let nothing = self.tried(&wanted.tenant)?;
        let target = self.target_of(&wanted, nothing)?;
        if self.has_all_calls() || self.ports.is_empty() {
            return Err(PlaceError::Full);
        }
        let id = match wanted.id {
            Some(id) if self.calls.contains_key(&id) => return Err(PlaceError::SameId(id)),
            Some(id) => id,
            None => self.new_call_id(),
        };
        let seat = self.new_seat(now, &wanted.tenant).map_err(PlaceError::Tenant)?;
        let target = Target { seat, ..target };
        let target = match &wanted.purpose {
            Purpose::Handler => target.for_call(id),
            // What is tried is the tenant's.
            Purpose::Proof(_) => target,
        };
        let facts = CallerFacts {
            info: dialled_info(&wanted.opening),
            headers: Vec::new(),
            description: Description::Offered,
        };
        let mut setup = self.setup(now, id, facts, &target);
        let mut private = self.config.journal;
        if let Purpose::Proof(operator) = &wanted.purpose {
            setup.grants = target.directory.grants(operator, &target.program);
            keep_to_itself(&mut setup);
            private = private.and(Some(PrivateValues::Hide));
        }
        let journal = private.map(|private| self.journal_with(now, &setup, private));
        let call = Call::placed(now, setup, wanted.opening).map_err(PlaceError::Invalid)?;
        self.take_up((id, call, journal), target, BTreeMap::new());
        let live = self.live(id);
        (live.purpose, live.first_trunk) = (wanted.purpose, wanted.trunk);
        self.drive(now, id);
        self.settle(now);
        self.report_messages(now);
        Ok(id)
    }

    /// Whether a call could be placed: there is such a handler, and nothing of the call is out of its range. Nothing is done. The trunk
    /// that would carry it, if it is a number that one carries.
    ///
    /// # Errors
    /// As [`Shard::place_call`], but for what may be otherwise later.
    pub fn may_place(&mut self, now: Instant, wanted: &PlacedCall) -> Result<Option<Arc<str>>, PlaceError> {
        let nothing = self.tried(&wanted.tenant)?;
        let target = self.target_of(wanted, nothing)?;
        let facts = CallerFacts {
            info: dialled_info(&wanted.opening),
            headers: Vec::new(),
            description: Description::Offered,
        };
        let id = self.new_call_id();
        let setup = self.setup(now, id, facts, &target);
        Call::placed(now, setup, wanted.opening.clone()).map_err(PlaceError::Invalid)?;
        let Destination::Number(number) = &wanted.opening.to.to else {
            return Ok(None);
        };
        let from = Presented {
            id: wanted.opening.caller_id.clone(),
            name: wanted.opening.caller_name.clone(),
            caller: None,
            privacy: Privacy::Shown,
        };
        Ok(self.trunk_of_number(&wanted.tenant, number.reveal(), &from))
    }

    /// A place that counts nothing: that of a call which is only tried.
    fn tried(&self, tenant: &Tenant) -> Result<Seat, PlaceError> {
        let share = self.share_of(tenant).map_err(PlaceError::Tenant)?;
        Ok(share.nothing())
    }

    /// Tells the handler of a proof what came of what it reported. Drain [`Shard::poll`] afterwards.
    ///
    /// # Errors
    /// The tenant has no such proof alive, or its handler hears nothing any more.
    pub fn answer_proof(
        &mut self,
        now: Instant,
        tenant: &Tenant,
        id: CallId,
        message: InboxMessage,
    ) -> Result<(), ChangeError> {
        let live = self.calls.get(&id).filter(|live| live.is_call_of(tenant));
        live.filter(|live| live.is_proof()).ok_or(ChangeError::NoSuchCall)?;
        self.changed(now, id, Change::Tell(message)).map(drop)
    }

    fn target_of(&self, wanted: &PlacedCall, seat: Seat) -> Result<Target, PlaceError> {
        let whose = match &wanted.purpose {
            Purpose::Handler => &wanted.tenant,
            Purpose::Proof(operator) => operator,
        };
        let found = self.directory.as_ref().and_then(|directory| {
            let program = directory.program(whose, &wanted.handler)?;
            Some((directory.clone(), program))
        });
        let (directory, program) = found.ok_or_else(|| PlaceError::NoSuchHandler(wanted.handler.clone()))?;
        Ok(Target {
            directory,
            tenant: wanted.tenant.clone(),
            program,
            fallbacks: wanted.fallbacks.clone(),
            // Until it is answered: then the call says by whom.
            began: Began::Placed(None),
            continues: None,
            seat,
            candidate: None,
        })
    }

    /// The leg that answered a placed call and its caller change their numbers.
    pub(crate) fn swap_legs(&mut self, id: CallId, leg: LegId) {
        let live = self.live(id);
        let both = [(CALLER, live.legs.remove(&leg)), (leg, live.legs.remove(&CALLER))];
        for (number, io) in both {
            let Some(io) = io else { continue };
            self.dialogs.insert(io.dialog, (id, number));
            self.sessions.insert(io.port.session, (id, number));
            self.live(id).legs.insert(number, io);
        }
    }
}

/// Whoever is told what happens in a proof is not told what its handler reports; [`PROOFS`] is.
fn keep_to_itself(setup: &mut Setup) {
    let others = setup.receivers.iter().map(|one| Subscription {
        kinds: one.kinds.without(EventKind::Custom),
        ..(**one).clone()
    });
    let proofs = Subscription {
        tenant: setup.tenant.clone(),
        handlers: None,
        kinds: EventKinds::of(&[EventKind::Custom, EventKind::CallEnded]),
        name: PROOFS.into(),
        webhook: None,
    };
    // It comes first: of too many, the last are not told.
    setup.receivers = std::iter::once(proofs).chain(others).map(Arc::new).collect();
    setup.trace = Trace::Off;
}

/// What is known of the first leg before a way to it is.
fn dialled_info(opening: &Opening) -> LegInfo {
    let from = match &opening.caller_id {
        CallerId::Number(number) => number.clone(),
        CallerId::Caller | CallerId::Anonymous => Private::default(),
    };
    let (Destination::Number(to) | Destination::User(to) | Destination::Address(to)) = &opening.to.to;
    LegInfo {
        direction: LegDirection::Outbound,
        from,
        from_name: opening.caller_name.clone().unwrap_or_default(),
        to: to.clone(),
        origin: LegOrigin::Dialled,
        ..LegInfo::default()
    }
}
