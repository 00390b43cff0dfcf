//! The SIP side of a leg that called us, and what all legs have in common: from dialog events to leg signals, from leg
//! commands to responses and requests. The last place that knows it was SIP.

use crate::directory::{Directory, Program};
use crate::identity::Offer;
use crate::io::{MediaPort, Notice, Output};
use crate::journal::Journal;
use crate::leg_outbound::cause;
use crate::live::{Held, LegIo, Live, Negotiation, Offering, Session};
use crate::media_plan;
use crate::shard::{Draining, Shard};
use crate::trial::Candidate;
use patchcord_control::call::{
    CALLER, Call, Description, HoldWanted, Input as CallInput, LegCommand, LegSignal, Setup,
};
use patchcord_control::ids::{CallId, LegId, Tenant};
use patchcord_control::private::Private;
use patchcord_control::route::Fallback;
use patchcord_control::tenancy::Seat;
use patchcord_control::words::{Began, Identity, Interruption, Key, LegDirection, LegInfo, LegOrigin};
use patchcord_media::Command;
use patchcord_sip::sdp::{self, Agreed, Direction, Local, Srtp, SrtpKey};
use patchcord_sip::{DialogId, EndCause, Event, Flow, MayCall, NameAddr, Origin, Rejection, Request, Uri};
use rand_chacha::rand_core::Rng;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// Nobody has this number.
const NOT_FOUND: u16 = 404;
/// No common codec, or a description that cannot be understood.
const NOT_ACCEPTABLE: u16 = 488;
/// Another change of the session is under way.
const REQUEST_PENDING: u16 = 491;
/// Full or draining.
pub(crate) const UNAVAILABLE: u16 = 503;
/// Longest a refused caller is asked to wait before it tries again: each from 1 s to this, so that they do not come back
/// all at once.
const RETRY_AFTER_MAX_S: u32 = 5;
/// Headers that carry the dialog and the message itself; a handler does not see them.
const OWN_HEADERS: [&str; 12] = [
    "via",
    "from",
    "to",
    "call-id",
    "cseq",
    "contact",
    "max-forwards",
    "route",
    "record-route",
    "content-length",
    "content-type",
    "authorization",
];
/// What stands before the name of a parameter of a client's call, as a header.
const PARAMETER: &str = "X-";
/// Headers of a request that are kept for the handler; further ones are not.
const HEADERS_MAX: usize = 64;

/// Where a called address leads, as the directory stood when the call came.
pub(crate) struct Target {
    pub(crate) directory: Arc<Directory>,
    pub(crate) tenant: Tenant,
    pub(crate) program: Arc<Program>,
    /// Who takes over if it breaks.
    pub(crate) fallbacks: Arc<[Fallback]>,
    pub(crate) began: Began,
    /// The call its first leg was in.
    pub(crate) continues: Option<CallId>,
    /// Its place in the tenant's share.
    pub(crate) seat: Seat,
    /// The version that is tried of this handler, known once the call has its id.
    pub(crate) candidate: Option<Arc<Candidate>>,
}

impl Target {
    /// With the version of the handler that this call has.
    pub(crate) fn for_call(self, id: CallId) -> Target {
        let candidate = self.directory.candidate(&self.tenant, &self.program.name);
        let has = candidate.as_ref().filter(|candidate| candidate.has(id));
        let program = has.map_or(self.program, |candidate| candidate.program.clone());
        Target {
            program,
            candidate,
            ..self
        }
    }
}

/// A call that begins, and its journal.
pub(crate) type NewCall = (CallId, Call, Option<Box<Journal>>);

impl Shard {
    /// A new call is offered.
    pub(crate) fn offered(
        &mut self,
        now: Instant,
        dialog: DialogId,
        request: Arc<Request>,
        (origin, flow): (&Origin, Flow),
    ) {
        if self.draining == Draining::Yes {
            self.counts.refused_draining += 1;
            return self.refuse(now, dialog, UNAVAILABLE);
        }
        // Without a directory nobody knows yet whether somebody has the number.
        let Some(directory) = self.directory.clone() else {
            self.counts.refused_starting += 1;
            return self.refuse(now, dialog, UNAVAILABLE);
        };
        let Some((route, program)) = directory.route(origin, &request.uri) else {
            self.counts.refused_no_route += 1;
            return self.refuse(now, dialog, NOT_FOUND);
        };
        if self.has_all_calls() || self.ports.is_empty() {
            self.counts.refused_full += 1;
            return self.refuse(now, dialog, UNAVAILABLE);
        }
        if self.computes_enough(now, &route.tenant) {
            return self.refuse(now, dialog, UNAVAILABLE);
        }
        let seat = match self.new_seat(now, &route.tenant) {
            Ok(seat) => seat,
            Err(refused) => return self.refuse_for_tenant(now, dialog, (&request, &route), refused),
        };
        let target = Target {
            directory,
            tenant: route.tenant,
            program,
            fallbacks: route.fallbacks,
            began: Began::Offered,
            continues: None,
            seat,
            candidate: None,
        };
        let port = self.ports.pop_front().expect("checked above that there is one");
        match self.begin_leg(dialog, port, &request) {
            Ok(mut leg) => {
                leg.party = self.party_of(now, origin, flow);
                self.vet(now, leg, (request, origin), target);
            }
            Err(_) => {
                self.ports.push_front(port);
                self.counts.refused_media += 1;
                self.refuse(now, dialog, NOT_ACCEPTABLE);
            }
        }
    }

    /// Whether there are as many calls as there may be.
    pub(crate) fn has_all_calls(&self) -> bool {
        self.calls.len() + self.vetting.len() >= self.config.calls
    }

    pub(crate) fn refuse(&mut self, now: Instant, dialog: DialogId, status: u16) {
        let retry_after_s = (status == UNAVAILABLE).then(|| 1 + self.random.next_u32() % RETRY_AFTER_MAX_S);
        // The dialog may have been cancelled in the same breath; then there is nothing left to refuse.
        let _ = self.sip.reject(now, dialog, Rejection { status, retry_after_s });
    }

    /// Works out what could be answered, before anybody decides to answer.
    fn begin_leg(&mut self, dialog: DialogId, port: MediaPort, request: &Request) -> Result<LegIo, sdp::SdpError> {
        let webrtc = self.local_webrtc();
        let local = Local {
            webrtc,
            ..self.local(port)
        };
        let negotiation = match request.sdp() {
            None => Negotiation::Late,
            Some(offer) => {
                let (answer, agreed) = sdp::answer(offer, &local)?;
                Negotiation::Answerable { answer, agreed }
            }
        };
        Ok(LegIo::new(dialog, port, local, negotiation))
    }

    /// Our side of a session on a port, with a far end that is no browser.
    pub(crate) fn local(&mut self, port: MediaPort) -> Local {
        Local {
            address: self.config.media_address,
            port: port.port,
            session_id: self.random.next_u64() >> 1,
            version: 1,
            codecs: self.config.codecs.clone(),
            ptime_ms: self.config.ptime_ms,
            direction: Direction::SendRecv,
            srtp: self.config.srtp,
            srtp_key: SrtpKey(std::array::from_fn(|_| self.random.next_u32() as u8)),
            webrtc: None,
        }
    }

    /// A call whose caller has been looked at begins.
    pub(crate) fn begin_call(&mut self, now: Instant, offer: Offer, identity: Identity) {
        let id = self.new_call_id();
        let facts = caller_facts(&offer, identity);
        let Offer { leg, target, kept, .. } = offer;
        self.report_kept(now, (id, CALLER), kept);
        let target = target.for_call(id);
        let setup = self.setup(now, id, facts, &target);
        self.dialogs.insert(leg.dialog, (id, CALLER));
        self.sessions.insert(leg.port.session, (id, CALLER));
        let journal = self.journal_of(now, &setup);
        let call = Call::new(now, setup);
        self.begin(now, (id, call, journal), target, leg);
    }

    pub(crate) fn new_call_id(&mut self) -> CallId {
        CallId((u128::from(self.random.next_u64()) << 64) | u128::from(self.random.next_u64()))
    }

    /// Takes up a call whose first leg is known to the indexes, and starts its handler.
    pub(crate) fn begin(&mut self, now: Instant, call: NewCall, target: Target, leg: LegIo) {
        let id = call.0;
        self.take_up(call, target, [(CALLER, leg)].into());
        self.party_begins(id, CALLER);
        self.run_handler(now, id);
        self.drive(now, id);
    }

    /// Takes up a call; its handler does not run yet.
    pub(crate) fn take_up(&mut self, (id, call, journal): NewCall, target: Target, legs: BTreeMap<LegId, LegIo>) {
        let program = target.program;
        let candidate = target.candidate;
        let shadowed = candidate.clone().filter(|candidate| candidate.is_shadow());
        self.counts.started += 1;
        let started = Notice::Started {
            tenant: target.tenant.clone(),
            handler: program.name.clone(),
            module: program.module.hash().to_owned(),
            continues: target.continues,
        };
        self.outputs.push_back(Output::Notice {
            call: id,
            notice: started,
        });
        let candidate = candidate.filter(|candidate| Arc::ptr_eq(&candidate.program, &program));
        let live = Live {
            candidate,
            shadowed,
            legs,
            journal,
            ..Live::new(call, program, target.directory, target.seat)
        };
        self.calls.insert(id, live);
    }

    /// What a call is made from.
    pub(crate) fn setup(&mut self, now: Instant, id: CallId, facts: CallerFacts, target: &Target) -> Setup {
        let mut seed = [0; 32];
        self.random.fill_bytes(&mut seed);
        let program = &target.program;
        Setup {
            id,
            tenant: target.tenant.clone(),
            handler: program.name.clone(),
            module: program.module.hash().to_owned(),
            prompts: program.prompts.clone(),
            began: target.began.clone(),
            continues: target.continues,
            fallbacks: target.fallbacks.clone(),
            limits: self.config.call.clone(),
            started_at: self.unix(now),
            seed,
            info: LegInfo {
                call_id: id.to_string(),
                ..facts.info
            },
            headers: facts.headers,
            description: facts.description,
            streams: self.config.streams.clone(),
            grants: target.directory.grants(&target.tenant, program),
            receivers: target.directory.receivers(&target.tenant, &program.name),
            listens: self.config.listens,
            trace: self.config.trace,
        }
    }

    /// Carries out what a call wants in signalling. A leg that has ended in the same breath needs nothing any more, but
    /// whoever asked for a transfer does.
    pub(crate) fn leg_command(&mut self, now: Instant, id: CallId, leg: LegId, command: LegCommand) {
        match command {
            LegCommand::Place(placing) => return self.place(now, id, leg, placing),
            LegCommand::TransferAccept(transfer) => return self.transfer_accept(now, id, transfer),
            LegCommand::TransferFinish(transfer, status) => return self.transfer_finish(now, id, transfer, status),
            _ => {}
        }
        let Some(dialog) = self.live(id).legs.get(&leg).map(|io| io.dialog) else {
            return;
        };
        match command {
            LegCommand::Ring => {
                let _ = self.sip.provisional(now, dialog, 180, None);
            }
            LegCommand::EarlyMedia => self.early_media(now, id, leg),
            LegCommand::Answer => self.answer(now, id, leg),
            LegCommand::Reject(status) => self.refuse(now, dialog, status),
            LegCommand::Redirect(to) => self.redirect(now, dialog, &to),
            LegCommand::HangUp => self.hang_up_leg(now, dialog),
            LegCommand::Hold(wanted) => self.hold(now, id, leg, wanted),
            LegCommand::Refer(to) => self.refer(now, id, leg, &to),
            LegCommand::ReferToLeg(other) => self.refer_to_leg(now, id, leg, other),
            LegCommand::Place(_) | LegCommand::TransferAccept(_) | LegCommand::TransferFinish(..) => {
                unreachable!("carried out above, without a leg")
            }
        }
    }

    fn redirect(&mut self, now: Instant, dialog: DialogId, to: &[Private<String>]) {
        let contacts = to
            .iter()
            .filter_map(|to| Uri::parse(to.reveal()).ok())
            .map(NameAddr::new);
        let contacts: Vec<NameAddr> = contacts.collect();
        let _ = self.sip.redirect(now, dialog, &contacts);
    }

    fn early_media(&mut self, now: Instant, id: CallId, leg: LegId) {
        let io = self.live(id).leg(leg);
        let Negotiation::Answerable { answer, .. } = &io.negotiation else {
            return;
        };
        let (dialog, answer) = (io.dialog, answer.clone());
        if self.sip.provisional(now, dialog, 183, Some(answer)).is_ok() {
            self.open_audio(now, id, leg);
        }
    }

    fn answer(&mut self, now: Instant, id: CallId, leg: LegId) {
        let io = self.live(id).leg(leg);
        let dialog = io.dialog;
        let (description, opens) = match &io.negotiation {
            Negotiation::Answerable { answer, .. } | Negotiation::Settled { answer } => (answer.clone(), true),
            Negotiation::Late | Negotiation::Offered => (sdp::offer(&io.local), false),
        };
        if !opens {
            io.negotiation = Negotiation::Offered;
        }
        // Refused only if the caller has gone in the same breath; its end follows as an event.
        if self.sip.accept(now, dialog, description).is_ok() && opens {
            self.open_audio(now, id, leg);
        }
    }

    /// Opens the media session on what was agreed, once, and tells the call.
    fn open_audio(&mut self, now: Instant, id: CallId, leg: LegId) {
        let io = self.live(id).leg(leg);
        if let Negotiation::Answerable { answer, agreed } = &io.negotiation {
            let (answer, agreed) = (answer.clone(), agreed.clone());
            io.negotiation = Negotiation::Settled { answer };
            self.adopt(id, leg, &agreed);
        }
        self.tell(now, id, CallInput::Leg(leg, LegSignal::AudioOpen));
    }

    /// Both ends have agreed: the media engine does so from now on.
    pub(crate) fn adopt(&mut self, id: CallId, leg: LegId, agreed: &Agreed) {
        let io = self.live(id).leg(leg);
        io.agreed = Some(agreed.clone());
        if agreed.srtp.is_some() {
            // Whatever we offer from now on may not be less.
            io.local.srtp = Srtp::Require;
        }
        if let Some(webrtc) = agreed.webrtc.as_ref().filter(|_| io.session != Session::Closed) {
            let orders = io.describe_browser(webrtc);
            self.tell_door(orders.into_iter().flatten());
        }
        self.plan_session(id, leg, agreed);
        self.seat_again(id, leg);
    }

    /// Gives the media engine the plan that follows from an agreement.
    pub(crate) fn plan_session(&mut self, id: CallId, leg: LegId, agreed: &Agreed) {
        let timeout = self.config.media_timeout;
        let io = self.live(id).leg(leg);
        let mut plan = media_plan::plan(agreed, timeout);
        if agreed.webrtc.is_some() {
            plan = io.at_door.plan(plan);
        }
        let (session, thread) = (io.port.session, io.port.thread);
        let command = match io.session {
            Session::None => Command::Open { session, plan },
            Session::Open => Command::Update { session, plan },
            Session::Closed => return,
        };
        io.session = Session::Open;
        self.media_output(thread, command);
    }

    /// Tells the call whether the far end still wants to hear us.
    fn note_hold(&mut self, now: Instant, id: CallId, leg: LegId) {
        let io = self.live(id).leg(leg);
        let Some(agreed) = &io.agreed else { return };
        let held = if io.local.direction.sends() && !agreed.direction.sends() {
            Held::Yes
        } else {
            Held::No
        };
        if held == io.held {
            return;
        }
        io.held = held;
        let signal = match held {
            Held::Yes => LegSignal::Held,
            Held::No => LegSignal::Unheld,
        };
        self.tell(now, id, CallInput::Leg(leg, signal));
    }

    /// Our 200 was acknowledged. If it carried our offer, the ACK must carry the answer (RFC 3261 section 13.2.2.4).
    pub(crate) fn confirmed(&mut self, now: Instant, (id, leg): (CallId, LegId), sdp: Option<Vec<u8>>) {
        let Negotiation::Offered = self.live(id).leg(leg).negotiation else {
            return;
        };
        if sdp.is_some_and(|answer| self.agree(id, leg, &answer)) {
            self.tell(now, id, CallInput::Leg(leg, LegSignal::AudioOpen));
            self.note_hold(now, id, leg);
            self.drive(now, id);
        } else {
            let dialog = self.live(id).leg(leg).dialog;
            let _ = self.sip.bye(now, dialog);
        }
    }

    /// The far end wants to change the session: hold, resume, another address, or a refresh.
    pub(crate) fn renegotiate(&mut self, now: Instant, (id, leg): (CallId, LegId), sdp: Option<Vec<u8>>) {
        let io = self.live(id).leg(leg);
        let dialog = io.dialog;
        let Some(offer) = sdp else {
            io.negotiation = Negotiation::Offered;
            io.local.version += 1;
            let ours = sdp::offer(&io.local);
            let _ = self.sip.accept_reinvite(now, dialog, ours);
            return;
        };
        let next = self.local_for_offer(id, leg, &offer);
        match sdp::answer(&offer, &next) {
            Ok((answer, agreed)) => {
                let io = self.live(id).leg(leg);
                io.local = next;
                io.negotiation = Negotiation::Settled { answer: answer.clone() };
                if self.sip.accept_reinvite(now, dialog, answer).is_ok() {
                    self.adopt(id, leg, &agreed);
                    self.note_hold(now, id, leg);
                    self.drive(now, id);
                }
            }
            Err(_) => {
                let _ = self.sip.reject_reinvite(now, dialog, NOT_ACCEPTABLE);
            }
        }
    }

    /// Puts the far end on hold or takes it back: a new offer with our direction.
    pub(crate) fn hold(&mut self, now: Instant, id: CallId, leg: LegId, wanted: HoldWanted) {
        let io = self.live(id).leg(leg);
        let direction = match wanted {
            HoldWanted::On => Direction::SendOnly,
            HoldWanted::Off => Direction::SendRecv,
        };
        let next = Local {
            version: io.local.version + 1,
            direction,
            ..io.local.clone()
        };
        let (dialog, offer) = (io.dialog, sdp::offer(&next));
        let before = io.local.direction;
        let free = io.offering == Offering::No;
        if free && self.sip.reinvite(now, dialog, Some(offer)).is_ok() {
            let io = self.live(id).leg(leg);
            io.local = next;
            io.offering = Offering::Hold { before };
        } else {
            let busy = LegSignal::HoldAnswered(Err(REQUEST_PENDING));
            self.tell(now, id, CallInput::Leg(leg, busy));
        }
    }

    /// The far end answered our change of the session.
    pub(crate) fn reinvite_answered(
        &mut self,
        now: Instant,
        (id, leg): (CallId, LegId),
        status: u16,
        sdp: Option<Vec<u8>>,
    ) {
        let io = self.live(id).leg(leg);
        let accepted = (200..300).contains(&status);
        let offering = std::mem::replace(&mut io.offering, Offering::No);
        if let (Offering::Hold { before }, false) = (offering, accepted) {
            // The session stays as it was, so does what we say we do (RFC 3261 section 14.1).
            io.local.direction = before;
        }
        let agreed = accepted && sdp.is_some_and(|answer| self.agree(id, leg, &answer));
        if offering != Offering::No {
            let answer = if agreed {
                Ok(())
            } else {
                Err(if accepted { NOT_ACCEPTABLE } else { status })
            };
            self.tell(now, id, CallInput::Leg(leg, LegSignal::HoldAnswered(answer)));
        }
        self.note_hold(now, id, leg);
        self.drive(now, id);
    }

    /// Somebody takes the place of a leg's far end (RFC 3891): the leg stays, its dialog is another from now on.
    pub(crate) fn replaced(
        &mut self,
        now: Instant,
        (id, leg): (CallId, LegId),
        (dialog, request): (DialogId, &Request),
        (origin, flow): (&Origin, Flow),
    ) {
        let next = self.local_for_another(id, leg);
        let Some(Ok((answer, agreed))) = request.sdp().map(|offer| sdp::answer(offer, &next)) else {
            self.counts.refused_media += 1;
            return self.refuse(now, dialog, NOT_ACCEPTABLE);
        };
        let old = std::mem::replace(&mut self.live(id).leg(leg).dialog, dialog);
        // The old dialog's end, which follows from this, belongs to nobody.
        self.dialogs.remove(&old);
        self.dialogs.insert(dialog, (id, leg));
        if self.sip.accept(now, dialog, answer.clone()).is_err() {
            // The newcomer has gone in the same breath: nothing is replaced.
            self.dialogs.remove(&dialog);
            self.dialogs.insert(old, (id, leg));
            self.live(id).leg(leg).dialog = old;
            return;
        }
        let io = self.live(id).leg(leg);
        io.local = next;
        io.negotiation = Negotiation::Settled { answer };
        let left = io.leave_door();
        self.tell_door(left);
        self.another_party(now, (id, leg), (origin, flow));
        self.adopt(id, leg, &agreed);
        self.note_hold(now, id, leg);
        self.drive(now, id);
    }

    /// A key that came in an INFO request.
    pub(crate) fn key(&mut self, now: Instant, (id, leg): (CallId, LegId), event: u8) {
        let Some(key) = Key::from_event(event) else { return };
        if let Some(key) = self.live(id).leg(leg).keys_from.info(now, key) {
            self.feed(now, id, CallInput::Leg(leg, LegSignal::Key(key)));
        }
    }

    /// The dialog is gone.
    pub(crate) fn dialog_ended(&mut self, now: Instant, (id, leg): (CallId, LegId), ended: &EndCause) {
        let io = self.live(id).leg(leg);
        let dialog = io.dialog;
        let unanswered = io.way.is_some() || io.refusal.is_some();
        self.dialogs.remove(&dialog);
        if unanswered {
            self.dialled_ended(now, (id, leg), ended);
            return self.drive(now, id);
        }
        let (why, status) = match ended {
            EndCause::RemoteBye => (Interruption::HungUp, None),
            EndCause::LocalBye => (Interruption::EndedByHandler, None),
            EndCause::Cancelled => (Interruption::Cancelled, Some(487)),
            EndCause::Rejected { status } => (Interruption::EndedByHandler, Some(*status)),
            _ => (Interruption::SignallingLost, None),
        };
        let mut io = self.live(id).legs.remove(&leg).expect("the leg of a dialog is held");
        self.settle_permit(now, id, &mut io);
        self.party_leaves(&mut io);
        self.live(id).legs.insert(leg, io);
        let cause = status.map(cause);
        self.tell(now, id, CallInput::Leg(leg, LegSignal::Ended { why, cause }));
        self.drive(now, id);
    }
}

/// The dialog that an event is about; requests outside dialogs are told apart before.
pub(crate) fn event_dialog(event: &Event) -> DialogId {
    event.dialog().expect("requests outside dialogs were told apart before")
}

/// How a request came in, in the call's words.
pub(crate) fn leg_origin(origin: &Origin) -> LegOrigin {
    match origin {
        Origin::Trunk(name) => LegOrigin::Trunk(name.to_string()),
        Origin::User { aor, .. } => {
            let name = aor.split_once('@').map_or(&**aor, |(name, _)| name);
            LegOrigin::User(name.to_owned().into())
        }
        Origin::Client(proven) => LegOrigin::User(proven.identity.to_string().into()),
        Origin::Anyone => LegOrigin::Anyone,
    }
}

/// What is known of a caller.
pub(crate) struct CallerFacts {
    pub(crate) info: LegInfo,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) description: Description,
}

/// What is known of a caller from its request.
fn caller_facts(offer: &Offer, identity: Identity) -> CallerFacts {
    let request = &offer.request;
    let from = request.from().ok();
    let claimed = from.as_ref().and_then(|from| from.uri.user());
    // A client is who it has proved to be, whatever it says.
    let proved = offer.client.as_ref().map(|client| &*client.identity);
    let user = proved.or(claimed).unwrap_or_default();
    let name = from.as_ref().and_then(|from| from.display.clone());
    CallerFacts {
        info: LegInfo {
            direction: LegDirection::Inbound,
            from: user.to_owned().into(),
            from_name: name.unwrap_or_default().into(),
            to: request.uri.user().unwrap_or_default().to_owned().into(),
            identity,
            origin: offer.origin.clone(),
            privacy: offer.privacy(),
            ..LegInfo::default()
        },
        headers: handler_headers(offer),
        description: match offer.leg.negotiation {
            Negotiation::Late => Description::Late,
            _ => Description::Offered,
        },
    }
}

/// What a handler may read of a request; bytes that are not UTF-8 come as replacement characters. What the platform says of a client
/// comes last, and nothing else comes by those names.
fn handler_headers(offer: &Offer) -> Vec<(String, String)> {
    let said = match offer.client.as_ref().map(|client| &client.calls) {
        Some(MayCall::Handler { parameters, .. }) => &parameters[..],
        _ => &[],
    };
    let said = || {
        said.iter()
            .map(|(name, value)| (format!("{PARAMETER}{name}"), value.clone()))
    };
    let own = |name: &str| OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str());
    let is_said = |name: &str| said().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let fields = offer.request.headers.iter();
    let kept = fields.filter(|field| !own(field.name) && offer.shows(field.name) && !is_said(field.name));
    kept.take(HEADERS_MAX)
        .map(|field| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned()))
        .chain(said())
        .collect()
}
