//! Answers of the domain name system as long as they hold, in a table that cannot grow. Not a resolver. RFC 1035 (time to
//! live), RFC 2308 (that there is nothing is an answer too).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use super::{Answer, Question};
use crate::limits::{DNS_ANSWERS, RESOLVE_TARGETS};

/// Nothing is asked more often than this, whatever its server says.
const SHORTEST: Duration = Duration::from_secs(5);
/// Nothing is believed longer.
const LONGEST: Duration = Duration::from_secs(3600);
/// How long it is believed that there is nothing.
const NOTHING: Duration = Duration::from_secs(60);

/// Remembers at most [`DNS_ANSWERS`] answers; when full it forgets the one that ends first. `Debug` tells only how many.
#[derive(Default)]
pub struct DnsCache {
    answers: BTreeMap<Question, (Instant, Answer)>,
    order: BTreeSet<(Instant, Question)>,
}

impl DnsCache {
    /// The answer, if it still holds.
    pub fn get(&self, now: Instant, question: &Question) -> Option<&Answer> {
        let (until, answer) = self.answers.get(question)?;
        (*until > now).then_some(answer)
    }

    /// Remembers an answer for its time to live, held within bounds. That nobody answered is remembered for the
    /// shortest time. Of many records only the first 64 are kept.
    pub fn put(&mut self, now: Instant, question: Question, answer: Answer, time_to_live: Duration) {
        let held = match &answer {
            Answer::Failed => SHORTEST,
            Answer::Nothing => time_to_live.clamp(SHORTEST, NOTHING),
            Answer::Naptr(_) | Answer::Srv(_) | Answer::Host(_) => time_to_live.clamp(SHORTEST, LONGEST),
        };
        let until = now + held;
        if let Some((before, _)) = self.answers.insert(question.clone(), (until, cut(answer))) {
            self.order.remove(&(before, question.clone()));
        }
        self.order.insert((until, question));
        while let Some((first, question)) = self.order.first().cloned() {
            if first > now && self.order.len() <= DNS_ANSWERS {
                break;
            }
            self.answers.remove(&question);
            self.order.remove(&(first, question));
        }
    }

    /// How many answers it remembers.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether it remembers none.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }
}

fn cut(mut answer: Answer) -> Answer {
    const MOST: usize = 4 * RESOLVE_TARGETS;
    match &mut answer {
        Answer::Naptr(records) => records.truncate(MOST),
        Answer::Srv(records) => records.truncate(MOST),
        Answer::Host(ips) => ips.truncate(MOST),
        Answer::Nothing | Answer::Failed => {}
    }
    answer
}

impl fmt::Debug for DnsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DnsCache({} answers)", self.len())
    }
}

#[cfg(test)]
mod tests;
