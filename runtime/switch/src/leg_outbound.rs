//! A dialled leg: its INVITE, what comes back, and the next place if the first cannot be reached (RFC 3263 section 4.3).

use crate::io::{MediaPort, Output};
use crate::live::{LegIo, Negotiation, Refusal};
use crate::locate::Way;
use crate::shard::Shard;
use patchcord_control::call::{Input as CallInput, LegSignal, Placing};
use patchcord_control::ids::{CallId, LegId};
use patchcord_control::private::Private;
use patchcord_control::words::{Cause, Credentials, Interruption};
use patchcord_sip::sdp::{self, Codec, Local};
use patchcord_sip::{DialogId, EndCause, Outgoing, Response};
use std::time::Instant;

/// No room for another leg.
const FULL: u16 = 503;
/// Addresses of a redirection that are looked at.
const CONTACTS_MAX: usize = 10;

impl Shard {
    /// Sends the INVITE of a dialled leg.
    pub(crate) fn place(&mut self, now: Instant, id: CallId, leg: LegId, placing: Placing) {
        let live = self.live(id);
        let way = live.ways.remove(&placing.branch).expect("the call places each way it was told once");
        let near = live.legs.values().next().map(|leg| leg.port.thread);
        let preferred = live.legs.values().find_map(|leg| leg.agreed.as_ref().map(|agreed| agreed.codec));
        let Some(port) = self.take_port(near) else {
            self.counts.refused_full += 1;
            return self.not_placed(now, id, leg, FULL);
        };
        let local = self.local_for(port, preferred);
        let way = Way {
            asked: placing.headers,
            ..way
        };
        self.send_invite(now, id, leg, (port, local), (way, placing.credentials));
    }

    fn send_invite(
        &mut self,
        now: Instant,
        id: CallId,
        leg: LegId,
        (port, local): (MediaPort, Local),
        (mut way, credentials): (Way, Option<Credentials>),
    ) {
        let Some(target) = way.targets.pop_front() else {
            self.ports.push_back(port);
            return self.not_placed(now, id, leg, FULL);
        };
        let asked = way.asked.iter().map(|(name, value)| (name.clone(), value.reveal().clone()));
        let headers = way.headers.iter().cloned().chain(asked).collect();
        let outgoing = Outgoing {
            sdp: Some(sdp::offer(&local)),
            headers,
            routes: way.routes.clone(),
            credentials: credentials.map(|known| sip_credentials(&known)),
            ..Outgoing::new(way.uri.clone(), target, way.from.clone())
        };
        match self.sip.invite(now, outgoing) {
            Ok(dialog) => {
                self.dialogs.insert(dialog, (id, leg));
                self.sessions.insert(port.session, (id, leg));
                let mut io = LegIo::new(dialog, port, local, Negotiation::Offered);
                io.way = Some(way);
                self.live(id).legs.insert(leg, io);
            }
            Err(_) => {
                self.ports.push_back(port);
                self.not_placed(now, id, leg, FULL);
            }
        }
    }

    fn not_placed(&mut self, now: Instant, id: CallId, leg: LegId, status: u16) {
        let signal = LegSignal::Ended {
            why: Interruption::NotConnected,
            cause: Some(cause(status)),
        };
        self.tell(now, id, CallInput::Leg(leg, signal));
    }

    /// A provisional response: it rings, or sends early media.
    pub(crate) fn progress(&mut self, now: Instant, (id, leg): (CallId, LegId), status: u16, sdp: Option<Vec<u8>>) {
        if let Some(answer) = sdp
            && self.agree(id, leg, &answer)
        {
            self.tell(now, id, CallInput::Leg(leg, LegSignal::AudioOpen));
        }
        if (180..=182).contains(&status) {
            self.tell(now, id, CallInput::Leg(leg, LegSignal::Ringing));
        }
        self.drive(now, id);
    }

    /// The dialled far end answered.
    pub(crate) fn dialled_answered(&mut self, now: Instant, (id, leg): (CallId, LegId), sdp: Option<Vec<u8>>) {
        let io = self.live(id).leg(leg);
        io.way = None;
        let early = io.agreed.is_some();
        let usable = match sdp {
            Some(answer) => self.agree(id, leg, &answer),
            // Without a description in the 200 the one of a reliable provisional response stands.
            None => early,
        };
        if usable {
            self.tell(now, id, CallInput::Leg(leg, LegSignal::Answered));
        } else {
            let dialog = self.live(id).leg(leg).dialog;
            self.live(id).leg(leg).refusal = Some(Refusal {
                cause: cause(488),
                contacts: Vec::new(),
            });
            let _ = self.sip.bye(now, dialog);
        }
        self.drive(now, id);
    }

    /// Takes the answer to our offer; false if nothing can be made of it.
    pub(crate) fn agree(&mut self, id: CallId, leg: LegId, answer: &[u8]) -> bool {
        let io = self.live(id).leg(leg);
        let Ok(agreed) = sdp::accept_answer(answer, &io.local) else {
            return false;
        };
        io.negotiation = Negotiation::Settled {
            answer: sdp::offer(&io.local),
        };
        self.adopt(id, leg, &agreed);
        true
    }

    /// The dialled far end refused; its dialog's end follows.
    pub(crate) fn dialled_refused(&mut self, (id, leg): (CallId, LegId), response: &Response) {
        let contacts: Vec<Private<String>> = match response.status {
            300..=399 => contacts(response),
            _ => Vec::new(),
        };
        let cause = Cause {
            status: response.status,
            phrase: response.reason.clone(),
            q850: q850(response),
        };
        self.live(id).leg(leg).refusal = Some(Refusal { cause, contacts });
    }

    /// The dialog of a dialled leg that was never answered is over: the next place is tried, or the call is told.
    pub(crate) fn dialled_ended(&mut self, now: Instant, (id, leg): (CallId, LegId), ended: &EndCause) {
        let mut io = self.live(id).legs.remove(&leg).expect("the leg of a dialog is held");
        let refusal = io.refusal.take();
        let status = refusal.as_ref().map(|refusal| refusal.cause.status);
        if let Some(way) = io.way.take().filter(|way| !way.targets.is_empty() && goes_on(ended, status)) {
            self.sessions.remove(&io.port.session);
            return self.send_invite(now, id, leg, (io.port, io.local), (way, None));
        }
        self.live(id).legs.insert(leg, io);
        let cause = match (&refusal, ended) {
            (Some(refusal), _) => Some(refusal.cause.clone()),
            (None, EndCause::Rejected { status }) => Some(cause(*status)),
            (None, EndCause::TimedOut) => Some(cause(408)),
            (None, _) => None,
        };
        if let Some(refusal) = refusal.filter(|refusal| !refusal.contacts.is_empty()) {
            let signal = LegSignal::Redirected(refusal.contacts);
            self.tell(now, id, CallInput::Leg(leg, signal));
        }
        let why = match ended {
            EndCause::Unreachable => Interruption::SignallingLost,
            _ => Interruption::NotConnected,
        };
        self.tell(now, id, CallInput::Leg(leg, LegSignal::Ended { why, cause }));
    }

    /// A port pair, of that media thread if there is one: two legs on one thread need no detour between threads.
    pub(crate) fn take_port(&mut self, thread: Option<usize>) -> Option<MediaPort> {
        let near = thread.and_then(|thread| self.ports.iter().position(|port| port.thread == thread));
        self.ports.remove(near.unwrap_or(0))
    }

    /// Our side of a session on a port, `preferred` first.
    pub(crate) fn local_for(&mut self, port: MediaPort, preferred: Option<Codec>) -> Local {
        let mut codecs = self.config.codecs.clone();
        codecs.sort_by_key(|codec| Some(*codec) != preferred);
        Local {
            codecs,
            ..self.local(port)
        }
    }

    /// Gives up a dialled leg or ends it, as its state allows.
    pub(crate) fn hang_up_leg(&mut self, now: Instant, dialog: DialogId) {
        // A leg that rings is cancelled; one that has ended in the same breath needs nothing.
        if self.sip.bye(now, dialog).is_err() {
            let _ = self.sip.cancel(now, dialog);
        }
    }

    /// What a leg's session held goes back.
    pub(crate) fn release_port(&mut self, io: &LegIo) {
        self.sessions.remove(&io.port.session);
        self.ports.push_back(io.port);
    }

    pub(crate) fn media_output(&mut self, thread: usize, command: patchcord_media::Command) {
        self.outputs.push_back(Output::Media { thread, command });
    }
}

fn sip_credentials(known: &Credentials) -> patchcord_sip::Credentials {
    patchcord_sip::Credentials {
        username: known.username.reveal().clone(),
        password: known.password.reveal().clone(),
        realm: None,
    }
}

/// Whether another place is worth a try: the first was not reached, or says that it cannot serve now (RFC 3263 4.3).
fn goes_on(ended: &EndCause, status: Option<u16>) -> bool {
    matches!(ended, EndCause::Unreachable | EndCause::TimedOut) || status == Some(503)
}

pub(crate) fn cause(status: u16) -> Cause {
    Cause {
        status,
        phrase: String::new(),
        q850: None,
    }
}

fn contacts(response: &Response) -> Vec<Private<String>> {
    let values = response.headers.list("Contact").take(CONTACTS_MAX);
    values
        .filter_map(|value| patchcord_sip::NameAddr::parse(value).ok())
        .map(|contact| contact.uri.to_string().into())
        .collect()
}

/// The telephone network's cause in a Reason header (RFC 3326).
fn q850(response: &Response) -> Option<u8> {
    response.headers.list("Reason").find_map(|reason| {
        let mut parts = reason.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("Q.850") {
            return None;
        }
        let cause = parts.find_map(|part| part.strip_prefix("cause="))?;
        cause.trim().parse().ok().filter(|cause| (1..=127).contains(cause))
    })
}
