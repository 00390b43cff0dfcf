//! Conversions of what is told of a call.

use super::same;
use crate::bindings::patchcord::handler::events;
use patchcord_control::events::{Event, EventKind, Happening, Party};

same!(events::Kind => EventKind: CallStarted, LegStarted, LegRinging, LegAnswered, LegEnded, RecordingStarted, RecordingEnded, HandlerFailed, Custom, CallEnded);

impl events::Event {
    /// An event, with the number it has for its receiver.
    pub(crate) fn of(event: &Event, sequence: u32) -> Self {
        Self {
            call_id: event.call.to_string(),
            sequence,
            at_ms: event.at.millis(),
            handler: event.handler.clone(),
            module: event.module.clone(),
            what: happening(&event.what),
        }
    }
}

fn happening(what: &Happening) -> events::Happening {
    match what {
        Happening::CallStarted { caller, continues } => events::Happening::CallStarted(events::CallStart {
            caller: party(caller),
            continues: continues.map(|call| call.to_string()),
        }),
        Happening::LegStarted(leg) => events::Happening::LegStarted(party(leg)),
        Happening::LegRinging(leg) => events::Happening::LegRinging(*leg),
        Happening::LegAnswered(leg) => events::Happening::LegAnswered(*leg),
        Happening::LegEnded {
            leg,
            why,
            status,
            connected_ms,
        } => events::Happening::LegEnded(events::LegEnd {
            leg: *leg,
            why: (*why).into(),
            status: *status,
            connected_ms: *connected_ms,
        }),
        Happening::RecordingStarted(id) => events::Happening::RecordingStarted(id.to_string()),
        Happening::RecordingEnded { id, duration_ms } => events::Happening::RecordingEnded(events::RecordingEnd {
            name: id.to_string(),
            duration_ms: *duration_ms,
        }),
        Happening::HandlerFailed { kind, text } => events::Happening::HandlerFailed(events::Failure {
            kind: (*kind).into(),
            text: text.clone(),
        }),
        Happening::Custom { name, data } => events::Happening::Custom(events::Note {
            name: name.clone(),
            data: data.reveal().clone(),
        }),
        Happening::CallEnded {
            duration_ms,
            continued_as,
            legs,
            failed,
        } => events::Happening::CallEnded(events::CallEnd {
            duration_ms: *duration_ms,
            continued_as: continued_as.map(|call| call.to_string()),
            legs: *legs,
            failed: failed.is_some(),
        }),
    }
}

fn party(leg: &Party) -> events::Party {
    events::Party {
        leg: leg.leg,
        direction: leg.direction.into(),
        from: leg.from.reveal().clone(),
        to: leg.to.reveal().clone(),
    }
}
