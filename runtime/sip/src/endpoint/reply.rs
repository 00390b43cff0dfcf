//! Responses of ours: what every one of them copies from its request. RFC 3261 8.2.6; without state 8.2.7.

use std::borrow::Cow;
use std::time::Instant;

use super::{Arrived, Counters, Endpoint};
use crate::flow::Flow;
use crate::message::Request;
use crate::method::Method;
use crate::outside::Reply;
use crate::parse::{Fault, Malformed};
use crate::print::{Lines, reason};
use crate::transaction::Packet;
use crate::transaction::server::reply_flow;
use crate::transaction::table::TxId;
use crate::uri::Scheme;
use crate::via::stamp;

/// The methods we take.
pub(super) const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY, REGISTER, \
    SUBSCRIBE, PUBLISH";

/// The extensions we know.
pub(super) const SUPPORTED: &str = "100rel, timer, replaces, norefersub";

/// The bodies we take.
pub(super) const ACCEPT: &str = "application/sdp, application/dtmf-relay, application/dtmf, message/sipfrag";

/// What to wait after a refusal for want of room.
const RETRY_AFTER_S: &str = "5";

/// A response without a dialog: status and the fields it adds.
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) phrase: String,
    pub(super) fields: Vec<(Cow<'static, str>, String)>,
    pub(super) body: Vec<u8>,
}

impl Refusal {
    pub(super) fn new(status: u16) -> Self {
        Self {
            status,
            phrase: reason(status).to_owned(),
            fields: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    pub(super) fn with_all(self, fields: Vec<(&'static str, String)>) -> Self {
        fields
            .into_iter()
            .fold(self, |refusal, (name, value)| refusal.with(name, value))
    }

    /// 503: no room.
    pub(super) fn full() -> Self {
        Self::new(503).with("Retry-After", RETRY_AFTER_S)
    }
}

impl From<&Reply> for Refusal {
    fn from(reply: &Reply) -> Self {
        let fields = reply.headers.iter();
        Self {
            fields: fields
                .map(|(name, value)| (name.clone().into(), value.clone()))
                .collect(),
            body: reply.body.clone(),
            ..Self::new(reply.status)
        }
    }
}

impl Endpoint {
    /// Start line and the fields every response copies. `tag` is added to a To that has none.
    pub(super) fn response_lines(&self, request: &Request, flow: Flow, status: u16, tag: &str) -> Lines {
        self.response_with_phrase(request, flow, (status, reason(status)), tag)
    }

    fn response_with_phrase(&self, request: &Request, flow: Flow, line: (u16, &str), tag: &str) -> Lines {
        let (status, phrase) = line;
        let mut lines = Lines::response(status, phrase);
        for (position, via) in request.headers.raw("Via").enumerate() {
            match std::str::from_utf8(via) {
                Ok(text) if position == 0 => {
                    let mut stamped = String::with_capacity(text.len() + 48);
                    stamp(text, flow.peer, &mut stamped);
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
        if let Some(to) = request.headers.first("To") {
            let untagged = request.tag_of_to().is_none() && status != 100;
            if untagged {
                lines.field("To", &format!("{};tag={tag}", to.trim_ascii()));
            } else {
                lines.field("To", to);
            }
        }
        if status == 100 {
            for value in request.headers.raw("Timestamp").take(1) {
                lines.raw("Timestamp", value);
            }
        }
        let subscribes = request.method == Method::Subscribe && (200..300).contains(&status);
        let makes_dialog = (request.method == Method::Invite && (101..300).contains(&status)) || subscribes;
        let moves_target = matches!(request.method, Method::Update | Method::Refer) && (200..300).contains(&status);
        if makes_dialog {
            for value in request.headers.raw("Record-Route") {
                lines.raw("Record-Route", value);
            }
        }
        if makes_dialog || moves_target {
            lines.field("Contact", &self.contact(flow, is_secured(request)));
            lines.field("Allow", ALLOW);
            lines.field("Supported", SUPPORTED);
        }
        if !self.config.user_agent.is_empty() {
            lines.field("Server", &self.config.user_agent);
        }
        lines
    }

    /// Answers without keeping anything; a repetition gets the same answer with the same tag.
    pub(super) fn refuse_stateless(&mut self, flow: Flow, request: &Request, refusal: &Refusal) {
        if request.method == Method::Ack {
            return;
        }
        let Ok(via) = request.via() else { return };
        let to = reply_flow(request, flow);
        let tag = self.tokens.stateless(&[
            via.branch().unwrap_or_default().as_bytes(),
            request.call_id().unwrap_or_default().as_bytes(),
            request.tag_of_from().unwrap_or_default().as_bytes(),
        ]);
        let mut lines = self.response_with_phrase(request, flow, (refusal.status, &refusal.phrase), &tag);
        for (name, value) in &refusal.fields {
            lines.field(name, value);
        }
        Counters::by_class(&mut self.counters.responses_sent, refusal.status);
        let touched = self.touched;
        self.send(to.into(), lines.finish_typed(&refusal.body), touched);
    }

    /// A malformed request is answered if it holds what an answer must copy, else dropped.
    pub(super) fn refuse_malformed(&mut self, (flow, proven): Arrived<'_>, request: &Request, fault: Malformed) {
        let holds = |name| request.headers.raw(name).next().is_some();
        let answerable = request.via().is_ok() && ["From", "To", "Call-ID", "CSeq"].into_iter().all(holds);
        // Who would hear nothing to a good request hears nothing to a bad one.
        let is_stranger = proven.is_none() && self.gate.as_ref().is_some_and(|gate| !gate.answers(flow));
        if !answerable || is_stranger {
            return;
        }
        let refusal = match fault.why {
            Fault::Version => Refusal::new(505),
            why => Refusal {
                phrase: format!("Bad Request ({why})"),
                ..Refusal::new(400)
            },
        };
        self.refuse_stateless(flow, request, &refusal);
    }

    /// Sends a response within a server transaction.
    pub(super) fn respond(&mut self, now: Instant, id: TxId, refusal: &Refusal) {
        self.respond_with(now, id, refusal, None);
    }

    /// Sends a response within a server transaction, with a session description. Gives the packet back for a 200 that
    /// has to be repeated.
    pub(super) fn respond_with(
        &mut self,
        now: Instant,
        id: TxId,
        refusal: &Refusal,
        sdp: Option<&[u8]>,
    ) -> Option<(Flow, Packet)> {
        let server = self.servers.get(id)?;
        let mut lines = self.response_lines(&server.request, server.flow, refusal.status, &server.tag);
        for (name, value) in &refusal.fields {
            lines.field(name, value);
        }
        let packet = match sdp {
            Some(_) => lines.finish(sdp),
            None => lines.finish_typed(&refusal.body),
        };
        let (to, about) = (server.reply_to, server.about);
        let timers = self.config.timers;
        if let Some(server) = self.servers.get_mut(id) {
            server.respond(now, refusal.status, packet.clone(), &timers);
        }
        self.set_server_timer(id);
        Counters::by_class(&mut self.counters.responses_sent, refusal.status);
        self.send(to.into(), packet.clone(), about);
        Some((to, packet))
    }
}

/// Whether every hop has to be secure: the request was sent to a `sips:` address (RFC 3261 12.1.1).
fn is_secured(request: &Request) -> bool {
    request.uri.scheme() == Scheme::Sips
}
