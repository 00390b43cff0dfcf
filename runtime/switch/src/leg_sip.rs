//! The SIP side of a leg: from dialog events to leg signals, from leg commands to responses and requests. The last place
//! that knows it was SIP.

use crate::directory::{Directory, Program};
use crate::io::{MediaPort, Notice, Output};
use crate::live::{LegIo, Live, Negotiation, Session};
use crate::media_plan;
use crate::shard::{Draining, Shard};
use patchcord_control::call::{CALLER, Call, Description, Input as CallInput, LegCommand, LegSignal, Setup};
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::record::Usage;
use patchcord_control::words::{Interruption, LegInfo};
use patchcord_guest::Instance;
use patchcord_media::Command;
use patchcord_sip::sdp::{self, Agreed, Direction, Local};
use patchcord_sip::{DialogId, EndCause, Rejection, Request};
use rand_chacha::rand_core::Rng;
use std::sync::Arc;
use std::time::Instant;

/// Nobody has this number.
const NOT_FOUND: u16 = 404;
/// No common codec, or a description that cannot be understood.
const NOT_ACCEPTABLE: u16 = 488;
/// Full or draining.
const UNAVAILABLE: u16 = 503;
/// Longest a refused caller is asked to wait before it tries again.
const RETRY_AFTER_S: u32 = 5;
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
/// Headers of a request that are kept for the handler; further ones are not.
const HEADERS_MAX: usize = 64;

/// Where a called address leads, as the directory stood when the call came.
struct Target {
    directory: Arc<Directory>,
    tenant: Tenant,
    program: Arc<Program>,
}

impl Shard {
    /// A new call is offered.
    pub(crate) fn offered(&mut self, now: Instant, dialog: DialogId, request: &Request) {
        if self.draining == Draining::Yes {
            self.counts.refused_draining += 1;
            return self.refuse(now, dialog, UNAVAILABLE);
        }
        let found = self.directory.as_ref().and_then(|directory| {
            let (tenant, program) = directory.find(request.uri.user().unwrap_or_default())?;
            Some(Target {
                directory: directory.clone(),
                tenant,
                program,
            })
        });
        let Some(target) = found else {
            self.counts.refused_no_route += 1;
            return self.refuse(now, dialog, NOT_FOUND);
        };
        if self.calls.len() >= self.config.calls || self.ports.is_empty() {
            self.counts.refused_full += 1;
            return self.refuse(now, dialog, UNAVAILABLE);
        }
        let port = self.ports.pop_front().expect("checked above that there is one");
        match self.begin_leg(dialog, port, request) {
            Ok(leg) => self.begin_call(now, leg, request, target),
            Err(_) => {
                self.ports.push_front(port);
                self.counts.refused_media += 1;
                self.refuse(now, dialog, NOT_ACCEPTABLE);
            }
        }
    }

    fn refuse(&mut self, now: Instant, dialog: DialogId, status: u16) {
        let retry_after_s = (status == UNAVAILABLE).then_some(RETRY_AFTER_S);
        // The dialog may have been cancelled in the same breath; then there is nothing left to refuse.
        let _ = self.sip.reject(now, dialog, Rejection { status, retry_after_s });
    }

    /// Works out what could be answered, before anybody decides to answer.
    fn begin_leg(&mut self, dialog: DialogId, port: MediaPort, request: &Request) -> Result<LegIo, sdp::SdpError> {
        let local = Local {
            address: self.config.media_address,
            port: port.port,
            session_id: self.random.next_u64() >> 1,
            version: 1,
            codecs: self.config.codecs.clone(),
            direction: Direction::SendRecv,
        };
        let negotiation = match request.sdp() {
            None => Negotiation::Late,
            Some(offer) => {
                let (answer, agreed) = sdp::answer(offer, &local)?;
                Negotiation::Answerable { answer, agreed }
            }
        };
        Ok(LegIo {
            dialog,
            port,
            local,
            negotiation,
            session: Session::None,
        })
    }

    fn begin_call(&mut self, now: Instant, leg: LegIo, request: &Request, target: Target) {
        let id = CallId((u128::from(self.random.next_u64()) << 64) | u128::from(self.random.next_u64()));
        let setup = self.setup(now, id, &leg, request, &target);
        let Target { directory, program, .. } = target;
        let instance = Instance::start(&program.module, self.config.instance);
        self.counts.started += 1;
        self.dialogs.insert(leg.dialog, id);
        self.sessions.insert(leg.port.session, id);
        let started = Notice::Started {
            handler: program.name.clone(),
            module: program.module.hash().to_owned(),
        };
        self.outputs.push_back(Output::Notice {
            call: id,
            notice: started,
        });
        let (instance, fault) = match instance {
            Ok(instance) => (Some(instance), None),
            Err(fault) => (None, Some(fault)),
        };
        let call = Call::new(now, setup);
        self.calls.insert(
            id,
            Live {
                call,
                instance,
                program,
                directory,
                leg,
                wake_at: None,
            },
        );
        match fault {
            None => self.start_handler(now, id),
            Some(fault) => {
                self.handler_failed(now, id, &fault, Usage::default());
                self.drive(now, id);
            }
        }
    }

    fn setup(&mut self, now: Instant, id: CallId, leg: &LegIo, request: &Request, target: &Target) -> Setup {
        let mut seed = [0; 32];
        self.random.fill_bytes(&mut seed);
        let from = request.from().ok();
        let program = &target.program;
        Setup {
            id,
            tenant: target.tenant.clone(),
            handler: program.name.clone(),
            module: program.module.hash().to_owned(),
            prompts: program.prompts.clone(),
            limits: self.config.call.clone(),
            started_at: self.unix(now),
            seed,
            info: LegInfo {
                call_id: id.to_string(),
                from: from
                    .as_ref()
                    .and_then(|from| from.uri.user())
                    .unwrap_or_default()
                    .to_owned()
                    .into(),
                from_name: from
                    .as_ref()
                    .and_then(|from| from.display.clone())
                    .unwrap_or_default()
                    .into(),
                to: request.uri.user().unwrap_or_default().to_owned().into(),
                secure: false,
            },
            headers: handler_headers(request),
            description: match leg.negotiation {
                Negotiation::Late => Description::Late,
                _ => Description::Offered,
            },
            trace: self.config.trace,
        }
    }

    /// Carries out what a call wants in signalling.
    pub(crate) fn leg_command(&mut self, now: Instant, id: CallId, command: LegCommand) {
        match command {
            LegCommand::Ring => {
                let dialog = self.live(id).leg.dialog;
                let _ = self.sip.provisional(now, dialog, 180, None);
            }
            LegCommand::EarlyMedia => self.early_media(now, id),
            LegCommand::Answer => self.answer(now, id),
            LegCommand::Reject(status) => {
                let dialog = self.live(id).leg.dialog;
                self.refuse(now, dialog, status);
            }
            LegCommand::HangUp => {
                let dialog = self.live(id).leg.dialog;
                let _ = self.sip.bye(now, dialog);
            }
        }
    }

    fn early_media(&mut self, now: Instant, id: CallId) {
        let leg = &mut self.live(id).leg;
        let Negotiation::Answerable { answer, .. } = &leg.negotiation else {
            return;
        };
        let (dialog, answer) = (leg.dialog, answer.clone());
        if self.sip.provisional(now, dialog, 183, Some(answer)).is_ok() {
            self.open_audio(now, id);
        }
    }

    fn answer(&mut self, now: Instant, id: CallId) {
        let leg = &mut self.live(id).leg;
        let dialog = leg.dialog;
        let (description, opens) = match &leg.negotiation {
            Negotiation::Answerable { answer, .. } | Negotiation::Settled { answer } => (answer.clone(), true),
            Negotiation::Late | Negotiation::Offered => (sdp::offer(&leg.local), false),
        };
        if !opens {
            leg.negotiation = Negotiation::Offered;
        }
        // Refused only if the caller has gone in the same breath; its end follows as an event.
        if self.sip.accept(now, dialog, description).is_ok() && opens {
            self.open_audio(now, id);
        }
    }

    /// Opens the media session on what was agreed, once, and tells the call.
    fn open_audio(&mut self, now: Instant, id: CallId) {
        let leg = &mut self.live(id).leg;
        if let Negotiation::Answerable { answer, agreed } = &leg.negotiation {
            let (answer, agreed) = (answer.clone(), agreed.clone());
            leg.negotiation = Negotiation::Settled { answer };
            self.adopt(id, &agreed);
        }
        self.tell(now, id, CallInput::Leg(CALLER, LegSignal::AudioOpen));
    }

    /// Gives the media engine the plan that follows from an agreement.
    fn adopt(&mut self, id: CallId, agreed: &Agreed) {
        let timeout = self.config.media_timeout;
        let leg = &mut self.live(id).leg;
        let (session, thread, plan) = (leg.port.session, leg.port.thread, media_plan::plan(agreed, timeout));
        let command = match leg.session {
            Session::None => Command::Open { session, plan },
            Session::Open => Command::Update { session, plan },
            Session::Closed => return,
        };
        leg.session = Session::Open;
        self.outputs.push_back(Output::Media { thread, command });
    }

    /// Our 200 was acknowledged. If it carried our offer, the ACK must carry the answer (RFC 3261 section 13.2.2.4).
    pub(crate) fn confirmed(&mut self, now: Instant, id: CallId, sdp: Option<Vec<u8>>) {
        let leg = &mut self.live(id).leg;
        let Negotiation::Offered = leg.negotiation else { return };
        let agreed = sdp
            .ok_or(())
            .and_then(|answer| sdp::accept_answer(&answer, &leg.local).map_err(drop));
        match agreed {
            Ok(agreed) => {
                leg.negotiation = Negotiation::Settled {
                    answer: sdp::offer(&leg.local),
                };
                self.adopt(id, &agreed);
                self.feed(now, id, CallInput::Leg(CALLER, LegSignal::AudioOpen));
            }
            Err(()) => self.feed(now, id, CallInput::End(Interruption::SignallingLost)),
        }
    }

    /// The far end wants to change the session: hold, resume, another address, or a refresh.
    pub(crate) fn renegotiate(&mut self, now: Instant, id: CallId, sdp: Option<Vec<u8>>) {
        let leg = &mut self.live(id).leg;
        let dialog = leg.dialog;
        let Some(offer) = sdp else {
            leg.negotiation = Negotiation::Offered;
            leg.local.version += 1;
            let ours = sdp::offer(&leg.local);
            let _ = self.sip.accept_reinvite(now, dialog, ours);
            return;
        };
        let next = Local {
            version: leg.local.version + 1,
            ..leg.local.clone()
        };
        match sdp::answer(&offer, &next) {
            Ok((answer, agreed)) => {
                leg.local = next;
                leg.negotiation = Negotiation::Settled { answer: answer.clone() };
                if self.sip.accept_reinvite(now, dialog, answer).is_ok() {
                    self.adopt(id, &agreed);
                }
            }
            Err(_) => {
                let _ = self.sip.reject_reinvite(now, dialog, NOT_ACCEPTABLE);
            }
        }
    }

    /// The dialog is gone.
    pub(crate) fn dialog_ended(&mut self, now: Instant, id: CallId, cause: &EndCause) {
        let (why, status) = match cause {
            EndCause::RemoteBye => (Interruption::HungUp, None),
            EndCause::LocalBye => (Interruption::EndedByHandler, None),
            EndCause::Cancelled => (Interruption::Cancelled, Some(487)),
            EndCause::Rejected { status } => (Interruption::EndedByHandler, Some(*status)),
            _ => {
                (Interruption::SignallingLost, None)
            }
        };
        let dialog = self.live(id).leg.dialog;
        self.dialogs.remove(&dialog);
        self.feed(now, id, CallInput::Leg(CALLER, LegSignal::Ended { why, status }));
    }
}

/// What a handler may read of a request; bytes that are not UTF-8 come as replacement characters.
fn handler_headers(request: &Request) -> Vec<(String, String)> {
    let kept = request
        .headers
        .iter()
        .filter(|field| !OWN_HEADERS.contains(&field.name.to_ascii_lowercase().as_str()));
    kept.take(HEADERS_MAX)
        .map(|field| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned()))
        .collect()
}
