//! Why there is no plan: what is missing, and where it would exist.

use super::codecs::Codec;
use super::ends::Unplannable;
use super::explain::Reason;
use super::services::Service;
use crate::regions::Region;
use std::fmt;
use std::sync::Arc;

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPath {
    /// Nothing could be planned for it.
    Unplannable(Unplannable),
    /// An end has no gateway that media may come in at: of each of its instances, why.
    End {
        /// Which.
        end: Arc<str>,
        /// Its instances, in the order they were given.
        instances: Vec<(Arc<str>, Reason)>,
    },
    /// A service can be had nowhere.
    Service {
        /// Which.
        service: Service,
        /// The regions that have it, in order, and why it cannot be had there. Empty: none has it.
        elsewhere: Vec<(Region, Reason)>,
    },
    /// The ends share no codec, and nothing transcodes between them.
    Codecs {
        /// What the first end's instances speak.
        first: Vec<Codec>,
        /// What the second end's instances speak.
        second: Vec<Codec>,
        /// The regions that transcode between some of them, in order, and why that cannot be had there. Empty: none does.
        elsewhere: Vec<(Region, Reason)>,
    },
    /// All of it is there, and not within reach of each other: ways between regions are cut.
    Apart {
        /// Pairs of regions that nothing gets through between: at most [`super::REFUSED_MAX`] of them.
        cut: Vec<(Region, Region)>,
    },
}

impl fmt::Display for NoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unplannable(why) => fmt::Display::fmt(why, f),
            Self::End { end, instances } => {
                write!(f, "the end {end} has no gateway that may be used")?;
                listed(f, instances.iter().map(|(name, reason)| (name.as_ref(), reason)))
            }
            Self::Service { service, elsewhere } => {
                write!(f, "{service} can be had nowhere")?;
                had(f, elsewhere)
            }
            Self::Codecs {
                first,
                second,
                elsewhere,
            } => {
                let names = |codecs: &[Codec]| codecs.iter().map(Codec::to_string).collect::<Vec<_>>().join(", ");
                let (first, second) = (names(first), names(second));
                write!(
                    f,
                    "one end speaks {first}, the other {second}, and nothing transcodes between them"
                )?;
                had(f, elsewhere)
            }
            Self::Apart { cut } => {
                f.write_str("ends and services do not reach each other")?;
                for (place, (one, other)) in cut.iter().enumerate() {
                    let before = if place == 0 { ": cut between " } else { ", " };
                    write!(f, "{before}{one} and {other}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for NoPath {}

fn had(f: &mut fmt::Formatter<'_>, elsewhere: &[(Region, Reason)]) -> fmt::Result {
    match elsewhere {
        [] => f.write_str(": no region has it"),
        _ => listed(f, elsewhere.iter().map(|(region, reason)| (region.as_str(), reason))),
    }
}

fn listed<'a>(f: &mut fmt::Formatter<'_>, items: impl Iterator<Item = (&'a str, &'a Reason)>) -> fmt::Result {
    for (place, (name, reason)) in items.enumerate() {
        let before = if place == 0 { ": " } else { "; " };
        write!(f, "{before}{name}: {reason}")?;
    }
    Ok(())
}
