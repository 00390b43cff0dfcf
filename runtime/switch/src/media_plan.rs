//! From what two ends agreed in SDP, and what a handler wants played, to complete commands for a media engine.

use crate::directory::Program;
use crate::speaking::{Unspoken, What};
use patchcord_control::call::{OnKey, PromptSource};
use patchcord_control::speech::pieces;
use patchcord_control::words::{
    AnsweredBy, DetectionOptions, KeysBetween, MachineWait, PlayChange, PlayEnd, Segment as Wanted, Tone as WantedTone,
};
use patchcord_media as media;
use patchcord_sip::sdp::{Agreed, AgreedSrtp, Codec, Direction, SrtpKey, Suite};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Keys as SDP agreed on them.
fn srtp(agreed: AgreedSrtp) -> media::SrtpKeys {
    let suite = match agreed.suite {
        Suite::Tag80 => media::SrtpSuite::Tag80,
        Suite::Tag32 => media::SrtpSuite::Tag32,
    };
    let key = |key: SrtpKey| media::SrtpKey::new(suite, &key.0).expect("SDP reads keys of this length only");
    media::SrtpKeys {
        suite,
        send: key(agreed.send),
        receive: key(agreed.receive),
    }
}

/// The whole of what a session does that was agreed on in SDP, and after how much silence it is told to be silent.
pub fn plan(agreed: &Agreed, timeout: Option<Duration>) -> media::Plan {
    let events = agreed.telephone_event.map(|events| media::TelephoneEvent {
        payload_type: events.payload_type,
        receives: (events.receives != events.payload_type).then_some(events.receives),
        clock: events.clock,
    });
    let usual = media::OpusOptions::default();
    media::Plan {
        remote: agreed.remote,
        remote_rtcp: agreed.remote_rtcp,
        codec: codec(agreed.codec),
        payload_type: agreed.payload_type,
        receives: agreed
            .receives
            .iter()
            .map(|(payload_type, known)| (*payload_type, codec(*known)))
            .collect(),
        telephone_event: events,
        opus: media::OpusOptions {
            fec: agreed.opus.fec,
            dtx: agreed.opus.dtx,
            bit_rate: agreed
                .opus
                .max_bit_rate
                .map_or(usual.bit_rate, |most| most.min(usual.bit_rate)),
        },
        packets: packets(agreed),
        srtp: agreed.srtp.map(srtp),
        flow: match agreed.direction {
            Direction::SendRecv => media::Flow::SendRecv,
            Direction::SendOnly => media::Flow::SendOnly,
            Direction::RecvOnly => media::Flow::RecvOnly,
            Direction::Inactive => media::Flow::Inactive,
        },
        timeout,
    }
}

/// Samples a second of what a session of an agreement sends and hears.
pub(crate) fn rate(agreed: &Agreed) -> media::mixer::Rate {
    codec(agreed.codec).rate()
}

/// How long packets are by what the far end said; one it takes only shorter ones than we make gets the shortest.
fn packets(agreed: &Agreed) -> media::PacketTimes {
    let shortest = media::PacketTime::Ms10.ms();
    media::PacketTimes {
        own: media::PacketTime::at_most(agreed.ptime_ms.into()),
        most_ms: agreed
            .max_ptime_ms
            .map_or(media::MAX_RELAYED_MS, |most| u32::from(most).max(shortest)),
    }
}

fn codec(agreed: Codec) -> media::Codec {
    match agreed {
        Codec::Pcmu => media::Codec::Pcmu,
        Codec::Pcma => media::Codec::Pcma,
        Codec::G722 => media::Codec::G722,
        Codec::Opus => media::Codec::Opus,
        Codec::L16Narrow => media::Codec::L16Narrow,
        Codec::L16Wide => media::Codec::L16Wide,
    }
}

/// A prompt with its files found, and what of it has to be spoken, in order. The call machine has checked that the files
/// are there and that the texts can be read.
pub(crate) fn prompt(
    source: &PromptSource,
    times: u16,
    program: &Program,
    announcement: &Arc<media::Clip>,
) -> (media::Prompt, VecDeque<Unspoken>) {
    let mut unspoken = VecDeque::new();
    let segments = match source {
        PromptSource::Announcement => vec![media::Segment::Clip(announcement.clone())],
        PromptSource::Ringback => vec![media::Segment::Tone(ringback())],
        PromptSource::Handler(wanted) => {
            // The texts' pieces share what the engine's limit leaves; each text has one at least.
            let mut room = media::MAX_SEGMENTS.saturating_sub(wanted.len());
            let mut segments = Vec::with_capacity(wanted.len());
            for segment in wanted {
                let speech = match segment {
                    Wanted::Speech(speech) => speech,
                    Wanted::Url(address) => {
                        let coming = media::Coming::default();
                        segments.push(media::Segment::Coming(coming.clone()));
                        let what = What::File(address.clone());
                        unspoken.push_back(Unspoken { coming, what });
                        continue;
                    }
                    Wanted::File(_) | Wanted::Tone(_) | Wanted::Silence(_) => {
                        segments.push(found(segment, program));
                        continue;
                    }
                };
                let pieces = pieces(speech, room + 1).expect("the call machine lets only texts pass that can be read");
                room -= pieces.len().saturating_sub(1);
                for piece in pieces {
                    let coming = media::Coming::default();
                    segments.push(media::Segment::Coming(coming.clone()));
                    let what = What::Text {
                        piece,
                        language: speech.language.clone(),
                        voice: speech.voice.clone(),
                    };
                    unspoken.push_back(Unspoken { coming, what });
                }
            }
            segments
        }
    };
    (media::Prompt { segments, times }, unspoken)
}

fn found(segment: &Wanted, program: &Program) -> media::Segment {
    match segment {
        Wanted::File(name) => {
            let clip = program
                .clips
                .get(name)
                .expect("the call machine lets only the module's own prompts pass");
            media::Segment::Clip(clip.clone())
        }
        Wanted::Tone(wanted) => media::Segment::Tone(tone(wanted)),
        Wanted::Silence(ms) => media::Segment::Silence(Duration::from_millis(u64::from(*ms))),
        Wanted::Speech(_) | Wanted::Url(_) => unreachable!("what comes later was told apart before"),
    }
}

fn tone(wanted: &WantedTone) -> media::Tone {
    media::Tone {
        frequencies: wanted.frequencies.clone(),
        on: Duration::from_millis(u64::from(wanted.on_ms)),
        off: Duration::from_millis(u64::from(wanted.off_ms)),
        count: wanted.count,
        level_dbm0: wanted.level_dbm0,
    }
}

/// A change to a prompt that plays.
pub(crate) fn play_change(change: PlayChange) -> media::PlayChange {
    match change {
        PlayChange::Pause => media::PlayChange::Pause,
        PlayChange::Resume => media::PlayChange::Resume,
        PlayChange::Seek(ms) => media::PlayChange::Seek(Duration::from_millis(ms.into())),
        PlayChange::Skip(ms) => media::PlayChange::Skip { ms },
        PlayChange::Volume(decibels) => media::PlayChange::Volume { decibels },
    }
}

pub(crate) fn stop_on_key(on_key: OnKey) -> media::StopOnKey {
    match on_key {
        OnKey::PlayOn => media::StopOnKey::PlayOn,
        OnKey::Stop => media::StopOnKey::Stop,
    }
}

/// The tone of a telephone that rings: 440 and 480 Hz, 2 s in 6 (ITU-T E.180, the North American one).
fn ringback() -> media::Tone {
    media::Tone {
        frequencies: vec![440, 480],
        on: Duration::from_secs(2),
        off: Duration::from_secs(4),
        count: 1,
        level_dbm0: -19,
    }
}

pub(crate) fn relay_keys(keys: Option<KeysBetween>) -> media::RelayKeys {
    match keys {
        Some(KeysBetween::Pass) => media::RelayKeys::Pass,
        Some(KeysBetween::Keep) | None => media::RelayKeys::Keep,
    }
}

/// How a machine is told from a person. The call machine has checked the ranges, which are the engine's own.
pub(crate) fn detection(options: &DetectionOptions) -> media::DetectOptions {
    let ms = |ms: u32| Duration::from_millis(u64::from(ms));
    media::DetectOptions {
        mode: match options.wait_for {
            MachineWait::Verdict => media::DetectMode::Enable,
            MachineWait::GreetingEnd => media::DetectMode::DetectMessageEnd,
        },
        timeout: ms(options.timeout_ms),
        speech_threshold: ms(options.speech_ms),
        speech_end_threshold: ms(options.speech_end_ms),
        silence_timeout: ms(options.silence_ms),
    }
}

pub(crate) fn answered_by(verdict: media::Verdict) -> AnsweredBy {
    match verdict {
        media::Verdict::Human => AnsweredBy::Human,
        media::Verdict::Machine | media::Verdict::Fax => AnsweredBy::Machine,
        media::Verdict::MachineEnd(media::GreetingEnd::Beep) => AnsweredBy::MachineBeeped,
        media::Verdict::MachineEnd(_) => AnsweredBy::MachineEnded,
        media::Verdict::Unknown(_) => AnsweredBy::Unknown,
    }
}

/// Why a prompt ended, in the call's words; none if its session closed under it.
pub(crate) fn play_end(end: media::PlayEnd) -> Option<PlayEnd> {
    match end {
        media::PlayEnd::Finished => Some(PlayEnd::Finished),
        media::PlayEnd::Key => Some(PlayEnd::Key),
        // Speech only ends prompts of collections, of which nobody asks why.
        media::PlayEnd::Stopped | media::PlayEnd::Speech => Some(PlayEnd::Stopped),
        media::PlayEnd::Replaced => Some(PlayEnd::Replaced),
        // The call machine's limit on segments is the engine's own; a refusal can only follow a closed session.
        media::PlayEnd::Closed | media::PlayEnd::Refused => None,
    }
}
