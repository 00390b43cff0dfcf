//! Which changes of which node were heard in one topic, and which were missed: a table without a connection or a clock.
//!
//! Each node numbers its changes from 1 in each of its lives. A number that is skipped is a gap; a last one that is lost is found
//! by what the node's entry says it told. Who is seen for the first time is a gap of unknown size, unless by its change number 1.

use crate::nodes::NODES_MAX;
use patchcord_control::regions::NodeId;
use std::collections::BTreeMap;

/// Changes of a node that were missed. Its snapshot has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// The node.
    pub node: NodeId,
    /// Which life of it.
    pub incarnation: u64,
    /// The last change that was heard without a gap before; 0 if none, or if the node was not known.
    pub after: u64,
    /// The last that was missed, as far as is known.
    pub through: u64,
}

/// What a change is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The next one.
    Next,
    /// It comes after a gap, which is to be told first.
    After(Missed),
    /// It was heard before, is of an earlier life, or of one node too many.
    Old,
}

#[derive(Debug)]
struct Last {
    incarnation: u64,
    sequence: u64,
    /// Nothing was heard yet but what its entry says: any next change is the next.
    open: bool,
}

/// The table of one topic.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    nodes: BTreeMap<NodeId, Last>,
}

impl Gaps {
    /// A change was heard.
    pub(crate) fn change(&mut self, node: &NodeId, incarnation: u64, sequence: u64) -> Verdict {
        let missed = |after: u64| Missed {
            node: node.clone(),
            incarnation,
            after,
            through: sequence.saturating_sub(1),
        };
        let full = self.nodes.len() >= NODES_MAX;
        match self.nodes.get_mut(node) {
            Some(last) if last.incarnation > incarnation => Verdict::Old,
            Some(last) if last.incarnation == incarnation => {
                if sequence <= last.sequence {
                    return Verdict::Old;
                }
                let (before, open) = (last.sequence, last.open);
                (last.sequence, last.open) = (sequence, false);
                match open || sequence == before + 1 {
                    true => Verdict::Next,
                    false => Verdict::After(missed(before)),
                }
            }
            None if full => Verdict::Old,
            _ => {
                self.first(node, incarnation, sequence, false);
                match sequence {
                    1 => Verdict::Next,
                    _ => Verdict::After(missed(0)),
                }
            }
        }
    }

    /// A node's entry says what it told last.
    pub(crate) fn head(&mut self, node: &NodeId, incarnation: u64, head: u64) -> Option<Missed> {
        let missed = |after: u64| Missed {
            node: node.clone(),
            incarnation,
            after,
            through: head,
        };
        let full = self.nodes.len() >= NODES_MAX;
        match self.nodes.get_mut(node) {
            Some(last) if last.incarnation > incarnation => None,
            Some(last) if last.incarnation == incarnation => {
                if head <= last.sequence {
                    return None;
                }
                let before = std::mem::replace(&mut last.sequence, head);
                Some(missed(before))
            }
            None if full => None,
            _ => {
                self.first(node, incarnation, head, true);
                Some(missed(0))
            }
        }
    }

    /// Only these nodes are there. If another comes back, it is as if it were new.
    pub(crate) fn keep(&mut self, is_there: impl Fn(&NodeId) -> bool) {
        self.nodes.retain(|node, _| is_there(node));
    }

    fn first(&mut self, node: &NodeId, incarnation: u64, sequence: u64, open: bool) {
        let last = Last {
            incarnation,
            sequence,
            open,
        };
        self.nodes.insert(node.clone(), last);
    }
}

#[cfg(test)]
mod tests;
