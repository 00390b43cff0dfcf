//! Writes our offers and answers. RFC 8866 line order, RFC 3264 5 and 6.

use std::fmt::Write as _;

use super::read::{Chosen, Theirs};
use super::{Codec, Local};

/// The payload type we offer for telephone-event.
const EVENT_PAYLOAD_TYPE: u8 = 101;

pub(super) fn offer(local: &Local) -> Vec<u8> {
    let codecs: Vec<(Codec, u8)> = local
        .codecs
        .iter()
        .map(|codec| (*codec, codec.static_payload_type()))
        .collect();
    let mut text = session_part(local);
    audio(
        &mut text,
        "RTP/AVP",
        local,
        &codecs,
        Some(EVENT_PAYLOAD_TYPE),
        local.direction.attribute(),
    );
    text.into_bytes()
}

/// Every line of the offer in its order: the chosen one accepted, all others refused with port 0.
pub(super) fn answer(theirs: &Theirs, chosen: &Chosen, local: &Local) -> Vec<u8> {
    let agreed = &chosen.agreed;
    let mut text = session_part(local);
    for (position, line) in theirs.media.iter().enumerate() {
        if position == chosen.line {
            let codecs = [(agreed.codec, agreed.payload_type)];
            audio(
                &mut text,
                &line.protocol,
                local,
                &codecs,
                agreed.telephone_event,
                agreed.direction.attribute(),
            );
        } else {
            // A refused line must name a format; the offered ones serve (RFC 3264 6).
            let formats = if line.formats.is_empty() {
                "0".to_owned()
            } else {
                line.formats.join(" ")
            };
            push(&mut text, format_args!("m={} 0 {} {formats}", line.kind, line.protocol));
        }
    }
    text.into_bytes()
}

fn session_part(local: &Local) -> String {
    let family = if local.address.is_ipv4() { "IP4" } else { "IP6" };
    let mut text = String::with_capacity(320);
    push(&mut text, format_args!("v=0"));
    let Local {
        session_id,
        version,
        address,
        ..
    } = local;
    push(
        &mut text,
        format_args!("o=- {session_id} {version} IN {family} {address}"),
    );
    push(&mut text, format_args!("s=-"));
    push(&mut text, format_args!("c=IN {family} {address}"));
    push(&mut text, format_args!("t=0 0"));
    text
}

fn audio(
    text: &mut String,
    protocol: &str,
    local: &Local,
    codecs: &[(Codec, u8)],
    events: Option<u8>,
    direction: &str,
) {
    let types = codecs.iter().map(|(_, payload_type)| *payload_type).chain(events);
    let formats: Vec<String> = types.map(|payload_type| payload_type.to_string()).collect();
    push(
        text,
        format_args!("m=audio {} {protocol} {}", local.port, formats.join(" ")),
    );
    for (codec, payload_type) in codecs {
        push(text, format_args!("a=rtpmap:{payload_type} {}/8000", codec.name()));
    }
    if let Some(payload_type) = events {
        push(text, format_args!("a=rtpmap:{payload_type} telephone-event/8000"));
        push(text, format_args!("a=fmtp:{payload_type} 0-15"));
    }
    push(text, format_args!("a=ptime:20"));
    push(text, format_args!("a={direction}"));
}

/// One line. What the peer wrote is taken over only as words that hold no line end.
fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("writing to a string cannot fail");
    text.push_str("\r\n");
}
