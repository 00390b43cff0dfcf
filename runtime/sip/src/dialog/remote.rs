//! The peer's half of a dialog: its tag, its address, the way to it and its numbering. A forked INVITE has one for each
//! branch that rang. Not here: our half, and what is under way. RFC 3261 12.1, 12.2.1.1; RFC 5923 (connection reuse).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::{Unusable, contact, routes};
use crate::address::NameAddr;
use crate::flow::{Flow, Target, Transport};
use crate::headers::Headers;
use crate::message::{Request, Response};
use crate::uri::{Scheme, Uri};
use crate::via::same_ip;

/// What we know of the other end.
#[derive(Clone)]
pub(crate) struct Remote {
    /// `None` until the peer has chosen one, or if it follows RFC 2543 and never does.
    pub(crate) tag: Option<String>,
    /// Their address as To of our requests, tag included.
    pub(crate) address: String,
    /// The number of their last request.
    pub(crate) cseq: Option<u32>,
    /// Route values in the order we send them.
    pub(crate) routes: Vec<String>,
    /// The Request-URI of our requests.
    pub(crate) target: Uri,
    /// How it was last reached.
    pub(crate) peer: Peer,
}

/// How the peer was last reached.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) flow: Flow,
    /// The name its certificate shows, if we had one.
    pub(crate) name: Option<Arc<str>>,
    /// Its own address cannot be reached from here: only the flow leads to it.
    pub(crate) is_hidden: bool,
}

impl Peer {
    /// As seen from a request of theirs.
    pub(crate) fn of_request(request: &Request, flow: Flow) -> Self {
        Self {
            flow,
            name: None,
            is_hidden: request.via().is_ok_and(|via| via.is_translated(flow.peer)),
        }
    }
}

impl Remote {
    /// The caller of a new INVITE (RFC 3261 12.1.1).
    pub(crate) fn of_invite(request: &Request, flow: Flow) -> Result<Self, Unusable> {
        Ok(Self {
            tag: request.tag_of_from().map(str::to_owned),
            address: request.headers.first("From").unwrap_or_default().to_owned(),
            cseq: request.cseq().ok().map(|cseq| cseq.number),
            routes: routes(&request.headers)?,
            target: contact(&request.headers)?,
            peer: Peer::of_request(request, flow),
        })
    }

    /// The one we call, before it has said anything. If the address is not where the request goes to, only the way it
    /// goes leads there (a registered phone behind a translator).
    pub(crate) fn of_outgoing(address: String, uri: Uri, to: &Target) -> Self {
        let is_hidden = uri.ip().is_some_and(|ip| !same_ip(ip, to.flow.peer.ip()));
        Self {
            tag: None,
            address,
            cseq: None,
            routes: Vec::new(),
            target: uri,
            peer: Peer {
                flow: to.flow,
                name: to.name.clone(),
                is_hidden,
            },
        }
    }

    /// Takes what a response that makes a dialog says (RFC 3261 12.1.2). Without a Contact the Request-URI of the
    /// INVITE stays the target. On `Err` the rest was taken all the same.
    pub(crate) fn confirm(&mut self, response: &Response, flow: Flow) -> Result<(), Unusable> {
        self.tag = response.tag_of_to().map(str::to_owned);
        self.address = response.headers.first("To").unwrap_or(&self.address).to_owned();
        self.peer.flow = flow;
        if let Ok(found) = contact(&response.headers) {
            let is_same = found.ip().is_some() && found.ip() == self.target.ip();
            let is_private = found
                .ip()
                .is_some_and(|ip| is_private(ip) && !is_private(flow.peer.ip()));
            self.peer.is_hidden = is_private || is_same && self.peer.is_hidden;
            self.target = found;
        }
        self.routes = routes(&response.headers)?;
        self.routes.reverse();
        Ok(())
    }

    /// Checks the order of a request inside the dialog and remembers it (RFC 3261 12.2.2).
    pub(crate) fn takes_cseq(&mut self, number: u32) -> bool {
        let in_order = self.cseq.is_none_or(|last| number > last);
        if in_order {
            self.cseq = Some(number);
        }
        in_order
    }

    /// A new Contact (RFC 3261 12.2). The route set never changes.
    pub(crate) fn refresh(&mut self, headers: &Headers) {
        if let Ok(target) = contact(headers) {
            self.target = target;
        }
    }

    /// Request-URI, Route values and where to send (RFC 3261 12.2.1.1).
    pub(crate) fn way(&self) -> (String, Vec<String>, Target) {
        let first = self.routes.first().and_then(|route| NameAddr::parse(route).ok());
        match first {
            None => (self.target.to_string(), Vec::new(), self.to(None)),
            Some(first) if first.uri.param("lr").is_some() => {
                (self.target.to_string(), self.routes.clone(), self.to(Some(&first.uri)))
            }
            // A strict router (RFC 2543): it becomes the Request-URI, the target goes last.
            Some(first) => {
                let mut routes = self.routes[1..].to_vec();
                routes.push(format!("<{}>", self.target));
                (first.uri.to_string(), routes, self.to(Some(&first.uri)))
            }
        }
    }

    /// The next hop: the first route, else the target, by IP literal; a name is not looked up here, the way of the
    /// peer's last message stands for it. So it does for a hidden peer, and for one that is connected to us from the
    /// same address: its connection is used again.
    fn to(&self, hop: Option<&Uri>) -> Target {
        let known = Target {
            flow: self.peer.flow,
            name: self.peer.name.clone(),
        };
        if hop.is_none() && self.peer.is_hidden {
            return known;
        }
        let uri = hop.unwrap_or(&self.target);
        let (Some(ip), Some(transport)) = (uri.ip(), transport_of(uri, self.peer.flow)) else {
            return known;
        };
        let is_connected = self.peer.flow.connection.is_some()
            && transport == self.peer.flow.transport
            && same_ip(ip, known.flow.peer.ip());
        if is_connected {
            return known;
        }
        let port = uri.port().unwrap_or(transport.default_port());
        Flow {
            transport,
            peer: SocketAddr::new(ip, port),
            connection: None,
        }
        .into()
    }
}

/// What an address asks for. One that says nothing, from a peer on a stream at that very address, means that stream.
fn transport_of(uri: &Uri, flow: Flow) -> Option<Transport> {
    let says_nothing = uri.param("transport").is_none() && uri.scheme() == Scheme::Sip;
    let is_there = uri.ip().is_some_and(|ip| same_ip(ip, flow.peer.ip()));
    if says_nothing && is_there && flow.transport.is_reliable() {
        return Some(flow.transport);
    }
    match Transport::of_uri(uri)? {
        // The parameter does not tell plain and secure WebSocket apart.
        Transport::Ws if flow.transport == Transport::Wss => Some(Transport::Wss),
        // Nor what is between nodes from what is not: who is reached over a node's door stays there.
        Transport::Tls if flow.transport == Transport::Node => Some(Transport::Node),
        transport => Some(transport),
    }
}

/// Addresses that mean something only in their own network (RFC 1918, 3927, 4193, 4291, 6598).
fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
            ip.is_private() || ip.is_link_local() || ip.is_loopback() || shared
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests;
