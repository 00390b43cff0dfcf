//! Events as names and values, as webhooks are sent them (`wit/webhooks.md`). Values are private: numbers are among them.

use super::{Event, Happening, Party};
use crate::words::{Interruption, LegDirection};

/// Names and values.
type Parameters = Vec<(&'static str, String)>;

impl Event {
    /// What a webhook is sent, with the number the event has for it.
    pub fn parameters(&self, sequence: u32) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("event", self.what.kind().name().to_owned()),
            ("call-id", self.call.to_string()),
            ("sequence", sequence.to_string()),
            ("at-ms", self.at.millis().to_string()),
            ("handler", self.handler.clone()),
            ("module", self.module.clone()),
        ];
        self.what.add_to(&mut all);
        all
    }
}

impl Happening {
    fn add_to(&self, all: &mut Parameters) {
        match self {
            Self::CallStarted { caller, continues } => {
                caller.add_to(all);
                all.extend(continues.map(|call| ("continues", call.to_string())));
            }
            Self::LegStarted(leg) => leg.add_to(all),
            Self::LegRinging(leg) | Self::LegAnswered(leg) => all.push(("leg", leg.to_string())),
            Self::LegEnded {
                leg,
                why,
                status,
                connected_ms,
            } => {
                all.push(("leg", leg.to_string()));
                all.push(("why", why_name(*why).to_owned()));
                all.extend(status.map(|status| ("status", status.to_string())));
                all.push(("connected-ms", connected_ms.to_string()));
            }
            Self::RecordingStarted(id) => all.push(("recording", id.to_string())),
            Self::RecordingEnded { id, duration_ms } => {
                all.push(("recording", id.to_string()));
                all.push(("kept", yes_or_no(duration_ms.is_some())));
                all.extend(duration_ms.map(|ms| ("duration-ms", ms.to_string())));
            }
            Self::HandlerFailed { kind, text } => {
                all.push(("kind", kind.name().to_owned()));
                all.push(("text", text.clone()));
            }
            Self::Custom { name, data } => {
                all.push(("name", name.clone()));
                all.push(("data", data.reveal().clone()));
            }
            Self::CallEnded {
                duration_ms,
                continued_as,
                legs,
                failed,
            } => {
                all.push(("duration-ms", duration_ms.to_string()));
                all.push(("legs", legs.to_string()));
                all.push(("failed", yes_or_no(failed.is_some())));
                all.extend(continued_as.map(|call| ("continued-as", call.to_string())));
            }
        }
    }
}

impl Party {
    fn add_to(&self, all: &mut Parameters) {
        let direction = match self.direction {
            LegDirection::Inbound => "inbound",
            LegDirection::Outbound => "outbound",
        };
        all.push(("leg", self.leg.to_string()));
        all.push(("direction", direction.to_owned()));
        all.push(("from", self.from.reveal().clone()));
        all.push(("to", self.to.reveal().clone()));
    }
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// Why a leg is gone, as the contract spells it.
pub fn why_name(why: Interruption) -> &'static str {
    match why {
        Interruption::HungUp => "hung-up",
        Interruption::Cancelled => "cancelled",
        Interruption::MediaLost => "media-lost",
        Interruption::SignallingLost => "signalling-lost",
        Interruption::TimeLimit => "time-limit",
        Interruption::EndedByPlatform => "ended-by-platform",
        Interruption::EndedByHandler => "ended-by-handler",
        Interruption::Moved => "moved",
        Interruption::NotConnected => "not-connected",
    }
}
