//! The identity of one request of ours: enough to write it, its ACK and its CANCEL. RFC 3261 8.1.1, 9.1, 17.1.1.3.

use crate::print::Lines;

/// Max-Forwards of a request that does not continue another (RFC 3261 8.1.1.6).
pub(crate) const HOPS: u8 = 70;

/// The fields that a request, the ACK to its refusal and its CANCEL share.
#[derive(Clone)]
pub(crate) struct Head {
    pub(crate) uri: String,
    /// Empty until the way of the request is known.
    pub(crate) via: String,
    pub(crate) routes: Vec<String>,
    /// Max-Forwards.
    pub(crate) hops: u8,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
}

impl Head {
    /// Start line and the shared fields, under `method`.
    pub(crate) fn lines(&self, method: &str) -> Lines {
        self.lines_to(method, &self.to)
    }

    /// The same with another To: an ACK carries the To of the response it acknowledges.
    pub(crate) fn lines_to(&self, method: &str, to: &str) -> Lines {
        let mut lines = Lines::request(method, &self.uri);
        lines.field("Via", &self.via);
        for route in &self.routes {
            lines.field("Route", route);
        }
        lines.number("Max-Forwards", self.hops.into());
        lines.field("From", &self.from);
        lines.field("To", to);
        lines.field("Call-ID", &self.call_id);
        lines.field("CSeq", &format!("{} {method}", self.cseq));
        lines
    }
}
