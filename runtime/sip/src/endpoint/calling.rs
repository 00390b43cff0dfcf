//! Commands of the calling side: INVITE and CANCEL. RFC 3261 13.2, 9.1.

use std::sync::Arc;
use std::time::Instant;

use super::reply::SUPPORTED;
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
const OWN_HEADERS: [&str; 18] = [
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
    "Supported",
    "Session-Expires",
    "Min-SE",
];

/// The extensions we know, without reliable provisional responses.
const SUPPORTED_WITHOUT_RELIABLE: &str = "timer, replaces, norefersub";

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
            credentials,
            max_forwards,
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
            hops: max_forwards,
            from: from.to_string(),
            to: to.to_string(),
            call_id: self.new_call_id(),
            cseq: 1,
        };
        let mut draft = Draft::new(Method::Invite, head).with_sdp(sdp);
        // Without our offer a reliable response would carry theirs, and its PRACK would have to answer (RFC 3262 5).
        let supported = match draft.sdp() {
            Some(_) => SUPPORTED,
            None => SUPPORTED_WITHOUT_RELIABLE,
        };
        draft.set("Supported", supported.to_owned());
        if headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Replaces")) {
            draft.set("Require", "replaces".to_owned());
        }
        draft
            .fields
            .extend(headers.into_iter().map(|(name, value)| (name.into(), value)));
        if self.size_of(&draft) > self.config.limits.message_bytes {
            return Err(DialogError::TooLarge);
        }
        let id = self.new_dialog_id();
        self.ask_for_timer(id, &mut draft);
        let mut dialog = Dialog::of_outgoing(id, &draft.head, tag, uri, &target);
        dialog.credentials = credentials.map(Arc::new);
        if let Some(offer) = draft.sdp() {
            dialog.offers.ours(offer);
        }
        self.keep_dialog(dialog);
        let tx = self.begin(now, Purpose::Invite, Some(id), draft, target);
        self.live(id)?.outbound = Some(tx);
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
        let is_own = |name: &str| OWN_HEADERS.iter().any(|own| is_header(name.as_bytes(), own));
        let allowed = |name: &str| is_field_name(name) && !is_own(name);
        if headers.iter().all(|(name, _)| allowed(name)) {
            Ok(())
        } else {
            Err(DialogError::BadHeader)
        }
    }
}

/// Route values have to be addresses, and not more than a dialog keeps.
pub(super) fn check_routes(routes: &[String]) -> Result<(), DialogError> {
    if routes.len() > ROUTE_SET {
        return Err(DialogError::TooLarge);
    }
    let usable = routes.iter().all(|route| NameAddr::parse(route).is_ok());
    if usable { Ok(()) } else { Err(DialogError::BadHeader) }
}

pub(super) fn set_tag(address: &mut NameAddr, tag: Option<String>) {
    address.params.retain(|(name, _)| !name.eq_ignore_ascii_case("tag"));
    if tag.is_some() {
        address.params.push(("tag".to_owned(), tag));
    }
}

/// Whether a header field may have this name.
pub(super) fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_token)
}
