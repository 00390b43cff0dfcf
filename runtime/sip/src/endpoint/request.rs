//! A request came: whose is it, and may it come in? RFC 3261 8.2, 9.2, 17.2.3.

use std::sync::Arc;
use std::time::Instant;

use super::reply::{ALLOW, Refusal};
use super::{DialogId, Endpoint};
use crate::dialog::{Dialog, State, Unusable};
use crate::event::{EndCause, Event};
use crate::flow::Flow;
use crate::message::{Request, SessionBody};
use crate::method::Method;
use crate::transaction::key;
use crate::transaction::server::{self, Server};
use crate::uri::Scheme;

impl Endpoint {
    pub(super) fn request(&mut self, now: Instant, flow: Flow, request: Request) {
        self.counters.requests_received += 1;
        match request.method {
            Method::Ack => return self.ack(now, flow, &request),
            Method::Cancel => return self.cancel_request(now, flow, &request),
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
            if let Some((to, packet, about)) = known {
                self.send_again(to.into(), packet, about);
            }
            return;
        }
        if let Some(refusal) = inadmissible(&request) {
            return self.refuse_stateless(flow, &request, &refusal);
        }
        let is_inside = request.tag_of_to().is_some();
        match (is_inside, &request.method) {
            (true, _) => self.inside(now, flow, request, key),
            (false, Method::Invite) => self.new_call(now, flow, request, key),
            (false, Method::Options) => {
                let answer = Refusal::new(200)
                    .with("Allow", ALLOW)
                    .with("Accept", "application/sdp")
                    .with("Accept-Encoding", "identity")
                    .with("Supported", "");
                self.refuse_stateless(flow, &request, &answer);
            }
            (false, Method::Bye) => self.refuse_stateless(flow, &request, &Refusal::new(481)),
            (false, _) => self.refuse_stateless(flow, &request, &not_taken(&request.method)),
        }
    }

    fn new_call(&mut self, now: Instant, flow: Flow, request: Request, key: key::Key) {
        let limits = &self.config.limits;
        let full = self.dialogs.len() >= limits.dialogs || self.counters().transactions >= limits.transactions;
        let merged = key::merged(&request);
        let is_merged = merged
            .as_ref()
            .is_some_and(|merged| self.servers.find(merged).is_some());
        let refusal = if is_merged {
            Some(Refusal::new(482))
        } else if full {
            self.counters.overload_refusals += 1;
            Some(Refusal::full())
        } else {
            session_refusal(&request)
        };
        if let Some(refusal) = refusal {
            return self.refuse_stateless(flow, &request, &refusal);
        }
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
        self.keep_dialog(dialog);
        self.respond(now, tx, &Refusal::new(100));
        self.tell(Event::Invite {
            dialog: id,
            request,
            flow,
        });
    }

    /// CANCEL is answered 200 if its INVITE is known, and ends it if that is not finally answered.
    fn cancel_request(&mut self, now: Instant, flow: Flow, request: &Request) {
        let invite = key::server(request, &Method::Invite).and_then(|key| self.servers.find(&key));
        let found = invite.and_then(|id| Some((id, self.servers.get(id)?)));
        let Some((id, server)) = found else {
            return self.refuse_stateless(flow, request, &Refusal::new(481));
        };
        let (to, tag, about) = (server.reply_to, server.tag.clone(), server.about);
        let pending = server.dialog.filter(|_| server.state == server::State::Proceeding);
        let answer = self.response_lines(request, flow, 200, &tag).finish(None);
        super::Counters::by_class(&mut self.counters.responses_sent, 200);
        self.send(to.into(), answer, about);
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
        dialog.inbound = None;
        if dialog.state == State::Ringing {
            self.end(now, id, EndCause::Cancelled);
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
    let required: Vec<&str> = request.headers.list("Require").collect();
    if !required.is_empty() {
        return Some(Refusal::new(420).with("Unsupported", required.join(", ")));
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
