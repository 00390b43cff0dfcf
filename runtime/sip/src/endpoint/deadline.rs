//! A deadline came: a transaction or a dialog sends again or gives up. RFC 3261 17, 13.3.1.4, 9.1.

use std::time::Instant;

use super::{DialogId, Endpoint, ReferId};
use crate::dialog::{Cancel, State};
use crate::event::EndCause;
use crate::timers::Owner;
use crate::transaction::client::{Client, Purpose};
use crate::transaction::server::Timed;
use crate::transaction::table::TxId;

impl Endpoint {
    pub(super) fn deadline(&mut self, now: Instant, owner: Owner) {
        match owner {
            Owner::Server(id) => self.server_deadline(now, id),
            Owner::Client(id) => self.client_deadline(now, id),
            Owner::Dialog(id) => self.dialog_deadline(now, DialogId(id)),
            Owner::Refer(id) => self.refer_deadline(now, ReferId(id)),
        }
    }

    fn server_deadline(&mut self, now: Instant, id: TxId) {
        let timers = self.config.timers;
        let Some(server) = self.servers.get_mut(id) else { return };
        let (to, about) = (server.reply_to, server.about);
        match server.tick(now, &timers) {
            Timed::Over => self.server_over(id),
            Timed::Resend(packet) => self.send_again(to.into(), packet, about),
            Timed::Nothing => {}
        }
        self.set_server_timer(id);
    }

    fn server_over(&mut self, id: TxId) {
        let Some(server) = self.remove_server(id) else { return };
        if let Some(exchange) = server.exchange {
            self.exchanges.remove(&exchange);
        }
        // A change that the user never answered: its sender has given up.
        let dialog = server.dialog.and_then(|dialog| self.dialogs.get_mut(&dialog));
        if let Some(dialog) = dialog
            && dialog.changes.inbound == Some(id)
        {
            dialog.changes.inbound = None;
            dialog.offers.withdrawn();
        }
    }

    fn client_deadline(&mut self, now: Instant, id: TxId) {
        let timers = self.config.timers;
        let Some(client) = self.clients.get_mut(id) else { return };
        let (to, about) = (client.to.clone(), client.about);
        match client.tick(now, &timers) {
            Timed::Over => self.client_over(now, id),
            Timed::Resend(packet) => self.send_again(to, packet, about),
            Timed::Nothing => {}
        }
        self.set_client_timer(id);
    }

    fn client_over(&mut self, now: Instant, id: TxId) {
        let Some(client) = self.remove_client(id) else { return };
        if client.is_unanswered() {
            self.counters.timeouts += 1;
            return self.gone_unanswered(now, &client, EndCause::TimedOut);
        }
        let waiting = client.dialog.and_then(|dialog| self.dialogs.get_mut(&dialog));
        // The 2xx was never acknowledged by our user, and its sender has given up waiting by now.
        if let Some(waiting) = waiting
            && waiting.owed == Some(id)
        {
            waiting.owed = None;
            let dialog = waiting.id;
            self.hang_up(now, dialog, EndCause::NoAck);
        } else if client.purpose == Purpose::Bye
            && let Some(dialog) = client.dialog
        {
            self.forget(now, dialog);
        }
    }

    /// A request of ours ended without a final response.
    pub(super) fn gone_unanswered(&mut self, now: Instant, client: &Client, cause: EndCause) {
        match client.purpose {
            Purpose::Outside(exchange) => return self.exchange_answered(exchange, None),
            Purpose::Refer(refer) => return self.refer_unanswered(now, refer, cause),
            Purpose::Notify(refer) => return self.notify_answered(now, refer, None),
            _ => {}
        }
        let Some(id) = client.dialog else { return };
        let Some(waiting) = self.dialogs.get_mut(&id) else {
            return;
        };
        match client.purpose {
            Purpose::Invite => {
                let cause = waiting.cause_unless_cancelled(cause);
                self.end(now, id, cause);
            }
            Purpose::Reinvite(_) | Purpose::Update(_) => self.change_unanswered(now, id, client, cause),
            Purpose::Info => {
                waiting.keys.under_way = None;
                self.lose(now, id, cause);
            }
            Purpose::Bye => self.forget(now, id),
            // The call itself goes on; its INVITE has an end of its own.
            Purpose::Cancel | Purpose::Prack => {}
            Purpose::Refer(_) | Purpose::Notify(_) | Purpose::Outside(_) => {}
        }
    }

    fn dialog_deadline(&mut self, now: Instant, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        if let State::Calling(Cancel::Sent(until)) = dialog.state
            && until <= now
        {
            // The far end confirmed neither way; its late answer, if any, finds no transaction and is dropped.
            if let Some(tx) = dialog.outbound.take() {
                self.remove_client(tx);
            }
            return self.end(now, id, EndCause::Cancelled);
        }
        let lives = self.answer_deadline(now, id) && self.reliable_deadline(now, id) && self.session_deadline(now, id);
        if lives {
            self.change_deadline(now, id);
        }
        self.set_dialog_timer(id);
    }

    /// Repeats our 200 until its ACK comes. Whether the dialog lives on.
    fn answer_deadline(&mut self, now: Instant, id: DialogId) -> bool {
        let timers = self.config.timers;
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return false;
        };
        let Some(waiting) = dialog.unacknowledged.as_mut() else {
            return true;
        };
        if waiting.beat.has_ended(now) {
            dialog.unacknowledged = None;
            if dialog.state == State::Closing {
                self.send_bye(now, id);
            } else {
                self.hang_up(now, id, EndCause::NoAck);
            }
            return false;
        }
        if waiting.beat.take_resend(now, |last| timers.next_interval(last)) {
            let (to, packet) = (waiting.to, waiting.packet.clone());
            self.send_again(to.into(), packet, Some(id));
        }
        true
    }
}
