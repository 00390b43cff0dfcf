//! The live calls of a node, as the API reaches them: a request goes to the shard that has the call, and its answer comes
//! back typed. Nothing here waits for a shard to have room, and no call state lives here. Not here: who may ask, and the
//! words of the API.

use crate::shard_threads::{Inbox, Taken};
use patchcord_control::call::{CallSnapshot, Change, ChangeError, Changed};
use patchcord_control::ids::{CallId, LegId, Tenant};
use patchcord_control::words::InboxMessage;
use patchcord_switch::{
    CALLS_PER_PAGE, CallPage, JoinError, PlaceError, PlacedCall, RedirectError, Redirection, Shard,
};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::sync::oneshot;

/// The way back of an answer; exactly one goes that way, unless the node stops.
type Reply<T> = oneshot::Sender<T>;

/// What somebody outside wants of a shard.
#[derive(Debug)]
pub(crate) enum Request {
    Place(Box<PlacedCall>, Reply<Result<CallId, PlaceError>>),
    MayPlace(Box<PlacedCall>, Reply<Result<Option<Arc<str>>, PlaceError>>),
    Move(CallId, Option<LegId>, Redirection, Reply<Result<CallId, RedirectError>>),
    Join(Tenant, (CallId, CallId), Reply<Result<Vec<LegId>, JoinError>>),
    Change(Tenant, CallId, Change, Reply<Result<Changed, ChangeError>>),
    AnswerProof(Tenant, CallId, InboxMessage, Reply<Result<(), ChangeError>>),
    Describe(Tenant, CallId, Reply<Option<CallSnapshot>>),
    List(Tenant, Option<CallId>, Reply<CallPage>),
}

impl Request {
    /// Has the shard do it. Whoever asked may have gone; then nobody hears the answer.
    pub(crate) fn carry_out(self, now: Instant, shard: &mut Shard) {
        match self {
            Request::Place(wanted, reply) => {
                let _ = reply.send(shard.place_call(now, *wanted));
            }
            Request::MayPlace(wanted, reply) => {
                let _ = reply.send(shard.may_place(now, &wanted));
            }
            Request::Move(call, None, to, reply) => {
                let _ = reply.send(shard.move_caller(now, call, &to));
            }
            Request::Move(call, Some(leg), to, reply) => {
                let _ = reply.send(shard.move_leg(now, (call, leg), &to));
            }
            Request::Join(tenant, both, reply) => {
                let _ = reply.send(shard.join_calls(now, &tenant, both));
            }
            Request::Change(tenant, call, change, reply) => {
                let _ = reply.send(shard.change_call(now, &tenant, call, change));
            }
            Request::AnswerProof(tenant, call, message, reply) => {
                let _ = reply.send(shard.answer_proof(now, &tenant, call, message));
            }
            Request::Describe(tenant, call, reply) => {
                let _ = reply.send(shard.describe_call(now, &tenant, call));
            }
            Request::List(tenant, after, reply) => {
                let _ = reply.send(shard.list_calls(now, &tenant, after));
            }
        }
    }
}

/// Why something is not done with a live call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDone<E> {
    /// The shard has more to do than it can take, or the node stops. Nothing was done.
    Busy,
    /// It cannot be, for this reason.
    Refused(E),
}

impl<E: fmt::Display> fmt::Display for NotDone<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the node has more to do than it can take; try again later"),
            Self::Refused(why) => write!(f, "{why}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for NotDone<E> {}

/// The way to the live calls of a node. Cheap to clone.
#[derive(Clone)]
pub struct LiveCalls {
    inboxes: Arc<[Inbox]>,
    /// Which shard has the next placed call.
    next: Arc<AtomicUsize>,
}

impl LiveCalls {
    pub(crate) fn new(inboxes: &[Inbox]) -> Self {
        Self {
            inboxes: inboxes.into(),
            next: Arc::default(),
        }
    }

    /// Places a call, in one shard after the other.
    ///
    /// # Errors
    /// As [`Shard::place_call`].
    pub async fn place(&self, wanted: PlacedCall) -> Result<CallId, NotDone<PlaceError>> {
        if let Some(id) = wanted.id
            && self
                .describe(&wanted.tenant, id)
                .await
                .map_err(|Busy| NotDone::Busy)?
                .is_some()
        {
            return Err(NotDone::Refused(PlaceError::SameId(id)));
        }
        let place = self.next.fetch_add(1, Ordering::Relaxed) % self.inboxes.len();
        let placed = self.ask(place, |reply| Request::Place(Box::new(wanted), reply)).await;
        refused(placed)
    }

    /// Whether a call could be placed, now or later, and over which trunk, if that is known.
    ///
    /// # Errors
    /// As [`Shard::may_place`].
    pub async fn may_place(&self, wanted: &PlacedCall) -> Result<Option<Arc<str>>, NotDone<PlaceError>> {
        let ask = |reply| Request::MayPlace(Box::new(wanted.clone()), reply);
        refused(self.ask(0, ask).await)
    }

    /// Moves the caller of a call to another handler, or one of its legs; the call it goes on in.
    ///
    /// # Errors
    /// As [`Shard::move_caller`] and [`Shard::move_leg`].
    pub async fn redirect(
        &self,
        call: CallId,
        leg: Option<LegId>,
        to: &Redirection,
    ) -> Result<CallId, NotDone<RedirectError>> {
        for place in 0..self.inboxes.len() {
            let ask = |reply| Request::Move(call, leg, to.clone(), reply);
            match refused(self.ask(place, ask).await) {
                Err(NotDone::Refused(RedirectError::NoSuchCall)) => {}
                other => return other,
            }
        }
        Err(NotDone::Refused(RedirectError::NoSuchCall))
    }

    /// Joins two calls of a tenant: the legs of the second come into the first. Both have to be in one shard, as all are
    /// unless the node has several.
    ///
    /// # Errors
    /// As [`Shard::join_calls`].
    pub async fn join(
        &self,
        tenant: &Tenant,
        (into, from): (CallId, CallId),
    ) -> Result<Vec<LegId>, NotDone<JoinError>> {
        let mut missing = into;
        for place in 0..self.inboxes.len() {
            let ask = |reply| Request::Join(tenant.clone(), (into, from), reply);
            match refused(self.ask(place, ask).await) {
                Err(NotDone::Refused(JoinError::NoSuchCall(call))) => missing = call,
                other => return other,
            }
        }
        Err(NotDone::Refused(JoinError::NoSuchCall(missing)))
    }

    /// Changes a call.
    ///
    /// # Errors
    /// As [`Shard::change_call`].
    pub async fn change(
        &self,
        tenant: &Tenant,
        call: CallId,
        change: &Change,
    ) -> Result<Changed, NotDone<ChangeError>> {
        for place in 0..self.inboxes.len() {
            let ask = |reply| Request::Change(tenant.clone(), call, change.clone(), reply);
            match refused(self.ask(place, ask).await) {
                Err(NotDone::Refused(ChangeError::NoSuchCall)) => {}
                other => return other,
            }
        }
        Err(NotDone::Refused(ChangeError::NoSuchCall))
    }

    /// Tells the handler of a proof what came of what it reported.
    ///
    /// # Errors
    /// As [`Shard::answer_proof`].
    pub(crate) async fn answer_proof(
        &self,
        tenant: &Tenant,
        call: CallId,
        message: &InboxMessage,
    ) -> Result<(), NotDone<ChangeError>> {
        for place in 0..self.inboxes.len() {
            let ask = |reply| Request::AnswerProof(tenant.clone(), call, message.clone(), reply);
            match refused(self.ask(place, ask).await) {
                Err(NotDone::Refused(ChangeError::NoSuchCall)) => {}
                other => return other,
            }
        }
        Err(NotDone::Refused(ChangeError::NoSuchCall))
    }

    /// A call as it is now; none if the tenant has no such call alive.
    ///
    /// # Errors
    /// A shard is busy.
    pub async fn describe(&self, tenant: &Tenant, call: CallId) -> Result<Option<CallSnapshot>, Busy> {
        for place in 0..self.inboxes.len() {
            let seen = self
                .ask(place, |reply| Request::Describe(tenant.clone(), call, reply))
                .await?;
            if seen.is_some() {
                return Ok(seen);
            }
        }
        Ok(None)
    }

    /// The live calls of a tenant that come after one in the order of their ids, or the first of them.
    ///
    /// # Errors
    /// A shard is busy.
    pub async fn list(&self, tenant: &Tenant, after: Option<CallId>) -> Result<CallPage, Busy> {
        let mut all = Vec::new();
        let mut more = false;
        for place in 0..self.inboxes.len() {
            let page = self
                .ask(place, |reply| Request::List(tenant.clone(), after, reply))
                .await?;
            more |= page.more_after.is_some();
            all.extend(page.calls);
        }
        all.sort_by_key(|call| call.id);
        more |= all.len() > CALLS_PER_PAGE;
        all.truncate(CALLS_PER_PAGE);
        let more_after = all.last().map(|call| call.id).filter(|_| more);
        Ok(CallPage { calls: all, more_after })
    }

    async fn ask<T>(&self, place: usize, ask: impl FnOnce(Reply<T>) -> Request) -> Result<T, Busy> {
        let (reply, answer) = oneshot::channel();
        match self.inboxes[place].request(ask(reply)) {
            Taken::Yes => answer.await.map_err(|_| Busy),
            Taken::Dropped(_) => Err(Busy),
        }
    }
}

/// A shard has more to do than it can take, or the node stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the node has more to do than it can take; try again later")
    }
}

impl std::error::Error for Busy {}

fn refused<T, E>(answer: Result<Result<T, E>, Busy>) -> Result<T, NotDone<E>> {
    match answer {
        Ok(done) => done.map_err(NotDone::Refused),
        Err(Busy) => Err(NotDone::Busy),
    }
}
