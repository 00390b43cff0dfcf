//! SRTP keyed in the session description (SDES, RFC 4568): the `a=crypto` lines of an audio stream. The keys are as secret
//! as the signalling that carries them.

use base64ct::{Base64, Encoding};
use std::fmt::{self, Write as _};

/// Bytes of a master key and its salt, for every suite here.
pub const SRTP_KEY_BYTES: usize = 30;
/// Crypto lines of a stream that are looked at.
const MAX_LINES: usize = 16;

/// How RTP goes, as far as we have a say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Srtp {
    /// SRTP to a peer that asks for it, plain RTP to others.
    #[default]
    Accept,
    /// SRTP or nothing.
    Require,
    /// SRTP whose keys DTLS agrees on, over ICE, or nothing: what browsers speak.
    Dtls,
}

/// How packets are encrypted and signed (RFC 4568 section 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`.
    Tag80,
    /// `AES_CM_128_HMAC_SHA1_32`: a shorter tag on RTP, the same on RTCP.
    Tag32,
}

/// A master key and its salt. Its `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SrtpKey(pub [u8; SRTP_KEY_BYTES]);

/// What both sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgreedSrtp {
    /// For both directions.
    pub suite: Suite,
    /// Of what we send.
    pub send: SrtpKey,
    /// Of what we receive.
    pub receive: SrtpKey,
    /// Names the line that was chosen.
    pub(super) tag: u32,
}

/// An `a=crypto` line that we understand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    tag: u32,
    suite: Suite,
    key: SrtpKey,
}

impl Suite {
    const ALL: [Suite; 2] = [Suite::Tag80, Suite::Tag32];

    /// Its name in `a=crypto`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Tag32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// The tag under which we offer it.
    fn offered(self) -> u32 {
        match self {
            Self::Tag80 => 1,
            Self::Tag32 => 2,
        }
    }
}

/// The lines of a stream that can be used; others are as if they were not there.
pub(super) fn read<'t>(values: impl Iterator<Item = &'t str>) -> Vec<Line> {
    values.take(MAX_LINES).filter_map(line).collect()
}

/// `1 AES_CM_128_HMAC_SHA1_80 inline:<key and salt>|2^20`. A line with a key identifier or with parameters of the session
/// asks for what is not done here.
fn line(value: &str) -> Option<Line> {
    let mut words = value.split_ascii_whitespace();
    let tag = words.next()?.parse().ok()?;
    let name = words.next()?;
    let suite = Suite::ALL
        .into_iter()
        .find(|suite| suite.name().eq_ignore_ascii_case(name))?;
    let mut parts = words.next()?.strip_prefix("inline:")?.split('|');
    let key = Base64::decode_vec(parts.next()?).ok()?.try_into().ok()?;
    // A lifetime may follow, which no call reaches; a key identifier would be in every packet.
    let plain = parts.all(|part| !part.contains(':')) && words.next().is_none();
    plain.then_some(Line {
        tag,
        suite,
        key: SrtpKey(key),
    })
}

/// What follows from their offer: the first line, as they prefer it.
pub(super) fn answer(theirs: &[Line], ours: SrtpKey) -> Option<AgreedSrtp> {
    let line = theirs.first()?;
    Some(AgreedSrtp {
        suite: line.suite,
        send: ours,
        receive: line.key,
        tag: line.tag,
    })
}

/// What follows from their answer to our offer: the line under one of our tags, with the suite it stands for.
pub(super) fn accept(theirs: &[Line], ours: SrtpKey) -> Option<AgreedSrtp> {
    let ours_too = |line: &&Line| line.suite.offered() == line.tag;
    answer(&[*theirs.iter().find(ours_too)?], ours)
}

/// The lines of our offer.
pub(super) fn write_offer(key: SrtpKey, text: &mut String) {
    for suite in Suite::ALL {
        write(suite.offered(), suite, key, text);
    }
}

/// The line of our answer.
pub(super) fn write_answer(agreed: &AgreedSrtp, text: &mut String) {
    write(agreed.tag, agreed.suite, agreed.send, text);
}

fn write(tag: u32, suite: Suite, key: SrtpKey, text: &mut String) {
    let (name, key) = (suite.name(), Base64::encode_string(&key.0));
    let written = write!(text, "a=crypto:{tag} {name} inline:{key}\r\n");
    written.expect("writing to a string cannot fail");
}

impl fmt::Debug for SrtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SrtpKey(<secret>)")
    }
}
