//! Whether what a handler passes is within the contract's ranges. A refusal names the argument and what would be right.

mod asking;
mod hearing;
mod outside;
mod parties;
mod presence;
mod recognising;
mod rooms;
mod storing;
mod streams;

pub(crate) use asking::http;
pub(crate) use outside::{message, recorded_legs};
pub(crate) use parties::{addresses, bridge, dial, keys};
pub(crate) use presence::{identities, presence};
pub(crate) use recognising::recognise;
pub(crate) use rooms::{record_room, seat};
pub(crate) use storing::store;
pub(crate) use streams::{STREAM_TEXT_BYTES, stream};

use crate::ids::LegId;
use crate::limits::Limits;
use crate::speech::{Speech, is_language, is_voice, pieces};
use crate::words::{Error, GatherOptions, LimitName, PlayOptions, RecordOptions, Segment, Tone};
use std::collections::BTreeSet;

const SILENCE_MS_MAX: u32 = 60_000;
const TONE_MS_MAX: u32 = 60_000;
const TONE_MS_MIN: u32 = 20;
const TONE_COUNT_MAX: u16 = 1_000;
const TONE_HZ: std::ops::RangeInclusive<u16> = 20..=3_800;
const TONE_LEVEL_DBM0: std::ops::RangeInclusive<i8> = -60..=0;
const TONE_FREQUENCIES_MAX: usize = 4;
const TIMES_MAX: u16 = 1_000;
const VOLUME_DB: std::ops::RangeInclusive<i8> = -40..=12;
const KEYS_MAX: u8 = 64;
const KEY_MS_MAX: u32 = 600_000;
const NEXT_KEY_MS_MIN: u32 = 100;
const RECORD_MS: std::ops::RangeInclusive<u32> = 1_000..=14_400_000;
const RECORD_SILENCE_MS: std::ops::RangeInclusive<u32> = 500..=600_000;
const URL_BYTES_MAX: usize = 2_048;
const FINISH_KEYS_MAX: usize = 16;
const SLEEP_MS_MAX: u32 = 14_400_000;
const WAIT_OPERATIONS_MAX: usize = 64;

/// The names of the prompts a module carries.
pub type PromptNames = BTreeSet<String>;

pub(crate) fn prompt(argument: &str, prompt: &[Segment], names: &PromptNames, limits: &Limits) -> Result<(), Error> {
    if prompt.is_empty() {
        return invalid(argument, "a prompt needs at least one segment");
    }
    over(LimitName::PromptSegments, prompt.len(), limits.prompt_segments)?;
    over(LimitName::SpeechBytes, spoken_bytes(prompt), limits.speech_bytes)?;
    prompt.iter().try_for_each(|segment| match segment {
        Segment::File(name) => file(name, names, limits),
        Segment::Tone(wanted) => tone(argument, wanted),
        Segment::Silence(ms) if *ms > SILENCE_MS_MAX => invalid(
            argument,
            &format!("silence of {ms} ms; up to {SILENCE_MS_MAX} is allowed"),
        ),
        Segment::Silence(_) => Ok(()),
        Segment::Speech(text) => speech(argument, text),
        Segment::Url(address) => url(argument, address.reveal()),
    })
}

/// Bytes of all texts in a prompt.
fn spoken_bytes(prompt: &[Segment]) -> usize {
    let bytes = |segment: &Segment| match segment {
        Segment::Speech(speech) => speech.text.reveal().len(),
        Segment::File(_) | Segment::Tone(_) | Segment::Silence(_) | Segment::Url(_) => 0,
    };
    prompt.iter().map(bytes).sum()
}

/// Whether it may be an address at all; whoever fetches it knows what else it has to be. A refusal never holds it.
fn url(argument: &str, address: &str) -> Result<(), Error> {
    let rest = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let fits = host.is_some_and(|host| !host.is_empty() && !host.contains('@'));
    if !fits || address.len() > URL_BYTES_MAX || !address.bytes().all(|byte| byte.is_ascii_graphic()) {
        let right = format!(
            "no address of a sound file; give http:// or https:// with a host and no password, at most {URL_BYTES_MAX} bytes \
             without spaces"
        );
        return invalid(argument, &right);
    }
    Ok(())
}

/// A refusal never holds what was to be said.
fn speech(argument: &str, speech: &Speech) -> Result<(), Error> {
    if speech.language.as_ref().is_some_and(|tag| !is_language(tag)) {
        return invalid(argument, "no language; give a tag such as \"en\" or \"de-AT\"");
    }
    if speech.voice.as_ref().is_some_and(|name| !is_voice(name)) {
        let right =
            "no voice's name; it has 1 to 100 letters, digits, spaces, `.`, `_`, `-` and `+`, a letter or digit first";
        return invalid(argument, right);
    }
    match pieces(speech, 1) {
        Err(why) => invalid(argument, &format!("a text's SSML, {why}")),
        Ok(pieces) if pieces.is_empty() => invalid(argument, "there is nothing to say in a text"),
        Ok(_) => Ok(()),
    }
}

fn file(name: &str, names: &PromptNames, limits: &Limits) -> Result<(), Error> {
    over(LimitName::StringBytes, name.len(), limits.string_bytes)?;
    if names.contains(name) {
        Ok(())
    } else {
        Err(Error::NoSuchPrompt(name.to_owned()))
    }
}

fn tone(argument: &str, tone: &Tone) -> Result<(), Error> {
    let count = tone.frequencies.len();
    if !(1..=TONE_FREQUENCIES_MAX).contains(&count) {
        return invalid(
            argument,
            &format!("a tone of {count} frequencies; 1 to {TONE_FREQUENCIES_MAX} are allowed"),
        );
    }
    if let Some(hz) = tone.frequencies.iter().find(|hz| !TONE_HZ.contains(hz)) {
        return invalid(
            argument,
            &format!("a tone of {hz} Hz; {} to {} is allowed", TONE_HZ.start(), TONE_HZ.end()),
        );
    }
    if !(TONE_MS_MIN..=TONE_MS_MAX).contains(&tone.on_ms) || tone.off_ms > TONE_MS_MAX {
        return invalid(
            argument,
            "a tone sounds for 20 to 60,000 ms and rests for at most 60,000",
        );
    }
    if !(1..=TONE_COUNT_MAX).contains(&tone.count) {
        return invalid(
            argument,
            &format!("a tone {} times; 1 to {TONE_COUNT_MAX} is allowed", tone.count),
        );
    }
    if !TONE_LEVEL_DBM0.contains(&tone.level_dbm0) {
        return invalid(
            argument,
            &format!("a tone at {} dBm0; -60 to 0 is allowed", tone.level_dbm0),
        );
    }
    Ok(())
}

pub(crate) fn play(options: &PlayOptions) -> Result<(), Error> {
    if options.times > TIMES_MAX {
        return invalid(
            "options.times",
            &format!("{}; 0 to {TIMES_MAX} is allowed", options.times),
        );
    }
    volume("options.volume-db", options.volume_db)
}

pub(crate) fn volume(argument: &str, decibels: i8) -> Result<(), Error> {
    if !VOLUME_DB.contains(&decibels) {
        return invalid(argument, &format!("{decibels} dB; -40 to 12 is allowed"));
    }
    Ok(())
}

pub(crate) fn gather(options: &GatherOptions, names: &PromptNames, limits: &Limits) -> Result<(), Error> {
    if !(1..=KEYS_MAX).contains(&options.max) {
        return invalid("options.max", &format!("{}; 1 to {KEYS_MAX} is allowed", options.max));
    }
    if options.min > options.max {
        return invalid(
            "options.min",
            &format!("{} is more than max, {}", options.min, options.max),
        );
    }
    if options.first_key_ms > KEY_MS_MAX {
        return invalid(
            "options.first-key-ms",
            &format!("{}; up to {KEY_MS_MAX} is allowed", options.first_key_ms),
        );
    }
    if !(NEXT_KEY_MS_MIN..=KEY_MS_MAX).contains(&options.next_key_ms) {
        let allowed = format!("{}; {NEXT_KEY_MS_MIN} to {KEY_MS_MAX} is allowed", options.next_key_ms);
        return invalid("options.next-key-ms", &allowed);
    }
    if let Some(wanted) = &options.speech {
        hearing::hearing(wanted)?;
    }
    options
        .prompt
        .as_ref()
        .map_or(Ok(()), |wanted| prompt("options.prompt", wanted, names, limits))
}

pub(crate) fn record(legs: &[LegId], options: &RecordOptions) -> Result<(), Error> {
    if let [first, second] = legs
        && first == second
    {
        return invalid("second", "the first leg again; name two legs, or record one");
    }
    if !RECORD_MS.contains(&options.longest_ms) {
        return invalid(
            "options.longest-ms",
            &format!("{}; 1,000 to 14,400,000 is allowed", options.longest_ms),
        );
    }
    if let Some(ms) = options.silence_ms
        && !RECORD_SILENCE_MS.contains(&ms)
    {
        return invalid("options.silence-ms", &format!("{ms}; 500 to 600,000 is allowed"));
    }
    let keys = options.finish_on.len();
    if keys > FINISH_KEYS_MAX {
        return invalid(
            "options.finish-on",
            &format!("{keys} keys; a telephone has {FINISH_KEYS_MAX}"),
        );
    }
    Ok(())
}

pub(crate) fn sleep(ms: u32) -> Result<(), Error> {
    wait_ms("ms", ms)
}

/// How long something may be waited for.
pub(crate) fn wait_ms(argument: &str, ms: u32) -> Result<(), Error> {
    if ms > SLEEP_MS_MAX {
        invalid(argument, &format!("{ms}; up to {SLEEP_MS_MAX} is allowed"))
    } else {
        Ok(())
    }
}

pub(crate) fn wait_any(operations: usize) -> Result<(), Error> {
    if (1..=WAIT_OPERATIONS_MAX).contains(&operations) {
        return Ok(());
    }
    invalid(
        "operations",
        &format!("{operations} of them; 1 to {WAIT_OPERATIONS_MAX} are allowed"),
    )
}

/// Refuses what is over a limit.
pub(crate) fn over(name: LimitName, asked: usize, allowed: usize) -> Result<(), Error> {
    if asked <= allowed {
        return Ok(());
    }
    Err(Error::Limit {
        name,
        allowed: allowed as u64,
        asked: asked as u64,
    })
}

pub(crate) fn invalid<T>(argument: &str, reason: &str) -> Result<T, Error> {
    Err(Error::Invalid {
        argument: argument.to_owned(),
        reason: reason.to_owned(),
    })
}
