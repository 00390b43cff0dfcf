//! Requests of ours inside a dialog: BYE, re-INVITE, ACK. RFC 3261 12.2.1, 13.2.2.4, 14.1, 15.1.1.

use std::net::SocketAddr;
use std::time::Instant;

use super::reply::{ALLOW, Refusal};
use super::{DialogError, DialogId, Endpoint};
use crate::dialog::head::Head;
use crate::dialog::{Dialog, State};
use crate::event::EndCause;
use crate::print::Lines;
use crate::transaction::Packet;
use crate::transaction::client::{Client, Purpose};
use crate::transaction::key;
use crate::transaction::table::TxId;
use crate::via::{MAGIC_COOKIE, Via};

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
        let via = self.new_via();
        let (head, to) = self.live(dialog)?.next_head(via);
        let lines = self.with_contact(head.lines("INVITE"));
        let packet = lines.finish(sdp.as_deref());
        let tx = self.begin(now, Purpose::Reinvite, Some(dialog), head, (to, packet));
        if let Some(client) = self.clients.get_mut(tx) {
            client.offered = sdp.is_some();
        }
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
        self.send_ack(dialog, tx, sdp.as_deref());
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
        let via = self.new_via();
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        dialog.unacknowledged = None;
        let (head, to) = dialog.next_head(via);
        self.set_dialog_timer(id);
        self.begin_bye(now, Some(id), head, to);
    }

    /// A BYE transaction, also for a fork that no dialog stands for.
    pub(super) fn begin_bye(&mut self, now: Instant, dialog: Option<DialogId>, head: Head, to: SocketAddr) {
        let packet = self.with_agent(head.lines("BYE")).finish(None);
        self.begin(now, Purpose::Bye, dialog, head, (to, packet));
    }

    /// Acknowledges the 2xx of transaction `tx` that belongs to a dialog.
    pub(super) fn send_ack(&mut self, id: DialogId, tx: TxId, sdp: Option<&[u8]>) {
        let via = self.new_via();
        let (Some(dialog), Some(client)) = (self.dialogs.get(&id), self.clients.get(tx)) else {
            return;
        };
        let (head, to) = dialog.head(via, client.head.cseq);
        let tag = dialog.remote_tag.clone().unwrap_or_default();
        self.send_ack_as(tx, &tag, &head, to, sdp);
    }

    /// Sends an ACK to a 2xx and remembers it for a repeated 2xx.
    pub(super) fn send_ack_as(&mut self, tx: TxId, tag: &str, head: &Head, to: SocketAddr, sdp: Option<&[u8]>) {
        let packet = self.with_agent(head.lines("ACK")).finish(sdp);
        self.counters.requests_sent += 1;
        if let Some(client) = self.clients.get_mut(tx) {
            client.remember_ack(tag, packet.clone(), to);
        }
        self.send(to, packet);
    }

    /// Starts a client transaction and sends its request.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        purpose: Purpose,
        dialog: Option<DialogId>,
        head: Head,
        sent: (SocketAddr, Packet),
    ) -> TxId {
        let branch = Via::parse(&head.via)
            .ok()
            .and_then(|via| via.branch())
            .unwrap_or_default()
            .to_owned();
        let method = match purpose {
            Purpose::Invite | Purpose::Reinvite => "INVITE",
            Purpose::Bye => "BYE",
            Purpose::Cancel => "CANCEL",
        };
        self.counters.requests_sent += 1;
        self.send(sent.0, sent.1.clone());
        let client = Client::new(now, purpose, dialog, head, sent, &self.config.timers);
        let tx = self.clients.add(client, vec![key::client(&branch, method)]);
        self.set_client_timer(tx);
        tx
    }

    /// A dialog's temporary stand-in for a fork, see `response`.
    pub(super) fn fork_of(head: &Head, tag: String, from: SocketAddr) -> Option<Dialog> {
        let target = crate::uri::Uri::parse(&head.uri).ok()?;
        Some(Dialog::of_outgoing(DialogId(0), head, tag, target, from))
    }

    /// A fresh Via value; its branch is unique.
    pub(super) fn new_via(&mut self) -> String {
        format!(
            "SIP/2.0/UDP {};branch={MAGIC_COOKIE}{};rport",
            self.config.contact,
            self.tokens.token()
        )
    }

    /// Contact, Allow and User-Agent: what an INVITE carries.
    pub(super) fn with_contact(&self, mut lines: Lines) -> Lines {
        lines.field("Contact", &self.contact());
        lines.field("Allow", ALLOW);
        self.with_agent(lines)
    }

    pub(super) fn with_agent(&self, mut lines: Lines) -> Lines {
        if !self.config.user_agent.is_empty() {
            lines.field("User-Agent", &self.config.user_agent);
        }
        lines
    }
}
