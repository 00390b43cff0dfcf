//! Ranges of what a handler passes about other parties: endpoints, headers, addresses, keys to send.

use super::super::io::{KeyOut, Setup};
use super::{invalid, over, prompt};
use crate::ids::LegId;
use crate::limits::Limits;
use crate::private::Private;
use crate::words::{
    BridgeOptions, CallerId, Destination, DetectionOptions, DialOptions, Endpoint, Error, Key, LimitName,
};
use std::ops::RangeInclusive;

const RING_MS: RangeInclusive<u32> = 1_000..=600_000;
const REDIRECTS_MAX: u8 = 5;
const NAME_BYTES_MAX: usize = 128;
const ADDRESSES_MAX: usize = 10;
const ADDRESS_BYTES_MAX: usize = 1_024;
const KEYS_MAX: usize = 64;
const BRIDGE_MS_MAX: u32 = 86_400_000;
const PAUSE_MS: u16 = 500;
const LONG_PAUSE_MS: u16 = 1_000;
/// Headers that a far end could take for our word on who calls (RFC 3325, RFC 3323, RFC 8224 with its short forms).
const SAYS_WHO_CALLS: [&str; 7] = [
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "Remote-Party-ID",
    "Privacy",
    "Identity",
    "Identity-Info",
    "y",
];
/// After a key, so that two alike are told apart.
const KEY_PAUSE_MS: u16 = 100;

pub(crate) fn dial(endpoints: &[Endpoint], options: &DialOptions, limits: &Limits) -> Result<(), Error> {
    if endpoints.is_empty() {
        return invalid("endpoints", "none; name 1 to 10 parties to call");
    }
    over(LimitName::Endpoints, endpoints.len(), limits.endpoints)?;
    endpoints.iter().try_for_each(|it| endpoint(it, limits))?;
    within("options.ring-ms", options.ring_ms, &RING_MS)?;
    if options.redirects > REDIRECTS_MAX {
        return invalid(
            "options.redirects",
            &format!("{}; up to {REDIRECTS_MAX} is allowed", options.redirects),
        );
    }
    if let CallerId::Number(number) = &options.caller_id {
        text("options.caller-id", number.reveal(), ADDRESS_BYTES_MAX)?;
    }
    if let Some(name) = &options.caller_name {
        text("options.caller-name", name.reveal(), NAME_BYTES_MAX)?;
    }
    options.detect_machine.as_ref().map_or(Ok(()), detection)
}

fn endpoint(endpoint: &Endpoint, limits: &Limits) -> Result<(), Error> {
    let (argument, to) = match &endpoint.to {
        Destination::Number(to) => ("endpoint.to.number", to),
        Destination::User(to) => ("endpoint.to.user", to),
        Destination::Address(to) => ("endpoint.to.address", to),
    };
    text(argument, to.reveal(), ADDRESS_BYTES_MAX)?;
    endpoint
        .ring_ms
        .map_or(Ok(()), |ring| within("endpoint.ring-ms", ring, &RING_MS))?;
    over(LimitName::Headers, endpoint.headers.len(), limits.headers)?;
    for (name, value) in &endpoint.headers {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return invalid("endpoint.headers", "a header's name is letters, digits and -.!%*_+`'~");
        }
        if SAYS_WHO_CALLS.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            return invalid(
                "endpoint.headers",
                "who calls is said by options.caller-id, not by a header",
            );
        }
        over(
            LimitName::StringBytes,
            name.len() + value.reveal().len(),
            limits.string_bytes,
        )?;
        if value.reveal().contains(['\r', '\n', '\0']) {
            return invalid("endpoint.headers", "a header's value is one line");
        }
    }
    Ok(())
}

fn detection(options: &DetectionOptions) -> Result<(), Error> {
    within(
        "options.detect-machine.timeout-ms",
        options.timeout_ms,
        &(3_000..=59_000),
    )?;
    within("options.detect-machine.speech-ms", options.speech_ms, &(1_000..=6_000))?;
    within(
        "options.detect-machine.speech-end-ms",
        options.speech_end_ms,
        &(500..=5_000),
    )?;
    within(
        "options.detect-machine.silence-ms",
        options.silence_ms,
        &(2_000..=10_000),
    )
}

pub(crate) fn bridge(first: LegId, second: LegId, options: &BridgeOptions, setup: &Setup) -> Result<(), Error> {
    if first == second {
        return invalid("second", "the same leg as the first; a bridge needs two");
    }
    if let Some(longest) = options.longest_ms {
        within("options.longest-ms", longest, &(1..=BRIDGE_MS_MAX))?;
    }
    options.hold_music.as_ref().map_or(Ok(()), |music| {
        prompt("options.hold-music", music, &setup.prompts, &setup.limits)
    })
}

/// 1 to 10 SIP addresses. Whether they can be read is for whoever sends them.
pub(crate) fn addresses(argument: &str, to: &[Private<String>], limits: &Limits) -> Result<(), Error> {
    if !(1..=ADDRESSES_MAX).contains(&to.len()) {
        return invalid(
            argument,
            &format!("{} addresses; 1 to {ADDRESSES_MAX} are allowed", to.len()),
        );
    }
    for address in to.iter().map(Private::reveal) {
        over(LimitName::StringBytes, address.len(), limits.string_bytes)?;
        text(argument, address, ADDRESS_BYTES_MAX)?;
        let scheme = ["sip:", "sips:", "tel:"];
        if !scheme.iter().any(|scheme| address.starts_with(scheme)) {
            return invalid(argument, "an address begins with sip:, sips: or tel:");
        }
    }
    Ok(())
}

/// Keys to send, with their pauses.
pub(crate) fn keys(argument: &str, keys: &str) -> Result<Vec<KeyOut>, Error> {
    if !(1..=KEYS_MAX).contains(&keys.len()) {
        return invalid(
            argument,
            &format!("{} characters; 1 to {KEYS_MAX} are allowed", keys.len()),
        );
    }
    let mut out = Vec::with_capacity(keys.len());
    for letter in keys.chars() {
        out.push(match (letter, Key::from_char(letter)) {
            ('w', _) => KeyOut {
                key: None,
                pause_ms: PAUSE_MS,
            },
            ('W', _) => KeyOut {
                key: None,
                pause_ms: LONG_PAUSE_MS,
            },
            (_, Some(key)) => KeyOut {
                key: Some(key),
                pause_ms: KEY_PAUSE_MS,
            },
            _ => return invalid(argument, "keys are 0 to 9, *, #, A to D, and w and W for pauses"),
        });
    }
    Ok(out)
}

fn within(argument: &str, value: u32, range: &RangeInclusive<u32>) -> Result<(), Error> {
    if range.contains(&value) {
        return Ok(());
    }
    invalid(
        argument,
        &format!("{value}; {} to {} is allowed", range.start(), range.end()),
    )
}

/// A text of one line that is not empty.
fn text(argument: &str, text: &str, most: usize) -> Result<(), Error> {
    if text.is_empty() || text.len() > most {
        return invalid(argument, &format!("{} bytes; 1 to {most} are allowed", text.len()));
    }
    if text.contains(char::is_control) {
        return invalid(argument, "it holds control characters; it is one line of text");
    }
    Ok(())
}
