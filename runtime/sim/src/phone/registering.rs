//! A phone's registration: asked for, renewed before it runs out, taken back. The endpoint answers the registrar's
//! challenge. RFC 3261 section 10.2.

use super::{Event, LineId, Phone, Refusal, Registering};
use patchcord_sip::{self as sip, Credentials, Flow, Method, NameAddr, OutgoingRequest, Response, Uri};
use std::time::{Duration, Instant};

/// The registrar did not answer.
const TIMED_OUT: u16 = 408;
/// The registrar wants longer registrations (RFC 3261 section 10.3).
const TOO_BRIEF: u16 = 423;
/// Requests of a user to its registrar need an answer that is valid for so long at least.
const LEAST: Duration = Duration::from_secs(1);

/// A registration and what is under way for it.
pub(super) struct Registration {
    wanted: Registering,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A REGISTER is out.
    Asked,
    /// The same, and it is to be taken back as soon as it is answered.
    AskedToLeave,
    /// A REGISTER is out that takes it back.
    TakenBack,
    /// To be renewed then.
    Until(Instant),
}

impl Registration {
    pub(super) fn stays(&self) -> bool {
        matches!(self.stage, Stage::Asked | Stage::Until(_))
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        match self.stage {
            Stage::Until(at) => Some(at),
            Stage::Asked | Stage::AskedToLeave | Stage::TakenBack => None,
        }
    }
}

impl Phone {
    pub(super) fn register(&mut self, now: Instant, wanted: Registering) -> Result<(), Refusal> {
        let stage = self.registration.as_ref().map(|known| known.stage);
        if !matches!(stage, None | Some(Stage::Until(_))) {
            return Err(Refusal::WrongState);
        }
        self.ask_registrar(now, &wanted, wanted.expires_s)?;
        self.config.credentials = Some(credentials(&wanted));
        let stage = Stage::Asked;
        self.registration = Some(Registration { wanted, stage });
        Ok(())
    }

    pub(super) fn unregister(&mut self, now: Instant) -> Result<(), Refusal> {
        let known = self.registration.as_ref().ok_or(Refusal::NotRegistered)?;
        match known.stage {
            Stage::TakenBack | Stage::AskedToLeave => return Err(Refusal::WrongState),
            Stage::Asked => self.set_stage(Stage::AskedToLeave),
            Stage::Until(_) => {
                let wanted = known.wanted.clone();
                self.ask_registrar(now, &wanted, 0)?;
                self.set_stage(Stage::TakenBack);
            }
        }
        Ok(())
    }

    fn ask_registrar(&mut self, now: Instant, wanted: &Registering, expires_s: u32) -> Result<(), Refusal> {
        let parse = |text: String| Uri::parse(&text).map_err(|_| Refusal::Unsendable);
        let Registering { user, domain, .. } = wanted;
        let contact = format!("<sip:{user}@{}>{}", self.config.sip, wanted.contact_params);
        let request = OutgoingRequest {
            method: Method::Register,
            uri: parse(format!("sip:{domain}"))?,
            target: Flow::udp(wanted.registrar).into(),
            from: NameAddr::new(parse(format!("sip:{user}@{domain}"))?),
            to: Some(NameAddr::new(parse(format!("sip:{user}@{domain}"))?)),
            headers: vec![
                ("Contact".to_owned(), contact),
                ("Expires".to_owned(), expires_s.to_string()),
            ],
            body: Vec::new(),
            credentials: Some(credentials(wanted)),
            routes: Vec::new(),
        };
        let sent = self.sip.request(now, request);
        sent.map(|_| ()).map_err(|_| Refusal::Unsendable)
    }

    /// The registrar answered, or has not in 64*T1.
    pub(super) fn registrar_answered(&mut self, now: Instant, response: Option<&Response>) {
        let Some(known) = &self.registration else { return };
        let (stage, wanted) = (known.stage, known.wanted.clone());
        let status = response.map_or(TIMED_OUT, |response| response.status);
        let least = response.and_then(|response| number(response, "Min-Expires"));
        match (stage, status, least) {
            // Taken back or not: this phone is not registered any more.
            (Stage::TakenBack, ..) => {
                self.registration = None;
                self.event(LineId::FIRST, Event::Unregistered);
            }
            (_, 200..=299, _) => {
                let expires_s = response.map_or(0, |response| self.granted(response, &wanted));
                let renewed = (Duration::from_secs(expires_s.into()) * 3 / 4).max(LEAST);
                self.set_stage(Stage::Until(now + renewed));
                self.event(LineId::FIRST, Event::Registered { expires_s });
                if stage == Stage::AskedToLeave {
                    // Refused only if the endpoint is full: then it runs out by itself or is renewed once more.
                    let _ = self.unregister(now);
                }
            }
            (_, TOO_BRIEF, Some(least)) if least > wanted.expires_s => {
                let longer = Registering {
                    expires_s: least,
                    ..wanted
                };
                self.registration = None;
                if self.register(now, longer).is_err() {
                    self.event(LineId::FIRST, Event::RegistrationRefused { status });
                }
            }
            _ => {
                self.registration = None;
                self.event(LineId::FIRST, Event::RegistrationRefused { status });
            }
        }
    }

    /// How long the registrar keeps our Contact: what it says of that, else of all, else what we asked for.
    fn granted(&self, response: &Response, wanted: &Registering) -> u32 {
        let ours = response.headers.list("Contact").find_map(|value| {
            let contact = NameAddr::parse(value).ok()?;
            let same = contact.uri.ip() == Some(self.config.sip.ip())
                && contact.uri.port().unwrap_or(5060) == self.config.sip.port();
            contact.param("expires").filter(|_| same)?.parse().ok()
        });
        ours.or_else(|| number(response, "Expires")).unwrap_or(wanted.expires_s)
    }

    pub(super) fn registration_deadline(&mut self, now: Instant) {
        let Some(known) = &self.registration else { return };
        if !matches!(known.stage, Stage::Until(at) if at <= now) {
            return;
        }
        let wanted = known.wanted.clone();
        let asked = self.ask_registrar(now, &wanted, wanted.expires_s);
        let stage = match asked {
            Ok(()) => Stage::Asked,
            // The endpoint is full: the next second may be better.
            Err(_) => Stage::Until(now + LEAST),
        };
        self.set_stage(stage);
    }

    fn set_stage(&mut self, stage: Stage) {
        if let Some(known) = &mut self.registration {
            known.stage = stage;
        }
    }
}

fn credentials(wanted: &Registering) -> Credentials {
    Credentials {
        username: wanted.user.clone(),
        password: wanted.password.clone(),
        realm: None,
    }
}

fn number(response: &sip::Response, field: &str) -> Option<u32> {
    response.headers.first(field)?.trim().parse().ok()
}
