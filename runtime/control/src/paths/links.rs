//! What is known of the ways between regions: measured by RTCP, smoothed, and forgotten with age. Not which way is taken, and not how a
//! measurement gets here.
//!
//! **A way has one quality for both directions**: half the round trip, and the worse jitter and loss of the two. A conversation goes both
//! ways over the same hops, and one who is hard to understand spoils it for both; and a round trip cannot be halved honestly without
//! clocks that agree. Each direction is still measured and smoothed on its own, as receiver reports give it (RFC 3550 section 6.4).

use super::REGIONS_MAX;
use crate::regions::Region;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// A measurement counts in full for so long.
pub const FRESH: Duration = Duration::from_secs(10);
/// From then on it counts for nothing; in between it fades.
pub const STALE: Duration = Duration::from_secs(120);
/// One part in so many of a new measurement enters the smoothed value.
const SMOOTHING: i64 = 4;
/// Pairs of regions that are known.
pub const LINKS_MAX: usize = REGIONS_MAX * (REGIONS_MAX - 1) / 2;
/// Longest round trip and jitter that is believed, in microseconds: a minute. What is longer counts as this.
pub const MICROS_MAX: u32 = 60_000_000;
/// All of them, in millionths.
pub const PPM_MAX: u32 = 1_000_000;

/// How good a way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality {
    /// Round trip, in microseconds, up to [`MICROS_MAX`].
    pub round_trip_us: u32,
    /// Interarrival jitter (RFC 3550 section 6.4.1), in microseconds, up to [`MICROS_MAX`].
    pub jitter_us: u32,
    /// Packets that are lost, in millionths, up to [`PPM_MAX`].
    pub loss_ppm: u32,
}

impl Quality {
    /// What is expected of a way that nobody has measured or described: between continents, on a fair day.
    pub const UNKNOWN: Self = Self {
        round_trip_us: 150_000,
        jitter_us: 5_000,
        loss_ppm: 2_000,
    };

    fn bounded(self) -> Self {
        Self {
            round_trip_us: self.round_trip_us.min(MICROS_MAX),
            jitter_us: self.jitter_us.min(MICROS_MAX),
            loss_ppm: self.loss_ppm.min(PPM_MAX),
        }
    }

    /// So many parts of `of` on the way to another.
    fn towards(self, other: Self, parts: i64, of: i64) -> Self {
        let step = |from: u32, to: u32| {
            // Between two values that fit.
            (i64::from(from) + (i64::from(to) - i64::from(from)) * parts / of) as u32
        };
        Self {
            round_trip_us: step(self.round_trip_us, other.round_trip_us),
            jitter_us: step(self.jitter_us, other.jitter_us),
            loss_ppm: step(self.loss_ppm, other.loss_ppm),
        }
    }

    fn worse(self, other: Self) -> Self {
        Self {
            round_trip_us: self.round_trip_us.max(other.round_trip_us),
            jitter_us: self.jitter_us.max(other.jitter_us),
            loss_ppm: self.loss_ppm.max(other.loss_ppm),
        }
    }
}

/// Whether anything gets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Passage {
    /// It does, more or less well.
    #[default]
    Open,
    /// Nothing does.
    Cut,
}

/// A way as a planner sees it at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// How good it is.
    pub quality: Quality,
    /// What a minute over it costs, in thousandths of a unit of the operator's choice.
    pub milli_units: u32,
    /// Whether anything gets through.
    pub passage: Passage,
}

#[derive(Debug, Clone, Default)]
struct Link {
    prior: Option<Quality>,
    milli_units: u32,
    passage: Passage,
    /// From the smaller name to the larger, and back.
    measured: [Option<(Instant, Quality)>; 2],
}

/// All ways between regions.
#[derive(Debug, Clone, Default)]
pub struct Links {
    known: BTreeMap<(Region, Region), Link>,
}

/// Why something about a way is not taken. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkError {
    /// Both regions are the same one.
    WithinARegion,
    /// [`LINKS_MAX`] are known.
    Links,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WithinARegion => {
                f.write_str("a way is between two regions; within one it is a constant and is not measured")
            }
            Self::Links => write!(
                f,
                "{LINKS_MAX} pairs of regions are known already; forget those of regions that are gone"
            ),
        }
    }
}

impl std::error::Error for LinkError {}

impl Links {
    /// Says what to expect of a way that is not measured, and what a minute over it costs in thousandths of a unit.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn expect(&mut self, one: &Region, other: &Region, prior: Quality, milli_units: u32) -> Result<(), LinkError> {
        let (link, _) = self.link(one, other)?;
        link.prior = Some(prior.bounded());
        link.milli_units = milli_units;
        Ok(())
    }

    /// A report of what arrived at `to` from `from`. One that is older than [`STALE`] is begun anew and not smoothed.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn heard(&mut self, now: Instant, from: &Region, to: &Region, heard: Quality) -> Result<(), LinkError> {
        let (link, direction) = self.link(from, to)?;
        let heard = heard.bounded();
        let smoothed = match link.measured[direction] {
            Some((at, before)) if now.saturating_duration_since(at) < STALE => before.towards(heard, 1, SMOOTHING),
            _ => heard,
        };
        link.measured[direction] = Some((now, smoothed));
        Ok(())
    }

    /// Says whether anything gets through. Whoever decides that has its own patience: here it counts at once.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn passage(&mut self, one: &Region, other: &Region, passage: Passage) -> Result<(), LinkError> {
        self.link(one, other)?.0.passage = passage;
        Ok(())
    }

    /// Forgets all ways to and from a region.
    pub fn forget(&mut self, region: &Region) {
        self.known.retain(|(one, other), _| one != region && other != region);
    }

    /// What is known of a way now. Of one that nobody spoke of: [`Quality::UNKNOWN`], for nothing.
    pub fn seen(&self, now: Instant, one: &Region, other: &Region) -> Seen {
        let (key, _) = ordered(one, other);
        let unknown = Link::default();
        let link = self.known.get(&key).unwrap_or(&unknown);
        let prior = link.prior.unwrap_or(Quality::UNKNOWN);
        let faded = |(at, quality): (Instant, Quality)| fade(now.saturating_duration_since(at), quality, prior);
        let quality = link.measured.into_iter().flatten().map(faded).reduce(Quality::worse);
        Seen {
            quality: quality.unwrap_or(prior),
            milli_units: link.milli_units,
            passage: link.passage,
        }
    }

    fn link(&mut self, one: &Region, other: &Region) -> Result<(&mut Link, usize), LinkError> {
        if one == other {
            return Err(LinkError::WithinARegion);
        }
        let (key, direction) = ordered(one, other);
        if self.known.len() >= LINKS_MAX && !self.known.contains_key(&key) {
            return Err(LinkError::Links);
        }
        Ok((self.known.entry(key).or_default(), direction))
    }
}

fn ordered(one: &Region, other: &Region) -> ((Region, Region), usize) {
    match one < other {
        true => ((one.clone(), other.clone()), 0),
        false => ((other.clone(), one.clone()), 1),
    }
}

/// A measurement of this age, on its way to what is expected.
fn fade(age: Duration, measured: Quality, prior: Quality) -> Quality {
    let window = (STALE - FRESH).as_millis() as i64;
    // Less than the window by the minimum.
    let gone = age.saturating_sub(FRESH).min(STALE - FRESH).as_millis() as i64;
    measured.towards(prior, gone, window)
}
