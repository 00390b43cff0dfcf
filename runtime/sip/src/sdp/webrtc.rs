//! What a session description says of ICE and DTLS (RFC 8839, RFC 8842, RFC 5763), which is how browsers encrypt. Read and written here
//! as text; what the candidates and fingerprints mean is not our matter, and neither is whether the far end is who it says.

use std::fmt::{self, Write as _};
use std::net::SocketAddr;

/// Candidates of a stream that are kept; further ones are not.
pub const CANDIDATES: usize = 40;
/// Fingerprints that are kept; further ones are not, so that one of these has to fit.
const FINGERPRINTS: usize = 8;
/// Bytes of one value; a longer one is as if it were not there.
const VALUE_BYTES: usize = 512;
/// What a stream is carried by (RFC 5764 section 8).
pub(super) const PROTOCOL: &str = "UDP/TLS/RTP/SAVPF";
/// The name of the stream in an offer of ours (RFC 5888).
const MID: &str = "0";

/// Which side says hello (RFC 4145, RFC 8842).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// Whoever writes this.
    Active,
    /// The other side.
    Passive,
    /// An offer leaves it to the answer.
    Either,
}

/// One side's ICE and DTLS. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Webrtc {
    /// `ice-ufrag`.
    pub ufrag: String,
    /// `ice-pwd`; a secret.
    pub password: String,
    /// `ice-lite`: it only answers.
    pub lite: bool,
    /// Values of `a=fingerprint`: the certificate is one of these.
    pub fingerprints: Vec<String>,
    /// Which side says hello.
    pub setup: Setup,
    /// Values of `a=candidate`, at most [`CANDIDATES`].
    pub candidates: Vec<String>,
}

/// Our side, for a stream that is carried so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalWebrtc {
    /// Ours. [`Setup::Either`] until a role is agreed on, which stays.
    pub side: Webrtc,
    /// What stands in `c=` and `m=`, for those who do not read candidates.
    pub address: SocketAddr,
}

/// What both sides agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedWebrtc {
    /// Theirs.
    pub theirs: Webrtc,
    /// Our role; never [`Setup::Either`].
    pub setup: Setup,
}

/// The attributes of one description or stream that are read here.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    pub(super) mid: Option<String>,
    ufrag: Option<String>,
    password: Option<String>,
    lite: bool,
    mux: bool,
    fingerprints: Vec<String>,
    setup: Option<Setup>,
    candidates: Vec<String>,
}

impl Attributes {
    pub(super) fn read(attributes: &[sdp_types::Attribute]) -> Self {
        let mut read = Self::default();
        for attribute in attributes {
            let value = attribute.value.as_deref().unwrap_or_default().trim();
            if value.len() > VALUE_BYTES {
                continue;
            }
            match attribute.attribute.as_str() {
                "mid" if is_token(value) => read.mid = Some(value.to_owned()),
                "ice-ufrag" => read.ufrag = Some(value.to_owned()),
                "ice-pwd" => read.password = Some(value.to_owned()),
                "ice-lite" => read.lite = true,
                "rtcp-mux" => read.mux = true,
                "setup" => read.setup = Setup::of(value),
                "fingerprint" if read.fingerprints.len() < FINGERPRINTS => read.fingerprints.push(value.to_owned()),
                "candidate" if read.candidates.len() < CANDIDATES => read.candidates.push(value.to_owned()),
                _ => {}
            }
        }
        read
    }

    /// A stream's, where it does not say something with what its session says.
    pub(super) fn within(self, session: &Attributes) -> Self {
        let of_session = |own: Vec<String>| match own.is_empty() {
            true => session.fingerprints.clone(),
            false => own,
        };
        Self {
            ufrag: self.ufrag.or_else(|| session.ufrag.clone()),
            password: self.password.or_else(|| session.password.clone()),
            lite: session.lite,
            fingerprints: of_session(self.fingerprints),
            setup: self.setup.or(session.setup),
            ..self
        }
    }

    /// Theirs, if it is complete. Without one port for RTP and RTCP (RFC 5761) nothing is agreed on: every browser has it.
    pub(super) fn webrtc(&self) -> Option<Webrtc> {
        let complete = self.mux && !self.fingerprints.is_empty();
        Some(Webrtc {
            ufrag: self.ufrag.clone().filter(|_| complete)?,
            password: self.password.clone()?,
            lite: self.lite,
            fingerprints: self.fingerprints.clone(),
            setup: self.setup?,
            candidates: self.candidates.clone(),
        })
    }
}

impl Setup {
    fn of(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "active" => Some(Self::Active),
            "passive" => Some(Self::Passive),
            "actpass" => Some(Self::Either),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::Either => "actpass",
        }
    }

    /// Our role beside theirs: one that was agreed on stays, and where they leave it to us, they say hello, who know better when they
    /// can. None if both would wait, or both would begin.
    pub(super) fn beside(self, theirs: Self) -> Option<Self> {
        match (self, theirs) {
            (Self::Either, Self::Active | Self::Either) => Some(Self::Passive),
            (Self::Either, Self::Passive) => Some(Self::Active),
            (agreed, Self::Either) => Some(agreed),
            (Self::Active, Self::Passive) | (Self::Passive, Self::Active) => Some(self),
            (Self::Active, Self::Active) | (Self::Passive, Self::Passive) => None,
        }
    }
}

impl LocalWebrtc {
    /// The lines of the session.
    pub(super) fn write_session(&self, mid: Option<&str>, text: &mut String) {
        if let Some(mid) = mid {
            push(text, format_args!("a=group:BUNDLE {mid}"));
        }
        if self.side.lite {
            push(text, format_args!("a=ice-lite"));
        }
    }

    /// The lines of the stream; `setup`: our role, or that it is left to the answer.
    pub(super) fn write(&self, mid: Option<&str>, setup: Setup, text: &mut String) {
        if let Some(mid) = mid {
            push(text, format_args!("a=mid:{mid}"));
        }
        push(text, format_args!("a=rtcp-mux"));
        push(text, format_args!("a=ice-ufrag:{}", self.side.ufrag));
        push(text, format_args!("a=ice-pwd:{}", self.side.password));
        for fingerprint in &self.side.fingerprints {
            push(text, format_args!("a=fingerprint:{fingerprint}"));
        }
        push(text, format_args!("a=setup:{}", setup.word()));
        for candidate in &self.side.candidates {
            push(text, format_args!("a=candidate:{candidate}"));
        }
        push(text, format_args!("a=end-of-candidates"));
    }

    /// The name of the stream in an offer of ours.
    pub(super) fn mid() -> &'static str {
        MID
    }
}

/// A token (RFC 8866 section 9), which can be written back.
fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

fn push(text: &mut String, line: fmt::Arguments<'_>) {
    text.write_fmt(line).expect("writing to a string cannot fail");
    text.push_str("\r\n");
}

impl fmt::Debug for Webrtc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webrtc({:?}, {} candidates)", self.setup, self.candidates.len())
    }
}

#[cfg(test)]
mod tests;
