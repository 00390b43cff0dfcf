//! Commands of the calling side: INVITE and CANCEL. RFC 3261 13.2, 9.1.

use std::time::Instant;

use super::{DialogError, DialogId, Endpoint, Outgoing};
use crate::address::NameAddr;
use crate::dialog::draft::Draft;
use crate::dialog::head::Head;
use crate::dialog::{Cancel, Dialog, State};
use crate::headers::is_header;
use crate::limits::{EXTRA_HEADERS, ROUTE_SET};
use crate::method::Method;
use crate::parse::is_token;
use crate::transaction::client::Purpose;

/// What the endpoint writes itself.
const OWN_HEADERS: [&str; 15] = [
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
    "Route",
];

impl Endpoint {
    /// Places a call. [`crate::Event::Progress`] and `Answered` or `Ended` follow.
    ///
    /// # Errors
    /// `Full`, `BadHeader`, `TooLarge`.
    pub fn invite(&mut self, now: Instant, outgoing: Outgoing) -> Result<DialogId, DialogError> {
        let Outgoing {
            uri,
            target,
            mut from,
            to,
            sdp,
            headers,
            routes,
        } = outgoing;
        let limits = &self.config.limits;
        if self.dialogs.len() >= limits.dialogs || self.counters().transactions >= limits.transactions {
            return Err(DialogError::Full);
        }
        self.check_size(sdp.as_deref())?;
        self.check_headers(&headers)?;
        check_routes(&routes)?;
        let tag = self.tokens.token();
        set_tag(&mut from, Some(tag.clone()));
        let mut to = to.unwrap_or_else(|| NameAddr::new(uri.clone()));
        set_tag(&mut to, None);
        let head = Head {
            uri: uri.to_string(),
            via: String::new(),
            routes,
            from: from.to_string(),
            to: to.to_string(),
            call_id: self.new_call_id(),
            cseq: 1,
        };
        let mut draft = Draft::new(Method::Invite, head).with_sdp(sdp);
        draft
            .fields
            .extend(headers.into_iter().map(|(name, value)| (name.into(), value)));
        if self.size_of(&draft) > self.config.limits.message_bytes {
            return Err(DialogError::TooLarge);
        }
        let id = self.new_dialog_id();
        let mut dialog = Dialog::of_outgoing(id, &draft.head, tag, uri, &target);
        dialog.outbound = Some(self.begin(now, Purpose::Invite, Some(id), draft, target));
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
        let (head, to) = (client.draft.head.clone(), client.to.clone());
        let tx = self.begin(now, Purpose::Cancel, None, Draft::new(Method::Cancel, head), to);
        if let Some(client) = self.clients.get_mut(tx) {
            client.about = Some(id);
        }
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

/// Route values have to be addresses, and not more than a dialog keeps.
fn check_routes(routes: &[String]) -> Result<(), DialogError> {
    if routes.len() > ROUTE_SET {
        return Err(DialogError::TooLarge);
    }
    let usable = routes.iter().all(|route| NameAddr::parse(route).is_ok());
    if usable { Ok(()) } else { Err(DialogError::BadHeader) }
}

fn set_tag(address: &mut NameAddr, tag: Option<String>) {
    address.params.retain(|(name, _)| !name.eq_ignore_ascii_case("tag"));
    if tag.is_some() {
        address.params.push(("tag".to_owned(), tag));
    }
}
