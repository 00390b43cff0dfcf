//! Requests at the border: by which token a request goes on and whether it may show it, then what every request gets that
//! goes on. RFC 3261 16.3 to 16.6, 16.11 and 16.12; RFC 5626 5.3.

use std::borrow::Cow;

use super::assertion::{Asserted, Assertion, AssertionError, ORIGIN_HEADER};
use super::edit::Edit;
use super::token::{Mark, PREFIX, Token, Trace};
use super::{Arrival, Border, Device, Hop, NodeName, NotPassed, Passed, VIAS, call_id, lossy};
use crate::address::Pieces;
use crate::dialog::head::HOPS;
use crate::flow::{Flow, Transport, door};
use crate::headers::{Headers, split_commas};
use crate::message::Request;
use crate::method::Method;
use crate::parse::Fault;
use crate::transaction::key::starts_with_cookie;
use crate::transaction::server::reply_flow;
use crate::uri::{Scheme, user_of};
use crate::via::{DEFAULT_PORT, MAGIC_COOKIE, Via, stamp};

/// Where a request goes, and between whom it passes.
struct Aim {
    to: Hop,
    /// The device's flow.
    flow: Flow,
    /// Whose device it is.
    owner: Mark,
    /// The node that holds the call.
    node: NodeName,
    /// Route values of ours that it has no need of any more.
    routes: usize,
}

/// The tokens at the front of Route: at most the two of a call.
struct Shown<'a> {
    first: &'a str,
    second: Option<&'a str>,
}

impl Border {
    pub(super) fn request<'a>(&self, from: Arrival<'_>, bytes: &'a [u8], request: &Request) -> Passed<'a> {
        let shown = match shown(request) {
            Ok(Some(shown)) => shown,
            Ok(None) => return self.own_request(from, bytes, request),
            Err(why) => return self.refuse(from, request, why),
        };
        let aim = match from {
            Arrival::Node(node) => self.aim_of_node(node, request, &shown),
            Arrival::Device(device) => self.aim_of_device(device, request, &shown),
        };
        let passed = aim.and_then(|aim| self.forward(from, bytes, request, &aim, None));
        passed.unwrap_or_else(|why| self.refuse(from, request, why))
    }

    pub(super) fn new_request<'a>(
        &self,
        from: Device<'_>,
        bytes: &'a [u8],
        request: &Request,
        anchor: &NodeName,
        who: &Assertion,
    ) -> Passed<'a> {
        let arrival = Arrival::Device(from);
        let is_inside = request.tag_of_to().is_some() && request.method != Method::Ack;
        let allowed = match shown(request) {
            Ok(None) if is_inside => Err(NotPassed::NoToken),
            Ok(None) => Ok(()),
            Ok(Some(_)) | Err(_) => Err(NotPassed::StrayToken),
        };
        let aim = Aim {
            to: Hop::Node(anchor.clone()),
            flow: from.flow,
            owner: self.mint.mark(from.owner),
            node: anchor.clone(),
            routes: 0,
        };
        let passed = allowed.and_then(|()| self.forward(arrival, bytes, request, &aim, Some(who)));
        passed.unwrap_or_else(|why| self.refuse(arrival, request, why))
    }

    /// A request that bears no token of ours.
    fn own_request<'a>(&self, from: Arrival<'_>, bytes: &'a [u8], request: &Request) -> Passed<'a> {
        let asserted = match from {
            Arrival::Device(_) => None,
            Arrival::Node(node) => match asserted(node, request) {
                Ok(asserted) => asserted,
                Err(error) => return self.refuse(from, request, NotPassed::Assertion(error)),
            },
        };
        let bytes = match request.headers.raw(ORIGIN_HEADER).next() {
            None => Cow::Borrowed(bytes),
            Some(_) => {
                let mut edit = Edit::new(bytes, &request.headers, &request.body);
                edit.remove(ORIGIN_HEADER);
                Cow::Owned(edit.finish())
            }
        };
        Passed::Ours { bytes, asserted }
    }

    /// A node shows the Path of a device, or what it was told in a call.
    fn aim_of_node(&self, node: &NodeName, request: &Request, shown: &Shown<'_>) -> Result<Aim, NotPassed> {
        let call_id = call_id(request);
        let (flow, mut owner) = match self.mint.read(shown.first, call_id) {
            Some(Token::Path { owner, flow }) => (flow, owner),
            Some(Token::ToDevice { flow }) => (flow, Mark::NOBODY),
            Some(Token::ToNode { .. } | Token::Back { .. }) => return Err(NotPassed::WrongSide),
            None => return Err(NotPassed::ForgedToken),
        };
        if let Some(second) = shown.second {
            match self.mint.read(second, call_id) {
                Some(Token::ToNode { owner: told, .. }) => owner = told,
                _ => return Err(NotPassed::StrayToken),
            }
        }
        Ok(Aim {
            to: Hop::Flow(flow),
            flow,
            owner,
            node: node.clone(),
            routes: shown.count(),
        })
    }

    /// A device shows what it was told in a call: its owner's, or over the very flow that its second token names.
    fn aim_of_device(&self, device: Device<'_>, request: &Request, shown: &Shown<'_>) -> Result<Aim, NotPassed> {
        let call_id = call_id(request);
        let (owner, node) = match self.mint.read(shown.first, call_id) {
            Some(Token::ToNode { owner, node }) => (owner, node),
            Some(Token::Path { .. } | Token::ToDevice { .. } | Token::Back { .. }) => return Err(NotPassed::WrongSide),
            None => return Err(NotPassed::ForgedToken),
        };
        let is_its_flow = match shown.second.map(|second| self.mint.read(second, call_id)) {
            Some(Some(Token::ToDevice { flow })) => flow == device.flow,
            Some(_) => return Err(NotPassed::StrayToken),
            None => false,
        };
        let is_its_owner = owner != Mark::NOBODY && owner == self.mint.mark(device.owner);
        if !is_its_flow && !is_its_owner {
            return Err(NotPassed::NotItsToken);
        }
        // Else it would reach the anchor past everything that judges new requests.
        if request.tag_of_to().is_none() {
            return Err(NotPassed::OutsideDialog);
        }
        Ok(Aim {
            to: Hop::Node(node.clone()),
            flow: device.flow,
            owner,
            node,
            routes: shown.count(),
        })
    }

    fn forward(
        &self,
        from: Arrival<'_>,
        bytes: &[u8],
        request: &Request,
        aim: &Aim,
        who: Option<&Assertion>,
    ) -> Result<Passed<'static>, NotPassed> {
        let hops = hops_left(request)?;
        let trace = self.trace(request, &aim.to)?;
        let is_judged = !matches!(request.method, Method::Ack | Method::Cancel);
        if is_judged && request.headers.list("Proxy-Require").next().is_some() {
            return Err(NotPassed::Extension);
        }
        let back = match from {
            Arrival::Node(node) => Hop::Node(node.clone()),
            Arrival::Device(device) => Hop::Flow(reply_flow(request, device.flow)),
        };
        let mut edit = Edit::new(bytes, &request.headers, &request.body);
        edit.remove(ORIGIN_HEADER);
        edit.pop("Route", aim.routes);
        edit.add("Via", &self.via(&Token::Back { trace, hop: back }, request, aim));
        if makes_dialog(request) {
            for route in self.record_routes(request, aim) {
                edit.add("Record-Route", &route);
            }
        }
        edit.set("Max-Forwards", hops.to_string());
        if let Arrival::Device(device) = from {
            let via = request.headers.first("Via").unwrap_or_default();
            let mut stamped = String::with_capacity(via.len() + 48);
            stamp(via, device.flow.peer, &mut stamped);
            edit.set("Via", stamped);
        }
        if let Some(who) = who {
            edit.add(ORIGIN_HEADER, &who.write(&self.region));
        }
        let bytes = edit.finish();
        if bytes.len() > self.longest(&aim.to) {
            return Err(NotPassed::TooLong);
        }
        let to = aim.to.clone();
        Ok(Passed::Send { to, bytes })
    }

    /// Our Via for the next hop.
    fn via(&self, back: &Token, request: &Request, aim: &Aim) -> String {
        let token = self.mint.write(back, call_id(request));
        let (transport, address, more) = match aim.to {
            Hop::Node(_) => (Transport::Tls, self.internal, lossy(aim.flow)),
            Hop::Flow(flow) => {
                let rport = if flow.transport == Transport::Udp { ";rport" } else { "" };
                let door = door(&self.doors, flow.transport, flow.peer.ip());
                (flow.transport, door, rport.to_owned())
            }
        };
        format!(
            "SIP/2.0/{} {address};branch={MAGIC_COOKIE}{token}{more}",
            transport.via()
        )
    }

    /// What both sides are told, the next hop's first. A call to a `sips:` address goes by `sips:` (RFC 3261 16.6).
    fn record_routes(&self, request: &Request, aim: &Aim) -> [String; 2] {
        let call_id = call_id(request);
        let scheme = match request.uri.scheme() {
            Scheme::Sips => "sips",
            _ => "sip",
        };
        let to_node = Token::ToNode {
            owner: aim.owner,
            node: aim.node.clone(),
        };
        let for_device = self.device_route(&self.mint.write(&to_node, call_id), aim.flow, scheme);
        let to_device = Token::ToDevice { flow: aim.flow };
        let for_node = self.node_route(&self.mint.write(&to_device, call_id), aim.flow, scheme);
        match aim.to {
            Hop::Flow(_) => [for_device, for_node],
            Hop::Node(_) => [for_node, for_device],
        }
    }

    /// What tells this request from others. Made of nothing that differs between it, its repetitions, its CANCEL and the
    /// ACK to its refusal (RFC 3261 16.11): so not of the method, and not of the tag in To.
    fn trace(&self, request: &Request, to: &Hop) -> Result<Trace, NotPassed> {
        const TRANSACTIONS: u64 = 1;
        const ROUNDS: u64 = 2;
        let call_id = call_id(request);
        let number = request.cseq().map_err(NotPassed::Malformed)?.number.to_be_bytes();
        let whole = request.headers.list("Via").next().unwrap_or_default();
        let via = Via::parse(whole).map_err(NotPassed::Malformed)?;
        let sender = match via.branch() {
            Some(branch) if starts_with_cookie(branch) => {
                [branch, via.host, &via.port.unwrap_or(DEFAULT_PORT).to_string()].join(" ")
            }
            // RFC 2543: the branch says nothing.
            _ => whole.to_owned(),
        };
        let from = request.tag_of_from().unwrap_or_default().as_bytes();
        let uri = request.uri.as_str().as_bytes();
        let same = [call_id.as_bytes(), from, &number, uri];
        let [a, b, c, d] = same;
        let aim = aim_text(to);
        let trace = Trace {
            transaction: self.mint.number(TRANSACTIONS, &[sender.as_bytes(), a, b, c, d]),
            round: self.mint.number(ROUNDS, &[aim.as_bytes(), a, b, c, d]) as u32,
        };
        for via in vias(&request.headers)? {
            let earlier = token_of_branch(via).and_then(|text| self.mint.read(text, call_id));
            if matches!(earlier, Some(Token::Back { trace: Trace { round, .. }, .. }) if round == trace.round) {
                return Err(NotPassed::Loop);
            }
        }
        Ok(trace)
    }
}

impl Shown<'_> {
    fn count(&self) -> usize {
        1 + usize::from(self.second.is_some())
    }
}

/// The tokens at the front of Route. `None`: there are none.
///
/// # Errors
/// A token stands further down. It was made for somebody else, and would be taken from us for good there.
fn shown(request: &Request) -> Result<Option<Shown<'_>>, NotPassed> {
    let mut routes = request.headers.list("Route").map(token_of_route);
    let first = routes.next().flatten();
    let second = routes.next().flatten();
    let is_stray = routes.any(|route| route.is_some());
    match (first, second, is_stray) {
        (_, _, true) | (None, Some(_), _) => Err(NotPassed::StrayToken),
        (None, None, false) => Ok(None),
        (Some(first), second, false) => Ok(Some(Shown { first, second })),
    }
}

/// What looks like a token of a border in a value of Route.
fn token_of_route(value: &str) -> Option<&str> {
    let user = user_of(Pieces::of(value).ok()?.uri)?;
    user.starts_with(PREFIX).then_some(user)
}

/// What looks like a token of a border in a value of Via.
pub(super) fn token_of_branch(value: &str) -> Option<&str> {
    let token = Via::parse(value).ok()?.branch()?.strip_prefix(MAGIC_COOKIE)?;
    token.starts_with(PREFIX).then_some(token)
}

/// All values of Via, over all lines. Parsing has looked at the first line only, and whoever is next would have to read
/// the others.
pub(super) fn vias(headers: &Headers) -> Result<Vec<&str>, NotPassed> {
    let mut found = Vec::with_capacity(4);
    for line in headers.raw("Via") {
        let line = std::str::from_utf8(line).map_err(|_| NotPassed::Malformed(Fault::Encoding))?;
        for value in split_commas(line) {
            Via::parse(value).map_err(NotPassed::Malformed)?;
            if found.len() == VIAS {
                return Err(NotPassed::TooManyHops);
            }
            found.push(value);
        }
    }
    Ok(found)
}

/// Max-Forwards as it goes on (RFC 3261 16.3, 16.6).
fn hops_left(request: &Request) -> Result<u32, NotPassed> {
    let Some(value) = request.headers.first("Max-Forwards") else {
        return Ok(HOPS.into());
    };
    let hops: u32 = value
        .trim_ascii()
        .parse()
        .map_err(|_| NotPassed::Malformed(Fault::MaxForwards))?;
    hops.checked_sub(1).ok_or(NotPassed::TooManyHops)
}

/// Whether a request can begin a dialog, so that both sides have to be told the way. NOTIFY can within another (RFC 6665
/// 4.3).
fn makes_dialog(request: &Request) -> bool {
    match request.method {
        Method::Invite | Method::Subscribe | Method::Refer => request.tag_of_to().is_none(),
        Method::Notify => true,
        _ => false,
    }
}

/// The header that says who begins a call, from a node.
fn asserted(node: &NodeName, request: &Request) -> Result<Option<Asserted>, AssertionError> {
    let mut values = request.headers.raw(ORIGIN_HEADER);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(AssertionError::Repeated(ORIGIN_HEADER));
    }
    let value = std::str::from_utf8(value).map_err(|_| AssertionError::Unreadable(ORIGIN_HEADER))?;
    let (region, who) = Assertion::read(value)?;
    Ok(Some(Asserted {
        node: node.clone(),
        region,
        who,
    }))
}

/// Where a request goes, as text that is another for each place.
fn aim_text(to: &Hop) -> String {
    match to {
        Hop::Node(node) => node.to_string(),
        Hop::Flow(flow) => format!("{} {} {:?}", flow.transport.via(), flow.peer, flow.connection),
    }
}
