//! The registration of a trunk: when to send REGISTER, where, and what the answer means. RFC 3261 10.2.4 and 10.2.8,
//! RFC 5626 4.5. Credentials are given by the endpoint; a 401 that arrives here means that they were not taken.

use std::time::{Duration, Instant};

use super::{Purpose, Registration, Trunk, TrunkMode};
use crate::address::NameAddr;
use crate::flow::Target;
use crate::message::Response;
use crate::method::Method;

/// The first waiting time after a failure; doubled up to the last.
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LAST_WAIT: Duration = Duration::from_secs(1800);
/// The least time between two REGISTERs when the carrier grants next to nothing.
const SHORTEST: Duration = Duration::from_secs(5);
/// No carrier may ask for a longer registration (Min-Expires).
const LONGEST: Duration = Duration::from_secs(86_400);

/// The state of a registration.
pub(super) struct Registering {
    /// What we ask for.
    expires: Duration,
    /// What we are, as far as the carrier said.
    state: Registration,
    /// Who granted it, and until when.
    granted: Option<(Target, Instant)>,
    /// When to send. `None` while one is under way.
    next: Option<Instant>,
    /// To be sent whatever `next` says.
    at_once: bool,
    /// Failures in a row over all targets.
    rounds: u32,
    /// Targets tried in this round.
    tried: Vec<Target>,
    /// Whether the last refusal was one that is repeated at once (423).
    was_too_brief: bool,
}

impl Registering {
    pub(super) fn new(expires: Duration) -> Self {
        Self {
            expires: expires.clamp(Duration::from_secs(60), LONGEST),
            state: Registration::Pending,
            granted: None,
            next: None,
            at_once: true,
            rounds: 0,
            tried: Vec::new(),
            was_too_brief: false,
        }
    }

    /// The target that knows us.
    pub(super) fn home(&self) -> Option<&Target> {
        self.granted.as_ref().map(|(target, _)| target)
    }

    pub(super) fn state(&self) -> Registration {
        match self.granted {
            Some(_) => Registration::Registered,
            None => self.state,
        }
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.next
            .into_iter()
            .chain(self.granted.as_ref().map(|(_, until)| *until))
            .min()
    }

    /// If it is the one that knows us, another has to be told.
    pub(super) fn target_is_down(&mut self, target: &Target) {
        if self.home() == Some(target) && self.next.is_some() {
            self.tried = vec![target.clone()];
            self.at_once = true;
        }
    }

    fn has_ended(&mut self, now: Instant) {
        if self.granted.as_ref().is_some_and(|(_, until)| *until <= now) {
            self.granted = None;
            if self.state == Registration::Registered {
                self.state = Registration::Pending;
            }
        }
    }
}

impl Trunk {
    pub(super) fn register_if_due(&mut self, now: Instant) {
        let order = self.pick();
        let Some(registering) = &mut self.registering else {
            return;
        };
        registering.has_ended(now);
        let is_due = registering.at_once || registering.next.is_some_and(|at| at <= now);
        let target = order.into_iter().find(|target| !registering.tried.contains(target));
        let Some(target) = target.filter(|_| is_due) else {
            // Every target was tried: a new round begins when it is due.
            if is_due && !self.ways.is_empty() {
                registering.tried.clear();
                registering.at_once = false;
                registering.next = registering.next.filter(|at| *at > now).or(Some(now + FIRST_WAIT));
            }
            return;
        };
        registering.at_once = false;
        registering.next = None;
        let headers = register_headers(&self.config.mode, registering.expires);
        self.send(Method::Register, Purpose::Register(target), headers);
    }

    pub(super) fn register_answered(&mut self, now: Instant, target: Target, response: Option<&Response>) {
        let asked = self
            .registering
            .as_ref()
            .map_or(FIRST_WAIT, |registering| registering.expires);
        match response {
            Some(response) if (200..300).contains(&response.status) => {
                let granted = granted(response, &self.config.mode).unwrap_or(asked).min(LONGEST);
                let refresh = self.spread(refresh_after(granted));
                if let Some(registering) = &mut self.registering {
                    registering.granted = Some((target, now + granted));
                    registering.state = Registration::Registered;
                    registering.next = Some(now + refresh.max(SHORTEST));
                    registering.rounds = 0;
                    registering.tried.clear();
                    registering.was_too_brief = false;
                }
            }
            Some(response) if response.status == 423 => self.too_brief(now, target, response),
            other => self.register_failed(now, target, other.map(|response| response.status)),
        }
    }

    /// 423: once more with the time the carrier wants, but only once.
    fn too_brief(&mut self, now: Instant, target: Target, response: &Response) {
        let wanted = response
            .headers
            .first("Min-Expires")
            .and_then(|text| text.trim_ascii().parse().ok());
        let wanted = wanted.map(Duration::from_secs).filter(|wanted| *wanted <= LONGEST);
        let Some(registering) = &mut self.registering else {
            return;
        };
        match wanted {
            Some(wanted) if wanted > registering.expires && !registering.was_too_brief => {
                registering.expires = wanted;
                registering.was_too_brief = true;
                registering.at_once = true;
                registering.next = Some(now);
            }
            _ => self.register_failed(now, target, Some(423)),
        }
    }

    /// Another target at once where nobody was met; else, or if there is none left, after a waiting time.
    fn register_failed(&mut self, now: Instant, target: Target, status: Option<u16>) {
        let order = self.pick();
        let Some(registering) = &mut self.registering else {
            return;
        };
        registering.state = Registration::Failed(status);
        registering.was_too_brief = false;
        registering.tried.push(target);
        let elsewhere = order.iter().any(|target| !registering.tried.contains(target));
        if matches!(status, None | Some(408 | 503)) && elsewhere {
            registering.at_once = true;
            registering.next = Some(now);
            return;
        }
        registering.tried.clear();
        let wait = FIRST_WAIT.saturating_mul(1 << registering.rounds.min(6)).min(LAST_WAIT);
        registering.rounds = registering.rounds.saturating_add(1);
        // A refusal ends what was granted: the carrier says it does not know us.
        if matches!(status, Some(400..=499)) && status != Some(408) {
            registering.granted = None;
        }
        let wait = self.spread(wait);
        if let Some(registering) = &mut self.registering {
            registering.next = Some(now + wait);
        }
    }

    /// Takes the registration back, if there is one, and falls silent.
    pub(super) fn stop(&mut self) {
        let home = self.registering.as_ref().and_then(Registering::home).cloned();
        self.is_stopped = true;
        if let Some(target) = home {
            let headers = register_headers(&self.config.mode, Duration::ZERO);
            self.send(Method::Register, Purpose::Register(target), headers);
        }
    }
}

fn register_headers(mode: &TrunkMode, expires: Duration) -> Vec<(String, String)> {
    let contact = match mode {
        TrunkMode::Registering { contact, .. } => contact.as_ref(),
        TrunkMode::Static => None,
    };
    let contact = contact.map(|contact| ("Contact".to_owned(), format!("<{contact}>")));
    let expires = ("Expires".to_owned(), expires.as_secs().to_string());
    contact.into_iter().chain([expires]).collect()
}

/// The time granted: that of our Contact in the answer (of the only one, if ours is not known), else of the whole.
fn granted(response: &Response, mode: &TrunkMode) -> Option<Duration> {
    let contacts: Vec<_> = response
        .headers
        .list("Contact")
        .take(64)
        .filter_map(|value| NameAddr::parse(value).ok())
        .collect();
    let ours = match mode {
        TrunkMode::Registering {
            contact: Some(contact), ..
        } => contacts
            .iter()
            .find(|one| one.uri.user() == contact.user() && one.uri.host() == contact.host()),
        TrunkMode::Registering { contact: None, .. } | TrunkMode::Static => None,
    };
    // Without knowing which is ours the briefest is the safe choice.
    let seconds = |text: &str| text.trim_ascii().parse::<u32>().ok();
    let of_contact = match ours {
        Some(ours) => ours.param("expires").and_then(seconds),
        None => contacts
            .iter()
            .filter_map(|one| one.param("expires").and_then(seconds))
            .min(),
    };
    let seconds = of_contact.or_else(|| response.headers.first("Expires").and_then(seconds))?;
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

/// Half of a short time; of a long one all but ten minutes.
fn refresh_after(granted: Duration) -> Duration {
    let ten_minutes = Duration::from_secs(600);
    if granted > 2 * ten_minutes {
        granted - ten_minutes
    } else {
        granted / 2
    }
}
