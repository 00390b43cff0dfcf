//! Keys told by INFO, both ways: `application/dtmf-relay` and `application/dtmf`. De facto formats without an RFC; INFO
//! itself is RFC 6086. Keys in RTP (RFC 4733) are the media engine's.

use std::time::Instant;

use super::reply::Refusal;
use super::{DialogError, DialogId, Endpoint};
use crate::dialog::draft::Draft;
use crate::dialog::{Known, State};
use crate::event::{EndCause, Event, Failure};
use crate::limits::KEYS_QUEUED;
use crate::message::Request;
use crate::message::keys::{self, Info};
use crate::method::Method;
use crate::transaction::client::Purpose;
use crate::transaction::table::TxId;

/// What we take in an INFO.
pub(super) const ACCEPT_INFO: &str = "application/dtmf-relay, application/dtmf";

impl Endpoint {
    /// Tells a key by INFO (`application/dtmf-relay`). Keys go one after the other, each when the one before was
    /// answered. `event` as in RFC 4733: 0..=15, or 16 for flash.
    ///
    /// # Errors
    /// `WrongState` if the dialog is not established, `BadStatus` for an event above 16, `Full` if too many wait,
    /// `Unknown`.
    pub fn info_key(&mut self, now: Instant, dialog: DialogId, event: u8, duration_ms: u32) -> Result<(), DialogError> {
        let found = self.live(dialog)?;
        if event > keys::FLASH {
            return Err(DialogError::BadStatus);
        }
        if found.state != State::Up {
            return Err(DialogError::WrongState);
        }
        if found.keys.queue.len() >= KEYS_QUEUED {
            return Err(DialogError::Full);
        }
        found.keys.queue.push_back((event, duration_ms));
        self.next_key(now, dialog);
        Ok(())
    }

    /// Whether the peer has said, in Allow, that it takes INFO (RFC 6086). False for a dialog that is not there.
    pub fn takes_info(&self, dialog: DialogId) -> bool {
        let dialog = self.dialogs.get(&dialog);
        dialog.is_some_and(|dialog| dialog.abilities.info == Known::Yes)
    }

    /// Sends the next key if none is under way.
    pub(super) fn next_key(&mut self, now: Instant, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        if dialog.keys.under_way.is_some() || dialog.state != State::Up {
            return;
        }
        let Some((event, duration_ms)) = dialog.keys.queue.pop_front() else {
            return;
        };
        let (head, to) = dialog.next_head();
        let body = keys::write(event, duration_ms).into_bytes();
        let draft = Draft::new(Method::Info, head).with_body("application/dtmf-relay", body);
        let tx = self.begin(now, Purpose::Info, Some(id), draft, to);
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.keys.under_way = Some(tx);
        }
    }

    /// Our INFO was answered.
    pub(super) fn key_told(&mut self, now: Instant, id: DialogId, status: u16) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        dialog.keys.under_way = None;
        match status {
            481 => self.lose(now, id, EndCause::Failed(Failure::ForgottenByPeer)),
            408 => self.lose(now, id, EndCause::TimedOut),
            _ => self.next_key(now, id),
        }
    }

    pub(super) fn remote_info(&mut self, now: Instant, id: DialogId, tx: TxId, request: &Request) {
        match keys::read(request) {
            Info::Empty => self.respond(now, tx, &Refusal::new(200)),
            Info::Key { event, duration_ms } => {
                self.respond(now, tx, &Refusal::new(200));
                self.tell(Event::Key {
                    dialog: id,
                    event,
                    duration_ms,
                });
            }
            Info::Unreadable => self.respond(now, tx, &Refusal::new(400)),
            // No Info Package and no other body is understood; 200 would claim it had an effect.
            Info::Other => self.respond(now, tx, &Refusal::new(415).with("Accept", ACCEPT_INFO)),
        }
    }
}
