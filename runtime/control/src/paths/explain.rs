//! Why a plan is what it is: what else was considered, what that would have cost, and in a closed list of reasons why it was not taken.

use super::cost::{Costs, Score};
use super::plan::Mode;
use super::services::Service;
use crate::regions::{NodeId, Region};
use std::fmt;
use std::sync::Arc;

/// Why something is not part of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Its node is not there any more.
    NodeGone,
    /// Its node goes away.
    NodeDraining,
    /// Its node has too much to do.
    NodeOverloaded,
    /// All of the service there is in use.
    ServiceFull,
    /// The node does not have it.
    NotOffered,
    /// What is settled already is elsewhere.
    StaysElsewhere,
    /// A rule prohibits this region.
    RegionProhibited(Region),
    /// Rules confine media, and not to this region.
    RegionOutside(Region),
    /// Nothing gets through between these.
    Cut(Region, Region),
    /// This needs media to come to us.
    NeedsMedia(Service),
    /// A rule keeps media with us.
    PolicyRefuses,
    /// No instance of this end can go without its gateway.
    NotDirect(Arc<str>),
    /// The ends share no codec.
    NoCommonCodec,
    /// There are not two ends.
    NotTwoEnds,
    /// It crosses so many more borders between regions.
    MoreBorders {
        /// How many.
        by: u32,
    },
    /// It crosses as many borders and costs more.
    CostsMore {
        /// By so many points.
        by: u64,
    },
    /// It costs the same, and what is measured of it is worse.
    MeasuredWorse {
        /// By so many points.
        by: u64,
    },
    /// It is just as good, and its name comes later.
    LaterInOrder,
    /// It is better than what is kept, and not by enough to move.
    NotEnoughBetter {
        /// By so many points.
        by: u64,
    },
    /// It is better than what is kept by enough to move, and not for long enough yet.
    NotLongEnough {
        /// By so many points.
        by: u64,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |points: &u64| *points as f64 / 1_000.0;
        match self {
            Self::NodeGone => f.write_str("its node is gone"),
            Self::NodeDraining => f.write_str("its node is draining"),
            Self::NodeOverloaded => f.write_str("its node is overloaded"),
            Self::ServiceFull => f.write_str("all of the service there is in use"),
            Self::NotOffered => f.write_str("the node does not have the service"),
            Self::StaysElsewhere => f.write_str("it stays where it is"),
            Self::RegionProhibited(region) => write!(f, "a rule prohibits media in {region}"),
            Self::RegionOutside(region) => write!(f, "rules confine media, and not to {region}"),
            Self::Cut(one, other) => write!(f, "the way between {one} and {other} is cut"),
            Self::NeedsMedia(service) => write!(f, "{service} needs media at a node"),
            Self::PolicyRefuses => f.write_str("a rule refuses media from client to client"),
            Self::NotDirect(end) => write!(f, "{end} cannot go without its gateway"),
            Self::NoCommonCodec => f.write_str("the ends share no codec"),
            Self::NotTwoEnds => f.write_str("there are not two ends"),
            Self::MoreBorders { by } => write!(f, "crosses {by} more borders between regions"),
            Self::CostsMore { by } => write!(f, "costs {:.1} ms more", ms(by)),
            Self::MeasuredWorse { by } => write!(f, "costs the same, and measures {:.1} ms worse", ms(by)),
            Self::LaterInOrder => f.write_str("is as good, and later in the order of names"),
            Self::NotEnoughBetter { by } => write!(f, "is {:.1} ms better, too little to move for", ms(by)),
            Self::NotLongEnough { by } => write!(f, "is {:.1} ms better, not for long enough yet", ms(by)),
        }
    }
}

/// A way that was considered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// What kind of way.
    pub mode: Mode,
    /// The nodes on it: of a chain in order; of a star gateways, mixer, other services; of clients without us, their gateways.
    pub nodes: Vec<NodeId>,
    /// What was compared.
    pub score: Score,
    /// Its cost by component.
    pub costs: Costs,
    /// Why it was not taken; none: it was.
    pub rejected: Option<Reason>,
}

impl fmt::Display for Considered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.nodes.iter().map(NodeId::as_str).collect();
        let (mode, nodes, borders) = (self.mode, names.join(" "), self.score.borders());
        write!(f, "{mode}: {nodes}; borders {borders}, {}: ", self.costs)?;
        match &self.rejected {
            None => f.write_str("chosen"),
            Some(reason) => fmt::Display::fmt(reason, f),
        }
    }
}

/// What could not be part of any plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Clients without us.
    PeerToPeer,
    /// An instance of an end.
    Instance {
        /// The end.
        end: Arc<str>,
        /// The instance.
        instance: Arc<str>,
    },
    /// A service at a node.
    ServiceAt {
        /// What.
        service: Service,
        /// Where.
        node: NodeId,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeerToPeer => f.write_str("peer to peer"),
            Self::Instance { end, instance } => write!(f, "{end} at {instance}"),
            Self::ServiceAt { service, node } => write!(f, "{service} at {node}"),
        }
    }
}

/// Something that could not be part of any plan, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What.
    pub subject: Subject,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.reason)
    }
}

/// Why a plan is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explanation {
    /// Ways that were considered, the chosen one among them, the best first: at most [`super::FOUND_MAX`] that the search found and
    /// as many that would have a service elsewhere.
    pub considered: Vec<Considered>,
    /// How many more there were.
    pub considered_left_off: u32,
    /// What could not be part of any plan: at most [`super::REFUSED_MAX`].
    pub refused: Vec<Refused>,
    /// How many more there were.
    pub refused_left_off: u32,
}

impl Explanation {
    pub(super) fn refuse(&mut self, subject: Subject, reason: Reason) {
        match self.refused.len() < super::REFUSED_MAX {
            true => self.refused.push(Refused { subject, reason }),
            false => self.refused_left_off += 1,
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for considered in &self.considered {
            writeln!(f, "{considered}")?;
        }
        if self.considered_left_off > 0 {
            writeln!(f, "and {} ways more, none better", self.considered_left_off)?;
        }
        for refused in &self.refused {
            writeln!(f, "not possible: {refused}")?;
        }
        if self.refused_left_off > 0 {
            writeln!(f, "and {} more that are not possible", self.refused_left_off)?;
        }
        Ok(())
    }
}

/// Why a way of this score is not the chosen one.
pub(super) fn compared(score: Score, chosen: Score) -> Reason {
    match () {
        () if score.borders() > chosen.borders() => Reason::MoreBorders {
            by: score.borders() - chosen.borders(),
        },
        () if score.borders() == chosen.borders() && score.cost() > chosen.cost() => Reason::CostsMore {
            by: score.cost() - chosen.cost(),
        },
        () if score.borders() == chosen.borders()
            && score.cost() == chosen.cost()
            && score.impairment() > chosen.impairment() =>
        {
            Reason::MeasuredWorse {
                by: score.impairment() - chosen.impairment(),
            }
        }
        () if score == chosen => Reason::LaterInOrder,
        () => Reason::NotEnoughBetter {
            by: chosen.cost().saturating_sub(score.cost()),
        },
    }
}
