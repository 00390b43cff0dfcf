//! A dialog: what both ends of a call remember of each other, and where our requests to the peer go. RFC 3261 12.
//! Not a transaction and not a session: it knows nothing of retransmissions of requests or of what SDP says.

use std::net::SocketAddr;
use std::time::Instant;

use crate::address::NameAddr;
use crate::endpoint::DialogId;
use crate::event::EndCause;
use crate::headers::Headers;
use crate::limits::ROUTE_SET;
use crate::message::{Request, Response};
use crate::transaction::table::TxId;
use crate::transaction::{Beat, Packet};
use crate::uri::Uri;
use crate::via::DEFAULT_PORT;

pub(crate) mod head;

use head::Head;

/// One dialog. More than twelve fields because RFC 3261 12 names nine, and the pending transactions are the rest.
pub(crate) struct Dialog {
    pub(crate) id: DialogId,
    pub(crate) state: State,
    pub(crate) call_id: String,
    pub(crate) local_tag: String,
    /// `None` until the peer has chosen one, or if it follows RFC 2543 and never does.
    pub(crate) remote_tag: Option<String>,
    /// Our address as From of our requests, tag included.
    local: String,
    /// Their address as To of our requests, tag included.
    remote: String,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    /// Route values in the order we send them.
    routes: Vec<String>,
    /// The Request-URI of our requests.
    target: Uri,
    /// Where the peer's last message came from, and whether its own address is hidden by a translator.
    pub(crate) peer: Peer,
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
    pub(crate) to: SocketAddr,
    pub(crate) beat: Beat,
}

/// How the peer was last reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub(crate) source: SocketAddr,
    pub(crate) is_translated: bool,
}

impl Peer {
    /// As seen from a request of theirs.
    pub(crate) fn of_request(request: &Request, source: SocketAddr) -> Self {
        Self {
            source,
            is_translated: request.via().is_ok_and(|via| via.is_translated(source)),
        }
    }
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
    pub(crate) fn of_invite(id: DialogId, request: &Request, tag: String, from: SocketAddr) -> Result<Self, Unusable> {
        let text = |name| request.headers.first(name).unwrap_or_default();
        Ok(Self {
            id,
            state: State::Ringing,
            call_id: request.call_id().unwrap_or_default().to_owned(),
            local: format!("{};tag={tag}", text("To")),
            local_tag: tag,
            remote_tag: request.tag_of_from().map(str::to_owned),
            remote: text("From").to_owned(),
            local_cseq: 0,
            remote_cseq: request.cseq().ok().map(|cseq| cseq.number),
            routes: routes(&request.headers)?,
            target: contact(&request.headers)?,
            peer: Peer::of_request(request, from),
            inbound: None,
            outbound: None,
            unacknowledged: None,
            owed: None,
        })
    }

    /// The dialog-to-be of our own INVITE.
    pub(crate) fn of_outgoing(id: DialogId, head: &Head, tag: String, target: Uri, destination: SocketAddr) -> Self {
        Self {
            id,
            state: State::Calling(Cancel::No),
            call_id: head.call_id.clone(),
            local_tag: tag,
            remote_tag: None,
            local: head.from.clone(),
            remote: head.to.clone(),
            local_cseq: head.cseq,
            remote_cseq: None,
            routes: Vec::new(),
            target,
            peer: Peer {
                source: destination,
                is_translated: false,
            },
            inbound: None,
            outbound: None,
            unacknowledged: None,
            owed: None,
        }
    }

    /// Takes the peer's half from the 2xx that makes the dialog (RFC 3261 12.1.2). A 2xx without Contact is let pass,
    /// the Request-URI of the INVITE then stays the target.
    pub(crate) fn confirm(&mut self, response: &Response, from: SocketAddr) -> Result<(), Unusable> {
        self.state = State::Up;
        self.remote_tag = response.tag_of_to().map(str::to_owned);
        self.remote = response.headers.first("To").unwrap_or(&self.remote).to_owned();
        self.peer.source = from;
        if let Ok(target) = contact(&response.headers) {
            self.target = target;
        }
        self.routes = routes(&response.headers)?;
        self.routes.reverse();
        Ok(())
    }

    /// A new Contact in a re-INVITE or its 2xx (RFC 3261 12.2). The route set never changes.
    pub(crate) fn refresh(&mut self, headers: &Headers) {
        if let Ok(target) = contact(headers) {
            self.target = target;
        }
    }

    /// Checks the order of a request inside the dialog and remembers it (RFC 3261 12.2.2).
    pub(crate) fn takes_cseq(&mut self, number: u32) -> bool {
        let in_order = self.remote_cseq.is_none_or(|last| number > last);
        if in_order {
            self.remote_cseq = Some(number);
        }
        in_order
    }

    /// The next request of ours inside the dialog, and where it goes (RFC 3261 12.2.1.1).
    pub(crate) fn next_head(&mut self, via: String) -> (Head, SocketAddr) {
        self.local_cseq += 1;
        self.head(via, self.local_cseq)
    }

    /// A request with a given number: the ACK to a 2xx has its INVITE's.
    pub(crate) fn head(&self, via: String, cseq: u32) -> (Head, SocketAddr) {
        let first = self.routes.first().and_then(|route| NameAddr::parse(route).ok());
        let (uri, routes, hop) = match first {
            None => (self.target.to_string(), Vec::new(), None),
            Some(first) if first.uri.param("lr").is_some() => {
                (self.target.to_string(), self.routes.clone(), Some(first.uri))
            }
            // A strict router (RFC 2543): it becomes the Request-URI, the target goes last.
            Some(first) => {
                let mut routes = self.routes[1..].to_vec();
                routes.push(format!("<{}>", self.target));
                (first.uri.to_string(), routes, Some(first.uri))
            }
        };
        let head = Head {
            uri,
            via,
            routes,
            from: self.local.clone(),
            to: self.remote.clone(),
            call_id: self.call_id.clone(),
            cseq,
        };
        (head, self.destination(hop.as_ref()))
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

    /// The next hop: the first route, else the target, by IP literal; a name is not looked up here, the peer's source
    /// address stands for it. So it does for a peer behind a translator, whose Contact cannot be reached.
    fn destination(&self, hop: Option<&Uri>) -> SocketAddr {
        let reachable = |uri: &Uri| {
            uri.ip()
                .map(|ip| SocketAddr::new(ip, uri.port().unwrap_or(DEFAULT_PORT)))
        };
        match hop {
            Some(route) => reachable(route).unwrap_or(self.peer.source),
            None if self.peer.is_translated => self.peer.source,
            None => reachable(&self.target).unwrap_or(self.peer.source),
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
