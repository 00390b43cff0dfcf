//! Reads a session description and chooses what both sides can do. The only file that names the SDP library: it splits
//! lines and nothing else, every meaning is decided here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sdp_types::{Media, Session};

use super::codec::{events_clock, offered_events};
use super::crypto;
use super::webrtc::{Attributes, PROTOCOL};
use super::{Agreed, AgreedSrtp, AgreedWebrtc, Codec, Direction, Events, Local, OpusWishes, Role, SdpError, Srtp};
use crate::limits::{SDP_BYTES, SDP_FORMATS, SDP_MEDIA};

/// What telephone events run at where the codec's own clock is not on offer.
const EVENT_CLOCK: u32 = 8_000;
/// What a peer that says nothing wants (RFC 3551 4.5).
const DEFAULT_PTIME_MS: u16 = 20;

/// A session description of the peer, as far as it concerns us.
pub(super) struct Theirs {
    pub(super) media: Vec<Line>,
}

/// One media description.
pub(super) struct Line {
    pub(super) kind: String,
    pub(super) protocol: String,
    pub(super) formats: Vec<String>,
    pub(super) port: u16,
    address: Option<IpAddr>,
    rtcp: Option<(u16, Option<IpAddr>)>,
    direction: Direction,
    ptime_ms: Option<u16>,
    max_ptime_ms: Option<u16>,
    /// Payload type and `NAME/clock/channels`, as written.
    maps: Vec<(u8, String)>,
    /// Payload type and its parameters, as written.
    parameters: Vec<(u8, String)>,
    crypto: Vec<crypto::Line>,
    pub(super) webrtc: Attributes,
}

/// What was chosen: which line, and what follows for us.
pub(super) struct Chosen {
    pub(super) line: usize,
    pub(super) agreed: Agreed,
}

/// Reads a description.
pub(super) fn session(bytes: &[u8]) -> Result<Theirs, SdpError> {
    if bytes.len() > SDP_BYTES {
        return Err(SdpError::Unreadable);
    }
    let session = Session::parse(bytes).map_err(|_| SdpError::Unreadable)?;
    if session.medias.len() > SDP_MEDIA {
        return Err(SdpError::Unreadable);
    }
    let address = session
        .connection
        .as_ref()
        .and_then(|line| ip(&line.connection_address));
    let direction = direction_of(&session.attributes).unwrap_or_default();
    let webrtc = Attributes::read(&session.attributes);
    let media = session
        .medias
        .iter()
        .map(|media| read_line(media, address, direction, &webrtc))
        .collect();
    Ok(Theirs { media })
}

/// The first audio line with a codec of ours; within it the first common codec in their order.
pub(super) fn choose(theirs: &Theirs, local: &Local, role: Role) -> Result<Chosen, SdpError> {
    let mut problem = SdpError::NoAudio;
    for (position, line) in theirs.media.iter().enumerate() {
        if line.kind != "audio" || line.port == 0 || protection(&line.protocol).is_none() {
            continue;
        }
        match agree(line, local, role) {
            Ok(agreed) => return Ok(Chosen { line: position, agreed }),
            Err(why) => problem = why,
        }
    }
    Err(problem)
}

/// Whether a stream is encrypted, and where its keys come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protection {
    Plain,
    Encrypted,
    Dtls,
}

/// Plain and secure RTP, and their feedback profiles whose audio is the same on the wire.
fn protection(protocol: &str) -> Option<Protection> {
    let is = |names: [&str; 2]| names.iter().any(|name| protocol.eq_ignore_ascii_case(name));
    if is(["RTP/AVP", "RTP/AVPF"]) {
        return Some(Protection::Plain);
    }
    if is(["UDP/TLS/RTP/SAVP", PROTOCOL]) {
        return Some(Protection::Dtls);
    }
    is(["RTP/SAVP", "RTP/SAVPF"]).then_some(Protection::Encrypted)
}

/// How the stream is encrypted. What was offered encrypted is never answered in the clear, nor taken so.
fn agree_protection(
    line: &Line,
    local: &Local,
    role: Role,
) -> Result<(Option<AgreedSrtp>, Option<AgreedWebrtc>), SdpError> {
    let theirs = protection(&line.protocol);
    let ours = match (local.srtp, role) {
        (Srtp::Dtls, _) => Protection::Dtls,
        (Srtp::Require, Role::Answers) if theirs == Some(Protection::Dtls) => Protection::Dtls,
        (Srtp::Require, _) => Protection::Encrypted,
        (Srtp::Accept, Role::Offered) => Protection::Plain,
        (Srtp::Accept, Role::Answers) => theirs.unwrap_or(Protection::Plain),
    };
    if theirs != Some(ours) {
        return Err(SdpError::OtherProtection);
    }
    let srtp = match (ours, role) {
        (Protection::Plain, _) => return Ok((None, None)),
        (Protection::Dtls, _) => return Ok((None, Some(agree_webrtc(line, local)?))),
        (Protection::Encrypted, Role::Answers) => crypto::answer(&line.crypto, local.srtp_key),
        (Protection::Encrypted, Role::Offered) => crypto::accept(&line.crypto, local.srtp_key),
    };
    Ok((Some(srtp.ok_or(SdpError::NoCommonSuite)?), None))
}

fn agree_webrtc(line: &Line, local: &Local) -> Result<AgreedWebrtc, SdpError> {
    let ours = local.webrtc.as_ref().ok_or(SdpError::NoBrowsers)?;
    let theirs = line.webrtc.webrtc().ok_or(SdpError::BrokenWebrtc)?;
    let setup = ours.side.setup.beside(theirs.setup).ok_or(SdpError::BrokenWebrtc)?;
    Ok(AgreedWebrtc { theirs, setup })
}

fn agree(line: &Line, local: &Local, role: Role) -> Result<Agreed, SdpError> {
    let (srtp, webrtc) = agree_protection(line, local, role)?;
    let (codec, payload_type) = line.common_codec(&local.codecs).ok_or(SdpError::NoCommonCodec)?;
    // A browser may name a machine there (RFC 8839 section 4.2.2); where it is, its candidates and checks say.
    let nowhere = webrtc.as_ref().map(|_| IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let address = nowhere.or(line.address).ok_or(SdpError::NoAddress)?;
    let (rtcp_port, rtcp_address) = line.rtcp.unwrap_or((line.port.saturating_add(1), None));
    // `c=0.0.0.0` is the hold of RFC 2543: we may not send, whatever the attribute says.
    let mut direction = local.direction.limited_by(line.direction);
    if address.is_unspecified() && webrtc.is_none() {
        direction = direction.limited_by(Direction::SendOnly);
    }
    Ok(Agreed {
        remote: SocketAddr::new(address, line.port),
        remote_rtcp: SocketAddr::new(rtcp_address.unwrap_or(address), rtcp_port),
        codec,
        payload_type,
        receives: line.receives(&local.codecs, (codec, payload_type), role),
        telephone_event: line.telephone_event(codec, local, role),
        opus: line.opus(payload_type),
        ptime_ms: line
            .ptime_ms
            .unwrap_or(DEFAULT_PTIME_MS)
            .min(line.max_ptime_ms.unwrap_or(u16::MAX)),
        max_ptime_ms: line.max_ptime_ms,
        srtp,
        webrtc,
        direction,
    })
}

impl Line {
    fn common_codec(&self, ours: &[Codec]) -> Option<(Codec, u8)> {
        self.payload_types().find_map(|payload_type| {
            let codec = self.codec_of(payload_type)?;
            ours.contains(&codec).then_some((codec, payload_type))
        })
    }

    /// By `a=rtpmap`; without one the static table decides (RFC 3551 6).
    fn codec_of(&self, payload_type: u8) -> Option<Codec> {
        match self.map(payload_type) {
            Some(map) => Codec::of_map(map),
            None => Codec::ALL
                .into_iter()
                .find(|codec| codec.static_payload_type() == Some(payload_type)),
        }
    }

    /// What may come: only the chosen codec where we answer, everything of an answer to us, which may use our numbers or
    /// its own.
    fn receives(&self, ours: &[Codec], chosen: (Codec, u8), role: Role) -> Vec<(u8, Codec)> {
        if role == Role::Answers {
            return vec![(chosen.1, chosen.0)];
        }
        let mut receives: Vec<(u8, Codec)> = Vec::new();
        let codecs = self
            .payload_types()
            .filter_map(|theirs| Some((theirs, self.codec_of(theirs)?)));
        let common: Vec<_> = codecs.filter(|(_, codec)| ours.contains(codec)).collect();
        // What we offered means what we said; a number of theirs counts where it does not contradict that.
        let offered = common.iter().map(|(_, codec)| (codec.offered(), *codec));
        for (number, codec) in offered.chain(common.iter().copied()) {
            if !receives.iter().any(|(known, _)| *known == number) {
                receives.push((number, codec));
            }
        }
        receives
    }

    /// Those at the clock of the codec, or at the one that all phones know.
    fn telephone_event(&self, codec: Codec, local: &Local, role: Role) -> Option<Events> {
        let of_clock = |wanted: u32| {
            self.payload_types()
                .find(|theirs| self.map(*theirs).and_then(events_clock) == Some(wanted))
                .map(|theirs| (theirs, wanted))
        };
        let (payload_type, clock) = of_clock(codec.clock()).or_else(|| of_clock(EVENT_CLOCK))?;
        let offered = offered_events(&local.codecs).find(|(_, offered)| *offered == clock);
        let receives = match (role, offered) {
            (Role::Offered, Some((ours, _))) => ours,
            _ => payload_type,
        };
        Some(Events {
            payload_type,
            receives,
            clock,
        })
    }

    fn opus(&self, payload_type: u8) -> OpusWishes {
        let own = self.parameters.iter().find(|(known, _)| *known == payload_type);
        own.map_or(OpusWishes::default(), |(_, parameters)| OpusWishes::read(parameters))
    }

    fn payload_types(&self) -> impl Iterator<Item = u8> {
        self.formats
            .iter()
            .filter_map(|format| format.parse().ok())
            .filter(|payload_type| *payload_type < 128)
    }

    fn map(&self, payload_type: u8) -> Option<&str> {
        self.maps
            .iter()
            .find(|(known, _)| *known == payload_type)
            .map(|(_, map)| map.as_str())
    }
}

fn read_line(media: &Media, address: Option<IpAddr>, direction: Direction, session: &Attributes) -> Line {
    let own_address = media.connections.first().map(|line| ip(&line.connection_address));
    let values = |name: &'static str| {
        media
            .attributes
            .iter()
            .filter(move |found| found.attribute == name)
            .filter_map(|found| found.value.as_deref())
    };
    let of_types = |name: &'static str| -> Vec<(u8, String)> {
        let split = values(name).take(SDP_FORMATS).filter_map(|value| {
            let (payload_type, rest) = value.trim().split_once(' ')?;
            Some((payload_type.parse().ok()?, rest.trim().to_owned()))
        });
        split.collect()
    };
    Line {
        kind: media.media.to_string(),
        protocol: media.proto.to_string(),
        formats: media
            .fmt
            .split_ascii_whitespace()
            .take(SDP_FORMATS)
            .map(str::to_owned)
            .collect(),
        port: media.port,
        address: own_address.unwrap_or(address),
        rtcp: values("rtcp").next().and_then(rtcp),
        direction: direction_of(&media.attributes).unwrap_or(direction),
        ptime_ms: values("ptime").next().and_then(milliseconds),
        max_ptime_ms: values("maxptime").next().and_then(milliseconds),
        maps: of_types("rtpmap"),
        parameters: of_types("fmtp"),
        crypto: crypto::read(values("crypto")),
        webrtc: Attributes::read(&media.attributes).within(session),
    }
}

fn direction_of(attributes: &[sdp_types::Attribute]) -> Option<Direction> {
    attributes.iter().find_map(|attribute| {
        [
            Direction::SendRecv,
            Direction::SendOnly,
            Direction::RecvOnly,
            Direction::Inactive,
        ]
        .into_iter()
        .find(|direction| direction.attribute() == attribute.attribute)
    })
}

/// A packet time, in whole ms: `20` or `22.5` (RFC 8866 6.4). Anything else is as if it were not said, and so is nothing,
/// and more than a minute.
fn milliseconds(value: &str) -> Option<u16> {
    let (whole, part) = value.trim().split_once('.').unwrap_or((value.trim(), "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) {
        return None;
    }
    whole.parse().ok().filter(|ms| *ms > 0)
}

/// `a=rtcp:53020` or `a=rtcp:53020 IN IP4 192.0.2.1` (RFC 3605).
fn rtcp(value: &str) -> Option<(u16, Option<IpAddr>)> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok().filter(|port| *port != 0)?;
    Some((port, words.nth(2).and_then(ip)))
}

/// An IP literal, without the TTL a multicast address carries. Names are not looked up.
fn ip(text: &str) -> Option<IpAddr> {
    text.split('/').next()?.trim().parse().ok()
}
