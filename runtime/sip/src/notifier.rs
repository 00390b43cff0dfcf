//! The notifier of event packages (RFC 6665): SUBSCRIBE requests that [`crate::Gate`] has let in, turned into subscriptions
//! and NOTIFY requests, one after the other, each with all that is to be said. Packages: `presence` (RFC 3856) and `dialog`
//! (RFC 4235), the lamps of desk phones. Not here: who may watch whom, and how somebody is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::address::NameAddr;
use crate::flow::Flow;
use crate::limits::{SUBSCRIPTIONS, SUBSCRIPTIONS_PER_USER};
use crate::message::Request;
use crate::outside::Reply;
use crate::registrar::Owner;

mod document;
mod wanted;

pub use document::{Activity, Basic, Person};
use wanted::Wanted;

/// The shortest subscription; less is refused with 423.
pub const SUBSCRIPTION_SHORTEST: Duration = Duration::from_secs(60);
/// The longest; more is cut to this. Also that of a SUBSCRIBE that names no time (RFC 3856 6.4, RFC 4235 3.4).
pub const SUBSCRIPTION_LONGEST: Duration = Duration::from_secs(3600);
/// How long the answer to a NOTIFY is waited for at most; the transaction gives up before.
const UNANSWERED: Duration = Duration::from_secs(40);

/// Subscriptions that end in one call. The rest stay due, so that others get their turn.
const WAKES_PER_CALL: usize = 1_024;

/// What is watched of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Package {
    /// Whether somebody can be reached, as PIDF (RFC 3863).
    Presence,
    /// Whether somebody is in a call (RFC 4235).
    Dialog,
}

impl Package {
    /// All of them, as `Allow-Events` names them.
    pub const ALLOWED: &str = "presence, dialog";

    /// Its name in `Event`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Dialog => "dialog",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::Presence, Self::Dialog]
            .into_iter()
            .find(|package| package.name().eq_ignore_ascii_case(name))
    }
}

/// Names a subscription. Never used again by the same notifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub u64);

/// A NOTIFY to send in the dialog of a subscription. `Debug` leaves addresses and the body out.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whose it is; [`Notifier::answered`] is told what came of it.
    pub subscription: SubscriptionId,
    /// Which way.
    pub flow: Flow,
    pub(crate) uri: String,
    pub(crate) routes: Vec<String>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
    pub(crate) event: String,
    pub(crate) state: String,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Notice({:?}, {}, {} bytes)",
            self.subscription,
            self.state,
            self.body.len()
        )
    }
}

/// How far a subscription is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Active,
    /// The next NOTIFY is the last, and says why.
    Ending(&'static str),
    /// The last NOTIFY is on its way.
    Over,
}

/// Whose a subscription is, as authenticated: tenant and address of record.
type Watcher = (Arc<str>, Arc<str>);

/// A subscription. More than twelve fields: its dialog, what is watched and how long, and what was said.
struct Subscription {
    package: Package,
    watcher: Watcher,
    flow: Flow,
    call_id: String,
    /// With our tag.
    local: NameAddr,
    /// With theirs.
    remote: NameAddr,
    contact: String,
    routes: Vec<String>,
    /// `Event` as it is said back: with its `id`.
    event: String,
    their_cseq: u32,
    cseq: u32,
    /// When it ends however often it is renewed: with the token of whoever subscribed.
    until: Option<Instant>,
    /// Of the documents that have one (RFC 4235 4.1.1).
    version: u32,
    ends_at: Instant,
    stage: Stage,
    /// How whoever is watched is.
    person: Option<Person>,
    /// What was said last.
    said: Option<Person>,
    /// Until when an answer is awaited; the next NOTIFY waits for it.
    under_way: Option<Instant>,
    /// It has to be said although nothing changed: the subscription was renewed.
    due: bool,
    /// When it acts by itself, as it stands in the notifier's list.
    noted: Option<Instant>,
}

/// The subscriptions of one shard.
#[derive(Default)]
pub struct Notifier {
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    /// By Call-ID and our tag.
    index: BTreeMap<(String, String), SubscriptionId>,
    /// How many each watcher has.
    watchers: BTreeMap<Watcher, usize>,
    /// Those that act by themselves, the next first.
    wakes: BTreeSet<(Instant, SubscriptionId)>,
    last: u64,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notifier({} subscriptions)", self.subscriptions.len())
    }
}

impl Notifier {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.subscriptions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }

    /// Takes a SUBSCRIBE outside a dialog, of an authenticated user or client who may watch whom it names. `tag` is the one its
    /// answer carries.
    ///
    /// # Errors
    /// The answer that refuses it: 400, 403, 406, 423, 489, 503.
    pub fn subscribe(
        &mut self,
        now: Instant,
        flow: Flow,
        request: &Request,
        (watcher, tag): (Owner<'_>, &str),
    ) -> Result<(Reply, SubscriptionId), Reply> {
        let wanted = Wanted::read(request)?.until(now, watcher.until);
        let until = watcher.until;
        let watcher = (watcher.tenant.clone(), watcher.aor.clone());
        if self.subscriptions.len() >= SUBSCRIPTIONS {
            return Err(Reply::new(503).with("Retry-After", "60"));
        }
        if self
            .watchers
            .get(&watcher)
            .is_some_and(|count| *count >= SUBSCRIPTIONS_PER_USER)
        {
            return Err(Reply::new(403));
        }
        let (Ok(from), Ok(mut to), Some(call_id)) = (request.from(), request.to(), request.call_id()) else {
            return Err(Reply::new(400));
        };
        to.params.push(("tag".to_owned(), Some(tag.to_owned())));
        self.last += 1;
        let id = SubscriptionId(self.last);
        let routes = request.headers.list("Record-Route").map(str::to_owned).collect();
        let subscription = Subscription {
            package: wanted.package,
            watcher: watcher.clone(),
            flow,
            call_id: call_id.to_owned(),
            local: to,
            remote: from,
            contact: wanted.contact,
            routes,
            event: wanted.event,
            their_cseq: wanted.cseq,
            cseq: 0,
            until,
            version: 0,
            ends_at: now + wanted.lasts,
            stage: match wanted.lasts.is_zero() {
                true => Stage::Ending("timeout"),
                false => Stage::Active,
            },
            person: None,
            said: None,
            under_way: None,
            due: true,
            noted: None,
        };
        self.index.insert((call_id.to_owned(), tag.to_owned()), id);
        *self.watchers.entry(watcher).or_default() += 1;
        self.subscriptions.insert(id, subscription);
        self.note(id);
        Ok((accepted(wanted.lasts), id))
    }

    /// Takes a SUBSCRIBE in a dialog: it renews its subscription, or ends it.
    ///
    /// # Errors
    /// The answer that refuses it: 400, 406, 423, 481, 489, 500.
    pub fn renew(&mut self, now: Instant, flow: Flow, request: &Request) -> Result<(Reply, Option<Notice>), Reply> {
        let place = request.call_id().zip(request.tag_of_to());
        let place = place.map(|(call_id, tag)| (call_id.to_owned(), tag.to_owned()));
        let id = place.and_then(|place| self.index.get(&place).copied());
        let found = id.and_then(|id| Some((id, self.subscriptions.get_mut(&id)?)));
        let Some((id, it)) =
            found.filter(|(_, it)| it.stage == Stage::Active && it.remote.tag() == request.tag_of_from())
        else {
            return Err(Reply::new(481));
        };
        let wanted = Wanted::read(request)?.until(now, it.until);
        if wanted.package != it.package {
            return Err(Reply::new(489).with("Allow-Events", Package::ALLOWED));
        }
        if wanted.cseq <= it.their_cseq {
            return Err(Reply::new(500));
        }
        it.their_cseq = wanted.cseq;
        it.contact = wanted.contact;
        it.flow = flow;
        it.ends_at = now + wanted.lasts;
        it.due = true;
        if wanted.lasts.is_zero() {
            it.stage = Stage::Ending("timeout");
        }
        Ok((accepted(wanted.lasts), self.next(now, id)))
    }

    /// How whoever is watched is. Nothing goes out if that was said already.
    pub fn news(&mut self, now: Instant, id: SubscriptionId, person: Person) -> Option<Notice> {
        self.subscriptions.get_mut(&id)?.person = Some(person);
        self.next(now, id)
    }

    /// Whether it tells of calls, those that ring included.
    pub fn is_of_calls(&self, id: SubscriptionId) -> bool {
        self.subscriptions
            .get(&id)
            .is_some_and(|it| it.package == Package::Dialog)
    }

    /// It ends: whoever is watched is not to be watched any more.
    pub fn end(&mut self, now: Instant, id: SubscriptionId) -> Option<Notice> {
        let it = self.subscriptions.get_mut(&id)?;
        if it.stage == Stage::Active {
            it.stage = Stage::Ending("noresource");
        }
        self.next(now, id)
    }

    /// What a NOTIFY was answered; none: nothing came. Gives the next one, if it waited for that.
    pub fn answered(&mut self, now: Instant, id: SubscriptionId, status: Option<u16>) -> Option<Notice> {
        let it = self.subscriptions.get_mut(&id)?;
        it.under_way = None;
        let taken = status.is_some_and(|status| !ends_it(status));
        if !taken || it.stage == Stage::Over {
            self.forget(id);
            return None;
        }
        self.next(now, id)
    }

    /// A connection is gone, and with it those who subscribed over it. Gives which.
    pub fn flow_failed(&mut self, flow: Flow) -> Vec<SubscriptionId> {
        if !flow.transport.is_reliable() {
            return Vec::new();
        }
        let over_it = self.subscriptions.iter().filter(|(_, it)| it.flow == flow);
        let gone: Vec<_> = over_it.map(|(id, _)| *id).collect();
        for id in &gone {
            self.forget(*id);
        }
        gone
    }

    /// Ends what has expired, and forgets what was never answered.
    pub fn deadline(&mut self, now: Instant) -> Vec<Notice> {
        let due = self.wakes.iter().take_while(|(at, _)| *at <= now);
        let due: Vec<_> = due.map(|(_, id)| *id).take(WAKES_PER_CALL).collect();
        let mut notices = Vec::new();
        for id in due {
            let Some(it) = self.subscriptions.get_mut(&id) else {
                continue;
            };
            if it.under_way.is_some_and(|until| until <= now) {
                self.forget(id);
                continue;
            }
            it.stage = Stage::Ending("timeout");
            notices.extend(self.next(now, id));
        }
        notices
    }

    /// When [`Notifier::deadline`] is due.
    pub fn wake_at(&self) -> Option<Instant> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// Whether a subscription is there.
    pub fn has(&self, id: SubscriptionId) -> bool {
        self.subscriptions.contains_key(&id)
    }

    /// Notes when a subscription acts by itself next.
    fn note(&mut self, id: SubscriptionId) {
        let Some(it) = self.subscriptions.get_mut(&id) else {
            return;
        };
        let wanted = it.wake_at();
        let before = std::mem::replace(&mut it.noted, wanted);
        if let Some(at) = before {
            self.wakes.remove(&(at, id));
        }
        if let Some(at) = wanted {
            self.wakes.insert((at, id));
        }
    }

    /// What goes out now, if anything is to be said and nothing is under way.
    fn next(&mut self, now: Instant, id: SubscriptionId) -> Option<Notice> {
        let notice = self.write_next(now, id);
        self.note(id);
        notice
    }

    fn write_next(&mut self, now: Instant, id: SubscriptionId) -> Option<Notice> {
        let it = self.subscriptions.get_mut(&id)?;
        let person = it.person.clone()?;
        let ends = matches!(it.stage, Stage::Ending(_));
        let is_new = it.said.as_ref() != Some(&person);
        if it.under_way.is_some() || it.stage == Stage::Over || !(is_new || it.due || ends) {
            return None;
        }
        let state = match it.stage {
            Stage::Ending(why) => format!("terminated;reason={why}"),
            _ => {
                let left = it.ends_at.saturating_duration_since(now).as_secs();
                format!("active;expires={left}")
            }
        };
        if ends {
            it.stage = Stage::Over;
        }
        it.cseq += 1;
        let (kind, body) = document::write(it.package, &person, it.version);
        it.version += 1;
        it.due = false;
        it.said = Some(person);
        it.under_way = Some(now + UNANSWERED);
        Some(Notice {
            subscription: id,
            flow: it.flow,
            uri: it.contact.clone(),
            routes: it.routes.clone(),
            from: it.local.to_string(),
            to: it.remote.to_string(),
            call_id: it.call_id.clone(),
            cseq: it.cseq,
            event: it.event.clone(),
            state,
            kind,
            body,
        })
    }

    fn forget(&mut self, id: SubscriptionId) {
        let Some(it) = self.subscriptions.remove(&id) else {
            return;
        };
        if let Some(at) = it.noted {
            self.wakes.remove(&(at, id));
        }
        let tag = it.local.tag().unwrap_or_default().to_owned();
        self.index.remove(&(it.call_id, tag));
        if let Some(count) = self.watchers.get_mut(&it.watcher) {
            *count -= 1;
            if *count == 0 {
                self.watchers.remove(&it.watcher);
            }
        }
    }
}

impl Subscription {
    fn wake_at(&self) -> Option<Instant> {
        match (self.under_way, self.stage) {
            (Some(until), _) => Some(until),
            (None, Stage::Active) => Some(self.ends_at),
            // Until somebody says how whoever is watched is.
            (None, Stage::Ending(_) | Stage::Over) => None,
        }
    }
}

fn accepted(lasts: Duration) -> Reply {
    Reply::new(200)
        .with("Expires", lasts.as_secs().to_string())
        .with("Allow-Events", Package::ALLOWED)
}

/// Whether an answer to a NOTIFY ends its subscription (RFC 6665 4.2.2, RFC 5057).
fn ends_it(status: u16) -> bool {
    matches!(status, 404 | 405 | 408 | 410 | 416 | 480..=485 | 489 | 501 | 604)
}

#[cfg(test)]
mod tests;
