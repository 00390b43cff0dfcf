//! What is told of a call to those outside: its receivers, what they have been told, and what the handler tells. Told after each
//! input, by comparing what is with what was told last, so that nothing that changes a leg or a recording can forget it.

use super::leg::Leg;
use super::recording::{Recording, Stage};
use super::tally::cut;
use super::{CALLER, Call, Output, Setup, check};
use crate::ask::Answer;
use crate::events::{
    Event, EventKind, EventKinds, Happening, Party, RECEIVERS_MAX, Receiver, SubscribedWebhook, Telling,
};
use crate::ids::{CallId, LegId};
use crate::private::Private;
use crate::record::Fault;
use crate::words::{BROKEN_TEXT, Error, LegState, LimitName};
use std::sync::Arc;
use std::time::Instant;

/// Bytes of the name of something that a handler tells.
const NAME_BYTES_MAX: usize = 64;
/// Bytes of what it tells.
const DATA_BYTES_MAX: usize = 4_096;

/// Whom a call tells, and what it has told.
#[derive(Debug, Default)]
pub(super) struct Events {
    receivers: Vec<Told>,
    /// By place; a leg that came from another call is told of from the state it came in.
    legs: Vec<LegState>,
    /// By place.
    recordings: Vec<RecordingTold>,
    emitted: usize,
    subscribed: usize,
}

/// A receiver and how much it was told.
#[derive(Debug)]
struct Told {
    receiver: Receiver,
    kinds: EventKinds,
    last: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum RecordingTold {
    Nothing,
    Started,
    Ended,
}

impl Events {
    /// Those that the operator named.
    pub(super) fn of(setup: &Setup) -> Self {
        let told = setup.receivers.iter().take(RECEIVERS_MAX).map(|subscription| Told {
            receiver: subscription.receiver(),
            kinds: subscription.kinds,
            last: 0,
        });
        Self {
            receivers: told.collect(),
            ..Self::default()
        }
    }

    /// Two legs change their numbers: so does what was told of them.
    pub(super) fn swap(&mut self, one: LegId, other: LegId) {
        let (one, other) = (one.0 as usize, other.0 as usize);
        if one.max(other) < self.legs.len() {
            self.legs.swap(one, other);
        }
    }

    /// Who wants a kind, with the number it has for them.
    fn to(&mut self, kind: EventKind) -> Vec<(Receiver, u32)> {
        let wanting = self.receivers.iter_mut().filter(|told| told.kinds.has(kind));
        let numbered = wanting.map(|told| {
            told.last += 1;
            (told.receiver.clone(), told.last)
        });
        numbered.collect()
    }
}

impl Call {
    /// The call begins: the first thing that is told.
    pub(super) fn tell_start(&mut self, now: Instant) {
        if self.events.receivers.is_empty() || self.legs.len() == 0 {
            return;
        }
        self.events.legs = self.legs.iter().map(|leg| leg.state).collect();
        let happening = Happening::CallStarted {
            caller: party(CALLER, &self.legs[CALLER]),
            continues: self.setup.continues,
        };
        self.tell(now, happening);
    }

    /// Tells what is new of legs and recordings.
    pub(super) fn tell_news(&mut self, now: Instant) {
        if self.events.receivers.is_empty() {
            return;
        }
        for leg in self.legs.ids() {
            self.tell_leg(now, leg);
        }
        for place in 0..self.recordings.len() {
            self.tell_recording(now, place);
        }
    }

    fn tell_leg(&mut self, now: Instant, id: LegId) {
        let place = id.0 as usize;
        let leg = &self.legs[id];
        // One that we hang up is told of when it is gone.
        let state = match (leg.state, leg.ended) {
            (LegState::Ended, None) => return,
            (state, _) => state,
        };
        let Some(told) = self.events.legs.get(place).copied() else {
            let happening = Happening::LegStarted(party(id, leg));
            self.events.legs.push(LegState::Offered);
            self.tell(now, happening);
            return self.tell_leg(now, id);
        };
        if state <= told {
            return;
        }
        self.events.legs[place] = state;
        let happening = match state {
            LegState::Offered => return,
            LegState::Ringing => Happening::LegRinging(id.0),
            LegState::Answered => Happening::LegAnswered(id.0),
            LegState::Ended => {
                if leg.answered_at.is_some() && told < LegState::Answered {
                    self.tell(now, Happening::LegAnswered(id.0));
                }
                self.left(id)
            }
        };
        self.tell(now, happening);
    }

    fn left(&self, id: LegId) -> Happening {
        let leg = &self.legs[id];
        let (ended, why) = leg.ended.expect("a leg is told to be gone when it is");
        let connected = leg.answered_at.map(|at| ended.saturating_duration_since(at));
        Happening::LegEnded {
            leg: id.0,
            why,
            status: leg.refused.as_ref().map(|cause| cause.status),
            connected_ms: connected.map_or(0, |time| time.as_millis() as u64),
        }
    }

    fn tell_recording(&mut self, now: Instant, place: usize) {
        let Recording { id, stage, saved, .. } = &self.recordings[place];
        let (id, saved) = (*id, saved.map(|saved| saved.length_ms));
        let is = match stage {
            Stage::Beeping(_) => RecordingTold::Nothing,
            Stage::Done => RecordingTold::Ended,
            _ => RecordingTold::Started,
        };
        if self.events.recordings.len() <= place {
            self.events.recordings.push(RecordingTold::Nothing);
        }
        let told = std::mem::replace(&mut self.events.recordings[place], is);
        if told == RecordingTold::Nothing && is != RecordingTold::Nothing {
            self.tell(now, Happening::RecordingStarted(id));
        }
        if told != RecordingTold::Ended && is == RecordingTold::Ended {
            let duration_ms = saved;
            self.tell(now, Happening::RecordingEnded { id, duration_ms });
        }
    }

    pub(super) fn tell_failure(&mut self, now: Instant, fault: &Fault) {
        let happening = Happening::HandlerFailed {
            kind: fault.kind.breakage(),
            text: cut(&fault.text, BROKEN_TEXT).to_owned(),
        };
        self.tell(now, happening);
    }

    /// The last thing that is told.
    pub(super) fn tell_end(&mut self, now: Instant, continued_as: Option<CallId>) {
        let happening = Happening::CallEnded {
            duration_ms: now.saturating_duration_since(self.started).as_millis() as u64,
            continued_as,
            legs: self.legs.len() as u32,
            failed: self.breakage(),
        };
        self.tell(now, happening);
    }

    fn tell(&mut self, now: Instant, what: Happening) {
        let to = self.events.to(what.kind());
        if to.is_empty() {
            return;
        }
        let event = Event {
            call: self.setup.id,
            tenant: self.setup.tenant.clone(),
            handler: self.setup.handler.clone(),
            module: self.setup.module.clone(),
            at: self.unix(now),
            what,
        };
        self.outputs.push_back(Output::Telling(Box::new(Telling { event, to })));
    }

    pub(super) fn emit(&mut self, now: Instant, name: &str, data: &Private<String>) -> Answer {
        let fine = check_name(name).and_then(|()| {
            check::over(LimitName::Reports, data.reveal().len(), DATA_BYTES_MAX)?;
            check::over(LimitName::Reports, self.events.emitted + 1, self.setup.limits.reports)
        });
        if fine.is_ok() {
            self.events.emitted += 1;
            let happening = Happening::Custom {
                name: name.to_owned(),
                data: data.clone(),
            };
            self.tell(now, happening);
        }
        Answer::Unit(fine)
    }

    pub(super) fn subscribe(&mut self, url: &Private<String>, kinds: &[EventKind], secret: &str) -> Answer {
        Answer::Unit(self.subscribed(url, kinds, secret))
    }

    fn subscribed(&mut self, written: &Private<String>, kinds: &[EventKind], secret: &str) -> Result<(), Error> {
        let most = self.setup.limits.subscriptions;
        check::over(LimitName::Subscriptions, self.events.subscribed + 1, most)?;
        let url = self.may_ask("url", written.reveal())?;
        let known = self.setup.grants.secret(secret);
        let secret = known.ok_or_else(|| Error::NoSuchSecret(secret.to_owned()))?.clone();
        self.events.subscribed += 1;
        if self.events.receivers.is_empty() {
            // What was before is not told.
            self.events.legs = self.legs.iter().map(|leg| leg.state).collect();
        }
        let webhook = SubscribedWebhook {
            url,
            written: written.clone(),
            secret,
        };
        self.events.receivers.push(Told {
            receiver: Receiver::Subscribed(Arc::new(webhook)),
            kinds: match kinds {
                [] => EventKinds::ALL,
                some => EventKinds::of(some),
            },
            last: 0,
        });
        Ok(())
    }
}

fn party(id: LegId, leg: &Leg) -> Party {
    Party {
        leg: id.0,
        direction: leg.info.direction,
        from: leg.info.from.clone(),
        to: leg.info.to.clone(),
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    check::invalid(
        "name",
        "it has 1 to 64 signs a-z, 0-9 and \"-\", such as \"order-paid\"",
    )
}
