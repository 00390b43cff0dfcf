//! What a tenant, an endpoint or a region asks of paths, by time of day, and how such rules add up. Not who may make rules: whoever plans
//! gives those of the conversation's tenant, and no others.
//!
//! **The strictest of all that apply counts.** A region that one rule prohibits is prohibited. Of confinements (`only`) the intersection
//! is left. A metric counts as much as the rule that weighs it most says. A region is preferred as little as the rule that prefers it least
//! says, and where a rule prefers any, it prefers those it does not name not at all. Peer to peer is refused by one. So a rule can be
//! added without reading the others, and never allows what another forbids.

use super::RULES_MAX;
use super::cost::Weights;
use super::snapshot::{Snapshot, Where};
use crate::regions::Region;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;
/// Furthest that a place's clock is from UTC, in minutes.
pub const OFFSET_MINUTES_MAX: i16 = 14 * 60;

/// What a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Every conversation of the tenant.
    Tenant,
    /// Conversations that this end is in.
    End(Arc<str>),
    /// Conversations in which an end comes in at a gateway of this region.
    Region(Region),
}

/// A part of each day, by the clock of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    from: u16,
    until: u16,
    offset: i16,
}

impl Hours {
    /// From one minute of the day up to, and without, another, by a clock that is so many minutes ahead of UTC. It may go over midnight;
    /// from a minute to itself is all day. None if a minute is not below [`DAY_MINUTES`] or the offset is beyond
    /// [`OFFSET_MINUTES_MAX`].
    pub fn new(from: u16, until: u16, offset_minutes: i16) -> Option<Self> {
        let fits =
            from < DAY_MINUTES && until < DAY_MINUTES && offset_minutes.unsigned_abs() <= OFFSET_MINUTES_MAX as u16;
        fits.then_some(Self {
            from,
            until,
            offset: offset_minutes,
        })
    }

    /// Whether this minute of the day, by UTC, is in it.
    pub fn holds(&self, minute_utc: u16) -> bool {
        let day = i32::from(DAY_MINUTES);
        // In range by the remainder.
        let local = (i32::from(minute_utc) + i32::from(self.offset)).rem_euclid(day) as u16;
        match self.from < self.until {
            true => (self.from..self.until).contains(&local),
            false => local >= self.from || local < self.until,
        }
    }
}

/// Whether media may go from client to client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum PeerToPeer {
    /// Where the clients can.
    #[default]
    Allowed,
    /// Never.
    Refused,
}

/// One rule. What it leaves out it does not ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it is about.
    pub scope: Scope,
    /// When it counts; none: always.
    pub hours: Option<Hours>,
    /// Regions that no media passes.
    pub prohibited: BTreeSet<Region>,
    /// The only regions that media passes.
    pub only: Option<BTreeSet<Region>>,
    /// How much regions are preferred, of 100 (what is more counts as that). Empty: none more than others.
    pub preferred: BTreeMap<Region, u8>,
    /// Which metrics matter.
    pub weights: Option<Weights>,
    /// Whether clients may go without us.
    pub peer_to_peer: PeerToPeer,
}

impl Rule {
    /// One that asks for nothing yet.
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            hours: None,
            prohibited: BTreeSet::new(),
            only: None,
            preferred: BTreeMap::new(),
            weights: None,
            peer_to_peer: PeerToPeer::Allowed,
        }
    }
}

/// The rules of one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    rules: Vec<Rule>,
}

/// There are more than [`RULES_MAX`] rules: so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyRules(pub usize);

impl fmt::Display for TooManyRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a tenant has at most {RULES_MAX} rules for paths, not {}", self.0)
    }
}

impl std::error::Error for TooManyRules {}

impl Rules {
    /// These, in any order.
    ///
    /// # Errors
    /// [`TooManyRules`].
    pub fn new(rules: Vec<Rule>) -> Result<Self, TooManyRules> {
        match rules.len() {
            0..=RULES_MAX => Ok(Self { rules }),
            many => Err(TooManyRules(many)),
        }
    }

    /// Those that count at this minute.
    pub(super) fn at(&self, minute_utc: u16) -> impl Iterator<Item = &Rule> {
        let now = move |rule: &&Rule| rule.hours.is_none_or(|hours| hours.holds(minute_utc));
        self.rules.iter().filter(now)
    }
}

/// Whether media may pass a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowed {
    Yes,
    Prohibited,
    /// Media is confined, and not to this one.
    Outside,
}

/// Rules added up, for the regions of a snapshot.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    allowed: Vec<Allowed>,
    /// Of 100.
    preferred: Vec<u8>,
    pub(super) weights: Weights,
    pub(super) peer_to_peer: PeerToPeer,
}

impl Policy {
    /// All of these together.
    pub(super) fn of<'a>(snapshot: &Snapshot, rules: impl Iterator<Item = &'a Rule>) -> Self {
        let regions = snapshot.regions();
        let mut policy = Self {
            allowed: vec![Allowed::Yes; regions.len()],
            preferred: vec![100; regions.len()],
            weights: Weights::default(),
            peer_to_peer: PeerToPeer::Allowed,
        };
        // The defaults of the model hold where no rule weighs anything; a rule may also weigh less.
        let mut weights: Option<Weights> = None;
        for rule in rules {
            for (place, region) in regions.iter().enumerate() {
                let outside = rule.only.as_ref().is_some_and(|only| !only.contains(region));
                let allowed = &mut policy.allowed[place];
                *allowed = match () {
                    () if rule.prohibited.contains(region) => Allowed::Prohibited,
                    () if outside && *allowed == Allowed::Yes => Allowed::Outside,
                    () => *allowed,
                };
                if !rule.preferred.is_empty() {
                    let preferred = rule.preferred.get(region).copied().unwrap_or(0);
                    policy.preferred[place] = policy.preferred[place].min(preferred);
                }
            }
            if let Some(asked) = rule.weights {
                weights = Some(weights.map_or(asked, |so_far| so_far.stricter(asked)));
            }
            policy.peer_to_peer = policy.peer_to_peer.max(rule.peer_to_peer);
        }
        policy.weights = weights.unwrap_or_default();
        policy
    }

    pub(super) fn allowed(&self, region: Where) -> Allowed {
        self.allowed[usize::from(region)]
    }

    /// Of 100.
    pub(super) fn preferred(&self, region: Where) -> u8 {
        self.preferred[usize::from(region)]
    }
}
