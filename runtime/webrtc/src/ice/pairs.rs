//! Pairs: a way that datagrams may take, what was found out about it, and the list of them with its limit.

use super::{Agent, IceMode};
use crate::candidate::Candidate;
use crate::limits;
use crate::path::Path;
use crate::stun::{Role, TransactionId};
use std::time::{Duration, Instant};

/// What is known of a pair (RFC 8445 section 6.1.2.6; none is frozen).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// To be checked.
    Waiting,
    /// Being checked.
    Asked,
    /// It works: our check was answered; for a lite side, the far end has asked.
    Valid,
    /// No answer, or it is an old story. The far end's check makes it wait again.
    Failed,
}

/// What a check is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To find out whether it works.
    Find,
    /// To say that it is the one.
    Nominate,
    /// To ask whether the far end still wants to hear us. It is sent once.
    Consent,
}

/// A question that is under way.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) transaction: TransactionId,
    pub(super) purpose: Purpose,
    /// What we took ourselves for when we asked.
    pub(super) role: Role,
    pub(super) sent: u32,
    pub(super) wait: Duration,
    /// When it is sent again, or given up.
    pub(super) next: Instant,
    pub(super) bytes: Vec<u8>,
}

/// A way that datagrams may take.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(super) id: u32,
    pub(super) path: Path,
    local_priority: u32,
    /// Stated in checks.
    pub(super) reflexive_priority: u32,
    pub(super) remote_priority: u32,
    pub(super) progress: Progress,
    pub(super) check: Option<Check>,
    /// When our last question was answered.
    pub(super) answered: Option<Instant>,
    /// When the far end asked last.
    pub(super) asked: Option<Instant>,
    /// When it was named the one last, by whoever decides.
    pub(super) wanted: Option<Instant>,
}

impl Pair {
    /// RFC 8445 section 6.1.2.3.
    pub(super) fn priority(&self, role: Role) -> u64 {
        let (local, remote) = (u64::from(self.local_priority), u64::from(self.remote_priority));
        let controlling_is_higher = match role {
            Role::Controlling => local > remote,
            Role::Controlled => remote > local,
        };
        (local.min(remote) << 32) + 2 * local.max(remote) + u64::from(controlling_is_higher)
    }

    pub(super) fn fail(&mut self) {
        self.progress = Progress::Failed;
        self.check = None;
        self.wanted = None;
    }

    /// So long after the last sign that the far end agrees to hear us: an answer, or for a lite side a question. It must be valid.
    pub(super) fn heard(&self, mode: IceMode, later: Duration) -> Instant {
        let heard = match mode {
            IceMode::Full => self.answered,
            IceMode::Lite => self.asked,
        };
        heard.expect("what made it valid set the time") + later
    }

    /// When it is valid no more. The one that is used needs consent; the others are only listened on.
    pub(super) fn expires(&self, mode: IceMode, is_selected: bool) -> Instant {
        let heard = self.heard(mode, limits::CONSENT_LASTS);
        match self.asked {
            Some(asked) if !is_selected => heard.max(asked + limits::CONSENT_LASTS),
            _ => heard,
        }
    }
}

impl Agent {
    /// The pair of a path.
    pub(super) fn pair_of(&self, path: Path) -> Option<usize> {
        self.pairs.iter().position(|pair| pair.path == path)
    }

    /// Adds a pair, or makes the one that is there more wanted. None if there is no room for it.
    pub(super) fn add_pair(&mut self, path: Path, local: &Candidate, remote_priority: u32) -> Option<usize> {
        if let Some(known) = self.pair_of(path) {
            let pair = &mut self.pairs[known];
            pair.remote_priority = pair.remote_priority.max(remote_priority);
            return Some(known);
        }
        let pair = Pair {
            id: self.next_pair,
            path,
            local_priority: local.priority,
            reflexive_priority: local.reflexive_priority(),
            remote_priority,
            progress: Progress::Waiting,
            check: None,
            answered: None,
            asked: None,
            wanted: None,
        };
        if self.pairs.len() >= limits::PAIRS {
            self.make_room(pair.priority(self.role))?;
        }
        self.next_pair += 1;
        self.pairs.push(pair);
        Some(self.pairs.len() - 1)
    }

    /// Drops a pair that failed, else the least wanted one that is not in use, if it is wanted less than so much.
    fn make_room(&mut self, priority: u64) -> Option<()> {
        let role = self.role;
        let rank = |pair: &Pair| (pair.progress != Progress::Failed, pair.priority(role));
        let candidates = self
            .pairs
            .iter()
            .enumerate()
            .filter(|(_, pair)| pair.progress != Progress::Valid);
        let (at, least) = candidates.min_by_key(|(_, pair)| rank(pair))?;
        if rank(least) >= (true, priority) {
            return None;
        }
        let gone = self.pairs.swap_remove(at).id;
        self.triggered.retain(|id| *id != gone);
        Some(())
    }

    /// Ends what was not heard for too long.
    pub(super) fn expire(&mut self, now: Instant) {
        let (mode, selected) = (self.mode, self.selected);
        for pair in &mut self.pairs {
            if pair.progress == Progress::Valid && now >= pair.expires(mode, selected == Some(pair.id)) {
                pair.fail();
            }
        }
        if self.selected_pair().is_none_or(|pair| pair.progress != Progress::Valid) {
            self.selected = None;
        }
    }
}
