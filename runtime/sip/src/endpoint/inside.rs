//! Requests inside a dialog: ACK to a 2xx, BYE, re-INVITE and the rest. RFC 3261 12.2.2, 13.3.1.4, 14.2, 15.1.2.

use std::sync::Arc;
use std::time::Instant;

use super::reply::{ALLOW, Refusal};
use super::request::{not_taken, session_refusal};
use super::{DialogId, Endpoint};
use crate::dialog::{Peer, State};
use crate::event::{EndCause, Event};
use crate::flow::Flow;
use crate::message::{Request, SessionBody};
use crate::method::Method;
use crate::transaction::key::Key;
use crate::transaction::server::Server;
use crate::transaction::table::TxId;

/// A re-INVITE that comes while one is pending is asked to come back within so many seconds (RFC 3261 14.2: 0 to 10).
const REINVITE_RETRY_MAX_S: u64 = 10;

impl Endpoint {
    /// A request with a To tag.
    pub(super) fn inside(&mut self, now: Instant, flow: Flow, request: Request, key: Key) {
        let Some(id) = self.dialog_of(&request) else {
            return self.refuse_stateless(flow, &request, &Refusal::new(481));
        };
        if self.counters().transactions >= self.config.limits.transactions && request.method != Method::Bye {
            self.counters.overload_refusals += 1;
            return self.refuse_stateless(flow, &request, &Refusal::full());
        }
        let number = request.cseq().map_or(0, |cseq| cseq.number);
        let peer = Peer::of_request(&request, flow);
        let dialog = self
            .dialogs
            .get_mut(&id)
            .expect("the index names only dialogs that are kept");
        let in_order = dialog.takes_cseq(number);
        if in_order {
            dialog.remote.peer = peer;
        }
        let (state, tag) = (dialog.state, dialog.local_tag.clone());
        let request = Arc::new(request);
        let mut server = Server::new(request.clone(), flow, tag, None);
        server.about = Some(id);
        let tx = self.add_server(server, vec![key]);
        if !in_order {
            return self.respond(now, tx, &Refusal::new(500));
        }
        match (&request.method, state) {
            (Method::Bye, State::Closing) => self.respond(now, tx, &Refusal::new(200)),
            // Our call that is not answered cannot be ended by BYE from the far end (RFC 3261 15).
            (_, State::Closing | State::Calling(_)) => self.respond(now, tx, &Refusal::new(481)),
            (Method::Bye, _) => self.remote_bye(now, id, tx),
            (Method::Invite, State::Up) => self.remote_reinvite(now, id, tx, &request),
            (Method::Invite, _) => {
                let come_again = self.come_again();
                self.respond(now, tx, &come_again);
            }
            (Method::Options, _) => {
                let answer = Refusal::new(200).with("Allow", ALLOW).with("Accept", "application/sdp");
                self.respond(now, tx, &answer);
            }
            (Method::Info, _) if request.body.is_empty() => self.respond(now, tx, &Refusal::new(200)),
            // No Info Package and no legacy body is understood; 200 would claim it had an effect.
            (Method::Info, _) => self.respond(now, tx, &Refusal::new(415).with("Accept", "application/sdp")),
            (method, _) => self.respond(now, tx, &not_taken(method)),
        }
    }

    /// An ACK that no transaction claimed: to our 200, or a stray.
    pub(super) fn dialog_ack(&mut self, now: Instant, flow: Flow, request: &Request) {
        let number = request.cseq().map_or(0, |cseq| cseq.number);
        let id = self.dialog_of(request);
        let Some((id, dialog)) = id.and_then(|id| Some((id, self.dialogs.get_mut(&id)?))) else {
            self.counters.strays += 1;
            return;
        };
        if dialog
            .unacknowledged
            .take_if(|waiting| waiting.cseq == number)
            .is_none()
        {
            // Repeated, because the peer saw our 200 twice.
            self.counters.retransmissions_received += 1;
            return;
        }
        dialog.remote.peer = Peer::of_request(request, flow);
        let closing = dialog.state == State::Closing;
        self.set_dialog_timer(id);
        if closing {
            self.send_bye(now, id);
        } else {
            let sdp = request.sdp().map(<[u8]>::to_vec);
            self.tell(Event::Confirmed { dialog: id, sdp });
        }
    }

    /// The dialog a request names by Call-ID and both tags. No From tag at all matches too (RFC 2543 peers).
    fn dialog_of(&self, request: &Request) -> Option<DialogId> {
        let key = (request.call_id()?.to_owned(), request.tag_of_to()?.to_owned());
        let id = *self.index.get(&key)?;
        let dialog = self.dialogs.get(&id)?;
        let same_peer = dialog.remote.tag.as_deref() == request.tag_of_from();
        same_peer.then_some(id)
    }

    fn remote_bye(&mut self, now: Instant, id: DialogId, bye: TxId) {
        if let Some(pending) = self.dialogs.get_mut(&id).and_then(|dialog| dialog.inbound.take()) {
            self.respond(now, pending, &Refusal::new(487));
        }
        self.respond(now, bye, &Refusal::new(200));
        self.end(now, id, EndCause::RemoteBye);
    }

    fn remote_reinvite(&mut self, now: Instant, id: DialogId, tx: TxId, request: &Request) {
        let come_again = self.come_again();
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        if dialog.inbound.is_some() {
            return self.respond(now, tx, &come_again);
        }
        // Glare with our own re-INVITE, or the first exchange is not closed by its ACK yet (RFC 5407 3.1.4).
        if dialog.outbound.is_some() || dialog.owed.is_some() || dialog.unacknowledged.is_some() {
            return self.respond(now, tx, &Refusal::new(491));
        }
        if let Some(refusal) = session_refusal(request) {
            return self.respond(now, tx, &refusal);
        }
        dialog.inbound = Some(tx);
        if let Some(server) = self.servers.get_mut(tx) {
            server.dialog = Some(id);
        }
        self.respond(now, tx, &Refusal::new(100));
        let sdp = match request.session_body() {
            SessionBody::Sdp(range) => Some(request.body[range].to_vec()),
            SessionBody::None | SessionBody::Unsupported => None,
        };
        self.tell(Event::Reinvite { dialog: id, sdp });
    }

    fn come_again(&mut self) -> Refusal {
        let wait = self.tokens.number() % (REINVITE_RETRY_MAX_S + 1);
        Refusal::new(500).with("Retry-After", wait.to_string())
    }
}
