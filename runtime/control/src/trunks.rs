//! Which trunks carry a number, in which order, and how each wants number and caller written: a pure function of the
//! configuration and a seed. [`OutcomeClass`] and [`after_failure`] say what a trunk's refusal means. Not whether the
//! call is allowed ([`crate::destinations`]) or within limits ([`crate::ledger`]), nor where a trunk's servers are.

mod outcome;

pub use outcome::{Failure, Next, OutcomeClass, Reached, after_failure, classify};

use crate::ids::Tenant;
use crate::numbers::{E164, Number, NumberFormat, PlanError, Prefix};
use crate::policy::{CallerId, CallerRules, Presented};
use crate::private::Private;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Most trunks of one node.
pub const MAX_TRUNKS: usize = 4_096;
/// Most prefixes of one trunk.
pub const MAX_TRUNK_PREFIXES: usize = 4_096;
/// Most trunks tried for one call; further ones are left out.
pub const MAX_TRIES: usize = 8;
/// Most statuses of one trunk on which the next is tried besides the usual ones.
pub const MAX_RETRY_ON: usize = 16;

/// Whose a trunk is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Every tenant's.
    Shared,
    /// Only these tenants'.
    Tenants(BTreeSet<Tenant>),
}

/// Which codes a trunk carries besides numbers. Codes mean something only in the trunk's own country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codes {
    /// None.
    Neither,
    /// Emergency codes.
    Emergency,
    /// Emergency and short codes.
    Both,
}

/// A trunk, as far as choosing it goes.
#[derive(Debug, Clone)]
pub struct Trunk {
    /// Its name, unique on the node.
    pub name: Arc<str>,
    /// Whose it is.
    pub owner: Owner,
    /// What the numbers it carries begin with; empty: all.
    pub prefixes: Vec<Prefix>,
    /// Which codes it carries.
    pub codes: Codes,
    /// Lower comes first among trunks whose prefix is equally long.
    pub priority: u16,
    /// Its share among trunks of equal priority, as in an SRV record (RFC 2782).
    pub weight: u16,
    /// How it wants called numbers.
    pub called: NumberFormat,
    /// What it wants of caller ids.
    pub caller: CallerRules,
    /// Statuses from 300 to 699 on which the next trunk is tried, besides those of [`after_failure`].
    pub retry_on: Vec<u16>,
}

/// One attempt: a trunk, and number and caller as it wants them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The trunk's name.
    pub trunk: Arc<str>,
    /// User part of the Request-URI and of To.
    pub number: Private<String>,
    /// The caller.
    pub caller: Presented,
}

/// Why no trunk carries a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoTrunk {
    /// No trunk of the tenant has a prefix of the number, or carries such a code.
    NoRoute,
    /// Those that would carry it do not accept the caller id.
    CallerId,
}

impl fmt::Display for NoTrunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRoute => "no trunk of this tenant carries such a number",
            Self::CallerId => "no trunk that carries this number accepts this caller id",
        })
    }
}

impl std::error::Error for NoTrunk {}

/// Why trunks cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrunksError {
    /// More trunks, prefixes or statuses than fit.
    TooMany {
        /// The most allowed.
        most: usize,
        /// How many there are.
        asked: usize,
    },
    /// Two trunks of this name.
    Twice(Arc<str>),
    /// A number format of this trunk cannot be used.
    Format(Arc<str>, PlanError),
    /// This trunk's `retry_on` names a status outside 300 to 699.
    Status(Arc<str>),
}

impl fmt::Display for TrunksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { most, asked } => write!(f, "trunks: {asked} entries are too many, at most {most}"),
            Self::Twice(name) => write!(f, "trunk {name}: an earlier trunk has this name"),
            Self::Format(name, error) => write!(f, "trunk {name}: {}: {}", error.setting, error.right),
            Self::Status(name) => write!(f, "trunk {name}: retry_on names final statuses from 300 to 699"),
        }
    }
}

impl std::error::Error for TrunksError {}

/// All trunks of a node.
#[derive(Debug, Clone, Default)]
pub struct Trunks(Vec<Trunk>);

impl Trunks {
    /// Trunks in any order.
    ///
    /// # Errors
    /// One that cannot be used.
    pub fn new(trunks: Vec<Trunk>) -> Result<Trunks, TrunksError> {
        at_most(MAX_TRUNKS, trunks.len())?;
        let mut names = BTreeSet::new();
        for trunk in &trunks {
            at_most(MAX_TRUNK_PREFIXES, trunk.prefixes.len())?;
            at_most(MAX_RETRY_ON, trunk.retry_on.len())?;
            if !names.insert(&trunk.name) {
                return Err(TrunksError::Twice(trunk.name.clone()));
            }
            let formats = trunk.called.check().and_then(|()| trunk.caller.format.check());
            formats.map_err(|error| TrunksError::Format(trunk.name.clone(), error))?;
            if !trunk.retry_on.iter().all(|status| (300..700).contains(status)) {
                return Err(TrunksError::Status(trunk.name.clone()));
            }
        }
        Ok(Trunks(trunks))
    }

    /// The trunk of this name.
    pub fn get(&self, name: &str) -> Option<&Trunk> {
        self.0.iter().find(|trunk| &*trunk.name == name)
    }

    /// The trunks to try for a number, in order: longest prefix first, then lowest priority, then by weight and seed.
    /// A tenant's own trunk counts before a shared one where prefix and priority are equal. Eight at most.
    ///
    /// # Errors
    /// Why there is none.
    pub fn choose(
        &self,
        tenant: &Tenant,
        number: &Number,
        caller: &CallerId,
        seed: u64,
    ) -> Result<Vec<Choice>, NoTrunk> {
        let mut fitting: Vec<(Rank, &Trunk)> = self.0.iter().filter_map(|trunk| trunk.rank(tenant, number)).collect();
        if fitting.is_empty() {
            return Err(NoTrunk::NoRoute);
        }
        fitting.sort_by_key(|(rank, _)| *rank);
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let groups = fitting.chunk_by(|a, b| a.0 == b.0);
        let ordered = groups.flat_map(|group| by_weight(group, &mut dice));
        let choices: Vec<Choice> = ordered
            .filter_map(|trunk| trunk.choice(number, caller))
            .take(MAX_TRIES)
            .collect();
        if choices.is_empty() {
            return Err(NoTrunk::CallerId);
        }
        Ok(choices)
    }
}

/// Where a trunk stands: digits its prefix lacks to the longest, its priority, and whether it is shared.
type Rank = (usize, u16, bool);

impl Trunk {
    /// Whether and where this trunk stands for a tenant's number.
    fn rank(&self, tenant: &Tenant, number: &Number) -> Option<(Rank, &Trunk)> {
        let shared = match &self.owner {
            Owner::Shared => true,
            Owner::Tenants(tenants) if tenants.contains(tenant) => false,
            Owner::Tenants(_) => return None,
        };
        let length = match number {
            Number::E164(number) => self.longest_prefix(number)?,
            Number::Emergency(_) => (self.codes != Codes::Neither).then_some(0)?,
            Number::Short(_) => (self.codes == Codes::Both).then_some(0)?,
        };
        Some(((crate::numbers::MAX_E164_DIGITS - length, self.priority, shared), self))
    }

    /// Digits of the longest prefix that fits.
    fn longest_prefix(&self, number: &E164) -> Option<usize> {
        if self.prefixes.is_empty() {
            return Some(0);
        }
        let fitting = self.prefixes.iter().filter(|prefix| prefix.matches(number));
        fitting.map(|prefix| prefix.digits().len()).max()
    }

    fn choice(&self, number: &Number, caller: &CallerId) -> Option<Choice> {
        let caller = match number {
            Number::Emergency(_) => self.caller.present_in_emergency(caller),
            Number::E164(_) | Number::Short(_) => self.caller.present(caller)?,
        };
        Some(Choice {
            trunk: self.name.clone(),
            number: self.called.write(number),
            caller,
        })
    }

    /// Whether the next trunk is tried after this one refused; [`after_failure`] and this trunk's own list.
    pub fn after_failure(&self, failure: Failure, reached: Reached) -> Next {
        match failure {
            Failure::Status { status, .. } if reached == Reached::Nobody && self.retry_on.contains(&status) => {
                Next::TryNext
            }
            _ => after_failure(failure, reached),
        }
    }
}

/// Trunks of equal rank in the order of RFC 2782: again and again one is drawn by weight, those of weight 0 almost never
/// before others.
fn by_weight<'a>(group: &[(Rank, &'a Trunk)], dice: &mut ChaCha8Rng) -> Vec<&'a Trunk> {
    let mut left: Vec<&Trunk> = group.iter().map(|(_, trunk)| *trunk).collect();
    left.sort_by_key(|trunk| trunk.weight != 0);
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let sum: u64 = left.iter().map(|trunk| u64::from(trunk.weight)).sum();
        let drawn = dice.next_u64() % (sum + 1);
        let mut running = 0;
        let at = left.iter().position(|trunk| {
            running += u64::from(trunk.weight);
            running >= drawn
        });
        ordered.push(left.remove(at.expect("the last running sum is the whole sum")));
    }
    ordered
}

fn at_most(most: usize, asked: usize) -> Result<(), TrunksError> {
    if asked > most {
        return Err(TrunksError::TooMany { most, asked });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
