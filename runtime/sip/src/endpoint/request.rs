//! A request came: whose is it, and may it come in? RFC 3261 8.2, 9.2, 17.2.3.

use std::sync::Arc;
use std::time::Instant;

use super::overload::Time;
use super::reply::{ACCEPT, ALLOW, Refusal, SUPPORTED};
use super::{Arrived, DialogId, Endpoint};
use crate::dialog::session::Agreement;
use crate::dialog::{Dialog, State, Unusable};
use crate::event::{EndCause, Event};
use crate::flow::{Flow, Transport};
use crate::gate::{Verdict, of_a_node};
use crate::message::{Request, SessionBody};
use crate::method::Method;
use crate::notifier::Package;
use crate::outside::Origin;
use crate::transaction::key;
use crate::transaction::server::{self, Server};
use crate::uri::Scheme;

/// The extensions a request may require.
const KNOWN_TAGS: [&str; 4] = ["100rel", "timer", "replaces", "norefersub"];

impl Endpoint {
    pub(super) fn request_came(&mut self, now: Instant, from: Arrived<'_>, request: Request, time: Time) {
        let flow = from.0;
        self.counters.requests_received += 1;
        match request.method {
            Method::Ack => return self.ack(now, flow, &request),
            Method::Cancel => return self.cancel_request(now, from, &request),
            _ => {}
        }
        let Some(key) = key::server(&request, &request.method) else {
            return;
        };
        if let Some(id) = self.servers.find(&key) {
            self.counters.retransmissions_received += 1;
            let known = self
                .servers
                .get(id)
                .and_then(|server| Some((server.reply_to, server.repeated()?, server.about)));
            self.touched = self.servers.get(id).and_then(|server| server.about);
            if let Some((to, packet, about)) = known {
                self.send_again(to.into(), packet, about);
            }
            return;
        }
        let dialog = self.dialog_of(&request);
        let Some(origin) = self.judge_unless(dialog, now, from, &request) else {
            return;
        };
        if let Some(refusal) = inadmissible(&request) {
            return self.refuse_stateless(flow, &request, &refusal);
        }
        match dialog {
            Some(id) => return self.inside(now, flow, id, request, key),
            // It names a dialog that is not here; those of subscriptions are the user's.
            None if request.tag_of_to().is_some() && request.method != Method::Subscribe => {
                return self.refuse_stateless(flow, &request, &Refusal::new(481));
            }
            None => {}
        }
        if self.is_too_much(now, &request.method, &key, time) {
            return self.refuse_for_now(flow, &request, &key);
        }
        match request.method {
            Method::Invite => self.new_call(now, flow, request, key, origin),
            Method::Register | Method::Subscribe | Method::Publish => self.ask_user(now, flow, request, key, origin),
            Method::Options => {
                let answer = Refusal::new(200)
                    .with("Allow", ALLOW)
                    .with("Allow-Events", Package::ALLOWED)
                    .with("Accept", ACCEPT)
                    .with("Accept-Encoding", "identity")
                    .with("Supported", SUPPORTED);
                self.refuse_stateless(flow, &request, &answer);
            }
            // They belong to a dialog or a subscription that is not there.
            Method::Bye | Method::Info | Method::Prack | Method::Update | Method::Notify => {
                self.refuse_stateless(flow, &request, &Refusal::new(481));
            }
            // A transfer without a call would let anybody place calls.
            Method::Refer => self.refuse_stateless(flow, &request, &Refusal::new(403)),
            _ => self.refuse_stateless(flow, &request, &not_taken(&request.method)),
        }
    }

    /// Where a request comes from that belongs to nothing we have, or `None` if the gate has dealt with it. What belongs
    /// to a dialog passes.
    fn judge_unless(
        &mut self,
        dialog: Option<DialogId>,
        now: Instant,
        (flow, proven): Arrived<'_>,
        request: &Request,
    ) -> Option<Origin> {
        if dialog.is_some() {
            return Some(Origin::Anyone);
        }
        let verdict = match (self.gate.as_mut(), proven) {
            // Whom a node asserts has proved who it is, to that node.
            (_, None) if flow.transport == Transport::Node => of_a_node(request),
            (Some(gate), Some(proven)) => gate.judge_proven(now, proven, request),
            (Some(gate), None) => gate.judge(now, flow, request),
            (None, Some(proven)) => proven.judge(now, request),
            (None, None) => return Some(Origin::Anyone),
        };
        match verdict {
            Verdict::Admit(origin) => Some(origin),
            Verdict::Drop => None,
            Verdict::Challenge(reply) | Verdict::Refuse(reply) => {
                self.refuse_stateless(flow, request, &Refusal::from(&reply));
                None
            }
        }
    }

    fn new_call(&mut self, now: Instant, flow: Flow, request: Request, key: key::Key, origin: Origin) {
        let limits = &self.config.limits;
        let full = self.dialogs.len() >= limits.dialogs || self.counters().transactions >= limits.transactions;
        let merged = key::merged(&request);
        let is_merged = merged
            .as_ref()
            .is_some_and(|merged| self.servers.find(merged).is_some());
        let admitted = if is_merged {
            Err(Refusal::new(482))
        } else if full {
            self.counters.overload_refusals += 1;
            Err(Refusal::full())
        } else {
            self.admit(&request)
        };
        let replaces = match admitted {
            Ok(replaces) => replaces,
            Err(refusal) => return self.refuse_stateless(flow, &request, &refusal),
        };
        let tag = self.tokens.token();
        let id = self.new_dialog_id();
        let mut dialog = match Dialog::of_invite(id, &request, tag.clone(), flow) {
            Ok(dialog) => dialog,
            Err(unusable) => {
                let what = match unusable {
                    Unusable::Contact => "Bad Request (unusable Contact)",
                    Unusable::Route => "Bad Request (unusable Record-Route)",
                };
                let refusal = Refusal {
                    phrase: what.to_owned(),
                    ..Refusal::new(400)
                };
                return self.refuse_stateless(flow, &request, &refusal);
            }
        };
        let request = Arc::new(request);
        let keys = [Some(key), merged].into_iter().flatten().collect();
        let tx = self.add_server(Server::new(request.clone(), flow, tag, Some(id)), keys);
        dialog.inbound = Some(tx);
        dialog.replaces = replaces;
        self.touched = Some(id);
        self.keep_dialog(dialog);
        self.respond(now, tx, &Refusal::new(100));
        self.tell(Event::Invite {
            dialog: id,
            request,
            flow,
            origin,
            replaces,
        });
    }

    /// What an INVITE is checked for before anything is kept. Gives the dialog it is to replace.
    fn admit(&mut self, request: &Request) -> Result<Option<DialogId>, Refusal> {
        let hops = request.headers.first("Max-Forwards");
        // We pass calls on, so a call that goes round ends here (RFC 3261 16.3).
        if hops.is_some_and(|hops| hops.trim_ascii().bytes().all(|digit| digit == b'0')) {
            return Err(Refusal::new(483));
        }
        if let Some(refusal) = session_refusal(request) {
            return Err(refusal);
        }
        if let Agreement::TooShort(least) = self.agree_on_timer(request) {
            return Err(Refusal::new(422).with("Min-SE", least.to_string()));
        }
        self.replaced_by(request)
    }

    /// CANCEL is answered 200 if its INVITE is known, and ends it if that is not finally answered.
    fn cancel_request(&mut self, now: Instant, from: Arrived<'_>, request: &Request) {
        let flow = from.0;
        let invite = key::server(request, &Method::Invite).and_then(|key| self.servers.find(&key));
        let found = invite.and_then(|id| Some((id, self.servers.get(id)?)));
        let Some((id, server)) = found else {
            if self.judge_unless(None, now, from, request).is_some() {
                self.refuse_stateless(flow, request, &Refusal::new(481));
            }
            return;
        };
        let (to, tag, about) = (server.reply_to, server.tag.clone(), server.about);
        let pending = server.dialog.filter(|_| server.state == server::State::Proceeding);
        let answer = self.response_lines(request, flow, 200, &tag).finish(None);
        super::Counters::by_class(&mut self.counters.responses_sent, 200);
        self.send(to.into(), answer, about);
        self.touched = about;
        if let Some(dialog) = pending {
            self.respond(now, id, &Refusal::new(487));
            self.invite_withdrawn(now, dialog);
        }
    }

    /// The INVITE or re-INVITE of this dialog was cancelled and has got its 487.
    fn invite_withdrawn(&mut self, now: Instant, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        if dialog.state == State::Ringing {
            dialog.inbound = None;
            self.end(now, id, EndCause::Cancelled);
        } else {
            dialog.changes.inbound = None;
            dialog.offers.withdrawn();
        }
    }

    fn ack(&mut self, now: Instant, flow: Flow, request: &Request) {
        let timers = self.config.timers;
        let invite = key::server(request, &Method::Invite).and_then(|key| self.servers.find(&key));
        if let Some(id) = invite
            && self
                .servers
                .get_mut(id)
                .is_some_and(|server| server.acknowledged(now, &timers))
        {
            return self.set_server_timer(id);
        }
        self.dialog_ack(now, flow, request);
    }
}

/// What every request outside ACK and CANCEL is checked for, in the order of RFC 3261 8.2.
fn inadmissible(request: &Request) -> Option<Refusal> {
    if request.uri.scheme() == Scheme::Other {
        return Some(Refusal::new(416));
    }
    let is_known = |tag: &&str| {
        let known = KNOWN_TAGS.iter().any(|known| known.eq_ignore_ascii_case(tag));
        // What a registrar knows is not for the endpoint to tell.
        known || request.method == Method::Register
    };
    let unknown: Vec<&str> = request.headers.list("Require").filter(|tag| !is_known(tag)).collect();
    if !unknown.is_empty() {
        return Some(Refusal::new(420).with("Unsupported", unknown.join(", ")));
    }
    None
}

/// Why the body of an INVITE cannot be taken.
pub(super) fn session_refusal(request: &Request) -> Option<Refusal> {
    let unsupported = request.session_body() == SessionBody::Unsupported;
    unsupported.then(|| {
        Refusal::new(415)
            .with("Accept", "application/sdp")
            .with("Accept-Encoding", "identity")
    })
}

/// 405 for a method we know and do not take, 501 for one we do not know.
pub(super) fn not_taken(method: &Method) -> Refusal {
    let status = if matches!(method, Method::Other(_)) { 501 } else { 405 };
    Refusal::new(status).with("Allow", ALLOW)
}
