//! Requests of ours that end or acknowledge: BYE and ACK. RFC 3261 13.2.2.4, 15.1.1.

use std::time::Instant;

use super::auth::proofs;
use super::reply::Refusal;
use super::{DialogError, DialogId, Endpoint};
use crate::dialog::draft::Draft;
use crate::dialog::head::Head;
use crate::dialog::{Dialog, State};
use crate::event::EndCause;
use crate::flow::Target;
use crate::method::Method;
use crate::transaction::client::{Client, Purpose};
use crate::transaction::table::TxId;

impl Endpoint {
    /// Ends an established dialog: `Ended{LocalBye}` at once, the BYE is repeated by itself until answered. If our 200
    /// still waits for its ACK, the BYE waits too (RFC 3261 15).
    ///
    /// # Errors
    /// `WrongState` if the dialog is not established (use `reject` or `cancel`), `Unknown`.
    pub fn bye(&mut self, now: Instant, dialog: DialogId) -> Result<(), DialogError> {
        let found = self.live(dialog)?;
        let is_held_back = found
            .reliable
            .as_ref()
            .is_some_and(|reliable| reliable.accepted.is_some());
        if found.state == State::Ringing && is_held_back {
            // Our answer waits for a PRACK: there is nothing to end by BYE yet.
            if let Some(tx) = found.inbound.take() {
                self.respond(now, tx, &Refusal::new(480));
            }
            self.end(now, dialog, EndCause::LocalBye);
            return Ok(());
        }
        if found.state != State::Up {
            return Err(DialogError::WrongState);
        }
        self.hang_up(now, dialog, EndCause::LocalBye);
        Ok(())
    }

    /// Sends the ACK we owe after an answer that carried an offer ([`crate::Event::Answered`] or `ReinviteAnswered` to
    /// an INVITE without `sdp`). Every other ACK is sent by the endpoint itself.
    ///
    /// # Errors
    /// `WrongState` if none is owed, `Unknown`, `TooLarge`.
    pub fn acknowledge(&mut self, now: Instant, dialog: DialogId, sdp: Option<Vec<u8>>) -> Result<(), DialogError> {
        let _ = now;
        self.check_size(sdp.as_deref())?;
        let found = self.live(dialog)?;
        let tx = found.owed.take().ok_or(DialogError::WrongState)?;
        match &sdp {
            Some(sdp) => found.offers.ours(sdp),
            None => found.offers.withdrawn(),
        }
        self.send_ack(dialog, tx, sdp);
        Ok(())
    }

    /// Ends an established dialog from our side, for whatever cause.
    pub(super) fn hang_up(&mut self, now: Instant, id: DialogId, cause: EndCause) {
        let Some(dialog) = self.dialogs.get(&id) else {
            return;
        };
        if dialog.refers.open > 0 {
            self.tell_last_news(now, id);
        }
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let waits = dialog.unacknowledged.take();
        dialog.close();
        // Its ACK, or the end of waiting for it, sends the BYE.
        dialog.unacknowledged = waits;
        let waits = dialog.unacknowledged.is_some();
        let pending = [dialog.inbound.take(), dialog.changes.inbound.take()];
        let owed = dialog.owed.take();
        let lost = [
            dialog.outbound.take(),
            dialog.changes.update.take(),
            dialog.keys.under_way.take(),
        ];
        for tx in lost.into_iter().flatten() {
            self.orphan(now, tx);
        }
        for tx in pending.into_iter().flatten() {
            self.respond(now, tx, &Refusal::new(487));
        }
        if let Some(tx) = owed {
            self.send_ack(id, tx, None);
        }
        if waits {
            self.set_dialog_timer(id);
        } else {
            self.send_bye(now, id);
        }
        self.tell_ended(id, cause);
    }

    /// Sends the BYE of a closing dialog; the dialog is forgotten when it is answered or given up.
    pub(super) fn send_bye(&mut self, now: Instant, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        dialog.unacknowledged = None;
        let (head, to) = dialog.next_head();
        self.set_dialog_timer(id);
        self.begin(now, Purpose::Bye, Some(id), Draft::new(Method::Bye, head), to);
    }

    /// Acknowledges the 2xx of transaction `tx` that belongs to a dialog.
    pub(super) fn send_ack(&mut self, id: DialogId, tx: TxId, sdp: Option<Vec<u8>>) {
        let (Some(dialog), Some(client)) = (self.dialogs.get(&id), self.clients.get(tx)) else {
            return;
        };
        let (head, to) = dialog.head(client.draft.head.cseq);
        let tag = dialog.remote.tag.clone().unwrap_or_default();
        self.send_ack_as(tx, &tag, head, to, sdp);
    }

    /// Sends an ACK to a 2xx and remembers it for a repeated 2xx.
    pub(super) fn send_ack_as(&mut self, tx: TxId, tag: &str, mut head: Head, to: Target, sdp: Option<Vec<u8>>) {
        head.via = self.new_via(to.flow);
        let mut draft = Draft::new(Method::Ack, head).with_sdp(sdp);
        if let Some(client) = self.clients.get(tx) {
            draft = proofs(&client.draft).fold(draft, |draft, (name, value)| draft.with(name, value));
        }
        let packet = self.render(&draft, to.flow);
        self.counters.requests_sent += 1;
        let client = self.clients.get_mut(tx);
        let about = client.as_ref().and_then(|client| client.about);
        if let Some(client) = client {
            client.remember_ack(tag, packet.clone(), to.clone());
        }
        self.send(to, packet, about);
    }

    /// A dialog's temporary stand-in for a fork, see `response`.
    pub(super) fn fork_of(client: &Client, tag: String) -> Option<Dialog> {
        let target = crate::uri::Uri::parse(&client.draft.head.uri).ok()?;
        Some(Dialog::of_outgoing(
            DialogId(0),
            &client.draft.head,
            tag,
            target,
            &client.to,
        ))
    }
}
