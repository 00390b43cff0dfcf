//! Requests inside a dialog: to whom they belong and in what order they may come; ACK to a 2xx, BYE. What the other
//! methods mean stands in a file each. RFC 3261 12.2.2, 13.3.1.4, 15.1.2.

use std::sync::Arc;
use std::time::Instant;

use super::reply::{ACCEPT, ALLOW, Refusal, SUPPORTED};
use super::request::not_taken;
use super::{DialogId, Endpoint};
use crate::dialog::changes::Turn;
use crate::dialog::{Peer, State};
use crate::event::{EndCause, Event};
use crate::flow::Flow;
use crate::message::Request;
use crate::method::Method;
use crate::transaction::key::Key;
use crate::transaction::server::Server;
use crate::transaction::table::TxId;

/// A change that comes while one is pending is asked to come back within so many seconds (RFC 3261 14.2: 0 to 10).
pub(super) const CHANGE_RETRY_MAX_S: u64 = 10;

impl Endpoint {
    /// A request that names a dialog of ours.
    pub(super) fn inside(&mut self, now: Instant, flow: Flow, id: DialogId, request: Request, key: Key) {
        self.touched = Some(id);
        if self.counters().transactions >= self.config.limits.transactions && request.method != Method::Bye {
            self.counters.overload_refusals += 1;
            return self.refuse_stateless(flow, &request, &Refusal::full());
        }
        let number = request.cseq().map_or(0, |cseq| cseq.number);
        let peer = Peer::of_request(&request, flow);
        let dialog = self
            .dialogs
            .get_mut(&id)
            .expect("dialog_of names only dialogs that are kept");
        let half = dialog
            .half_of(request.tag_of_from())
            .expect("dialog_of has found the half by this tag");
        let in_order = half.takes_cseq(number);
        if in_order {
            half.peer = peer;
        }
        let (state, tag) = (dialog.state, dialog.local_tag.clone());
        let request = Arc::new(request);
        let mut server = Server::new(request.clone(), flow, tag, None);
        server.about = Some(id);
        let tx = self.add_server(server, vec![key]);
        if !in_order {
            return self.respond(now, tx, &Refusal::new(500));
        }
        self.dispatch_inside(now, id, tx, &request, state);
    }

    /// One line for each method and state.
    fn dispatch_inside(&mut self, now: Instant, id: DialogId, tx: TxId, request: &Request, state: State) {
        match (&request.method, state) {
            (Method::Bye, State::Closing) => self.respond(now, tx, &Refusal::new(200)),
            (Method::Notify, _) => self.notified(now, id, tx, request),
            (_, State::Closing) => self.respond(now, tx, &Refusal::new(481)),
            // Our call that is not answered cannot be ended by BYE from the far end (RFC 3261 15).
            (Method::Bye | Method::Invite | Method::Refer | Method::Prack, State::Calling(_)) => {
                self.respond(now, tx, &Refusal::new(481));
            }
            (Method::Bye, _) => self.remote_bye(now, id, tx),
            (Method::Invite, State::Up) => self.remote_reinvite(now, id, tx, request),
            (Method::Invite, _) => {
                let come_again = self.come_again();
                self.respond(now, tx, &come_again);
            }
            (Method::Prack, _) => self.acknowledged_provisional(now, id, tx, request),
            (Method::Update, _) => self.remote_update(now, id, tx, request),
            (Method::Options, _) => {
                let answer = Refusal::new(200)
                    .with("Allow", ALLOW)
                    .with("Accept", ACCEPT)
                    .with("Supported", SUPPORTED);
                self.respond(now, tx, &answer);
            }
            (Method::Info, _) => self.remote_info(now, id, tx, request),
            (Method::Refer, State::Up) => self.remote_refer(now, id, tx, request),
            // A transfer of a call that is not answered yet (RFC 3515 leaves the refusal to us).
            (Method::Refer, _) => self.respond(now, tx, &Refusal::new(403)),
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
        self.touched = Some(id);
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
        let sdp = request.sdp().map(<[u8]>::to_vec);
        if dialog.offers.turn == Turn::WeOffered {
            match &sdp {
                Some(answer) => dialog.offers.theirs(answer),
                None => dialog.offers.withdrawn(),
            }
        }
        self.set_dialog_timer(id);
        if closing {
            self.send_bye(now, id);
        } else {
            self.tell(Event::Confirmed { dialog: id, sdp });
        }
    }

    /// The dialog a request names by Call-ID and both tags. No From tag at all matches too (RFC 2543 peers).
    pub(super) fn dialog_of(&mut self, request: &Request) -> Option<DialogId> {
        let key = (request.call_id()?.to_owned(), request.tag_of_to()?.to_owned());
        let id = *self.index.get(&key)?;
        let dialog = self.dialogs.get_mut(&id)?;
        dialog.half_of(request.tag_of_from()).map(|_| id)
    }

    fn remote_bye(&mut self, now: Instant, id: DialogId, bye: TxId) {
        let pending = self
            .dialogs
            .get_mut(&id)
            .map(|dialog| [dialog.inbound.take(), dialog.changes.inbound.take()]);
        for tx in pending.into_iter().flatten().flatten() {
            self.respond(now, tx, &Refusal::new(487));
        }
        self.respond(now, bye, &Refusal::new(200));
        self.end(now, id, EndCause::RemoteBye);
    }

    pub(super) fn come_again(&mut self) -> Refusal {
        let wait = self.tokens.number() % (CHANGE_RETRY_MAX_S + 1);
        Refusal::new(500).with("Retry-After", wait.to_string())
    }
}
