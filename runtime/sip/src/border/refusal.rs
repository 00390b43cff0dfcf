//! Why the border passes a message on to nobody, and the answer that says so. RFC 3261 8.2.6, 16.3; RFC 5626 5.3.1 (403
//! and 430). No state is kept of an answer: it is the same whenever the request comes again.

use std::fmt;

use super::assertion::AssertionError;
use super::{Arrival, Border, Hop, Passed, call_id};
use crate::message::Request;
use crate::method::Method;
use crate::parse::Fault;
use crate::print::{Lines, reason};
use crate::transaction::server::reply_flow;
use crate::via::stamp;

/// Why a message was not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPassed {
    /// It cannot be read.
    Malformed(Fault),
    /// It is longer than a message may be, or would be when passed on.
    TooLong,
    /// The token it shows was not made here, not for this call, or is altered.
    ForgedToken,
    /// The token it shows is for the other side: a node's in a device's message, or the other way round.
    WrongSide,
    /// The token it shows is another device's.
    NotItsToken,
    /// It bears a token that would travel on to somebody else.
    StrayToken,
    /// It shows a call's token and is in no call.
    OutsideDialog,
    /// It belongs to a call and shows no token.
    NoToken,
    /// Its Max-Forwards is used up, or it has come by more than [`super::VIAS`] hops.
    TooManyHops,
    /// It has been here before, with the same aim.
    Loop,
    /// It asks proxies for an extension. The border knows none.
    Extension,
    /// The flow it was to go over has failed.
    FlowGone,
    /// The node it was to go to cannot be reached.
    NodeGone,
    /// What a node says of who begins a call is unreadable.
    Assertion(AssertionError),
    /// A response under a branch that is not ours, though it looks so.
    ForgedBranch,
    /// A response that nobody below waits for.
    NoWayBack,
    /// A response where a request was meant.
    NotARequest,
}

impl NotPassed {
    /// A word for each kind, for metrics; in the order of [`NotPassed::kind`].
    pub const KINDS: [&str; 17] = [
        "malformed",
        "too_long",
        "forged_token",
        "wrong_side",
        "not_its_token",
        "stray_token",
        "outside_dialog",
        "no_token",
        "too_many_hops",
        "loop",
        "extension",
        "flow_gone",
        "node_gone",
        "assertion",
        "forged_branch",
        "no_way_back",
        "not_a_request",
    ];

    /// Its place in [`NotPassed::KINDS`].
    pub fn kind(self) -> usize {
        match self {
            Self::Malformed(_) => 0,
            Self::TooLong => 1,
            Self::ForgedToken => 2,
            Self::WrongSide => 3,
            Self::NotItsToken => 4,
            Self::StrayToken => 5,
            Self::OutsideDialog => 6,
            Self::NoToken => 7,
            Self::TooManyHops => 8,
            Self::Loop => 9,
            Self::Extension => 10,
            Self::FlowGone => 11,
            Self::NodeGone => 12,
            Self::Assertion(_) => 13,
            Self::ForgedBranch => 14,
            Self::NoWayBack => 15,
            Self::NotARequest => 16,
        }
    }

    /// The status a request is answered with. What only responses meet has none.
    pub fn status(self) -> Option<u16> {
        match self {
            Self::Malformed(_) | Self::Assertion(_) => Some(400),
            Self::ForgedToken | Self::WrongSide | Self::NotItsToken | Self::StrayToken | Self::OutsideDialog => {
                Some(403)
            }
            Self::Extension => Some(420),
            Self::FlowGone => Some(430),
            Self::NoToken => Some(481),
            Self::Loop => Some(482),
            Self::TooManyHops => Some(483),
            Self::NodeGone => Some(503),
            Self::TooLong => Some(513),
            Self::ForgedBranch | Self::NoWayBack | Self::NotARequest => None,
        }
    }
}

impl Border {
    /// Answers a request with what is wrong; an ACK is dropped, for no ACK is answered.
    pub(super) fn refuse(&self, from: Arrival<'_>, request: &Request, why: NotPassed) -> Passed<'static> {
        let Some(status) = why.status().filter(|_| request.method != Method::Ack) else {
            return Passed::Drop(why);
        };
        let mut lines = Lines::response(status, reason(status));
        for (position, via) in request.headers.raw("Via").enumerate() {
            match (from, std::str::from_utf8(via)) {
                (Arrival::Device(device), Ok(text)) if position == 0 => {
                    let mut stamped = String::with_capacity(text.len() + 48);
                    stamp(text, device.flow.peer, &mut stamped);
                    lines.field("Via", &stamped);
                }
                _ => lines.raw("Via", via),
            }
        }
        for name in ["From", "Call-ID", "CSeq"] {
            for value in request.headers.raw(name) {
                lines.raw(name, value);
            }
        }
        let to = request.headers.first("To").unwrap_or_default();
        match request.tag_of_to() {
            Some(_) => lines.field("To", to),
            None => lines.field("To", &format!("{to};tag={:016x}", self.tag(request))),
        }
        if why == NotPassed::Extension {
            let unknown: Vec<&str> = request.headers.list("Proxy-Require").collect();
            lines.field("Unsupported", &unknown.join(", "));
        }
        let to = match from {
            Arrival::Node(node) => Hop::Node(node.clone()),
            Arrival::Device(device) => Hop::Flow(reply_flow(request, device.flow)),
        };
        let bytes = lines.finish(None).to_vec();
        Passed::Refuse { to, bytes, why }
    }

    /// The same for a request whenever it is answered (RFC 3261 8.2.7).
    fn tag(&self, request: &Request) -> u64 {
        const TAGS: u64 = 3;
        let from = request.tag_of_from().unwrap_or_default();
        let branch = request.via().ok().and_then(|via| via.branch()).unwrap_or_default();
        let parts = [branch.as_bytes(), from.as_bytes(), call_id(request).as_bytes()];
        self.mint.number(TAGS, &parts)
    }
}

impl fmt::Display for NotPassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed(fault) => return write!(f, "unreadable: {fault}"),
            Self::TooLong => "the message is too long",
            Self::ForgedToken => "the token in Route is not of this node and this call",
            Self::WrongSide => "the token in Route is for the other side of the border",
            Self::NotItsToken => "the token in Route is another device's",
            Self::StrayToken => "a token stands in Route where none may stand",
            Self::OutsideDialog => "a call's token is shown by a request outside of every call",
            Self::NoToken => "a request inside a call shows no token",
            Self::TooManyHops => "too many hops",
            Self::Loop => "the request has been here before",
            Self::Extension => "Proxy-Require names an extension, and none is known",
            Self::FlowGone => "the device's flow has failed",
            Self::NodeGone => "the node cannot be reached",
            Self::Assertion(error) => return write!(f, "who begins the call is unreadable: {error}"),
            Self::ForgedBranch => "a response under a branch that was not made here",
            Self::NoWayBack => "a response that nobody waits for",
            Self::NotARequest => "a response where a request was meant",
        })
    }
}

impl std::error::Error for NotPassed {}
