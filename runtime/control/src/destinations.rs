//! Where a tenant's calls may go: nothing unless a rule allows it, and the longest rule decides. Ranges that are known
//! for fraud ([`Risky`]) need a rule that names them or a part of them. Not how often or for how much in all
//! ([`crate::ledger`]); SIP addresses are judged in [`Hosts`]. A handler cannot change any of it.

mod hosts;
mod money;
mod risky;

pub use hosts::{AddressKind, HostPattern, HostRule, HostVerdict, Hosts, HostsError, MAX_HOST_RULES};
pub use money::{Micros, Price};
pub use risky::{Risk, Risky};

use crate::numbers::{Code, E164, Number, Prefix};
use std::fmt;
use std::sync::Arc;

/// Most rules of one tenant; more are refused when configured. A full price list has some ten thousand lines.
pub const MAX_RULES: usize = 65_536;
/// Most short codes of one tenant.
pub const MAX_SHORT_RULES: usize = 128;
/// Longest name of a rule in bytes.
pub const MAX_RULE_NAME_BYTES: usize = 64;

/// What a rule says of its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// They may be called at this price.
    Allow(Price),
    /// They may not be called.
    Deny,
}

/// A rule for all numbers that begin with its prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The beginning of the numbers.
    pub prefix: Prefix,
    /// For records and refusals, like `Germany mobile`.
    pub name: Arc<str>,
    /// Whether they may be called.
    pub permission: Permission,
}

/// A rule for one short code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortRule {
    /// The code, which the dial plan must name too.
    pub code: Code,
    /// For records and refusals.
    pub name: Arc<str>,
    /// Whether it may be called.
    pub permission: Permission,
}

/// What was decided, and what decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// An emergency call: always allowed, no rule is asked.
    Emergency,
    /// This rule allows it at this price.
    Allowed {
        /// The rule.
        rule: &'a Rule,
        /// Its price.
        price: Price,
    },
    /// This rule for short codes allows it at this price.
    AllowedShort {
        /// The rule.
        rule: &'a ShortRule,
        /// Its price.
        price: Price,
    },
    /// This rule denies it.
    Denied(&'a Rule),
    /// This rule for short codes denies it.
    DeniedShort(&'a ShortRule),
    /// The number is in a range known for fraud, and no rule names that range.
    DeniedRisky(&'static Risky),
    /// No rule fits.
    DeniedByDefault,
}

/// Why rules cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulesError {
    /// More rules than a tenant may have.
    TooMany {
        /// The most allowed.
        most: usize,
        /// How many there are.
        asked: usize,
    },
    /// Rule number `index` has the prefix or code of an earlier one.
    Twice {
        /// From 0.
        index: usize,
    },
    /// The name of rule number `index` is empty or longer than 64 bytes.
    Name {
        /// From 0.
        index: usize,
    },
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { most, asked } => write!(f, "destinations: {asked} rules are too many, at most {most}"),
            Self::Twice { index } => write!(
                f,
                "destinations, rule {index}: an earlier rule has the same prefix or code"
            ),
            Self::Name { index } => write!(f, "destinations, rule {index}: give a name of 1 to 64 bytes"),
        }
    }
}

impl std::error::Error for RulesError {}

/// A tenant's rules for numbers.
#[derive(Debug, Clone, Default)]
pub struct Destinations {
    /// Sorted by prefix.
    rules: Vec<Rule>,
    /// Sorted by code.
    short: Vec<ShortRule>,
}

impl Destinations {
    /// Rules in any order. Without rules nothing may be called but emergency codes.
    ///
    /// # Errors
    /// Too many, the same prefix twice, or a name that cannot be used.
    pub fn new(mut rules: Vec<Rule>, mut short: Vec<ShortRule>) -> Result<Destinations, RulesError> {
        check(&rules, MAX_RULES, |rule| &rule.name, |rule| rule.prefix)?;
        check(&short, MAX_SHORT_RULES, |rule| &rule.name, |rule| rule.code.clone())?;
        rules.sort_by_key(|rule| rule.prefix);
        short.sort_by(|a, b| a.code.cmp(&b.code));
        Ok(Destinations { rules, short })
    }

    /// Whether this number may be called, at which price, and which rule said so.
    pub fn judge(&self, number: &Number) -> Verdict<'_> {
        match number {
            Number::Emergency(_) => Verdict::Emergency,
            Number::Short(code) => self.judge_short(code),
            Number::E164(number) => self.judge_e164(number),
        }
    }

    /// The prefixes of all rules, sorted: what the ledger counts sudden rises by.
    pub fn prefixes(&self) -> impl Iterator<Item = Prefix> + '_ {
        self.rules.iter().map(|rule| rule.prefix)
    }

    fn judge_e164(&self, number: &E164) -> Verdict<'_> {
        let rule = self.longest(number);
        let named = rule.map_or(0, |rule| rule.prefix.digits().len());
        let risky = risky::find(number).filter(|(_, length)| *length > named);
        match (rule, risky) {
            (Some(rule), None) => match rule.permission {
                Permission::Allow(price) => Verdict::Allowed { rule, price },
                Permission::Deny => Verdict::Denied(rule),
            },
            (_, Some((range, _))) => Verdict::DeniedRisky(range),
            (None, None) => Verdict::DeniedByDefault,
        }
    }

    fn judge_short(&self, code: &Code) -> Verdict<'_> {
        let Ok(at) = self.short.binary_search_by(|rule| rule.code.cmp(code)) else {
            return Verdict::DeniedByDefault;
        };
        let rule = &self.short[at];
        match rule.permission {
            Permission::Allow(price) => Verdict::AllowedShort { rule, price },
            Permission::Deny => Verdict::DeniedShort(rule),
        }
    }

    /// The rule with the longest prefix of this number.
    fn longest(&self, number: &E164) -> Option<&Rule> {
        let found = |length| {
            let wanted = Prefix::of(number, length);
            self.rules.binary_search_by_key(&wanted, |rule| rule.prefix).ok()
        };
        (1..=number.digits().len())
            .rev()
            .find_map(found)
            .map(|at| &self.rules[at])
    }
}

fn check<R, K: Ord>(
    rules: &[R],
    most: usize,
    name: impl Fn(&R) -> &Arc<str>,
    key: impl Fn(&R) -> K,
) -> Result<(), RulesError> {
    if rules.len() > most {
        return Err(RulesError::TooMany {
            most,
            asked: rules.len(),
        });
    }
    let mut seen = std::collections::BTreeSet::new();
    for (index, rule) in rules.iter().enumerate() {
        if !(1..=MAX_RULE_NAME_BYTES).contains(&name(rule).len()) {
            return Err(RulesError::Name { index });
        }
        if !seen.insert(key(rule)) {
            return Err(RulesError::Twice { index });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
