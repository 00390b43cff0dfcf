//! What happens to a call, in the few words a journal has for it. What a replay needs is in the asks and answers; this is
//! for whoever reads what went on around them, and holds nothing private.

use super::record::{Happened, What};
use patchcord_control::call::{Change, Changed, Input, LegSignal};
use patchcord_control::ids::LegId;
use patchcord_control::words::Interruption;

/// What an input says; none if it is in the journal already, or is only time.
pub(super) fn happened(input: &Input) -> Option<Happened> {
    let what = match input {
        Input::Asked(_)
        | Input::Returned { .. }
        | Input::Failed { .. }
        | Input::Stopped { .. }
        | Input::Presence { .. }
        | Input::Deadline => return None,
        Input::Leg(leg, signal) => return on_leg(*leg, signal),
        Input::Located { found, .. } => What::Located(found.is_ok()),
        Input::Taken(taken) => What::Taken(taken.is_ok()),
        Input::Given(given) => What::Given(given.is_ok()),
        Input::NoFallback => What::NoFallback,
        Input::Recording { number, .. } => What::Recording(*number),
        Input::Stream { number, .. } => What::Stream(*number),
        Input::Room { number, .. } => What::Room(*number),
        Input::Responded { response, .. } => What::Responded(response.is_ok()),
        Input::Stored { .. } => What::Stored,
        Input::PresenceNews { views, .. } => What::PresenceNews(views.as_ref().map_or(0, Vec::len) as u32),
        Input::Recognition { number, .. } => What::Recognition(*number),
        Input::End(why) => What::End(*why),
    };
    Some(Happened { leg: None, what })
}

/// What a change from outside says; none if it is in the journal in another way.
pub(super) fn from_outside(change: &Change, changed: Changed) -> Option<Happened> {
    let (leg, what) = match change {
        Change::End => (None, What::End(Interruption::EndedByPlatform)),
        Change::SendKeys { leg, .. } => (Some(*leg), What::KeysFromOutside),
        Change::Play { leg, .. } => (Some(*leg), What::PromptFromOutside),
        Change::StopPlay { leg } => (Some(*leg), What::PromptStopped),
        Change::StartRecording { .. } => match changed {
            Changed::Recording(id) => (None, What::RecordingBegun(id.number)),
            Changed::Done => return None,
        },
        Change::PauseRecording { number, .. } => (None, What::RecordingPaused(*number)),
        Change::ResumeRecording { number } => (None, What::RecordingResumed(*number)),
        Change::StopRecording { number } => (None, What::RecordingStopped(*number)),
        Change::Tell(message) => (None, What::Message(message.data.reveal().len() as u32)),
    };
    Some(Happened { leg, what })
}

fn on_leg(leg: LegId, signal: &LegSignal) -> Option<Happened> {
    let what = match signal {
        LegSignal::AudioOpen => What::AudioOpen,
        LegSignal::Ringing => What::Ringing,
        LegSignal::Answered => What::Answered,
        LegSignal::Redirected(to) => What::Redirected(to.len() as u32),
        LegSignal::Ended { why, cause } => What::LegEnded {
            why: *why,
            status: cause.as_ref().map(|cause| cause.status),
        },
        LegSignal::Held => What::Held,
        LegSignal::Unheld => What::Unheld,
        LegSignal::HoldAnswered(result) => What::HoldAnswered(*result),
        LegSignal::Detected(by) => What::Detected(*by),
        LegSignal::TransferAsked(_) => What::TransferAsked,
        LegSignal::Referred { status, .. } => What::Referred(*status),
        LegSignal::Key(_) => What::Key,
        LegSignal::PlayEnded { played_ms, .. } => What::PlayEnded(*played_ms),
        LegSignal::NotFetched { .. } => What::NotFetched,
        LegSignal::NotSpoken { .. } => What::NotSpoken,
        LegSignal::SpeechBegan { .. } => What::SpeechBegan,
        LegSignal::Heard { .. } => What::Heard,
        LegSignal::MediaLost => What::MediaLost,
        LegSignal::MediaClosed(_) => What::MediaClosed,
        // Every few seconds, and what the handler is told of it is in the answers.
        LegSignal::Quality(_) => return None,
    };
    Some(Happened { leg: Some(leg), what })
}
