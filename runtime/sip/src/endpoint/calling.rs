//! Commands of the calling side: INVITE and CANCEL. RFC 3261 13.2, 9.1.

use std::net::SocketAddr;
use std::time::Instant;

use super::{DialogError, DialogId, Endpoint, Outgoing};
use crate::address::NameAddr;
use crate::dialog::head::Head;
use crate::dialog::{Cancel, Dialog, State};
use crate::headers::is_header;
use crate::limits::EXTRA_HEADERS;
use crate::parse::is_token;
use crate::transaction::client::Purpose;

/// What the endpoint writes itself.
const OWN_HEADERS: [&str; 14] = [
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Contact",
    "Max-Forwards",
    "Content-Length",
    "Content-Type",
    "Content-Encoding",
    "Allow",
    "User-Agent",
    "Require",
    "Record-Route",
];

impl Endpoint {
    /// Places a call. [`crate::Event::Progress`] and `Answered` or `Ended` follow.
    ///
    /// # Errors
    /// `Full`, `BadHeader`, `TooLarge`.
    pub fn invite(&mut self, now: Instant, outgoing: Outgoing) -> Result<DialogId, DialogError> {
        let Outgoing {
            uri,
            destination,
            mut from,
            sdp,
            headers,
        } = outgoing;
        let limits = &self.config.limits;
        if self.dialogs.len() >= limits.dialogs || self.counters().transactions >= limits.transactions {
            return Err(DialogError::Full);
        }
        self.check_size(sdp.as_deref())?;
        self.check_headers(&headers)?;
        let tag = self.tokens.token();
        from.params.retain(|(name, _)| !name.eq_ignore_ascii_case("tag"));
        from.params.push(("tag".to_owned(), Some(tag.clone())));
        let head = Head {
            uri: uri.to_string(),
            via: self.new_via(),
            routes: Vec::new(),
            from: from.to_string(),
            to: NameAddr::new(uri.clone()).to_string(),
            call_id: format!("{}{}", self.tokens.token(), self.tokens.token()),
            cseq: 1,
        };
        let mut lines = self.with_contact(head.lines("INVITE"));
        for (name, value) in &headers {
            lines.field(name, value);
        }
        let packet = lines.finish(sdp.as_deref());
        if packet.len() > self.config.limits.message_bytes {
            return Err(DialogError::TooLarge);
        }
        let id = self.new_dialog_id();
        let mut dialog = Dialog::of_outgoing(id, &head, tag, uri, destination);
        let tx = self.begin(now, Purpose::Invite, Some(id), head, (destination, packet));
        if let Some(client) = self.clients.get_mut(tx) {
            client.offered = sdp.is_some();
        }
        dialog.outbound = Some(tx);
        self.keep_dialog(dialog);
        Ok(id)
    }

    /// Gives up a call that is not answered yet. `Ended{Cancelled}` follows when the far end has confirmed it, or after
    /// 64*T1. An answer that crosses the CANCEL is acknowledged and hung up at once.
    ///
    /// # Errors
    /// `WrongState` if it is answered already (use `bye`) or not ours to cancel, `Unknown`.
    pub fn cancel(&mut self, now: Instant, dialog: DialogId) -> Result<(), DialogError> {
        let found = self.live(dialog)?;
        match found.state {
            State::Calling(Cancel::No) => found.state = State::Calling(Cancel::Wanted),
            State::Calling(_) => return Ok(()),
            _ => return Err(DialogError::WrongState),
        }
        self.send_cancel_if_allowed(now, dialog);
        Ok(())
    }

    /// Sends a wanted CANCEL as soon as a provisional response is there (RFC 3261 9.1).
    pub(super) fn send_cancel_if_allowed(&mut self, now: Instant, id: DialogId) {
        let until = now + self.config.timers.timeout();
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let Some(client) = dialog.outbound.and_then(|tx| self.clients.get(tx)) else {
            return;
        };
        if dialog.state != State::Calling(Cancel::Wanted) || !client.is_proceeding() {
            return;
        }
        dialog.state = State::Calling(Cancel::Sent(until));
        // CANCEL carries the Via of its INVITE, branch included, and goes the same way.
        let (head, to): (Head, SocketAddr) = (client.head.clone(), client.destination);
        let packet = self.with_agent(head.lines("CANCEL")).finish(None);
        self.begin(now, Purpose::Cancel, None, head, (to, packet));
        self.set_dialog_timer(id);
    }

    fn check_headers(&self, headers: &[(String, String)]) -> Result<(), DialogError> {
        if headers.len() > EXTRA_HEADERS {
            return Err(DialogError::TooLarge);
        }
        let allowed = |name: &str| {
            let is_own = OWN_HEADERS.iter().any(|own| is_header(name.as_bytes(), own));
            !name.is_empty() && name.bytes().all(is_token) && !is_own
        };
        if headers.iter().all(|(name, _)| allowed(name)) {
            Ok(())
        } else {
            Err(DialogError::BadHeader)
        }
    }
}
