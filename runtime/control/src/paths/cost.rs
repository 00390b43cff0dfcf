//! THE COST MODEL, all of it: what each property of a path is worth against the others. Points are microseconds of one-way delay, or
//! what annoys as much. Whole numbers, so that a sum is the same in whatever order it is made.
//!
//! A score is compared in this order: borders between regions that the conversation crosses (RR-11), then points as the policy weighs
//! them, then the measured quality unweighted (MM-11). The parts of a score are sums over hops, placed services and gateways, which is
//! what allows the search to be exact.

use super::links::Seen;
use super::services::{KINDS, Load};
use super::snapshot::Snapshot;
use std::fmt;
use std::ops::{Add, AddAssign};

/// One way between two nodes of one region, in microseconds.
pub const INSIDE_US: u64 = 500;
/// A jitter buffer holds about twice the jitter, and that is delay.
const JITTER_POINTS: u64 = 2;
/// A millionth of loss. Of the E-model (ITU-T G.107): 1 % of random loss takes G.711 with concealment about 3.6 points of R, as much
/// as 150 ms of delay while there is little of it, and 27 ms where there is much already. In between: 1 % as 50 ms.
const LOSS_POINTS: u64 = 5;
/// A node, or a service of it, that is full. Load costs with its square: up to one half it hardly matters.
const LOAD_POINTS: u64 = 20_000;
/// A gateway that goes away, beside being full: an end leaves it for any other of its instances that is nearly as good.
const DRAINING_POINTS: u64 = 50_000;
/// A thousandth of a unit a minute.
const MONEY_POINTS: u64 = 1;
/// A region without any service, as the place where an end comes in: 500 miles of fibre are some 4 ms, and less than that is nothing
/// against having at hand what may be needed next (MM-12). A region pays for each kind of service that it is without.
pub const NEGLIGIBLE_US: u64 = 4_000;
/// A region that is not preferred at all, where others are: for each gateway and each service there.
pub const PREFERENCE_US: u64 = 100_000;
/// Transcoding: the sound loses, and packets wait for each other.
const TRANSCODING_POINTS: u64 = 10_000;
/// Largest weight of a metric, in hundredths.
pub const WEIGHT_MAX: u16 = 1_000;

/// How much each metric counts, in hundredths: 100 is as the model has it, 0 not at all, at most [`WEIGHT_MAX`] (what is more counts as
/// that).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights {
    /// One-way delay.
    pub latency: u16,
    /// Jitter.
    pub jitter: u16,
    /// Loss of packets.
    pub loss: u16,
    /// How busy nodes are.
    pub load: u16,
    /// What a minute costs.
    pub money: u16,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            latency: 100,
            jitter: 100,
            loss: 100,
            load: 100,
            money: 100,
        }
    }
}

impl Weights {
    /// Of each the larger.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        Self {
            latency: self.latency.max(other.latency),
            jitter: self.jitter.max(other.jitter),
            loss: self.loss.max(other.loss),
            load: self.load.max(other.load),
            money: self.money.max(other.money),
        }
    }
}

fn weighed(points: u64, weight: u16) -> u64 {
    points * u64::from(weight.min(WEIGHT_MAX)) / 100
}

/// What a path costs, by component, in points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Costs {
    /// Delay of the ways.
    pub latency: u64,
    /// Their jitter.
    pub jitter: u64,
    /// Their loss.
    pub loss: u64,
    /// How busy the nodes are.
    pub load: u64,
    /// The money for the ways.
    pub money: u64,
    /// What the regions where ends come in are without.
    pub equipment: u64,
    /// Regions that are used though others are preferred.
    pub preference: u64,
    /// Transcoding.
    pub transcoding: u64,
}

impl Costs {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.latency
            + self.jitter
            + self.loss
            + self.load
            + self.money
            + self.equipment
            + self.preference
            + self.transcoding
    }

    /// A way between two regions.
    pub(super) fn way(seen: &Seen, weights: &Weights) -> Self {
        let quality = &seen.quality;
        Self {
            latency: weighed(u64::from(quality.round_trip_us / 2), weights.latency),
            jitter: weighed(u64::from(quality.jitter_us) * JITTER_POINTS, weights.jitter),
            loss: weighed(u64::from(quality.loss_ppm) * LOSS_POINTS, weights.loss),
            money: weighed(u64::from(seen.milli_units) * MONEY_POINTS, weights.money),
            ..Self::default()
        }
    }

    /// Between two nodes of a region.
    pub(super) fn inside(weights: &Weights) -> Self {
        Self {
            latency: weighed(INSIDE_US, weights.latency),
            ..Self::default()
        }
    }

    /// Load of this much.
    pub(super) fn load(load: Load, weights: &Weights) -> Self {
        let share = u64::from(load.thousandths());
        Self {
            load: weighed(LOAD_POINTS * share * share / 1_000_000, weights.load),
            ..Self::default()
        }
    }

    /// A gateway that goes away.
    pub(super) fn draining() -> Self {
        Self {
            load: DRAINING_POINTS,
            ..Self::default()
        }
    }

    /// What a region is without.
    pub(super) fn equipment(snapshot: &Snapshot, region: u8) -> Self {
        Self {
            equipment: NEGLIGIBLE_US * u64::from(snapshot.lacks(region)) / u64::from(KINDS),
            ..Self::default()
        }
    }

    /// Something in a region that is preferred this much, of 100.
    pub(super) fn preference(preferred: u8) -> Self {
        Self {
            preference: PREFERENCE_US * u64::from(100 - preferred.min(100)) / 100,
            ..Self::default()
        }
    }

    /// That there is any.
    pub(super) fn transcoding() -> Self {
        Self {
            transcoding: TRANSCODING_POINTS,
            ..Self::default()
        }
    }
}

impl Add for Costs {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            latency: self.latency + other.latency,
            jitter: self.jitter + other.jitter,
            loss: self.loss + other.loss,
            load: self.load + other.load,
            money: self.money + other.money,
            equipment: self.equipment + other.equipment,
            preference: self.preference + other.preference,
            transcoding: self.transcoding + other.transcoding,
        }
    }
}

impl AddAssign for Costs {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [
            ("latency", self.latency),
            ("jitter", self.jitter),
            ("loss", self.loss),
            ("load", self.load),
            ("money", self.money),
            ("equipment", self.equipment),
            ("preference", self.preference),
            ("transcoding", self.transcoding),
        ];
        write!(f, "{:.1} ms", self.total() as f64 / 1_000.0)?;
        for (place, (name, points)) in named.iter().filter(|(_, points)| *points > 0).enumerate() {
            let before = if place == 0 { " (" } else { ", " };
            write!(f, "{before}{name} {:.1}", *points as f64 / 1_000.0)?;
        }
        if self.total() > 0 { f.write_str(")") } else { Ok(()) }
    }
}

/// How a path compares with others: the smaller is better. Borders, points and impairment in one number, so that a comparison and a sum
/// are one instruction each: 16 bits, 56 bits, 56 bits. The limits on ends, services, delays and weights keep each part in its bits:
/// a hop is at most 60 s, 120 s of jitter, 5 s of loss and 4,295 s of money, times ten, which is under 2^36.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Score(u128);

const PART: u32 = 56;

impl Score {
    /// What cannot be, and what anything added to it is.
    pub(super) const NEVER: Self = Self(u128::MAX);

    pub(super) fn new(borders: u32, costs: &Costs, impairment: u64) -> Self {
        Self(u128::from(borders) << (2 * PART) | u128::from(costs.total()) << PART | u128::from(impairment))
    }

    /// What costs nothing but points.
    pub(super) fn points(costs: &Costs) -> Self {
        Self::new(0, costs, 0)
    }

    /// A way between two regions.
    pub(super) fn way(seen: &Seen, weights: &Weights) -> Self {
        Self::new(1, &Costs::way(seen, weights), impairment(seen))
    }

    /// Between two nodes of a region.
    pub(super) fn inside(weights: &Weights) -> Self {
        Self::new(0, &Costs::inside(weights), INSIDE_US)
    }

    /// Borders between regions that the conversation crosses: over all its ways, each as often as it is crossed.
    pub fn borders(self) -> u32 {
        // Sixteen bits are left.
        (self.0 >> (2 * PART)) as u32
    }

    /// Weighed points, in microseconds of delay or what annoys as much.
    pub fn cost(self) -> u64 {
        // By the mask.
        (self.0 >> PART) as u64 & ((1 << PART) - 1)
    }

    /// Delay, jitter and loss as measured, without weights, in the same points.
    pub fn impairment(self) -> u64 {
        // By the mask.
        self.0 as u64 & ((1 << PART) - 1)
    }

    pub(super) fn is_possible(self) -> bool {
        self != Self::NEVER
    }
}

impl Add for Score {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// What is wrong with a way, unweighted.
pub(super) fn impairment(seen: &Seen) -> u64 {
    let quality = &seen.quality;
    u64::from(quality.round_trip_us / 2)
        + u64::from(quality.jitter_us) * JITTER_POINTS
        + u64::from(quality.loss_ppm) * LOSS_POINTS
}
