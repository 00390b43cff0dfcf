//! Every session has one place, and the threads share evenly.

use super::*;
use std::collections::{BTreeMap, HashSet};

#[test]
fn places_are_unique_dense_and_even() {
    for (shards, media_threads) in [(1, 1), (2, 1), (1, 2), (3, 2), (2, 4)] {
        let layout = Layout { shards, media_threads };
        let mut seen = HashSet::new();
        let mut per_pair: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let count = PHASES * shards * media_threads * 5;
        for id in 0..count as u32 {
            let session = SessionId(id);
            let (thread, slot) = (layout.thread_of(session), layout.slot_of(session));
            assert_eq!(slot % PHASES, id as usize % PHASES, "a slot keeps its session's phase");
            assert!(slot < count / media_threads, "slots are dense");
            assert!(seen.insert((thread, slot)), "two sessions in one place");
            *per_pair.entry((layout.shard_of(session), thread)).or_default() += 1;
        }
        assert_eq!(per_pair.len(), shards * media_threads);
        assert!(per_pair.values().all(|n| *n == PHASES * 5), "{per_pair:?}");
    }
}

#[test]
fn no_thread_is_left_without_ports() {
    for (shards, threads, pairs) in [(8, 8, 4), (1, 1, 0), (8, 2, 40), (2, 2, 2_000), (0, 0, 100)] {
        let layout = Layout::fit(shards, threads, pairs);
        assert!(layout.shards >= 1 && layout.media_threads >= 1);
        assert!(layout.shards <= shards.max(1) && layout.media_threads <= threads.max(1));
        let lent: HashSet<_> = (0..pairs as u32).map(|id| layout.shard_of(SessionId(id))).collect();
        assert!(
            lent.len() == layout.shards || pairs < PHASES,
            "{layout:?} with {pairs} pairs"
        );
    }
}
