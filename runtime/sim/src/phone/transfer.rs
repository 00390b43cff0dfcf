//! Transfers, both ways: this phone asks its far end to call somebody, or is asked to. RFC 3515, RFC 3891, RFC 5589.

use super::line::{Stage, Transfer};
use super::{Dial, Event, LineId, Offer, Phone, Refers, Refusal};
use patchcord_sip::{self as sip, EndCause, Last, NameAddr, ReferId, Uri};
use std::net::SocketAddr;
use std::time::Instant;

/// This phone does not call whom others name.
const DECLINE: u16 = 603;
/// All lines are in use.
const BUSY_HERE: u16 = 486;
/// The address that was named cannot be called.
const BAD_REQUEST: u16 = 400;
/// The call that was placed for the transfer came to nothing, and nobody said why.
const UNAVAILABLE: u16 = 480;
/// The port of a SIP address that names none.
const SIP_PORT: u16 = 5060;

impl Phone {
    pub(super) fn transfer(&mut self, now: Instant, line: LineId, to: &Uri) -> Result<(), Refusal> {
        self.refer(now, line, &format!("<{to}>"), Transfer::Blind)
    }

    pub(super) fn transfer_to(&mut self, now: Instant, line: LineId, other: LineId) -> Result<(), Refusal> {
        let dialog = self.on(other)?.dialog;
        let target = self.sip.remote_target(dialog);
        let named = target.zip(self.sip.replaces_header(dialog));
        let (target, replaces) = named.filter(|_| other != line).ok_or(Refusal::WrongState)?;
        let refer_to = format!("<{target}?Replaces={}>", in_address(&replaces));
        self.refer(now, line, &refer_to, Transfer::Attended(other))
    }

    fn refer(&mut self, now: Instant, line: LineId, refer_to: &str, transfer: Transfer) -> Result<(), Refusal> {
        let call = self.on(line)?;
        if call.transfer != Transfer::None {
            return Err(Refusal::WrongState);
        }
        let (dialog, us) = (call.dialog, format!("<{}>", call.us.uri));
        let sent = self.sip.refer(now, dialog, refer_to, Some(&us));
        sent.map_err(|error| match error {
            sip::DialogError::BadHeader | sip::DialogError::Full => Refusal::Unsendable,
            _ => Refusal::WrongState,
        })?;
        self.on(line)?.transfer = transfer;
        Ok(())
    }

    /// The far end tells of the transfer this phone asked for.
    pub(super) fn transfer_went_on(&mut self, now: Instant, line: LineId, status: u16, last: Last) {
        if last == Last::No {
            return self.event(line, Event::TransferProgress { status });
        }
        self.event(line, Event::TransferEnded { status });
        let Ok(call) = self.on(line) else { return };
        let transfer = std::mem::replace(&mut call.transfer, Transfer::None);
        if !(200..300).contains(&status) {
            return;
        }
        let other = match transfer {
            Transfer::Attended(other) => Some(other),
            Transfer::Blind | Transfer::None => None,
        };
        for line in [Some(line), other].into_iter().flatten() {
            let call = self.lines[line.number()].as_ref();
            if let Some(dialog) = call
                .filter(|call| call.stage == Stage::Answered)
                .map(|call| call.dialog)
            {
                // Refused only if the far end hung up in the same breath.
                let _ = self.sip.bye(now, dialog);
            }
        }
    }

    /// The far end asks this phone to call somebody.
    pub(super) fn refer_asked(
        &mut self,
        now: Instant,
        line: LineId,
        refer: ReferId,
        (to, by): (&NameAddr, Option<&NameAddr>),
    ) {
        let free = self.free_line();
        let refusal = match (self.config.refer, free) {
            (Refers::Refuse, _) => Some(DECLINE),
            (Refers::Accept, None) => Some(BUSY_HERE),
            (Refers::Accept, Some(_)) => None,
        };
        let (Some(new), None, Some(call)) = (free, refusal, &self.lines[line.number()]) else {
            let _ = self.sip.reject_refer(now, refer, refusal.unwrap_or(BUSY_HERE));
            return;
        };
        let dial = Dial {
            uri: to.uri.without_headers(),
            destination: destination(&to.uri, call.peer),
            from: call.us.clone(),
            offer: Offer::InInvite,
        };
        let replaces = to.uri.header("Replaces").map(|value| ("Replaces".to_owned(), value));
        let by = by.map(|by| ("Referred-By".to_owned(), by.to_string()));
        let headers = replaces.into_iter().chain(by).collect();
        if self.call_with(now, new, dial, headers).is_err() {
            let _ = self.sip.reject_refer(now, refer, BAD_REQUEST);
            return;
        }
        // Refused only if the far end has given up meanwhile; the call is placed all the same.
        let _ = self.sip.accept_refer(now, refer);
        if let Ok(call) = self.on(new) {
            call.for_refer = Some(refer);
        }
        self.event(line, Event::Referred { line: new });
    }

    /// A call that was placed for a transfer goes on: whoever asked is told.
    pub(super) fn refer_goes_on(&mut self, now: Instant, line: LineId, status: u16) {
        let Ok(call) = self.on(line) else { return };
        let Some(refer) = call.for_refer else { return };
        if status >= 200 {
            call.for_refer = None;
        }
        // Refused if nobody wants to hear it any more.
        let _ = self.sip.refer_progress(now, refer, status);
    }

    /// A call that was placed for a transfer has ended; unanswered, that is the transfer's outcome.
    pub(super) fn refer_over(&mut self, now: Instant, line: LineId, cause: EndCause) {
        let status = match cause {
            EndCause::Rejected { status } => status,
            _ => UNAVAILABLE,
        };
        self.refer_goes_on(now, line, status);
    }
}

/// Where a call to an address is sent: to its host if that is an IP address, else to whoever named it.
fn destination(uri: &Uri, named_by: SocketAddr) -> SocketAddr {
    match uri.ip() {
        Some(ip) => SocketAddr::new(ip, uri.port().unwrap_or(SIP_PORT)),
        None => named_by,
    }
}

/// A header's value as it stands in an address (RFC 3261 section 19.1.1).
fn in_address(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    let escape = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    value.bytes().map(escape).collect()
}
