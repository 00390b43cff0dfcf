//! Requests of ours inside a dialog: BYE, re-INVITE, ACK. RFC 3261 12.2.1, 13.2.2.4, 14.1, 15.1.1.

use std::time::Instant;

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
        if self.live(dialog)?.state != State::Up {
            return Err(DialogError::WrongState);
        }
        self.hang_up(now, dialog, EndCause::LocalBye);
        Ok(())
    }

    /// Sends a re-INVITE; [`crate::Event::ReinviteAnswered`] follows. With `sdp` `None` the peer makes the offer and
    /// `acknowledge` carries our answer.
    ///
    /// # Errors
    /// `WrongState` while another INVITE of either side is not closed or the dialog is not established, `Unknown`,
    /// `Full`, `TooLarge`.
    pub fn reinvite(&mut self, now: Instant, dialog: DialogId, sdp: Option<Vec<u8>>) -> Result<(), DialogError> {
        self.check_size(sdp.as_deref())?;
        let full = self.counters().transactions >= self.config.limits.transactions;
        let found = self.live(dialog)?;
        let busy = found.inbound.is_some() || found.outbound.is_some();
        if found.state != State::Up || busy || found.owed.is_some() || found.unacknowledged.is_some() {
            return Err(DialogError::WrongState);
        }
        if full {
            return Err(DialogError::Full);
        }
        let (head, to) = self.live(dialog)?.next_head();
        let draft = Draft::new(Method::Invite, head).with_sdp(sdp);
        let tx = self.begin(now, Purpose::Reinvite, Some(dialog), draft, to);
        self.live(dialog)?.outbound = Some(tx);
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
        let tx = self.live(dialog)?.owed.take().ok_or(DialogError::WrongState)?;
        self.send_ack(dialog, tx, sdp);
        Ok(())
    }

    /// Ends an established dialog from our side, for whatever cause.
    pub(super) fn hang_up(&mut self, now: Instant, id: DialogId, cause: EndCause) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        dialog.state = State::Closing;
        let (pending, owed) = (dialog.inbound.take(), dialog.owed.take());
        let (waits, outbound) = (dialog.unacknowledged.is_some(), dialog.outbound.take());
        if let Some(tx) = outbound {
            self.orphan(now, tx);
        }
        if let Some(tx) = pending {
            self.respond(now, tx, &Refusal::new(487));
        }
        if let Some(tx) = owed {
            self.send_ack(id, tx, None);
        }
        if !waits {
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
        let draft = Draft::new(Method::Ack, head).with_sdp(sdp);
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
