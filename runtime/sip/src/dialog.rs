//! A dialog: what both ends of a call remember of each other, and where our requests to the peer go. RFC 3261 12.
//! Not a transaction and not a session: it knows nothing of retransmissions of requests or of what SDP says.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::address::NameAddr;
use crate::digest::Credentials;
use crate::endpoint::DialogId;
use crate::event::EndCause;
use crate::flow::{Flow, Target};
use crate::headers::Headers;
use crate::limits::{FORKS, ROUTE_SET};
use crate::message::{Request, Response};
use crate::transaction::table::TxId;
use crate::transaction::{Beat, Packet};
use crate::uri::Uri;

pub(crate) mod changes;
pub(crate) mod draft;
pub(crate) mod head;
pub(crate) mod reliable;
pub(crate) mod remote;
pub(crate) mod session;

use changes::{Changes, Chosen, Offers};
use head::Head;
use reliable::Reliable;
pub(crate) use remote::{Peer, Remote};

/// One dialog. More than twelve fields because RFC 3261 12 names nine, and each extension has something under way.
pub(crate) struct Dialog {
    pub(crate) id: DialogId,
    pub(crate) state: State,
    pub(crate) call_id: String,
    /// Who chose the Call-ID: whoever called.
    pub(crate) chosen: Chosen,
    pub(crate) local_tag: String,
    /// Our address as From of our requests, tag included.
    local: String,
    local_cseq: u32,
    /// The peer's half.
    pub(crate) remote: Remote,
    /// Client side: the branches of our INVITE that rang, at most [`crate::limits::FORKS`].
    pub(crate) early: Vec<Fork>,
    /// The number of the peer's first INVITE.
    pub(crate) invite_cseq: u32,
    /// The peer's first INVITE, while we have to answer it.
    pub(crate) inbound: Option<TxId>,
    /// Our INVITE or re-INVITE that is still to be answered.
    pub(crate) outbound: Option<TxId>,
    /// Our 200 that waits for its ACK.
    pub(crate) unacknowledged: Option<Unacknowledged>,
    /// A 2xx with an offer that we owe an ACK with an answer: its INVITE transaction.
    pub(crate) owed: Option<TxId>,
    pub(crate) offers: Offers,
    pub(crate) changes: Changes,
    /// Server side: reliable provisional responses.
    pub(crate) reliable: Option<Box<Reliable>>,
    pub(crate) session: Option<session::Running>,
    /// What the peer knows beside RFC 3261.
    pub(crate) abilities: Abilities,
    /// Who we are, if a request of ours is challenged.
    pub(crate) credentials: Option<Arc<Credentials>>,
    /// Keys that wait for the INFO before them, and that INFO.
    pub(crate) keys: Keys,
    /// The dialog that ends when this one is accepted.
    pub(crate) replaces: Option<DialogId>,
    /// Transfers that still need this dialog, and how many it has seen.
    pub(crate) refers: Refers,
}

/// A branch of our INVITE that rang.
pub(crate) struct Fork {
    pub(crate) remote: Remote,
    /// The number of its last reliable provisional response.
    pub(crate) rseq: Option<u32>,
}

/// What a peer has told of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Abilities {
    /// It takes UPDATE.
    pub(crate) update: Known,
    /// It takes INFO, by which keys may be told.
    pub(crate) info: Known,
    /// It keeps session timers.
    pub(crate) timer: Known,
}

/// What is known of an ability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Known {
    #[default]
    Unsaid,
    Yes,
    No,
}

impl Abilities {
    /// Learns from Allow and Supported of a message; a message without them says nothing.
    pub(crate) fn learn(&mut self, headers: &Headers) {
        let known = |yes| if yes { Known::Yes } else { Known::No };
        if headers.raw("Allow").next().is_some() {
            self.update = known(session::lists(headers, "Allow", "UPDATE"));
            self.info = known(session::lists(headers, "Allow", "INFO"));
        }
        if headers.raw("Supported").next().is_some() {
            self.timer = known(session::lists(headers, "Supported", "timer"));
        }
    }
}

/// Keys to be told by INFO, one after the other so that none overtakes another.
#[derive(Default)]
pub(crate) struct Keys {
    pub(crate) queue: VecDeque<(u8, u32)>,
    pub(crate) under_way: Option<TxId>,
}

/// What transfers mean to a dialog.
#[derive(Default)]
pub(crate) struct Refers {
    /// Subscriptions that are open: they outlive the call (RFC 5057).
    pub(crate) open: usize,
    /// REFER requests received so far.
    pub(crate) received: u32,
    /// Nothing but open subscriptions keeps the dialog.
    pub(crate) only: bool,
}

/// Where a dialog stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Server side: the INVITE is not finally answered.
    Ringing,
    /// Client side: our INVITE is not finally answered.
    Calling(Cancel),
    /// Both sides agreed. Server side: our 200 may still wait for its ACK.
    Up,
    /// Ended for the user, kept to finish on the wire: our BYE is under way or waits for the ACK to our 200.
    Closing,
}

/// How far giving up our INVITE has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancel {
    No,
    /// Wanted, but nothing came back yet, so that CANCEL may not be sent.
    Wanted,
    /// Sent; if no final response comes until then the call is over anyway (RFC 3261 9.1).
    Sent(Instant),
}

/// A 200 that is repeated until its ACK comes (RFC 3261 13.3.1.4).
pub(crate) struct Unacknowledged {
    pub(crate) cseq: u32,
    pub(crate) packet: Packet,
    pub(crate) to: Flow,
    pub(crate) beat: Beat,
}

/// What keeps a message from making a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// No Contact, or one that is no SIP address.
    Contact,
    /// More than [`ROUTE_SET`] routes or one that is no address.
    Route,
}

impl Dialog {
    /// The dialog a new INVITE makes (RFC 3261 12.1.1).
    pub(crate) fn of_invite(id: DialogId, request: &Request, tag: String, flow: Flow) -> Result<Self, Unusable> {
        let to = request.headers.first("To").unwrap_or_default();
        let call_id = request.call_id().unwrap_or_default().to_owned();
        let local = format!("{to};tag={tag}");
        let remote = Remote::of_invite(request, flow)?;
        let mut dialog = Self::new((id, State::Ringing), (call_id, tag, local), remote);
        dialog.invite_cseq = dialog.remote.cseq.unwrap_or(0);
        dialog.abilities.learn(&request.headers);
        dialog.offers.invited(request.sdp());
        Ok(dialog)
    }

    /// The dialog-to-be of our own INVITE to `uri`, sent to `to`.
    pub(crate) fn of_outgoing(id: DialogId, head: &Head, tag: String, uri: Uri, to: &Target) -> Self {
        let remote = Remote::of_outgoing(head.to.clone(), uri, to);
        let names = (head.call_id.clone(), tag, head.from.clone());
        let mut dialog = Self::new((id, State::Calling(Cancel::No)), names, remote);
        dialog.local_cseq = head.cseq;
        dialog
    }

    fn new((id, state): (DialogId, State), names: (String, String, String), remote: Remote) -> Self {
        let (call_id, local_tag, local) = names;
        Self {
            id,
            state,
            call_id,
            chosen: match state {
                State::Calling(_) => Chosen::ByUs,
                State::Ringing | State::Up | State::Closing => Chosen::ByThem,
            },
            local_tag,
            local,
            local_cseq: 0,
            remote,
            early: Vec::new(),
            invite_cseq: 0,
            inbound: None,
            outbound: None,
            unacknowledged: None,
            owed: None,
            offers: Offers::default(),
            changes: Changes::default(),
            reliable: None,
            session: None,
            abilities: Abilities::default(),
            credentials: None,
            keys: Keys::default(),
            replaces: None,
            refers: Refers::default(),
        }
    }

    /// Takes the peer's half from the 2xx that makes the dialog (RFC 3261 12.1.2): that of a branch that rang keeps its
    /// numbering, the other branches are forgotten.
    pub(crate) fn confirm(&mut self, response: &Response, flow: Flow) -> Result<(), Unusable> {
        self.state = State::Up;
        let tag = response.tag_of_to();
        let rang = self.early.iter().position(|fork| fork.remote.tag.as_deref() == tag);
        if let Some(rang) = rang {
            self.remote = self.early.swap_remove(rang).remote;
        }
        self.early = Vec::new();
        self.remote.confirm(response, flow)
    }

    /// The branch a provisional response comes from, made if it is new. `None`: no tag, unusable, or one too many.
    pub(crate) fn fork_of(&mut self, response: &Response, flow: Flow) -> Option<&mut Fork> {
        let tag = response.tag_of_to()?;
        let known = |fork: &Fork| fork.remote.tag.as_deref() == Some(tag);
        if let Some(at) = self.early.iter().position(known) {
            return Some(&mut self.early[at]);
        }
        if self.early.len() >= usize::from(FORKS) {
            return None;
        }
        let mut remote = self.remote.clone();
        remote.confirm(response, flow).ok()?;
        self.early.push(Fork { remote, rseq: None });
        self.early.last_mut()
    }

    /// The half a request from the peer belongs to, by its From tag: that of the dialog, or of a branch that rang.
    pub(crate) fn half_of(&mut self, tag: Option<&str>) -> Option<&mut Remote> {
        let early = self.early.iter_mut().map(|fork| &mut fork.remote);
        std::iter::once(&mut self.remote)
            .chain(early)
            .find(|remote| remote.tag.as_deref() == tag)
    }

    /// Ends it for the user; nothing of its own is due any more.
    pub(crate) fn close(&mut self) {
        self.state = State::Closing;
        self.unacknowledged = None;
        self.reliable = None;
        self.session = None;
        self.changes.wanted = None;
        self.keys.queue.clear();
    }

    /// The number of our next request.
    pub(crate) fn next_cseq(&mut self) -> u32 {
        self.local_cseq += 1;
        self.local_cseq
    }

    /// The next request of ours inside the dialog, and where it goes (RFC 3261 12.2.1.1). To the branch that rang last,
    /// while none has answered.
    pub(crate) fn next_head(&mut self) -> (Head, Target) {
        let cseq = self.next_cseq();
        match (self.state, self.early.last()) {
            (State::Calling(_), Some(fork)) => self.head_to(&fork.remote, cseq),
            _ => self.head(cseq),
        }
    }

    /// A request with a given number: the ACK to a 2xx has its INVITE's.
    pub(crate) fn head(&self, cseq: u32) -> (Head, Target) {
        self.head_to(&self.remote, cseq)
    }

    pub(crate) fn head_to(&self, remote: &Remote, cseq: u32) -> (Head, Target) {
        let (uri, routes, to) = remote.way();
        let head = Head {
            uri,
            via: String::new(),
            routes,
            hops: head::HOPS,
            from: self.local.clone(),
            to: remote.address.clone(),
            call_id: self.call_id.clone(),
            cseq,
        };
        (head, to)
    }

    /// The earliest deadline of the dialog itself.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let cancelled = match self.state {
            State::Calling(Cancel::Sent(until)) => Some(until),
            _ => None,
        };
        let unacknowledged = self.unacknowledged.as_ref().and_then(|waiting| waiting.beat.next());
        let provisional = self.reliable.as_ref().and_then(|reliable| reliable.waiting.as_ref());
        let provisional = provisional.and_then(|waiting| waiting.beat.next());
        let wanted = self.changes.wanted.as_ref().map(|wanted| wanted.at);
        let session = self.session.as_ref().map(session::Running::next);
        [cancelled, unacknowledged, provisional, wanted, session]
            .into_iter()
            .flatten()
            .min()
    }

    /// What a refused or unanswered INVITE means for the user.
    pub(crate) fn cause_unless_cancelled(&self, otherwise: EndCause) -> EndCause {
        match self.state {
            State::Calling(Cancel::Wanted | Cancel::Sent(_)) => EndCause::Cancelled,
            _ => otherwise,
        }
    }
}

fn contact(headers: &Headers) -> Result<Uri, Unusable> {
    let first = headers.list("Contact").next().ok_or(Unusable::Contact)?;
    NameAddr::parse(first)
        .map(|address| address.uri)
        .map_err(|_| Unusable::Contact)
}

fn routes(headers: &Headers) -> Result<Vec<String>, Unusable> {
    let routes: Vec<String> = headers
        .list("Record-Route")
        .take(ROUTE_SET + 1)
        .map(str::to_owned)
        .collect();
    let usable = routes.len() <= ROUTE_SET && routes.iter().all(|route| NameAddr::parse(route).is_ok());
    if usable { Ok(routes) } else { Err(Unusable::Route) }
}

#[cfg(test)]
mod tests;
