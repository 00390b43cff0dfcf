//! The calls of a session: from messages to INVITE, BYE and the like, and from what happens in dialogs to messages. Descriptions pass
//! as they are. Not here: the session as such (`core`).

use super::core::Core;
use super::message::{Refused, Said, Say, is_call_name, is_dialled};
use super::{CALLS, OFFER};
use crate::clients::token::{CallGrant, Grant, PARAMETERS, is_parameter_name, is_parameter_value};
use patchcord_control::words::Key;
use patchcord_sip::{
    CLIENTS_DOMAIN, DialogError, DialogId, EndCause, Event, Method, NameAddr, Outgoing, Rejection, Reply, Request, Uri,
};
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

/// Nobody takes it now.
const RINGING: u16 = 180;
/// The client has as many calls as it may.
const BUSY_HERE: u16 = 486;
/// The client does not want it, and nobody else of its identity need be asked.
const DECLINED: u16 = 603;
/// A change that the client does not want, or not in time.
const NOT_ACCEPTABLE: u16 = 488;
/// A request that clients do not take.
const NOT_ALLOWED: u16 = 405;
/// How long a key sounds that is told by INFO, in ms.
const KEY_MS: u32 = 160;
/// Keys in one message.
const KEYS: usize = 32;
/// What stands before the name of a parameter, as a header.
const PARAMETER: &str = "X-";

/// The calls of a session, by the names that the client knows.
#[derive(Default)]
pub(super) struct Calls {
    by_name: BTreeMap<String, Call>,
    by_dialog: HashMap<DialogId, String>,
    /// How many came in so far: what the next one is called.
    came: u64,
}

struct Call {
    dialog: DialogId,
    stage: Stage,
    /// Until when a change of the other side waits for the client.
    offered_until: Option<Instant>,
    /// Whether a change of the client waits for the other side.
    offering: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Calling,
    Incoming,
    Up,
}

impl Calls {
    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// When a change has waited long enough.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.by_name.values().filter_map(|call| call.offered_until).min()
    }

    fn add(&mut self, name: &str, dialog: DialogId, stage: Stage) {
        let call = Call {
            dialog,
            stage,
            offered_until: None,
            offering: false,
        };
        self.by_name.insert(name.to_owned(), call);
        self.by_dialog.insert(dialog, name.to_owned());
    }

    fn get(&mut self, name: &str) -> Result<&mut Call, Refused> {
        self.by_name.get_mut(name).ok_or(Refused::UnknownCall)
    }
}

impl From<DialogError> for Refused {
    fn from(why: DialogError) -> Self {
        match why {
            DialogError::TooLarge => Self::TooLarge,
            DialogError::Full => Self::TooManyCalls,
            _ => Self::WrongState,
        }
    }
}

impl Core {
    /// Something that a client says of a call.
    pub(super) fn of_a_call(&mut self, now: Instant, said: Said, of: Option<u64>) {
        let (name, done) = match said {
            Said::Call { call, to, params, sdp } => {
                let done = self.place(now, &call, to.as_deref(), (&params, sdp));
                (call, done)
            }
            Said::Accept { call, sdp } => (call.clone(), self.accept(now, &call, sdp)),
            Said::Reject { call } => (call.clone(), self.reject(now, &call)),
            Said::Hangup { call } => (call.clone(), self.hang_up(now, &call)),
            Said::Keys { call, keys } => (call.clone(), self.keys(now, &call, &keys)),
            Said::Offer { call, sdp } => (call.clone(), self.offer(now, &call, sdp)),
            Said::Answer { call, sdp } => (call.clone(), self.answer(now, &call, Some(sdp))),
            Said::Decline { call } => (call.clone(), self.answer(now, &call, None)),
            _ => return,
        };
        if let Err(why) = done {
            self.refuse(why, Some(&name), of);
        }
    }

    fn place(
        &mut self,
        now: Instant,
        name: &str,
        to: Option<&str>,
        (params, sdp): (&BTreeMap<String, String>, String),
    ) -> Result<(), Refused> {
        self.may(now, Grant::Call)?;
        if !is_call_name(name) || !to.is_none_or(is_dialled) {
            return Err(Refused::BadName);
        }
        if self.calls.by_name.contains_key(name) {
            return Err(Refused::CallExists);
        }
        if self.calls.by_name.len() >= CALLS {
            return Err(Refused::TooManyCalls);
        }
        let fine = |(name, value): (&String, &String)| is_parameter_name(name) && is_parameter_value(value);
        if params.len() > PARAMETERS || !params.iter().all(fine) {
            return Err(Refused::BadParameters);
        }
        let handler = match &self.token.grants.call {
            Some(CallGrant::Handler { handler, .. }) if is_dialled(handler) => handler.as_str(),
            _ => "handler",
        };
        let address = |user: &str| format!("sip:{user}@{CLIENTS_DOMAIN}");
        let uri = |text: String| Uri::parse(&text).map_err(|_| Refused::BadName);
        let from = NameAddr::new(uri(address(&self.token.grants.identity))?);
        let outgoing = Outgoing {
            sdp: Some(sdp.into_bytes()),
            headers: params
                .iter()
                .map(|(name, value)| (format!("{PARAMETER}{name}"), value.clone()))
                .collect(),
            ..Outgoing::new(uri(address(to.unwrap_or(handler)))?, self.flow(), from)
        };
        let dialog = self.sip.invite(now, outgoing)?;
        self.calls.add(name, dialog, Stage::Calling);
        Ok(())
    }

    fn accept(&mut self, now: Instant, name: &str, sdp: String) -> Result<(), Refused> {
        let call = self.calls.get(name)?;
        if call.stage != Stage::Incoming {
            return Err(Refused::WrongState);
        }
        self.sip.accept(now, call.dialog, sdp.into_bytes())?;
        call.stage = Stage::Up;
        Ok(())
    }

    fn reject(&mut self, now: Instant, name: &str) -> Result<(), Refused> {
        let call = self.calls.get(name)?;
        let rejection = Rejection {
            status: DECLINED,
            retry_after_s: None,
        };
        Ok(self.sip.reject(now, call.dialog, rejection)?)
    }

    fn hang_up(&mut self, now: Instant, name: &str) -> Result<(), Refused> {
        let call = self.calls.get(name)?;
        match call.stage {
            Stage::Calling => Ok(self.sip.cancel(now, call.dialog)?),
            Stage::Incoming => self.reject(now, name),
            Stage::Up => Ok(self.sip.bye(now, call.dialog)?),
        }
    }

    /// Ends all of them.
    pub(super) fn hang_up_all(&mut self, now: Instant) {
        let names: Vec<_> = self.calls.by_name.keys().cloned().collect();
        for name in names {
            // One that is ending already needs nothing.
            let _ = self.hang_up(now, &name);
        }
    }

    fn keys(&mut self, now: Instant, name: &str, keys: &str) -> Result<(), Refused> {
        let events: Option<Vec<u8>> = keys.chars().map(event_of).collect();
        let events = events.filter(|events| (1..=KEYS).contains(&events.len()));
        let events = events.ok_or(Refused::BadKeys)?;
        let dialog = self.calls.get(name)?.dialog;
        for event in events {
            self.sip.info_key(now, dialog, event, KEY_MS)?;
        }
        Ok(())
    }

    fn offer(&mut self, now: Instant, name: &str, sdp: String) -> Result<(), Refused> {
        let call = self.calls.get(name)?;
        self.sip.reinvite(now, call.dialog, Some(sdp.into_bytes()))?;
        call.offering = true;
        Ok(())
    }

    /// To a change that the other side wants; without a description it is refused.
    fn answer(&mut self, now: Instant, name: &str, sdp: Option<String>) -> Result<(), Refused> {
        let call = self.calls.get(name)?;
        if call.offered_until.take().is_none() {
            return Err(Refused::WrongState);
        }
        match sdp {
            Some(sdp) => self.sip.accept_reinvite(now, call.dialog, sdp.into_bytes())?,
            None => self.sip.reject_reinvite(now, call.dialog, NOT_ACCEPTABLE)?,
        }
        Ok(())
    }

    pub(super) fn calls_deadline(&mut self, now: Instant) {
        let late = |call: &&mut Call| call.offered_until.is_some_and(|at| at <= now);
        for call in self.calls.by_name.values_mut().filter(late) {
            call.offered_until = None;
            // It may have been withdrawn in the same breath.
            let _ = self.sip.reject_reinvite(now, call.dialog, NOT_ACCEPTABLE);
        }
    }

    /// Something happened that the user agent tells.
    pub(super) fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Invite { dialog, request, .. } => self.came(now, dialog, &request),
            Event::Response { exchange, response } => {
                self.registered(now, exchange, response.map(|response| response.status));
            }
            Event::Request { exchange, request, .. } => {
                let status = if request.method == Method::Options {
                    200
                } else {
                    NOT_ALLOWED
                };
                // It may have timed out in the same breath.
                let _ = self.sip.reply(now, exchange, Reply::new(status));
            }
            Event::Refer { refer, .. } => drop(self.sip.reject_refer(now, refer, DECLINED)),
            Event::Ended { dialog, cause } => self.ended(dialog, cause),
            event => {
                let name = event
                    .dialog()
                    .and_then(|dialog| self.calls.by_dialog.get(&dialog).cloned());
                if let Some(name) = name {
                    self.happened(now, &name, event);
                }
            }
        }
    }

    /// A call comes in.
    fn came(&mut self, now: Instant, dialog: DialogId, request: &Request) {
        if self.calls.by_name.len() >= CALLS {
            let rejection = Rejection {
                status: BUSY_HERE,
                retry_after_s: None,
            };
            let _ = self.sip.reject(now, dialog, rejection);
            return;
        }
        self.calls.came += 1;
        let name = format!("s{}", self.calls.came);
        self.calls.add(&name, dialog, Stage::Incoming);
        // It may have been cancelled in the same breath.
        let _ = self.sip.provisional(now, dialog, RINGING, None);
        let from = request.from().ok();
        let fields = request.headers.iter().filter_map(|field| {
            let name = field.name.get(PARAMETER.len()..)?;
            let is_one = field.name[..PARAMETER.len()].eq_ignore_ascii_case(PARAMETER);
            Some((name, std::str::from_utf8(field.value).ok()?)).filter(|_| is_one)
        });
        self.say(&Say::Incoming {
            call: &name,
            from: from.as_ref().and_then(|from| from.uri.user()).unwrap_or_default(),
            from_name: from
                .as_ref()
                .and_then(|from| from.display.as_deref())
                .unwrap_or_default(),
            params: fields.take(PARAMETERS).collect(),
            sdp: request.sdp().and_then(text),
        });
    }

    /// Something happened in a call.
    fn happened(&mut self, now: Instant, call: &str, event: Event) {
        match event {
            Event::Progress { sdp, .. } => {
                let sdp = sdp.as_deref().and_then(text);
                self.say(&Say::Ringing { call, sdp });
            }
            Event::Answered { sdp, .. } => {
                if let Ok(found) = self.calls.get(call) {
                    found.stage = Stage::Up;
                }
                let sdp = sdp.as_deref().and_then(text);
                self.say(&Say::Answered { call, sdp });
            }
            Event::Confirmed { sdp: Some(sdp), .. } => {
                let sdp = text(&sdp).unwrap_or_default();
                self.say(&Say::Description { call, sdp });
            }
            Event::Reinvite { sdp, .. } => {
                if let Ok(found) = self.calls.get(call) {
                    found.offered_until = Some(now + OFFER);
                }
                let sdp = sdp.as_deref().and_then(text);
                self.say(&Say::Offer { call, sdp });
            }
            Event::ReinviteAnswered { status, sdp, .. } => self.offer_answered(call, status, sdp.as_deref()),
            Event::Key { event, .. } => {
                if let Some(key) = Key::from_event(event) {
                    self.say(&Say::Key { call, key: key.char() });
                }
            }
            _ => {}
        }
    }

    fn offer_answered(&mut self, call: &str, status: u16, sdp: Option<&[u8]>) {
        let asked = self
            .calls
            .get(call)
            .is_ok_and(|found| std::mem::take(&mut found.offering));
        let sdp = sdp.and_then(text);
        match (status, sdp, asked) {
            (200..=299, Some(sdp), true) => self.say(&Say::Answer { call, sdp }),
            (200..=299, Some(sdp), false) => self.say(&Say::Description { call, sdp }),
            (200..=299, None, _) | (_, _, false) => {}
            _ => self.refuse(Refused::ChangeDeclined, Some(call), None),
        }
    }

    fn ended(&mut self, dialog: DialogId, cause: EndCause) {
        let Some(call) = self.calls.by_dialog.remove(&dialog) else {
            return;
        };
        self.calls.by_name.remove(&call);
        let (reason, status) = reason(cause);
        self.say(&Say::Ended {
            call: &call,
            reason,
            status,
        });
    }
}

/// Why a call ended, in the protocol's words, and the SIP status if it has one.
fn reason(cause: EndCause) -> (&'static str, Option<u16>) {
    match cause {
        EndCause::RemoteBye => ("remote", None),
        EndCause::LocalBye => ("local", None),
        EndCause::Cancelled => ("cancelled", None),
        EndCause::Replaced => ("replaced", None),
        EndCause::Rejected { status } => {
            let reason = match status {
                BUSY_HERE | 600 => "busy",
                408 | 480 => "no-answer",
                DECLINED => "declined",
                404 | 604 => "not-found",
                401 | 403 | 407 => "forbidden",
                503 => "unavailable",
                _ => "refused",
            };
            (reason, Some(status))
        }
        EndCause::NoAck | EndCause::TimedOut | EndCause::SessionExpired | EndCause::Unreachable => ("lost", None),
        EndCause::Failed(_) => ("failed", None),
    }
}

/// A description is text; what is none is left out.
fn text(sdp: &[u8]) -> Option<&str> {
    std::str::from_utf8(sdp).ok()
}

/// The number of a key (RFC 4733 3.2); letters are capitals here.
fn event_of(key: char) -> Option<u8> {
    Key::from_char(key)
        .filter(|_| !key.is_ascii_lowercase())
        .map(Key::event)
}
