//! Session timers: how long a session lasts without a refresh, and who refreshes it. Pure values; sending is the
//! endpoint's. RFC 4028.

use std::time::{Duration, Instant};

use crate::address::params;
use crate::headers::Headers;

/// The least a session may be asked to last, in seconds (RFC 4028 5).
pub(crate) const LEAST_S: u32 = 90;

/// How a node wants its sessions watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimer {
    /// How long a session lasts without a refresh, in seconds; what we ask for. 0: we ask for nothing, but keep to what
    /// a peer asks for.
    pub expires_s: u32,
    /// The shortest we accept, in seconds; raised to 90.
    pub min_s: u32,
}

impl Default for SessionTimer {
    fn default() -> Self {
        Self {
            expires_s: 1800,
            min_s: LEAST_S,
        }
    }
}

impl SessionTimer {
    pub(crate) fn least_s(self) -> u32 {
        self.min_s.max(LEAST_S)
    }
}

/// Who sends the refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresher {
    We,
    They,
}

/// A timer that runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    pub(crate) expires_s: u32,
    pub(crate) refresher: Refresher,
    /// When we refresh, if it is on us and none is under way.
    pub(crate) refresh_at: Option<Instant>,
    /// When the session is given up (RFC 4028 10).
    pub(crate) ends_at: Instant,
}

impl Running {
    pub(crate) fn new(now: Instant, expires_s: u32, refresher: Refresher) -> Self {
        let expires = Duration::from_secs(expires_s.into());
        let margin = Duration::from_secs(32).min(expires / 3);
        Self {
            expires_s,
            refresher,
            refresh_at: (refresher == Refresher::We).then(|| now + expires / 2),
            ends_at: now + expires - margin,
        }
    }

    pub(crate) fn next(&self) -> Instant {
        self.refresh_at.map_or(self.ends_at, |at| at.min(self.ends_at))
    }
}

/// A Session-Expires value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expires {
    pub(crate) seconds: u32,
    /// Named by the sender: the side that sends requests (`uac`) or answers (`uas`) in this transaction.
    pub(crate) refresher: Option<Side>,
}

/// A side of one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Uac,
    Uas,
}

impl Side {
    pub(crate) fn token(self) -> &'static str {
        match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        }
    }
}

impl Expires {
    /// Reads Session-Expires; one that cannot be read is none.
    pub(crate) fn of(headers: &Headers) -> Option<Self> {
        let value = headers.first("Session-Expires")?;
        let (seconds, rest) = value.split_at(value.find(';').unwrap_or(value.len()));
        let refresher = params(rest)
            .find(|(name, _)| name.eq_ignore_ascii_case("refresher"))
            .and_then(|(_, value)| match value?.to_ascii_lowercase().as_str() {
                "uac" => Some(Side::Uac),
                "uas" => Some(Side::Uas),
                _ => None,
            });
        Some(Self {
            seconds: delta(seconds)?,
            refresher,
        })
    }
}

/// Min-SE in seconds.
pub(crate) fn min_se(headers: &Headers) -> Option<u32> {
    let value = headers.first("Min-SE")?;
    delta(value.split(';').next().unwrap_or_default())
}

fn delta(text: &str) -> Option<u32> {
    let digits = text.trim_ascii();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // More than 2^32 seconds is as good as for ever.
    plain.then(|| digits.parse().unwrap_or(u32::MAX))
}

/// What a request of a peer and our wishes come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// Too short: 422 with this Min-SE.
    TooShort(u32),
    /// No timer.
    None,
    /// A timer; the peer has to be told in our 2xx, and has to know the extension if it is to refresh.
    Runs { expires_s: u32, refresher: Side },
}

/// Answers the request of a peer (RFC 4028 9, table 2).
pub(crate) fn agree(wanted: SessionTimer, headers: &Headers) -> Agreement {
    let knows = lists(headers, "Supported", "timer") || lists(headers, "Require", "timer");
    match Expires::of(headers) {
        Some(asked) if asked.seconds < wanted.least_s() && knows => Agreement::TooShort(wanted.least_s()),
        Some(asked) => Agreement::Runs {
            expires_s: asked.seconds.max(LEAST_S),
            refresher: match asked.refresher {
                Some(side) if knows => side,
                // Who does not know the extension cannot refresh: a proxy on the way asked.
                _ if !knows => Side::Uas,
                _ => Side::Uac,
            },
        },
        None if knows && wanted.expires_s > 0 => Agreement::Runs {
            expires_s: wanted.expires_s.max(wanted.least_s()).max(min_se(headers).unwrap_or(0)),
            refresher: Side::Uas,
        },
        None => Agreement::None,
    }
}

/// Whether a list field holds a token.
pub(crate) fn lists(headers: &Headers, name: &str, token: &str) -> bool {
    headers.list(name).any(|found| found.eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests;
