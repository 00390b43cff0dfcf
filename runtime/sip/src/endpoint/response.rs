//! A response came: to which of our requests, and what follows. RFC 3261 13.2.2, 14.1, 17.1.3, 18.1.2; forks 13.2.2.4.

use std::sync::Arc;
use std::time::Instant;

use super::auth::may_be_asked;
use super::{Counters, DialogId, Endpoint};
use crate::dialog::changes::Turn;
use crate::dialog::draft::Draft;
use crate::dialog::{Cancel, State};
use crate::event::{EndCause, Event, Failure};
use crate::flow::{Flow, Listener};
use crate::message::Response;
use crate::method::Method;
use crate::transaction::client::{Client, Heard, Purpose, Why};
use crate::transaction::key;
use crate::transaction::table::TxId;
use crate::uri::literal_ip;
use crate::via::{DEFAULT_PORT, same_ip};

impl Endpoint {
    pub(super) fn response(&mut self, now: Instant, flow: Flow, response: Arc<Response>) {
        Counters::by_class(&mut self.counters.responses_received, response.status);
        let Some(id) = self.client_of(&response) else {
            self.counters.strays += 1;
            return;
        };
        let timers = self.config.timers;
        let client = self
            .clients
            .get_mut(id)
            .expect("the index names only transactions that are kept");
        let (purpose, dialog) = (client.purpose, client.dialog);
        let heard = client.heard(now, response.status, &timers);
        let is_invite = client.is_invite();
        self.touched = client.about;
        self.set_client_timer(id);
        match heard {
            Heard::Absorbed => self.counters.retransmissions_received += 1,
            Heard::RefusedAgain => {
                self.counters.retransmissions_received += 1;
                self.acknowledge_refusal(id, &response);
            }
            Heard::Another2xx => self.another_2xx(now, flow, id, &response),
            Heard::Provisional if purpose == Purpose::Invite => self.progress(now, flow, dialog, &response),
            Heard::Provisional => {}
            Heard::Final if response.status >= 300 => {
                if is_invite {
                    self.acknowledge_refusal(id, &response);
                }
                // An INVITE that nobody waits for any more is not sent again.
                let is_wanted = !is_invite || dialog.is_some();
                let may_retry = is_wanted && may_be_asked(purpose);
                if !(may_retry && self.sent_otherwise(now, id, &response)) {
                    self.refused(now, id, purpose, dialog, response);
                }
            }
            Heard::Final => self.taken(now, flow, id, purpose, response),
        }
    }

    /// A request of ours was answered 2xx.
    fn taken(&mut self, now: Instant, flow: Flow, tx: TxId, purpose: Purpose, response: Arc<Response>) {
        let dialog = self.clients.get(tx).and_then(|client| client.dialog);
        match purpose {
            Purpose::Invite => self.answered(now, flow, tx, dialog, response),
            Purpose::Reinvite(why) => self.reinvite_answered(now, tx, dialog, why, &response),
            Purpose::Refer(refer) => self.refer_answered(now, refer, &response),
            Purpose::Notify(refer) => self.notify_answered(now, refer, Some(response.status)),
            Purpose::Outside(exchange) => self.exchange_answered(exchange, Some(response)),
            Purpose::Cancel | Purpose::Prack => {}
            Purpose::Update(_) | Purpose::Bye | Purpose::Info => {
                let Some(id) = dialog else { return };
                match purpose {
                    Purpose::Update(_) => self.update_answered(now, id, tx, &response),
                    Purpose::Info => self.key_told(now, id, response.status),
                    _ => self.forget(now, id),
                }
            }
        }
    }

    /// A request of ours was refused.
    fn refused(&mut self, now: Instant, tx: TxId, purpose: Purpose, dialog: Option<DialogId>, response: Arc<Response>) {
        match purpose {
            Purpose::Refer(refer) => return self.refer_answered(now, refer, &response),
            Purpose::Notify(refer) => return self.notify_answered(now, refer, Some(response.status)),
            Purpose::Outside(exchange) => return self.exchange_answered(exchange, Some(response)),
            _ => {}
        }
        let Some(id) = dialog else { return };
        match purpose {
            Purpose::Invite => self.call_refused(now, id, response),
            Purpose::Reinvite(_) | Purpose::Update(_) => self.change_refused(now, id, tx, &response),
            // Whatever the far end says to BYE, the dialog is over.
            Purpose::Bye => self.forget(now, id),
            Purpose::Info => self.key_told(now, id, response.status),
            _ => {}
        }
    }

    /// Our Via on top, a branch and a method of ours.
    fn client_of(&self, response: &Response) -> Option<TxId> {
        let via = response.via().ok()?;
        let ip = literal_ip(via.host)?;
        let port = via.port.unwrap_or(DEFAULT_PORT);
        let is_ours = |door: &Listener| same_ip(ip, door.address.ip()) && port == door.address.port();
        if !self.config.listeners.iter().any(is_ours) {
            return None;
        }
        let cseq = response.cseq().ok()?;
        self.clients.find(&key::client(via.branch()?, cseq.method.as_str()))
    }

    fn progress(&mut self, now: Instant, flow: Flow, dialog: Option<DialogId>, response: &Response) {
        let Some(id) = dialog else { return };
        if response.status > 100
            && let Some(sdp) = self.hear_provisional(now, id, flow, response)
        {
            self.tell(Event::Progress {
                dialog: id,
                status: response.status,
                sdp,
            });
        }
        self.send_cancel_if_allowed(now, id);
    }

    fn answered(&mut self, now: Instant, flow: Flow, tx: TxId, dialog: Option<DialogId>, response: Arc<Response>) {
        if let Some(client) = self.clients.get_mut(tx) {
            client.winner = Some(response.tag_of_to().unwrap_or_default().to_owned());
        }
        let Some((id, dialog)) = dialog.and_then(|id| Some((id, self.dialogs.get_mut(&id)?))) else {
            return self.hang_up_fork(now, flow, tx, &response);
        };
        let cancelled = matches!(dialog.state, State::Calling(Cancel::Wanted | Cancel::Sent(_)));
        let usable = dialog.confirm(&response, flow).is_ok();
        dialog.outbound = None;
        dialog.abilities.learn(&response.headers);
        self.set_dialog_timer(id);
        if cancelled || !usable {
            self.send_ack(id, tx, None);
            let cause = if cancelled {
                EndCause::Cancelled
            } else {
                EndCause::Failed(Failure::UnusableAnswer)
            };
            return self.hang_up(now, id, cause);
        }
        let sdp = self.acknowledge_unless_owed(id, tx, &response);
        self.timer_answered(now, id, &response.headers);
        self.tell(Event::Answered {
            dialog: id,
            sdp,
            response,
        });
    }

    fn reinvite_answered(&mut self, now: Instant, tx: TxId, dialog: Option<DialogId>, why: Why, response: &Response) {
        if let Some(client) = self.clients.get_mut(tx) {
            client.winner = Some(response.tag_of_to().unwrap_or_default().to_owned());
        }
        let Some((id, dialog)) = dialog.and_then(|id| Some((id, self.dialogs.get_mut(&id)?))) else {
            // We hung up while it was under way. The 2xx must still be acknowledged or it is repeated for 32 s.
            return self.acknowledge_orphan(tx, response);
        };
        dialog.remote.refresh(&response.headers);
        dialog.abilities.learn(&response.headers);
        dialog.outbound = None;
        let before = dialog.offers.theirs.clone();
        let sdp = self.acknowledge_unless_owed(id, tx, response);
        self.timer_answered(now, id, &response.headers);
        // A refresh is none of the user's business unless the peer made it a change.
        if why == Why::Asked || sdp.is_some() && sdp != before {
            self.tell(Event::ReinviteAnswered {
                dialog: id,
                status: response.status,
                sdp,
            });
        }
    }

    /// Sends the ACK, unless the 2xx carries an offer that the user has to answer first. Gives the description.
    fn acknowledge_unless_owed(&mut self, id: DialogId, tx: TxId, response: &Response) -> Option<Vec<u8>> {
        let sdp = response.sdp().map(<[u8]>::to_vec);
        let offered = self.clients.get(tx).is_some_and(Client::offered);
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return sdp;
        };
        match &sdp {
            // A description after a complete exchange says nothing new (RFC 6337 3.1.1).
            Some(answer) if offered && dialog.offers.turn == Turn::WeOffered => dialog.offers.theirs(answer),
            None if offered && dialog.offers.turn == Turn::WeOffered => dialog.offers.withdrawn(),
            Some(offer) if !offered => {
                dialog.offers.theirs(offer);
                dialog.owed = Some(tx);
                return sdp;
            }
            _ => {}
        }
        self.send_ack(id, tx, None);
        sdp
    }

    /// Our INVITE was refused.
    fn call_refused(&mut self, now: Instant, id: DialogId, response: Arc<Response>) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        dialog.outbound = None;
        let status = response.status;
        let cause = dialog.cause_unless_cancelled(EndCause::Rejected { status });
        self.tell(Event::Refused { dialog: id, response });
        self.end(now, id, cause);
    }

    /// The ACK to a refusal belongs to the transaction: same Via, same way (RFC 3261 17.1.1.3).
    fn acknowledge_refusal(&mut self, tx: TxId, response: &Response) {
        let Some(client) = self.clients.get(tx) else { return };
        let head = &client.draft.head;
        let to = response.headers.first("To").unwrap_or(&head.to);
        let packet = head.lines_to("ACK", to).finish(None);
        let (way, about) = (client.to.clone(), client.about);
        self.send(way, packet, about);
    }

    /// One more 2xx to an INVITE: the same again gets the same ACK, another fork is acknowledged and hung up.
    fn another_2xx(&mut self, now: Instant, flow: Flow, tx: TxId, response: &Response) {
        let Some(client) = self.clients.get(tx) else { return };
        let tag = response.tag_of_to().unwrap_or_default();
        if let Some((to, packet)) = client.ack_for(tag) {
            self.counters.retransmissions_received += 1;
            let about = client.about;
            return self.send_again(to, packet, about);
        }
        let waits_for_answer = client.winner.as_deref() == Some(tag);
        if waits_for_answer || client.forks_are_full() {
            self.counters.retransmissions_received += 1;
        } else {
            self.hang_up_fork(now, flow, tx, response);
        }
    }

    fn acknowledge_orphan(&mut self, tx: TxId, response: &Response) {
        let Some(client) = self.clients.get(tx) else { return };
        let (head, to) = (client.draft.head.clone(), client.to.clone());
        self.send_ack_as(tx, response.tag_of_to().unwrap_or_default(), head, to, None);
    }

    /// A 2xx that nobody waits for any more, or of a further fork: ACK and BYE through a dialog that is not kept.
    fn hang_up_fork(&mut self, now: Instant, flow: Flow, tx: TxId, response: &Response) {
        let Some(client) = self.clients.get(tx) else { return };
        let tag = response.tag_of_from().unwrap_or_default().to_owned();
        let Some(mut fork) = Self::fork_of(client, tag) else {
            return;
        };
        // Routes that cannot be read are left out: the BYE then goes straight to the fork's Contact.
        let _ = fork.confirm(response, flow);
        let (head, to) = fork.head(client.draft.head.cseq);
        self.send_ack_as(tx, response.tag_of_to().unwrap_or_default(), head, to, None);
        let (head, to) = fork.next_head();
        self.begin(now, Purpose::Bye, None, Draft::new(Method::Bye, head), to);
    }
}
