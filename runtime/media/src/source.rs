//! Whose packets a session takes, and where it sends: the address of the session description, or one other source on
//! which it settles within a window at the start (symmetric RTP, RFC 4961, for a far end behind NAT).
//!
//! Never here: settling anew because a stranger sends, whatever its synchronisation source ("RTP bleed").

use std::net::SocketAddr;
use std::time::Instant;

/// Strangers looked at at the same time while nothing is settled; the oldest gives way.
const CANDIDATES: usize = 4;

/// How well a source fits what was negotiated, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// Another host. It must send two packets in a row before it is believed.
    Stranger,
    /// The host of the session description from another port.
    SameHost,
    /// The very address of the session description: right at any time.
    Exact,
}

/// A session's source.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    described: SocketAddr,
    described_rtcp: SocketAddr,
    settled: Option<(SocketAddr, Fit)>,
    settled_rtcp: Option<SocketAddr>,
    window_ends: Instant,
    candidates: [Option<(SocketAddr, u16)>; CANDIDATES],
    next_candidate: usize,
}

impl Source {
    /// Nothing settled yet; others than `described` have a chance until `window_ends`.
    pub(crate) fn new(described: SocketAddr, described_rtcp: SocketAddr, window_ends: Instant) -> Self {
        Self {
            described,
            described_rtcp,
            settled: None,
            settled_rtcp: None,
            window_ends,
            candidates: [None; CANDIDATES],
            next_candidate: 0,
        }
    }

    /// A new plan. Only another RTP address than before opens the question again: signalling has vouched for it.
    pub(crate) fn update(&mut self, described: SocketAddr, described_rtcp: SocketAddr, window_ends: Instant) {
        if described != self.described {
            *self = Source::new(described, described_rtcp, window_ends);
        } else if described_rtcp != self.described_rtcp {
            self.described_rtcp = described_rtcp;
            self.settled_rtcp = None;
        }
    }

    /// Whether an RTP packet from there is taken. `plausible`: it carries a payload type that was agreed; only such
    /// packets can settle anything.
    pub(crate) fn takes(&mut self, now: Instant, from: SocketAddr, sequence: u16, plausible: bool) -> bool {
        if self.settled.is_some_and(|(settled, _)| settled == from) {
            return true;
        }
        let fit = self.fit(from);
        if fit == Fit::Exact {
            self.settled = Some((from, fit));
            return true;
        }
        let better = self.settled.is_none_or(|(_, settled)| fit > settled);
        if !better || !plausible || now >= self.window_ends {
            return false;
        }
        if fit == Fit::Stranger && !self.second_in_a_row(from, sequence) {
            return false;
        }
        self.settled = Some((from, fit));
        self.settled_rtcp = None;
        true
    }

    /// Whether an RTCP packet from there is taken: from the described address, or from the host RTP comes from, whose
    /// first port is kept.
    pub(crate) fn takes_rtcp(&mut self, from: SocketAddr) -> bool {
        if from == self.described_rtcp || self.settled_rtcp == Some(from) {
            return true;
        }
        let same_host = self.settled.is_some_and(|(settled, _)| same_host(settled, from));
        if same_host && self.settled_rtcp.is_none() {
            self.settled_rtcp = Some(from);
        }
        same_host && self.settled_rtcp == Some(from)
    }

    /// Where RTP goes; none if there is no such place yet.
    pub(crate) fn rtp_target(&self) -> Option<SocketAddr> {
        reachable(self.settled.map_or(self.described, |(settled, _)| settled))
    }

    /// Where RTCP goes.
    pub(crate) fn rtcp_target(&self) -> Option<SocketAddr> {
        if self.shares_port() {
            return self.rtp_target();
        }
        reachable(self.settled_rtcp.unwrap_or(self.described_rtcp))
    }

    /// Whether RTP and RTCP share one port (RFC 5761).
    pub(crate) fn shares_port(&self) -> bool {
        self.described == self.described_rtcp
    }

    fn fit(&self, from: SocketAddr) -> Fit {
        if !same_host(from, self.described) {
            Fit::Stranger
        } else if from.port() == self.described.port() {
            Fit::Exact
        } else {
            Fit::SameHost
        }
    }

    fn second_in_a_row(&mut self, from: SocketAddr, sequence: u16) -> bool {
        match self
            .candidates
            .iter_mut()
            .flatten()
            .find(|(candidate, _)| *candidate == from)
        {
            Some((_, last)) => {
                let in_a_row = sequence == last.wrapping_add(1);
                *last = sequence;
                in_a_row
            }
            None => {
                self.candidates[self.next_candidate] = Some((from, sequence));
                self.next_candidate = (self.next_candidate + 1) % CANDIDATES;
                false
            }
        }
    }
}

fn same_host(a: SocketAddr, b: SocketAddr) -> bool {
    a.ip().to_canonical() == b.ip().to_canonical()
}

fn reachable(address: SocketAddr) -> Option<SocketAddr> {
    (address.port() != 0 && !address.ip().is_unspecified()).then_some(address)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs an origin for its virtual clock")]
mod tests;
