//! Who can be reached, as a shard asks for it and is told: before it rings a user, for handlers, and for those who subscribe. Who
//! knows it is a [`PresenceDesk`], which all shards of a node share and which is not in here. A shard tells it of the legs that
//! belong to somebody.

mod desk;

pub use desk::{
    Elsewhere, InstanceView, Legs, PresenceDesk, PresenceSaid, ToOthers, WATCHERS_OF_A_TENANT, WayElsewhere,
    instance_name,
};

use crate::io::{Output, Query};
use crate::live::LegIo;
use crate::shard::Shard;
use patchcord_control::call::{Errand, Input as CallInput, NotLocated, Presented};
use patchcord_control::ids::{CallId, LegId, OperationId, Tenant};
use patchcord_control::presence::{Availability, ClientId, Reach, Status, View, WhenBusy};
use patchcord_control::private::Private;
use patchcord_control::words::{Error, PresenceAction, PresenceReply, PresenceView};
use patchcord_sip::{Binding, Flow, Origin, SubscriptionId};
use std::sync::Arc;
use std::time::Instant;

/// What a shard wants to know or have said of identities of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresenceAsk {
    /// Which clients of an identity ring now.
    Reach {
        /// Whose.
        identity: Private<String>,
        /// Whether those that are in a call do.
        when_busy: WhenBusy,
    },
    /// What a handler asks.
    Do(PresenceAction),
    /// What a telephone says of itself. Nobody waits for an answer.
    Publish {
        /// Its address of record.
        aor: String,
        /// Which of those registered there.
        client: ClientId,
        /// What.
        status: Status,
    },
    /// To be told how identities are, now and with each change.
    Watch {
        /// Whose.
        identities: Vec<Private<String>>,
        /// Whether calls that ring are told too, as lamps show them.
        ringing: bool,
    },
}

/// What a shard is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresenceTold {
    /// To [`PresenceAsk::Reach`], with the ways to those that are registered at other nodes.
    Reach(Reach, Vec<(ClientId, WayElsewhere)>),
    /// To [`PresenceAsk::Do`] and [`PresenceAsk::Publish`].
    Done(Result<PresenceReply, Error>),
    /// To [`PresenceAsk::Watch`]: identities that are not what was told before.
    News(Vec<Arc<View>>),
    /// To [`PresenceAsk::Watch`]: nothing is told, and why, for a person to read.
    NotWatched(String),
}

/// A leg of an identity begins or is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCall {
    /// Whose identity.
    pub tenant: Tenant,
    /// Its name.
    pub identity: Private<String>,
    /// At which of its clients, if that is known.
    pub client: Option<ClientId>,
    /// Which of the two.
    pub what: LegOf,
}

/// What becomes of a leg of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegOf {
    /// It is called, and rings.
    Rings,
    /// It was answered, or given up.
    RingsNoMore,
    /// It calls, or has answered.
    Began,
    /// It is gone.
    Over,
}

/// Whose a leg is.
#[derive(Debug, Clone)]
pub(crate) struct Party {
    pub(crate) tenant: Tenant,
    pub(crate) identity: Private<String>,
    pub(crate) client: Option<ClientId>,
    pub(crate) told: Told,
}

/// What presence was told of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    Rings,
    Began,
}

/// Who waits for an answer.
pub(crate) enum Asker {
    /// A dialling, for a user.
    Dialling(Box<ToReach>),
    /// A handler, for its errand.
    Errand(CallId, u32),
    /// A handler that watches.
    Watch(CallId, u32),
    /// A telephone that subscribed.
    Subscription(SubscriptionId),
    /// Something is said, and nothing asked.
    Nobody,
}

/// A user to be rung.
pub(crate) struct ToReach {
    pub(crate) call: CallId,
    pub(crate) place: (OperationId, u32),
    pub(crate) user: Private<String>,
    pub(crate) from: Presented,
}

/// The client that the ways to one device are: the one that its first binding is named by.
pub(crate) fn client_of(ways: &[&Binding]) -> Option<ClientId> {
    ways.iter().map(|binding| binding.id).min().map(|id| ClientId(id.0))
}

/// The user's name in an address of record.
pub(crate) fn name_in(aor: &str) -> &str {
    aor.rsplit_once('@').map_or(aor, |(name, _)| name)
}

impl Shard {
    pub(crate) fn ask_presence(&mut self, tenant: Tenant, asker: Asker, ask: PresenceAsk) -> Query {
        self.next_query += 1;
        let query = Query(self.next_query);
        self.presence.insert(query, asker);
        self.outputs.push_back(Output::AskPresence { query, tenant, ask });
        query
    }

    /// Before a user is rung: which of its clients may be.
    pub(crate) fn ask_reach(&mut self, tenant: Tenant, wanted: ToReach, when_busy: WhenBusy) {
        let identity = name_in(wanted.user.reveal()).to_owned().into();
        let asker = Asker::Dialling(Box::new(wanted));
        self.ask_presence(tenant, asker, PresenceAsk::Reach { identity, when_busy });
    }

    /// A handler asks or says something.
    pub(crate) fn presence_errand(&mut self, id: CallId, number: u32, action: PresenceAction) {
        let tenant = self.live(id).tenant.clone();
        self.ask_presence(tenant, Asker::Errand(id, number), PresenceAsk::Do(action));
    }

    /// A handler watches.
    pub(crate) fn watch_presence(&mut self, id: CallId, number: u32, identities: Vec<Private<String>>) {
        let tenant = self.live(id).tenant.clone();
        let asker = Asker::Watch(id, number);
        let query = self.ask_presence(
            tenant,
            asker,
            PresenceAsk::Watch {
                identities,
                ringing: false,
            },
        );
        self.live(id).watches.insert(number, query);
    }

    /// A handler watches no more.
    pub(crate) fn leave_presence(&mut self, id: CallId, number: u32) {
        if let Some(query) = self.live(id).watches.remove(&number) {
            self.leave_watch(query);
        }
    }

    pub(crate) fn leave_watch(&mut self, query: Query) {
        self.presence.remove(&query);
        self.outputs.push_back(Output::LeavePresence { query });
    }

    /// Whoever knows presence answers. Whoever asked may be gone by now.
    pub(crate) fn presence_told(&mut self, now: Instant, query: Query, told: PresenceTold) {
        match (self.presence.get(&query), told) {
            (Some(Asker::Nobody), _) => drop(self.presence.remove(&query)),
            (Some(Asker::Subscription(id)), told) => {
                let id = *id;
                self.subscription_told(now, id, told);
            }
            (Some(Asker::Watch(id, number)), PresenceTold::News(views)) => {
                let (id, number) = (*id, *number);
                let views = Ok(views.iter().map(|view| PresenceView::from(&**view)).collect());
                self.feed(now, id, CallInput::PresenceNews { number, views });
            }
            (Some(Asker::Watch(id, number)), PresenceTold::NotWatched(why)) => {
                let (id, number) = (*id, *number);
                self.presence.remove(&query);
                if let Some(live) = self.calls.get_mut(&id) {
                    live.watches.remove(&number);
                }
                let views = Err(why);
                self.feed(now, id, CallInput::PresenceNews { number, views });
            }
            (Some(Asker::Errand(id, number)), PresenceTold::Done(reply)) => {
                let (id, number) = (*id, *number);
                self.presence.remove(&query);
                self.feed(now, id, CallInput::Presence { number, reply });
            }
            (Some(Asker::Dialling(_)), PresenceTold::Reach(reach, elsewhere)) => {
                if let Some(Asker::Dialling(wanted)) = self.presence.remove(&query) {
                    self.reached(now, *wanted, (reach, elsewhere));
                }
            }
            _ => {}
        }
    }

    /// It is known which clients of a user ring.
    fn reached(&mut self, now: Instant, wanted: ToReach, (reach, elsewhere): (Reach, Vec<(ClientId, WayElsewhere)>)) {
        let id = wanted.call;
        if !self.calls.contains_key(&id) {
            return;
        }
        let found = match reach {
            Reach::Ring(clients) => {
                let tenant = self.live(id).tenant.clone();
                let mut ways = self.ways_to_user(now, &tenant, wanted.user.reveal(), (&wanted.from, &clients));
                self.ways_elsewhere(&mut ways, (&tenant, wanted.user.reveal()), &wanted.from, elsewhere);
                match ways.is_empty() {
                    // What this shard knows of registrations is older or newer than what presence does.
                    true => Err(NotLocated::Absent(Status::new(Availability::Unavailable))),
                    false => Ok(ways),
                }
            }
            Reach::Unavailable(status) => Err(NotLocated::Absent(status)),
        };
        self.located(now, id, wanted.place, found);
        self.drive(now, id);
    }

    /// Whose a leg is that came in so.
    pub(crate) fn party_of(&self, now: Instant, origin: &Origin, flow: Flow) -> Option<Party> {
        let (tenant, aor) = match origin {
            Origin::User { aor, tenant } => (tenant, aor.clone()),
            Origin::Client(proven) => (&proven.tenant, proven.aor()),
            Origin::Trunk(_) | Origin::Anyone => return None,
        };
        let gate = self.sip.gate()?;
        let devices = gate.location().devices(now, tenant, &aor);
        let over_it = |ways: &&Vec<&Binding>| ways.iter().any(|binding| binding.flow == flow);
        Some(Party {
            tenant: Tenant(tenant.to_string()),
            identity: name_in(&aor).to_owned().into(),
            client: devices.iter().find(over_it).and_then(|ways| client_of(ways)),
            told: Told::Nothing,
        })
    }

    /// A leg's party rings.
    pub(crate) fn party_rings(&mut self, id: CallId, leg: LegId) {
        let party = self.live(id).leg(leg).party.as_mut();
        if let Some(party) = party.filter(|party| party.told == Told::Nothing) {
            let news = party.tell(Told::Rings);
            self.outputs.extend(news);
        }
    }

    /// A leg's party is in a call from now on.
    pub(crate) fn party_begins(&mut self, id: CallId, leg: LegId) {
        if let Some(party) = self.live(id).leg(leg).party.as_mut() {
            let news = party.tell(Told::Began);
            self.outputs.extend(news);
        }
    }

    /// A leg's far end is somebody else from now on.
    pub(crate) fn another_party(&mut self, now: Instant, (id, leg): (CallId, LegId), (origin, flow): (&Origin, Flow)) {
        let new = self.party_of(now, origin, flow);
        let old = std::mem::replace(&mut self.live(id).leg(leg).party, new);
        self.party_begins(id, leg);
        if let Some(mut party) = old {
            self.outputs.extend(party.tell(Told::Nothing));
        }
    }

    /// A leg is gone.
    pub(crate) fn party_leaves(&mut self, io: &mut LegIo) {
        if let Some(mut party) = io.party.take() {
            self.outputs.extend(party.tell(Told::Nothing));
        }
    }
}

impl Party {
    /// What has to be said for presence to know this of the leg.
    fn tell(&mut self, now: Told) -> Vec<Output> {
        let before = std::mem::replace(&mut self.told, now);
        let said: &[LegOf] = match (before, now) {
            (Told::Nothing, Told::Rings) => &[LegOf::Rings],
            (Told::Nothing, Told::Began) => &[LegOf::Began],
            (Told::Rings, Told::Began) => &[LegOf::RingsNoMore, LegOf::Began],
            (Told::Rings, Told::Nothing) => &[LegOf::RingsNoMore],
            (Told::Began, Told::Nothing) => &[LegOf::Over],
            (Told::Began, Told::Rings) => &[LegOf::Over, LegOf::Rings],
            (Told::Nothing, Told::Nothing) | (Told::Rings, Told::Rings) | (Told::Began, Told::Began) => &[],
        };
        said.iter().map(|what| self.on_call(*what)).collect()
    }

    fn on_call(&self, what: LegOf) -> Output {
        Output::OnCall(OnCall {
            tenant: self.tenant.clone(),
            identity: self.identity.clone(),
            client: self.client,
            what,
        })
    }
}

/// An errand that is about presence, or the errand.
pub(crate) fn action_of(errand: Errand) -> Result<PresenceAction, Errand> {
    match errand {
        Errand::Presence(action) => Ok(action),
        other => Err(other),
    }
}
