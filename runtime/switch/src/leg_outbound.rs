//! A dialled leg: its INVITE, what comes back, and the next place if the first cannot be reached (RFC 3263 section 4.3).

use crate::io::{MediaPort, Output};
use crate::live::{LegIo, Negotiation, Rang, Refusal, Session};
use crate::locate::Way;
use crate::shard::Shard;
use patchcord_control::call::{Input as CallInput, LegSignal, Placing};
use patchcord_control::ids::{CallId, LegId};
use patchcord_control::private::Private;
use patchcord_control::trunks::{Failure, Next, Reached, after_failure};
use patchcord_control::words::{Cause, Credentials, Interruption};
use patchcord_sip::sdp::{self, Codec, Local, Srtp};
use patchcord_sip::{DialogId, EndCause, Outgoing, Response};
use std::time::{Duration, Instant};

/// No room for another leg.
const FULL: u16 = 503;
/// Addresses of a redirection that are looked at.
const CONTACTS_MAX: usize = 10;

impl Shard {
    /// Sends the INVITE of a dialled leg.
    pub(crate) fn place(&mut self, now: Instant, id: CallId, leg: LegId, placing: Placing) {
        let live = self.live(id);
        let way = live
            .ways
            .remove(&placing.branch)
            .expect("the call places each way it was told once");
        let near = live.legs.values().next().map(|leg| leg.port.thread);
        let preferred = live
            .legs
            .values()
            .find_map(|leg| leg.agreed.as_ref().map(|agreed| agreed.codec));
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
        (port, mut local): (MediaPort, Local),
        (mut way, credentials): (Way, Option<Credentials>),
    ) {
        let sent = way.stops.pop_front().and_then(|stop| {
            (local.srtp, local.webrtc) = match stop.is_browser && self.config.browsers.is_some() {
                true => (Srtp::Dtls, self.local_webrtc()),
                false => (self.config.srtp, None),
            };
            let signature = self.signature(now, id, stop.signed.as_ref());
            let asked = way
                .asked
                .iter()
                .map(|(name, value)| (name.clone(), value.reveal().clone()));
            let headers = stop.headers.into_iter().chain(signature).chain(asked).collect();
            let outgoing = Outgoing {
                sdp: Some(sdp::offer(&local)),
                headers,
                routes: way.routes.clone(),
                credentials: credentials.as_ref().map(sip_credentials).or(stop.credentials),
                ..Outgoing::new(stop.uri, stop.target, stop.from)
            };
            let dialog = self.sip.invite(now, outgoing).ok()?;
            Some((dialog, stop.trunk))
        });
        let Some((dialog, trunk)) = sent else {
            self.ports.push_back(port);
            return self.not_placed(now, id, leg, FULL);
        };
        self.dialogs.insert(dialog, (id, leg));
        self.sessions.insert(port.session, (id, leg));
        let mut io = LegIo::new(dialog, port, local, Negotiation::Offered);
        io.trunk = trunk;
        io.permit = way.permit.take();
        io.party = way.party.clone();
        io.credentials = credentials;
        io.way = Some(way);
        let expected = io.expect_browser();
        self.tell_door(expected);
        self.live(id).legs.insert(leg, io);
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
            self.live(id).leg(leg).rang = Rang::Yes;
            self.party_rings(id, leg);
            self.tell(now, id, CallInput::Leg(leg, LegSignal::Ringing));
        }
        self.drive(now, id);
    }

    /// The dialled far end answered.
    pub(crate) fn dialled_answered(&mut self, now: Instant, (id, leg): (CallId, LegId), sdp: Option<Vec<u8>>) {
        let io = self.live(id).leg(leg);
        io.way = None;
        io.answered_at = Some(now);
        let early = io.agreed.is_some();
        let usable = match sdp {
            Some(answer) => self.agree(id, leg, &answer),
            // Without a description in the 200 the one of a reliable provisional response stands.
            None => early,
        };
        if usable {
            self.party_begins(id, leg);
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
        self.party_leaves(&mut io);
        if self.goes_on(&io, ended, refusal.as_ref())
            && let Some(way) = self.next_stop(now, &mut io)
        {
            self.sessions.remove(&io.port.session);
            let left = io.leave_door();
            self.tell_door(left);
            let credentials = io.credentials.take();
            return self.send_invite(now, id, leg, (io.port, io.local), (way, credentials));
        }
        self.settle_permit(now, id, &mut io);
        if io.session == Session::None {
            self.release_port(&mut io);
        } else {
            self.live(id).legs.insert(leg, io);
        }
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

    /// Whether another place is worth a try: the first was not reached, or says that it cannot serve now (RFC 3263 4.3);
    /// a trunk has its own rules.
    fn goes_on(&self, io: &LegIo, ended: &EndCause, refusal: Option<&Refusal>) -> bool {
        let failure = match (ended, refusal) {
            (_, Some(refusal)) => Failure::Status {
                status: refusal.cause.status,
                cause: refusal.cause.q850,
            },
            (EndCause::Rejected { status }, None) => Failure::Status {
                status: *status,
                cause: None,
            },
            (EndCause::TimedOut, None) => Failure::NoResponse,
            (EndCause::Unreachable, None) => Failure::Unreachable,
            _ => return false,
        };
        let reached = if io.rang == Rang::Yes {
            Reached::Callee
        } else {
            Reached::Nobody
        };
        let outgoing = self.directory.as_ref().map(|directory| &directory.outgoing);
        let trunk = io.trunk.as_ref().and_then(|name| outgoing?.trunks.get(name));
        let next = match (trunk, &failure) {
            (Some(trunk), _) => trunk.after_failure(failure, reached),
            (None, Failure::Status { status, .. }) if *status != FULL => Next::End,
            (None, _) => after_failure(failure, reached),
        };
        next == Next::TryNext
    }

    /// The way that is left, if the next place on it has room for the call.
    fn next_stop(&self, now: Instant, io: &mut LegIo) -> Option<Way> {
        let mut way = io.way.take()?;
        let directory = self.directory.clone()?;
        while let Some(stop) = way.stops.front() {
            let other = stop.trunk.as_ref().filter(|trunk| io.trunk.as_ref() != Some(trunk));
            let fits = match (other, io.permit.as_mut(), directory.outgoing.ledger.as_ref()) {
                (Some(trunk), Some(permit), Some(ledger)) => ledger.change_trunk(now, permit, trunk).is_ok(),
                _ => true,
            };
            if fits {
                way.permit = io.permit.take();
                return Some(way);
            }
            way.stops.pop_front();
        }
        None
    }

    /// The leg is over: its place in the limits is free, and what it cost is booked.
    pub(crate) fn settle_permit(&mut self, now: Instant, id: CallId, io: &mut LegIo) {
        if let Some(permit) = io.permit.take() {
            let connected = io
                .answered_at
                .map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
            let cost = permit.settle(connected);
            let live = self.live(id);
            live.spent.money.0 = live.spent.money.0.saturating_add(cost.0);
            live.seat.share().spent(cost);
        }
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
    pub(crate) fn release_port(&mut self, io: &mut LegIo) {
        let left = io.leave_door();
        self.tell_door(left);
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
