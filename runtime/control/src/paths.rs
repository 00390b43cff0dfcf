//! WHERE MEDIA GOES: from what nodes offer, how good the ways between regions are, where the ends of a conversation come in, what is
//! needed now and what rules ask, to a plan with its reasons. Pure: [`plan`] is a function of a [`Question`], and [`Keeper`] adds the
//! patience that keeps a plan from flapping. Not here: how a plan is carried out, who measures, who registers.
//!
//! | file | what |
//! |---|---|
//! | `services`, `ends`, `codecs` | what is needed and offered, who speaks with whom |
//! | `links` | quality of the ways between regions |
//! | `policy` | rules, and how they add up |
//! | `snapshot` | all of it at one moment, indexed |
//! | `cost` | what each property of a path is worth |
//! | `ground`, `choose`, `judge`, `branch` | what is open to one conversation, the search, the check of it, copies |
//! | `survey`, `make`, `plan`, `explain`, `error` | the question, the plan, why, and why not |
//! | `keeper` | when a plan gives way to a better one |
//!
//! **Legality comes first**: a region that rules exclude, a node that is gone, draining or overloaded, a service that is full, a way that
//! is cut are not used, whatever the rest costs. Of what is left, the fewest borders between regions, then the least cost, then the best
//! measured (`cost`). Signalling plays no part: it stays at the anchor, wherever media goes (RR-8, RR-15).
//!
//! A way that is cut is not gone around through a third region unless a service that is needed there makes it pass: to relay without
//! need is a decision about capacity that nobody has offered.

mod branch;
mod choose;
mod codecs;
mod cost;
mod ends;
mod error;
mod explain;
mod ground;
mod judge;
mod keeper;
mod links;
mod make;
mod plan;
mod policy;
mod services;
mod snapshot;
mod survey;

pub use codecs::{Codec, CodecPair};
pub use cost::{Costs, INSIDE_US, NEGLIGIBLE_US, PREFERENCE_US, Score, WEIGHT_MAX, Weights};
pub use ends::{Conversation, End, Instance, Reach, Unplannable};
pub use error::NoPath;
pub use explain::{Considered, Explanation, Reason, Refused, Subject};
pub use keeper::{Keeper, MARGIN_SHARE, MARGIN_US, PATIENCE, Verdict, Why};
pub use links::{FRESH, LINKS_MAX, LinkError, Links, MICROS_MAX, PPM_MAX, Passage, Quality, STALE, Seen};
pub use plan::{Branch, EndAt, Hop, Mode, Move, Plan, Shape, Signalling};
pub use policy::{DAY_MINUTES, Hours, OFFSET_MINUTES_MAX, PeerToPeer, Rule, Rules, Scope, TooManyRules};
pub use services::{Class, Language, Load, Need, Node, Offer, Service, Standing};
pub use snapshot::{OVERLOAD, Snapshot, SnapshotError};
pub use survey::Question;

use ground::Held;
use survey::Asked;

/// Ends of a conversation.
pub const ENDS_MAX: usize = 16;
/// Instances of an end that are chosen among. Who has more gives those it prefers.
pub const INSTANCES_MAX: usize = 8;
/// Codecs that an instance lists: each once.
pub const CODECS_MAX: usize = 4;
/// Services in a path that are asked for, beside a mixer or transcoding that follows from the ends.
pub const ACTIVE_MAX: usize = 3;
/// Services in a path at all.
pub(crate) const K_MAX: usize = ACTIVE_MAX + 1;
/// Services beside a path.
pub const PASSIVE_MAX: usize = 8;
/// Nodes in a snapshot.
pub const NODES_MAX: usize = 4_096;
/// Regions in a snapshot.
pub const REGIONS_MAX: usize = 64;
/// Services of a node.
pub const OFFERS_MAX: usize = 64;
/// Rules of a tenant.
pub const RULES_MAX: usize = 64;
/// Regions with rules of their own among those where the ends of a conversation may come in: all subsets of them are tried. The rules
/// of more always apply.
pub const REGION_RULES_MAX: usize = 3;
/// Ways that are explained.
pub const FOUND_MAX: usize = 16;
/// Refusals that are explained.
pub const REFUSED_MAX: usize = 32;

/// The best plan for a conversation that has none yet.
///
/// # Errors
/// [`NoPath`]: what is missing, and where it would exist.
pub fn plan(question: Question<'_>) -> Result<Plan, NoPath> {
    let asked = Asked::new(question, Held::default()).map_err(NoPath::Unplannable)?;
    let mut plan = keeper::fresh(&asked)?;
    plan.moves = plan::moves(None, &plan);
    Ok(plan)
}

#[cfg(test)]
mod tests;
