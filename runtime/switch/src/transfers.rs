//! Transfers on the wire: REFER from a far end as a question to the call, and REFER of ours (RFC 3515, 3891, 5589).

use crate::live::Referred;
use crate::shard::Shard;
use patchcord_control::call::{AskedTransfer, Input as CallInput, Last, LegSignal, TransferKind};
use patchcord_control::ids::{CallId, LegId, TransferId};
use patchcord_control::private::Private;
use patchcord_control::words::Destination;
use patchcord_sip::{DialogId, NameAddr, ReferId, Scheme};
use std::time::Instant;

/// A transfer that cannot be carried out: its target is no SIP address (RFC 3515 section 2.4.2).
const BAD_REFER: u16 = 400;
/// The far end did not take our request.
const NOT_SENT: u16 = 500;
/// A request whose leg has moved on (481: its subscription has no dialog that it belongs to any more).
const GONE: u16 = 481;

impl Shard {
    /// A far end asks for a transfer.
    pub(crate) fn transfer_asked(
        &mut self,
        now: Instant,
        (id, leg): (CallId, LegId),
        refer: ReferId,
        (to, replaces): (&NameAddr, Option<DialogId>),
    ) {
        let tenant = self.live(id).tenant.clone();
        let to = match self.local_user(&tenant, &to.uri) {
            Some(user) => Destination::User(user.into()),
            None => match to.uri.scheme() {
                Scheme::Sip | Scheme::Sips if self.is_our_host(&to.uri) => {
                    Destination::Number(to.uri.user().unwrap_or_default().to_owned().into())
                }
                Scheme::Sip | Scheme::Sips => Destination::Address(to.uri.to_string().into()),
                Scheme::Tel => Destination::Number(to.uri.user().unwrap_or_default().to_owned().into()),
                Scheme::Urn | Scheme::Other => {
                    let _ = self.sip.reject_refer(now, refer, BAD_REFER);
                    return;
                }
            },
        };
        let kind = match replaces {
            Some(_) => TransferKind::Attended,
            None => TransferKind::Blind,
        };
        let live = self.live(id);
        live.next_transfer += 1;
        let transfer = TransferId(live.next_transfer);
        live.refers.insert(transfer, Referred { leg, refer, replaces });
        let asked = AskedTransfer { transfer, to, kind };
        self.feed(now, id, CallInput::Leg(leg, LegSignal::TransferAsked(asked)));
    }

    /// The party that the asker of an attended transfer talks to in its other call.
    pub(crate) fn transfer_source(&mut self, id: CallId, leg: LegId, transfer: TransferId) -> Option<(CallId, LegId)> {
        let asked = self.live(id).refers.get(&transfer).filter(|asked| asked.leg == leg)?;
        let replaces = asked.replaces?;
        let (other, asker) = *self.dialogs.get(&replaces)?;
        let party = self.live(other).call.bridged_with(asker)?;
        Some((other, party))
    }

    pub(crate) fn transfer_accept(&mut self, now: Instant, id: CallId, transfer: TransferId) {
        if let Some(asked) = self.live(id).refers.get(&transfer).copied() {
            let _ = self.sip.accept_refer(now, asked.refer);
        }
    }

    pub(crate) fn transfer_finish(&mut self, now: Instant, id: CallId, transfer: TransferId, status: u16) {
        let Some(Referred { refer, .. }) = self.live(id).refers.remove(&transfer) else {
            return;
        };
        // Refused while it is only a question, else told as the end of its progress.
        if status < 300 {
            let _ = self.sip.accept_refer(now, refer);
        }
        self.say_outcome(now, refer, status);
    }

    /// Nobody is left to carry out what the far end of a leg has asked for.
    pub(crate) fn finish_refers(&mut self, now: Instant, id: CallId, leg: LegId) {
        let of_leg = self.live(id).refers.extract_if(.., |_, asked| asked.leg == leg);
        let gone: Vec<ReferId> = of_leg.map(|(_, asked)| asked.refer).collect();
        for refer in gone {
            self.say_outcome(now, refer, GONE);
        }
    }

    fn say_outcome(&mut self, now: Instant, refer: ReferId, status: u16) {
        if self.sip.refer_progress(now, refer, status).is_err() {
            let _ = self.sip.reject_refer(now, refer, status);
        }
    }

    /// Asks a far end to call an address.
    pub(crate) fn refer(&mut self, now: Instant, id: CallId, leg: LegId, to: &Private<String>) {
        let dialog = self.live(id).leg(leg).dialog;
        if self
            .sip
            .refer(now, dialog, &format!("<{}>", to.reveal()), None)
            .is_err()
        {
            self.not_referred(now, id, leg);
        }
    }

    /// Asks a far end to take our place with the far end of another leg.
    pub(crate) fn refer_to_leg(&mut self, now: Instant, id: CallId, leg: LegId, other: LegId) {
        let dialog = self.live(id).leg(leg).dialog;
        let named = self.live(id).legs.get(&other).map(|io| io.dialog);
        let target = named.and_then(|named| {
            let address = self.sip.remote_target(named)?;
            let replaces = self.sip.replaces_header(named)?;
            Some(format!("<{address}?Replaces={}>", in_uri(&replaces)))
        });
        let sent = target.is_some_and(|target| self.sip.refer(now, dialog, &target, None).is_ok());
        if !sent {
            self.not_referred(now, id, leg);
        }
    }

    /// The far end tells of the transfer we asked for.
    pub(crate) fn referred(
        &mut self,
        now: Instant,
        (id, leg): (CallId, LegId),
        status: u16,
        last: patchcord_sip::Last,
    ) {
        let last = match last {
            patchcord_sip::Last::No => Last::No,
            patchcord_sip::Last::Yes => Last::Yes,
        };
        self.feed(now, id, CallInput::Leg(leg, LegSignal::Referred { status, last }));
    }

    fn not_referred(&mut self, now: Instant, id: CallId, leg: LegId) {
        let signal = LegSignal::Referred {
            status: NOT_SENT,
            last: Last::Yes,
        };
        self.tell(now, id, CallInput::Leg(leg, signal));
    }
}

/// A header's value as it stands in an address (RFC 3261 section 19.1.1).
fn in_uri(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    let mut text = String::with_capacity(value.len() + 24);
    for byte in value.bytes() {
        if plain(byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
