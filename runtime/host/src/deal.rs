//! Which shard a message is for: all of one call go to one shard, by a keyed hash of the Call-ID. REGISTER goes to the
//! shard that keeps the locations. A call that replaces another (RFC 3891) goes where that one is, and what belongs to it
//! follows. Where there is a border, it sees each message first, and what it passes on reaches no shard. Not here: what a
//! message means, and how it came.

use crate::border::{BorderProxy, Passage};
use crate::shard_threads::{Inbox, Taken};
use patchcord_sip::border::NodeName;
use patchcord_sip::{Flow, Proven, shard_of};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Where registrations live.
const REGISTRAR: usize = 0;
/// Calls known to live elsewhere than their Call-ID says. With more, the oldest is forgotten: requests inside it then find
/// nothing and it ends by its session timer or by a hang-up of ours. At a transfer a second it is one of nine hours ago.
const ELSEWHERE: usize = 32 * 1_024;

/// Deals messages out to shards.
pub(crate) struct Dealer {
    inboxes: Vec<Inbox>,
    /// Random, so that nobody outside can aim at a shard.
    key: u64,
    /// None: there are no other nodes.
    border: Option<Arc<BorderProxy>>,
    elsewhere: Mutex<Elsewhere>,
    /// How many those are; mostly none, and then nobody has to look.
    moved: AtomicUsize,
}

#[derive(Default)]
struct Elsewhere {
    shards: HashMap<Box<[u8]>, usize>,
    order: VecDeque<Box<[u8]>>,
}

impl Dealer {
    /// A dealer with the key that the shards were given too.
    pub(crate) fn new(inboxes: Vec<Inbox>, key: u64) -> Self {
        Self {
            inboxes,
            key,
            border: None,
            elsewhere: Mutex::default(),
            moved: AtomicUsize::new(0),
        }
    }

    /// The same behind a border.
    pub(crate) fn behind(self, border: Option<Arc<BorderProxy>>) -> Self {
        Self { border, ..self }
    }

    /// Hands a message to its shard, or drops it if that is busy. `proven` is the client that came this way, if it has proved who
    /// it is.
    pub(crate) fn deal(&self, flow: Flow, bytes: &[u8], proven: Option<&Arc<Proven>>) -> Taken {
        let Some(border) = &self.border else {
            return self.hand(flow, bytes, proven);
        };
        let ours = border.of_device(flow, bytes, proven);
        ours.map_or(Taken::Yes, |bytes| self.hand(flow, &bytes, proven))
    }

    /// The same for a message of another node, which is known by this way.
    pub(crate) fn deal_of_node(&self, (node, way): (&NodeName, Flow), bytes: &[u8]) -> Taken {
        let ours = self.border.as_ref().and_then(|border| border.of_node(node, bytes));
        ours.map_or(Taken::Yes, |bytes| self.hand(way, &bytes, None))
    }

    /// What the border was to pass on could not be sent.
    pub(crate) fn passage_failed(&self, passage: &Passage) {
        if let Some(border) = &self.border {
            border.failed(passage);
        }
    }

    fn hand(&self, flow: Flow, bytes: &[u8], proven: Option<&Arc<Proven>>) -> Taken {
        self.inboxes[self.shard(bytes)].message(flow, bytes, proven)
    }

    /// Tells a shard that a way leads nowhere. If it is too busy to hear that, its timers find out.
    pub(crate) fn send_failed(&self, shard: usize, flow: Flow) {
        self.inboxes[shard].send_failed(flow);
    }

    fn shard(&self, bytes: &[u8]) -> usize {
        if bytes.starts_with(b"REGISTER ") {
            return REGISTRAR;
        }
        // What has no Call-ID is counted as malformed by whichever shard gets it.
        let Some(call_id) = patchcord_sip::peek_call_id(bytes) else {
            return REGISTRAR;
        };
        if let Some(shard) = self.moved(call_id) {
            return shard;
        }
        let own = self.natural(call_id);
        if !bytes.starts_with(b"INVITE ") {
            return own;
        }
        let replaced = peek_replaces(bytes).map_or(own, |replaced| {
            self.moved(replaced).unwrap_or_else(|| self.natural(replaced))
        });
        if replaced != own {
            self.remember(call_id, replaced);
        }
        replaced
    }

    fn natural(&self, call_id: &[u8]) -> usize {
        shard_of(call_id, self.inboxes.len(), self.key)
    }

    fn moved(&self, call_id: &[u8]) -> Option<usize> {
        if self.moved.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let elsewhere = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        elsewhere.shards.get(call_id).copied()
    }

    fn remember(&self, call_id: &[u8], shard: usize) {
        let mut elsewhere = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        if elsewhere.order.len() == ELSEWHERE
            && let Some(oldest) = elsewhere.order.pop_front()
        {
            elsewhere.shards.remove(&oldest);
        }
        elsewhere.shards.insert(call_id.into(), shard);
        elsewhere.order.push_back(call_id.into());
        self.moved.store(elsewhere.order.len(), Ordering::Relaxed);
    }
}

/// The Call-ID in a Replaces header, by a fast scan of the lines before the body (RFC 3891 6.1).
fn peek_replaces(bytes: &[u8]) -> Option<&[u8]> {
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    for line in lines.skip(1).take_while(|line| !line.is_empty()) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        if line[..colon].trim_ascii_end().eq_ignore_ascii_case(b"Replaces") {
            let value = line[colon + 1..].split(|byte| *byte == b';').next()?.trim_ascii();
            return Some(value).filter(|call_id| !call_id.is_empty());
        }
    }
    None
}

#[cfg(test)]
mod tests;
