//! SDP offer and answer for one audio stream: G.711, G.722, Opus, L16 and telephone-event. RFC 3264, 8866, 4733, 7587,
//! 3605 (a=rtcp), 4568 (a=crypto); ICE and DTLS of browsers (8839, 8842) as text.
//! Every `m=` line of an offer is answered; what is not ours gets port 0. Not here: video, and what candidates mean.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

mod codec;
mod crypto;
mod read;
mod webrtc;
mod write;

pub use codec::{Codec, Events, OpusWishes};
pub use crypto::{AgreedSrtp, SRTP_KEY_BYTES, Srtp, SrtpKey, Suite};
pub use webrtc::{AgreedWebrtc, CANDIDATES, LocalWebrtc, Setup, Webrtc};

/// Which way sound flows, seen from the one who writes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// Only outwards.
    SendOnly,
    /// Only inwards.
    RecvOnly,
    /// Not at all.
    Inactive,
}

/// Whose numbers count: an answer uses those of the offer, an offer's answer may have numbers of its own (RFC 3264 5.1, 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// We answer their offer.
    Answers,
    /// They answered ours.
    Offered,
}

/// Our side of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Where we receive RTP.
    pub address: IpAddr,
    /// The RTP port; RTCP is on the next one.
    pub port: u16,
    /// The number in `o=`, constant over a dialog.
    pub session_id: u64,
    /// The version in `o=`, one more for each description that differs from the last.
    pub version: u64,
    /// By preference, not empty.
    pub codecs: Vec<Codec>,
    /// How much sound we want in one packet, in ms.
    pub ptime_ms: u16,
    /// What we want to do.
    pub direction: Direction,
    /// How RTP goes.
    pub srtp: Srtp,
    /// The key of what we send, should it be encrypted: drawn for this session, and the same over all of it.
    pub srtp_key: SrtpKey,
    /// Our side of ICE and DTLS; none: no browser is taken.
    pub webrtc: Option<LocalWebrtc>,
}

/// What both sides agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Where to send RTP. The unspecified address (0.0.0.0, ::) means an old-style hold: send nothing.
    pub remote: SocketAddr,
    /// Where to send RTCP.
    pub remote_rtcp: SocketAddr,
    /// What to send.
    pub codec: Codec,
    /// The payload type to send it with (0..=127).
    pub payload_type: u8,
    /// Every payload type the peer may send, and what it stands for: those of the answer, by its numbers and by ours.
    pub receives: Vec<(u8, Codec)>,
    /// How telephone events go, if both sides have them.
    pub telephone_event: Option<Events>,
    /// What the peer wants of Opus; without meaning beside other codecs.
    pub opus: OpusWishes,
    /// How much sound the peer wants in one packet, in ms: its `a=ptime`, or 20 if it does not say, but no more than it
    /// takes.
    pub ptime_ms: u16,
    /// How much sound it takes in one packet (`a=maxptime`), in ms, if it says.
    pub max_ptime_ms: Option<u16>,
    /// How both directions are encrypted, if their keys stand in the descriptions.
    pub srtp: Option<AgreedSrtp>,
    /// How the way is found and the keys are agreed on, if they do not: then `remote` says nothing.
    pub webrtc: Option<AgreedWebrtc>,
    /// Our direction after both sides' wishes.
    pub direction: Direction,
}

/// Why no agreement came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SdpError {
    /// Not SDP, or above a limit of this crate.
    Unreadable,
    /// No usable audio stream (RTP/AVP or RTP/SAVP, port not 0).
    NoAudio,
    /// No address for the audio stream, or not an IP address.
    NoAddress,
    /// No codec in common.
    NoCommonCodec,
    /// The audio stream is to be encrypted in no way that we know.
    NoCommonSuite,
    /// One side wants plain RTP and the other does not.
    OtherProtection,
    /// A browser's stream, and no browser is taken.
    NoBrowsers,
    /// A browser's stream without its ICE credentials, fingerprint, role or one port for RTP and RTCP.
    BrokenWebrtc,
}

/// An offer: every codec of `local` by preference, telephone-event as 101 with keys 0-15, and as 102 at the clock of Opus
/// if that is among them.
pub fn offer(local: &Local) -> Vec<u8> {
    write::offer(local)
}

/// Answers an offer with the first common codec in the offerer's order.
///
/// # Errors
/// See [`SdpError`]; the INVITE then gets 488.
pub fn answer(offer: &[u8], local: &Local) -> Result<(Vec<u8>, Agreed), SdpError> {
    let session = read::session(offer)?;
    let chosen = read::choose(&session, local, Role::Answers)?;
    Ok((write::answer(&session, &chosen, local), chosen.agreed))
}

/// The `ice-ufrag` of the first stream that has one: another than before is a restart of ICE (RFC 8839 section 4.4.1.1).
pub fn ice_ufrag(description: &[u8]) -> Option<String> {
    let session = read::session(description).ok()?;
    session.media.iter().find_map(|line| Some(line.webrtc.webrtc()?.ufrag))
}

/// Reads the answer to our offer.
///
/// # Errors
/// See [`SdpError`].
pub fn accept_answer(answer: &[u8], local: &Local) -> Result<Agreed, SdpError> {
    let session = read::session(answer)?;
    Ok(read::choose(&session, local, Role::Offered)?.agreed)
}

impl Direction {
    /// Whether the writer sends.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the writer receives.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// Ours, given what the peer wants (RFC 3264 6.1): we send only if they receive, and receive only if they send.
    pub fn limited_by(self, theirs: Self) -> Self {
        match (self.sends() && theirs.receives(), self.receives() && theirs.sends()) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }
}

impl fmt::Display for SdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "the session description cannot be read",
            Self::NoAudio => "the session description has no usable audio stream",
            Self::NoAddress => "the audio stream has no IP address",
            Self::NoCommonCodec => "no codec in common",
            Self::NoCommonSuite => {
                "no way of encryption in common (SRTP with AES_CM_128_HMAC_SHA1_80 or _32 by a=crypto)"
            }
            Self::OtherProtection => "one side wants SRTP and the other plain RTP",
            Self::NoBrowsers => "the stream is a browser's (UDP/TLS/RTP/SAVPF), and this server takes none: [media] browser_port is not set",
            Self::BrokenWebrtc => "a browser's stream needs ice-ufrag, ice-pwd, fingerprint, setup and rtcp-mux",
        })
    }
}

impl std::error::Error for SdpError {}

#[cfg(test)]
mod tests;
