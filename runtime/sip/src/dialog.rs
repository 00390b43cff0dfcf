//! A dialog: what both ends of a call remember of each other, and where our requests to the peer go. RFC 3261 12.
//! Not a transaction and not a session: it knows nothing of retransmissions of requests or of what SDP says.

use std::time::Instant;

use crate::address::NameAddr;
use crate::endpoint::DialogId;
use crate::event::EndCause;
use crate::flow::{Flow, Target};
use crate::headers::Headers;
use crate::limits::ROUTE_SET;
use crate::message::{Request, Response};
use crate::transaction::table::TxId;
use crate::transaction::{Beat, Packet};
use crate::uri::Uri;

pub(crate) mod draft;
pub(crate) mod head;
pub(crate) mod remote;

use head::Head;
pub(crate) use remote::{Peer, Remote};

/// One dialog.
pub(crate) struct Dialog {
    pub(crate) id: DialogId,
    pub(crate) state: State,
    pub(crate) call_id: String,
    pub(crate) local_tag: String,
    /// Our address as From of our requests, tag included.
    local: String,
    local_cseq: u32,
    /// The peer's half.
    pub(crate) remote: Remote,
    /// The peer's INVITE or re-INVITE that we still have to answer.
    pub(crate) inbound: Option<TxId>,
    /// Our INVITE or re-INVITE that is still to be answered.
    pub(crate) outbound: Option<TxId>,
    /// Our 200 that waits for its ACK.
    pub(crate) unacknowledged: Option<Unacknowledged>,
    /// A 2xx with an offer that we owe an ACK with an answer: its INVITE transaction.
    pub(crate) owed: Option<TxId>,
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
        Ok(Self {
            id,
            state: State::Ringing,
            call_id: request.call_id().unwrap_or_default().to_owned(),
            local: format!("{to};tag={tag}"),
            local_tag: tag,
            local_cseq: 0,
            remote: Remote::of_invite(request, flow)?,
            inbound: None,
            outbound: None,
            unacknowledged: None,
            owed: None,
        })
    }

    /// The dialog-to-be of our own INVITE to `uri`, sent to `to`.
    pub(crate) fn of_outgoing(id: DialogId, head: &Head, tag: String, uri: Uri, to: &Target) -> Self {
        Self {
            id,
            state: State::Calling(Cancel::No),
            call_id: head.call_id.clone(),
            local_tag: tag,
            local: head.from.clone(),
            local_cseq: head.cseq,
            remote: Remote::of_outgoing(head.to.clone(), uri, to),
            inbound: None,
            outbound: None,
            unacknowledged: None,
            owed: None,
        }
    }

    /// Takes the peer's half from the 2xx that makes the dialog (RFC 3261 12.1.2).
    pub(crate) fn confirm(&mut self, response: &Response, flow: Flow) -> Result<(), Unusable> {
        self.state = State::Up;
        self.remote.confirm(response, flow)
    }

    /// Checks the order of a request inside the dialog and remembers it (RFC 3261 12.2.2).
    pub(crate) fn takes_cseq(&mut self, number: u32) -> bool {
        let in_order = self.remote.cseq.is_none_or(|last| number > last);
        if in_order {
            self.remote.cseq = Some(number);
        }
        in_order
    }

    /// The next request of ours inside the dialog, and where it goes (RFC 3261 12.2.1.1).
    pub(crate) fn next_head(&mut self) -> (Head, Target) {
        self.local_cseq += 1;
        self.head(self.local_cseq)
    }

    /// A request with a given number: the ACK to a 2xx has its INVITE's.
    pub(crate) fn head(&self, cseq: u32) -> (Head, Target) {
        let (uri, routes, to) = self.remote.way();
        let head = Head {
            uri,
            via: String::new(),
            routes,
            from: self.local.clone(),
            to: self.remote.address.clone(),
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
        self.unacknowledged
            .as_ref()
            .and_then(|waiting| waiting.beat.next())
            .or(cancelled)
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
