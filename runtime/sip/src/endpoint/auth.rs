//! Requests of ours sent once more with other contents: with credentials after 401 or 407, with a longer session
//! interval after 422, or as they were after a 500 that says they came out of order. The new one has a new branch and the next number. RFC 3261 22.2, 8.1.3.5; RFC 4028 7.4.

use std::time::Instant;

use super::Endpoint;
use crate::dialog::draft::Draft;
use crate::dialog::{Cancel, State};
use crate::digest::{Covered, Credentials, Session};
use crate::limits::RETRIES;
use crate::message::Response;
use crate::transaction::client::{Client, Purpose};
use crate::transaction::table::TxId;

/// How often a request that may have been overtaken is sent again.
const OVERTAKEN_RETRIES: u8 = 2;

impl Endpoint {
    /// Sends the request of a transaction that was refused once more, if the refusal says how. Whether it was sent.
    pub(super) fn sent_otherwise(&mut self, now: Instant, tx: TxId, response: &Response) -> bool {
        let Some(client) = self.clients.get(tx) else {
            return false;
        };
        let state = client
            .dialog
            .and_then(|id| self.dialogs.get(&id))
            .map(|dialog| dialog.state);
        let is_given_up = matches!(state, Some(State::Calling(Cancel::Wanted | Cancel::Sent(_))));
        if is_given_up || client.retries >= RETRIES || self.is_full() {
            return false;
        }
        let mut draft = client.draft.clone();
        let sessions = match response.status {
            401 | 407 => match self.with_answer(tx, &mut draft, response) {
                Some(sessions) => sessions,
                None => return false,
            },
            422 => match Self::longer_interval(&mut draft, response) {
                Some(()) => client.sessions.clone(),
                None => return false,
            },
            // Another request of ours overtook it on the way (RFC 3261 12.2.2): under a new number it is in order.
            500 if may_be_overtaken(client.purpose) && client.retries < OVERTAKEN_RETRIES => client.sessions.clone(),
            _ => return false,
        };
        self.replace_client(now, tx, draft, sessions);
        true
    }

    /// Answers the challenge: once for each realm, again only if the nonce was too old.
    fn with_answer(&mut self, tx: TxId, draft: &mut Draft, response: &Response) -> Option<Vec<Session>> {
        let client = self.clients.get(tx)?;
        let credentials = client.credentials.clone()?;
        let mut sessions = client.sessions.clone();
        let first = credentials.take_up(response, None).ok()?;
        let same = |session: &&Session| {
            let (one, other) = (session.challenge(), first.challenge());
            one.realm == other.realm && one.challenger == other.challenger
        };
        let before = sessions.iter().find(same);
        let next = credentials.take_up(response, before).ok()?;
        sessions.retain(|session| !same(&session));
        sessions.push(next);
        // The number is part of nothing that is hashed, so the answer can be written before it is known.
        self.authorize(draft, &credentials, &mut sessions);
        Some(sessions)
    }

    fn authorize(&mut self, draft: &mut Draft, credentials: &Credentials, sessions: &mut [Session]) {
        draft.remove("Authorization");
        draft.remove("Proxy-Authorization");
        for session in sessions {
            let cnonce = self.tokens.token();
            let covered = Covered {
                method: &draft.method,
                uri: &draft.head.uri,
                body: draft.body.as_ref().map_or(&[], |body| &body.bytes),
            };
            let (name, value) = session.header(credentials, covered, &cnonce);
            draft.fields.push((name.into(), value));
        }
    }

    /// A new transaction takes over purpose and dialog of an old one, which only absorbs what still comes.
    fn replace_client(&mut self, now: Instant, old: TxId, mut draft: Draft, sessions: Vec<Session>) {
        let Some(client) = self.clients.get_mut(old) else {
            return;
        };
        let Client {
            purpose,
            dialog,
            about,
            retries,
            ..
        } = *client;
        let (credentials, to) = (client.credentials.clone(), client.to.clone());
        client.dialog = None;
        draft.head.cseq = match dialog.and_then(|id| self.dialogs.get_mut(&id)) {
            Some(dialog) => dialog.next_cseq(),
            None => draft.head.cseq + 1,
        };
        let new = self.begin(now, purpose, dialog, draft, to);
        if let Some(client) = self.clients.get_mut(new) {
            client.about = about;
            client.credentials = credentials;
            client.sessions = sessions;
            client.retries = retries + 1;
        }
        if let Some(dialog) = dialog.and_then(|id| self.dialogs.get_mut(&id)) {
            let pending = [
                &mut dialog.outbound,
                &mut dialog.changes.update,
                &mut dialog.keys.under_way,
            ];
            for pending in pending.into_iter().filter(|pending| **pending == Some(old)) {
                *pending = Some(new);
            }
        }
        self.renumber(purpose, new);
    }
}

/// The fields that prove who we are, as an ACK repeats them (RFC 3261 13.2.2.4).
pub(super) fn proofs(draft: &Draft) -> impl Iterator<Item = (&'static str, String)> {
    ["Authorization", "Proxy-Authorization"].into_iter().flat_map(|name| {
        let found = draft.fields.iter().filter(move |(known, _)| known == name);
        found.map(move |(_, value)| (name, value.clone()))
    })
}

/// Requests of ours that others of ours may overtake: a change of the session waits for its turn.
fn may_be_overtaken(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::Info | Purpose::Notify(_) | Purpose::Refer(_))
}

/// Whether a purpose may be asked for credentials: ACK and CANCEL may not (RFC 3261 22.1).
pub(super) fn may_be_asked(purpose: Purpose) -> bool {
    purpose != Purpose::Cancel
}
