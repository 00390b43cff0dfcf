//! The test phone's call in words: the ladder of what happened, and what was measured. Pure.

use super::sound;
use crate::commands::terminal::Paint;
use patchcord_media::{Counters, measure};
use patchcord_sim::phone::{End, Event};
use std::fmt::Write as _;
use std::time::Duration;

/// The call is placed.
pub(crate) fn invite(uri: &str) -> String {
    format!("-> INVITE {uri}")
}

/// A key is pressed.
pub(crate) fn key(key: char) -> String {
    format!("-> key {key}")
}

/// A request of ours.
pub(crate) fn sent(method: &str) -> String {
    format!("-> {method}")
}

/// Something that happened; none if it is already told by what was done.
pub(crate) fn event(event: &Event, paint: Paint) -> Option<String> {
    Some(match event {
        Event::Progress { status } => format!("<- {status} {}", progress(*status)),
        Event::EarlyMedia => "<- sound before the answer".to_owned(),
        Event::Answered => format!("<- 200 {}", paint.green("answered")),
        Event::Said => "   said the file to its end".to_owned(),
        Event::Changed => "<- re-INVITE: the session was changed".to_owned(),
        Event::Silent => "   nothing is heard any more".to_owned(),
        Event::Refused(why) => format!("   {}: {why}", paint.red("not done")),
        Event::Ended { end, .. } => end_words(*end, paint),
        Event::KeySent | Event::KeyHeard(_) | Event::Held | Event::Resumed | Event::HoldRefused { .. } => return None,
        // `patchcord call` is not called, registers nowhere, and transfers nobody.
        Event::Incoming(_)
        | Event::TransferProgress { .. }
        | Event::TransferEnded { .. }
        | Event::Referred { .. }
        | Event::Registered { .. }
        | Event::Unregistered
        | Event::RegistrationRefused { .. } => return None,
    })
}

fn progress(status: u16) -> &'static str {
    match status {
        180 => "ringing",
        181 => "forwarded",
        182 => "queued",
        183 => "under way",
        _ => "",
    }
}

fn end_words(end: End, paint: Paint) -> String {
    match end {
        End::ByFarEnd => format!("<- BYE, {}", paint.green("ended by the other side")),
        End::ByPhone => format!("   {}", paint.green("ended")),
        End::Cancelled | End::GivenUp => "<- 487 cancelled".to_owned(),
        End::Refused { status: refused } | End::Declined { status: refused } => {
            format!("<- {refused} {}", paint.red(status(refused)))
        }
        End::Replaced => paint.green("   another call took its place"),
        End::Expired => paint.red("   the session expired"),
        End::TimedOut => paint.red("   no answer"),
        End::NoCommonAudio => paint.red("   no common audio"),
        End::Broken => paint.red("   the call broke"),
    }
}

/// What a refusal means for a caller.
pub(crate) fn status(status: u16) -> &'static str {
    match status {
        403 => "forbidden",
        404 => "nobody has this number there; check the user part of the address and the routes",
        408 | 480 => "not available now",
        420 => "it demands an extension this phone does not have",
        486 | 600 => "busy",
        488 | 606 => "no common audio",
        503 => "too many calls, or the node takes no new ones; try again later",
        603 => "declined",
        400..500 => "the request was not accepted; look at the other side's log",
        500..600 => "the other side failed; look at its log",
        _ => "no more is known",
    }
}

/// What a recording holds.
pub(crate) fn heard(samples: &[i16], paint: Paint) -> String {
    let total = sound::seconds(samples.len());
    let stretches = sound::stretches(samples);
    if stretches.is_empty() {
        let level = measure::level_dbfs(samples);
        return format!("heard {total:.2} s of silence (level {level:.1} dBFS)");
    }
    let mut text = format!("heard {total:.2} s:");
    for found in stretches {
        let what = found
            .tone_hz
            .map_or_else(|| "sound".to_owned(), |hz| paint.bold(format!("tone {hz} Hz")));
        let _ = write!(
            text,
            "\n  at {:>7.2} s for {:>6.2} s  {what}, level {:.1} dBFS",
            found.start_s, found.length_s, found.level_dbfs
        );
    }
    text
}

/// What the media session counted.
pub(crate) fn counters(counters: &Counters) -> String {
    format!(
        "packets {} in, {} out, {} lost, {} concealed, jitter {:.1} ms",
        counters.packets_in,
        counters.packets_out,
        counters.lost,
        counters.frames_concealed,
        Duration::from_micros(counters.jitter_us).as_secs_f64() * 1e3
    )
}

#[cfg(test)]
mod tests;
