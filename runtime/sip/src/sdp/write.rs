//! Writes our offers and answers. RFC 8866 line order, RFC 3264 5 and 6.

use std::fmt::Write as _;

use super::codec::offered_events;
use super::read::{Chosen, Theirs};
use super::webrtc::{self, LocalWebrtc, Setup};
use super::{Codec, Local, Srtp, crypto};

pub(super) fn offer(local: &Local) -> Vec<u8> {
    let codecs: Vec<(Codec, u8)> = local.codecs.iter().map(|codec| (*codec, codec.offered())).collect();
    let events: Vec<(u8, u32)> = offered_events(&local.codecs).collect();
    let webrtc = local.webrtc.as_ref().filter(|_| local.srtp == Srtp::Dtls);
    let mid = Some(LocalWebrtc::mid());
    let mut text = session_part(local, webrtc, mid);
    let protocol = match (local.srtp, webrtc) {
        (_, Some(_)) => webrtc::PROTOCOL,
        (Srtp::Accept, None) => "RTP/AVP",
        (Srtp::Require | Srtp::Dtls, None) => "RTP/SAVP",
    };
    let way = Way {
        protocol,
        port: webrtc.map_or(local.port, |webrtc| webrtc.address.port()),
        direction: local.direction.attribute(),
    };
    audio(&mut text, &way, local, &codecs, &events);
    match webrtc {
        Some(webrtc) => webrtc.write(mid, Setup::Either, &mut text),
        None if protocol == "RTP/SAVP" => crypto::write_offer(local.srtp_key, &mut text),
        None => {}
    }
    text.into_bytes()
}

/// Every line of the offer in its order: the chosen one accepted, all others refused with port 0.
pub(super) fn answer(theirs: &Theirs, chosen: &Chosen, local: &Local) -> Vec<u8> {
    let agreed = &chosen.agreed;
    let webrtc = agreed.webrtc.as_ref().and(local.webrtc.as_ref());
    let mut text = session_part(local, webrtc, theirs.media[chosen.line].webrtc.mid.as_deref());
    for (position, line) in theirs.media.iter().enumerate() {
        if position == chosen.line {
            let codecs = [(agreed.codec, agreed.payload_type)];
            let events = agreed.telephone_event.map(|events| (events.payload_type, events.clock));
            let way = Way {
                protocol: &line.protocol,
                port: webrtc.map_or(local.port, |webrtc| webrtc.address.port()),
                direction: agreed.direction.attribute(),
            };
            audio(&mut text, &way, local, &codecs, events.as_slice());
            if let Some(srtp) = &agreed.srtp {
                crypto::write_answer(srtp, &mut text);
            }
            if let (Some(webrtc), Some(agreed)) = (webrtc, &agreed.webrtc) {
                webrtc.write(line.webrtc.mid.as_deref(), agreed.setup, &mut text);
            }
        } else {
            // A refused line must name a format; the offered ones serve (RFC 3264 6).
            let formats = if line.formats.is_empty() {
                "0".to_owned()
            } else {
                line.formats.join(" ")
            };
            push(&mut text, format_args!("m={} 0 {} {formats}", line.kind, line.protocol));
            if let (Some(_), Some(mid)) = (webrtc, &line.webrtc.mid) {
                push(&mut text, format_args!("a=mid:{mid}"));
            }
        }
    }
    text.into_bytes()
}

fn session_part(local: &Local, webrtc: Option<&LocalWebrtc>, mid: Option<&str>) -> String {
    let address = webrtc.map_or(local.address, |webrtc| webrtc.address.ip());
    let family = if address.is_ipv4() { "IP4" } else { "IP6" };
    let mut text = String::with_capacity(320);
    push(&mut text, format_args!("v=0"));
    let Local {
        session_id, version, ..
    } = local;
    push(
        &mut text,
        format_args!("o=- {session_id} {version} IN {family} {address}"),
    );
    push(&mut text, format_args!("s=-"));
    push(&mut text, format_args!("c=IN {family} {address}"));
    push(&mut text, format_args!("t=0 0"));
    if let Some(webrtc) = webrtc {
        webrtc.write_session(mid, &mut text);
    }
    text
}

/// How a stream goes.
struct Way<'a> {
    protocol: &'a str,
    port: u16,
    direction: &'a str,
}

fn audio(text: &mut String, way: &Way<'_>, local: &Local, codecs: &[(Codec, u8)], events: &[(u8, u32)]) {
    let events_types = events.iter().map(|(payload_type, _)| *payload_type);
    let types = codecs.iter().map(|(_, payload_type)| *payload_type).chain(events_types);
    let formats: Vec<String> = types.map(|payload_type| payload_type.to_string()).collect();
    push(
        text,
        format_args!("m=audio {} {} {}", way.port, way.protocol, formats.join(" ")),
    );
    for (codec, payload_type) in codecs {
        codec.write(*payload_type, text);
    }
    for (payload_type, clock) in events {
        push(text, format_args!("a=rtpmap:{payload_type} telephone-event/{clock}"));
        push(text, format_args!("a=fmtp:{payload_type} 0-15"));
    }
    push(text, format_args!("a=ptime:{}", local.ptime_ms));
    push(text, format_args!("a={}", way.direction));
}

/// One line. What the peer wrote is taken over only as words that hold no line end.
fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("writing to a string cannot fail");
    text.push_str("\r\n");
}
