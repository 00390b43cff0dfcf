//! The writer's half and the reader's, by hand: order, gaps, wholes, beats, incarnations and their limits.

use super::*;
use crate::replica::tests::{Dice, me};
use std::collections::BTreeMap;
use std::time::Instant;

/// A copy of numbers that a writer keeps by key: what readers of these tests hold.
type Copied = BTreeMap<u32, u64>;
/// A key and what is there; 0: nothing.
type Word = (u32, u64);

struct Writer {
    outbox: Outbox<Word>,
    kept: Copied,
}

impl Writer {
    fn new(name: &str, incarnation: u64) -> Self {
        let me = Me {
            incarnation,
            ..me(name)
        };
        Self {
            outbox: Outbox::new(now(), me),
            kept: Copied::new(),
        }
    }

    fn says(&mut self, key: u32, value: u64) -> Message<Word> {
        self.keeps(key, value);
        self.next().expect("a change is sent")
    }

    fn keeps(&mut self, key: u32, value: u64) {
        set(&mut self.kept, (key, value));
        self.outbox.publish((key, value));
    }

    fn next(&mut self) -> Option<Message<Word>> {
        let kept = &self.kept;
        let all = || kept.iter().map(|(key, value)| (*key, *value)).collect();
        self.outbox.poll(all).map(|outgoing| outgoing.message)
    }

    fn all(&mut self) -> Vec<Message<Word>> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Everything of it, as an answer.
    fn whole(&mut self) -> Vec<Message<Word>> {
        self.outbox.asked_by(name("reader"));
        self.all()
    }
}

struct Reader {
    peers: Peers<Word>,
    copies: BTreeMap<u32, Copied>,
    asked: Vec<NodeId>,
    cleared: Vec<Cleared>,
    now: Instant,
}

#[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
fn now() -> Instant {
    Instant::now()
}

fn name(name: &str) -> NodeId {
    NodeId::new(name).expect("a node's name")
}

fn set(copy: &mut Copied, (key, value): Word) {
    match value {
        0 => copy.remove(&key),
        value => copy.insert(key, value),
    };
}

impl Reader {
    fn new() -> Self {
        let now = now();
        Self {
            peers: Peers::new(now, &me("reader")),
            copies: BTreeMap::new(),
            asked: Vec::new(),
            cleared: Vec::new(),
            now,
        }
    }

    fn hears(&mut self, message: &Message<Word>) {
        let steps = self.peers.receive(self.now, message.clone());
        self.carry_out(steps);
    }

    fn waits(&mut self, time: Duration) {
        self.now += time;
        let steps = self.peers.deadline(self.now);
        self.carry_out(steps);
    }

    fn carry_out(&mut self, steps: Vec<Step<Word>>) {
        for step in steps {
            match step {
                Step::Apply { writer, change, .. } => set(self.copies.entry(writer).or_default(), change),
                Step::Replace { writer, entries, .. } => {
                    self.copies.insert(writer, entries.into_iter().collect());
                }
                Step::Clear { writer, why } => {
                    self.copies.remove(&writer);
                    self.cleared.push(why);
                }
                Step::AskOf(node) => self.asked.push(node),
                Step::AskedBy(_) | Step::Replaced => {}
            }
        }
    }

    /// What it holds of the first writer it heard.
    fn copy(&self) -> Copied {
        self.copies.get(&1).cloned().unwrap_or_default()
    }
}

#[test]
fn a_node_says_at_once_and_then_again_and_again_that_it_is_there() {
    let start = now();
    let mut outbox: Outbox<Word> = Outbox::new(start, me("a"));
    let beat = |outbox: &mut Outbox<Word>| outbox.poll(Vec::new).map(|outgoing| outgoing.message.body);
    assert_eq!(beat(&mut outbox), Some(Body::Beat { sequence: 0 }));
    assert_eq!(beat(&mut outbox), None);
    assert_eq!(outbox.wake_at(), Some(start + BEAT));
    outbox.deadline(start + BEAT);
    outbox.publish((1, 1));
    let change = Body::Changes {
        first: 1,
        changes: vec![(1, 1)],
    };
    assert_eq!(beat(&mut outbox), Some(change));
    assert_eq!(beat(&mut outbox), Some(Body::Beat { sequence: 1 }));
    outbox.leave();
    outbox.publish((2, 2));
    assert!(matches!(beat(&mut outbox), Some(Body::Changes { first: 2, .. })));
    assert_eq!(beat(&mut outbox), Some(Body::Left));
    outbox.publish((3, 3));
    assert_eq!(beat(&mut outbox), None);
}

#[test]
fn changes_that_overtake_wait_for_the_one_before() {
    let (mut writer, mut reader) = (Writer::new("a", 1), Reader::new());
    let changes: Vec<_> = (1..=4).map(|value| writer.says(1, value)).collect();
    for index in [0, 3, 2] {
        reader.hears(&changes[index]);
        assert_eq!(reader.copy(), Copied::from([(1, 1)]));
    }
    reader.hears(&changes[1]);
    assert_eq!(reader.copy(), writer.kept);
    reader.waits(ASK_AGAIN);
    assert_eq!(reader.asked, []);
}

#[test]
fn what_stays_missing_is_asked_for_and_the_whole_heals_it() {
    let (mut writer, mut reader) = (Writer::new("a", 1), Reader::new());
    reader.hears(&writer.says(1, 1));
    writer.says(2, 2);
    writer.says(1, 0);
    reader.hears(&writer.says(3, 3));
    reader.waits(PATIENCE);
    assert_eq!(reader.asked.len(), 1);
    reader.waits(PATIENCE);
    assert_eq!(reader.asked.len(), 1, "an answer is given its time");
    reader.waits(ASK_AGAIN);
    assert_eq!(reader.asked.len(), 2, "it is asked for again");
    for part in writer.whole() {
        reader.hears(&part);
    }
    assert_eq!(reader.copy(), writer.kept);
    assert!(reader.peers.is_complete());
    reader.waits(ASK_AGAIN);
    assert_eq!(reader.asked.len(), 2, "nothing is missing any more");
}

#[test]
fn a_beat_shows_that_the_last_change_was_lost() {
    let (mut writer, mut reader) = (Writer::new("a", 1), Reader::new());
    writer.says(1, 1);
    let beat = writer.next().expect("the first beat");
    assert_eq!(beat.body, Body::Beat { sequence: 1 });
    reader.hears(&beat);
    reader.waits(PATIENCE);
    assert_eq!(reader.asked.len(), 1);
}

#[test]
fn a_long_whole_comes_in_parts_and_counts_when_it_is_complete() {
    let (mut writer, mut reader) = (Writer::new("a", 1), Reader::new());
    for key in 0..CHANGES_PER_MESSAGE as u32 * 2 + 1 {
        writer.keeps(key, 9);
    }
    writer.all();
    let parts = writer.whole();
    assert_eq!(parts.len(), 3);
    for part in [2, 2, 0] {
        reader.hears(&parts[part]);
        assert_eq!(reader.copy(), Copied::new());
    }
    // What is said meanwhile is later than the whole.
    let after = writer.says(0, 10);
    reader.hears(&after);
    reader.hears(&parts[1]);
    assert_eq!(reader.copy(), writer.kept);
}

#[test]
fn too_many_changes_at_once_are_dropped_and_come_with_the_whole() {
    let (mut writer, mut reader) = (Writer::new("a", 1), Reader::new());
    for key in 0..=OUTGOING_MAX as u32 {
        writer.keeps(key, 1);
    }
    assert_eq!(writer.outbox.dropped(), OUTGOING_MAX as u64);
    for message in writer.all() {
        reader.hears(&message);
    }
    reader.waits(PATIENCE);
    assert_eq!(reader.asked.len(), 1);
    for part in writer.whole() {
        reader.hears(&part);
    }
    assert_eq!(reader.copy(), writer.kept);
}

#[test]
fn a_later_incarnation_replaces_all_of_the_one_before() {
    let mut reader = Reader::new();
    let mut first = Writer::new("a", 1);
    let old = [first.says(1, 1), first.says(2, 2)];
    reader.hears(&old[0]);
    let mut second = Writer::new("a", 2);
    reader.hears(&second.says(3, 3));
    assert_eq!(reader.cleared, [Cleared::Restarted]);
    reader.hears(&old[1]);
    reader.hears(&first.whole()[0]);
    assert_eq!(reader.copy(), second.kept);
}

#[test]
fn who_is_not_heard_is_lost_and_an_old_message_brings_nobody_back() {
    let (mut writer, mut reader) = (Writer::new("a", 1), Reader::new());
    let old = writer.says(1, 1);
    reader.hears(&old);
    // Heard again and again, and never anything newer.
    for _ in 0..4 {
        reader.waits(BEAT);
        reader.hears(&old);
    }
    assert_eq!(reader.copy(), Copied::new());
    assert_eq!(reader.cleared, [Cleared::Lost]);
    reader.hears(&old);
    assert_eq!(reader.copy(), Copied::new());
    let mut mishaps = Mishaps::default();
    reader.peers.count_into(&mut mishaps);
    assert_eq!(mishaps.lost, 1);
    // Once it is heard anew, it is asked for everything.
    reader.hears(&writer.next().expect("a beat"));
    reader.waits(PATIENCE);
    assert_eq!(reader.asked.len(), 1);
    reader.hears(&writer.whole()[0]);
    assert_eq!(reader.copy(), writer.kept);
}

#[test]
fn who_leaves_is_gone_at_once() {
    let (mut writer, mut reader) = (Writer::new("a", 1), Reader::new());
    let change = writer.says(1, 1);
    reader.hears(&change);
    writer.outbox.leave();
    for message in writer.all() {
        reader.hears(&message);
    }
    reader.hears(&change);
    assert_eq!(
        (reader.copy(), &reader.cleared[..]),
        (Copied::new(), &[Cleared::Left][..])
    );
    assert_eq!(reader.peers.wake_at(), None);
}

#[test]
fn another_process_of_the_same_name_is_noticed_once() {
    let mut reader = Reader::new();
    let beat = |incarnation| Writer::new("reader", incarnation).next().expect("a beat");
    assert_eq!(reader.peers.receive(reader.now, beat(1)), []);
    assert_eq!(reader.peers.receive(reader.now, beat(2)), [Step::Replaced]);
    assert_eq!(reader.peers.receive(reader.now, beat(3)), []);
}

#[test]
fn not_everybody_is_asked_at_once() {
    let mut reader = Reader::new();
    let mut writers: Vec<Writer> = (0..ASKS_AT_ONCE + 5)
        .map(|at| Writer::new(&format!("w{at}"), 1))
        .collect();
    for writer in &mut writers {
        writer.says(1, 1);
        reader.hears(&writer.says(2, 2));
    }
    reader.waits(PATIENCE);
    assert_eq!(reader.asked.len(), ASKS_AT_ONCE);
    // One that answers makes room for one more.
    for part in writers[0].whole() {
        reader.hears(&part);
    }
    reader.waits(PATIENCE);
    assert_eq!(reader.asked.len(), ASKS_AT_ONCE + 1);
}

#[test]
fn a_full_table_of_writers_forgets_those_that_are_gone() {
    let mut reader = Reader::new();
    for at in 0..WRITERS_MAX - 1 {
        reader.hears(&Writer::new(&format!("w{at}"), 1).next().expect("a beat"));
    }
    let mut more = Writer::new("more", 1);
    reader.hears(&more.next().expect("a beat"));
    let mut mishaps = Mishaps::default();
    reader.peers.count_into(&mut mishaps);
    assert_eq!(mishaps.unheard, 1);
    reader.waits(NODE_LEASE + ALLOWANCE + Duration::from_secs(1));
    reader.hears(&more.says(1, 1));
    assert_eq!(reader.peers.find(&name("more")), Some(1));
}

#[test]
fn any_order_of_the_same_messages_leads_to_the_same_copy() {
    for seed in 0..500 {
        let dice = &mut Dice::new(seed);
        let mut messages = Vec::new();
        let mut last = Copied::new();
        for incarnation in 1..=1 + dice.below(2) {
            let mut writer = Writer::new("a", incarnation);
            for _ in 0..dice.below(12) {
                messages.push(writer.says(dice.below(4) as u32, dice.below(5)));
            }
            if dice.percent(50) {
                messages.extend(writer.whole());
            }
            messages.push(writer.says(9, incarnation));
            last = writer.kept;
        }
        for _ in 0..4 {
            let mut reader = Reader::new();
            let mut heard = messages.clone();
            heard.extend(messages.iter().filter(|_| dice.percent(30)).cloned());
            for at in (1..heard.len()).rev() {
                heard.swap(at, dice.below(at as u64 + 1) as usize);
            }
            for message in &heard {
                reader.hears(message);
            }
            assert_eq!(reader.copy(), last, "seed {seed}");
        }
    }
}
