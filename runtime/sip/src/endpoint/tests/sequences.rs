//! Random sequences of messages and commands, in any order, some of them mutilated. No panic, each dialog ends once and
//! last, each transfer and each request of ours has exactly one outcome, and time clears everything away.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::tests::{Bench, Dice, SDP, fuzz_rounds};
use crate::{DialogError, DialogId, Event, ExchangeId, Flow, Last, Outgoing, ReferId, Rejection, Reply};

mod peer;

struct Run {
    bench: Bench,
    dice: Dice,
    /// What the peer has learned.
    tags: Vec<String>,
    call_ids: Vec<String>,
    calls: Vec<peer::Call>,
    branches: usize,
    /// Requests of ours it may answer.
    requests: Vec<crate::Message>,
    dialogs: Vec<DialogId>,
    told: usize,
    begun: BTreeMap<DialogId, usize>,
    ended: BTreeSet<DialogId>,
    /// Transfers the peer asked for.
    asked: Vec<ReferId>,
    /// Transfers we asked for, and whether their outcome was told.
    asking: BTreeMap<ReferId, bool>,
    /// Requests of ours outside dialogs, and whether their outcome was told.
    ours: BTreeMap<ExchangeId, bool>,
    theirs: Vec<ExchangeId>,
    seen: BTreeMap<&'static str, usize>,
}

fn rejection(status: u16) -> Rejection {
    Rejection {
        status,
        retry_after_s: None,
    }
}

impl Run {
    fn new(seed: u64) -> Self {
        Self {
            bench: Bench::new(),
            dice: Dice::new(seed),
            tags: vec!["nobody".to_owned()],
            call_ids: vec!["call-0".to_owned(), "call-1".to_owned()],
            calls: Vec::new(),
            branches: 0,
            requests: Vec::new(),
            dialogs: Vec::new(),
            told: 0,
            begun: BTreeMap::new(),
            ended: BTreeSet::new(),
            asked: Vec::new(),
            asking: BTreeMap::new(),
            ours: BTreeMap::new(),
            theirs: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    fn pick<T: Clone>(dice: &mut Dice, from: &[T]) -> T {
        from[dice.below(from.len() as u64) as usize].clone()
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.dice.below(one_in) == 0
    }

    fn step(&mut self) {
        match self.dice.below(16) {
            0..=4 => self.feed_request(),
            5..=7 => self.feed_response(),
            8..=12 => self.command(),
            13 => self.answer(),
            14 => {
                self.bench.pass(Duration::from_millis(self.dice.below(3_000)));
            }
            _ => {
                let long = if self.chance(8) { 900 } else { 40 };
                self.bench.pass(Duration::from_secs(self.dice.below(long)));
            }
        }
        self.look();
    }

    fn command(&mut self) {
        let now = self.bench.now;
        if self.dialogs.is_empty() || self.chance(8) {
            let call = Outgoing {
                sdp: (!self.chance(3)).then(|| SDP.into()),
                credentials: Some(peer::credentials()),
                ..Outgoing::new(
                    "sip:far@192.0.2.1:5062".parse().expect("an address"),
                    Flow::udp(crate::tests::phone_address()),
                    crate::NameAddr::parse("sip:near@198.51.100.2").expect("an address"),
                )
            };
            let id = self.bench.endpoint.invite(now, call).expect("room");
            self.begun.insert(id, self.told);
            self.dialogs.push(id);
        }
        if self.chance(12) {
            let id = self.bench.endpoint.request(now, peer::options()).expect("room");
            self.ours.insert(id, false);
        }
        // Mostly one of the newest.
        let newest = self.dialogs.len().saturating_sub(3);
        let from = if self.chance(4) { 0 } else { newest };
        let id = Self::pick(&mut self.dice, &self.dialogs[from..]);
        let known = self.command_on(id);
        if self.ended.contains(&id) {
            assert_eq!(known, Err(DialogError::Unknown), "an ended dialog takes no command");
        }
    }

    fn command_on(&mut self, id: DialogId) -> Result<(), DialogError> {
        let now = self.bench.now;
        let sdp = self.chance(2).then(|| SDP.into());
        let choice = self.dice.below(14);
        let endpoint = &mut self.bench.endpoint;
        match choice {
            0 => endpoint.provisional(now, id, 183, sdp),
            1 => endpoint.provisional(now, id, 183, Some(SDP.into())),
            2..=3 => endpoint.accept(now, id, SDP.into()),
            4 => endpoint.reject(now, id, rejection(486)),
            5 => endpoint.accept_reinvite(now, id, SDP.into()),
            6 => endpoint.reject_reinvite(now, id, 488),
            7 => endpoint.bye(now, id),
            8 => endpoint.cancel(now, id),
            9 => endpoint.update(now, id, SDP.into()),
            10 => endpoint.info_key(now, id, 5, 100),
            11 => endpoint.acknowledge(now, id, sdp),
            12 => {
                let refer = endpoint.refer(now, id, "<sip:c@192.0.2.3>", Some("sip:near@198.51.100.2"));
                refer.map(|refer| {
                    self.asking.insert(refer, false);
                })
            }
            _ => endpoint.reinvite(now, id, sdp),
        }
    }

    /// Answers what waits for the user: transfers and requests outside dialogs.
    fn answer(&mut self) {
        let now = self.bench.now;
        if !self.asked.is_empty() {
            let refer = Self::pick(&mut self.dice, &self.asked);
            let status = [100, 180, 200, 486][self.dice.below(4) as usize];
            // Any of these may come too early or too late.
            let _ = match self.dice.below(5) {
                0 => self.bench.endpoint.reject_refer(now, refer, 603),
                1..=2 => self.bench.endpoint.accept_refer(now, refer),
                _ => self.bench.endpoint.refer_progress(now, refer, status),
            };
        }
        if !self.theirs.is_empty() {
            let exchange = Self::pick(&mut self.dice, &self.theirs);
            let _ = self.bench.endpoint.reply(now, exchange, Reply::new(200));
        }
    }

    /// Checks what was told and learns from what was sent.
    fn look(&mut self) {
        for message in self.bench.drain() {
            self.learn(message);
        }
        for (_, message) in std::mem::take(&mut self.bench.sent) {
            self.learn(message);
        }
        self.bench.ways.clear();
        for at in self.told..self.bench.events.len() {
            let event = self.bench.events[at].clone();
            self.check(&event);
        }
        self.told = self.bench.events.len();
    }

    fn check(&mut self, event: &Event) {
        *self.seen.entry(peer::name(event)).or_default() += 1;
        match event {
            Event::ReferProgress { refer, last, .. } => {
                let told = self.asking.get_mut(refer).expect("a transfer of ours");
                assert!(!*told, "{event:?} after the outcome");
                *told = *last == Last::Yes;
                return;
            }
            Event::Response { exchange, .. } => {
                let told = self.ours.get_mut(exchange).expect("a request of ours");
                assert!(!std::mem::replace(told, true), "{event:?} twice");
                return;
            }
            Event::Request { exchange, .. } => return self.theirs.push(*exchange),
            Event::Refer { refer, .. } => self.asked.push(*refer),
            _ => {}
        }
        let dialog = event.dialog().expect("the others are about a dialog");
        assert!(!self.ended.contains(&dialog), "{event:?} after its dialog ended");
        match event {
            Event::Invite { replaces, .. } => {
                assert!(self.begun.insert(dialog, self.told).is_none(), "an id was used twice");
                assert!(replaces.is_none_or(|replaced| self.begun.contains_key(&replaced)));
                self.dialogs.push(dialog);
            }
            Event::Ended { .. } => drop(self.ended.insert(dialog)),
            _ => assert!(self.begun.contains_key(&dialog), "{event:?} of an unknown dialog"),
        }
    }

    /// Ends what is still up and lets all timers run out.
    fn finish(&mut self, seed: u64) {
        let now = self.bench.now;
        for refer in self.asked.clone() {
            let _ = self.bench.endpoint.accept_refer(now, refer);
            let _ = self.bench.endpoint.refer_progress(now, refer, 200);
        }
        for id in self.dialogs.clone() {
            let _ = self.bench.endpoint.reject(now, id, rejection(480));
            let _ = self.bench.endpoint.cancel(now, id);
            let _ = self.bench.endpoint.bye(now, id);
        }
        self.look();
        self.bench.pass(Duration::from_secs(300));
        self.look();
        // A cancelled call that rang and heard nothing more is over after 64*T1; so is everything else.
        assert_eq!(self.ended.len(), self.begun.len(), "seed {seed}: each dialog ends");
        assert!(
            self.asking.values().all(|told| *told),
            "seed {seed}: each transfer has an outcome"
        );
        assert!(
            self.ours.values().all(|told| *told),
            "seed {seed}: each request has an outcome"
        );
        let endpoint = &self.bench.endpoint;
        let counters = endpoint.counters();
        assert_eq!((counters.transactions, counters.dialogs), (0, 0), "seed {seed}");
        let left = [
            endpoint.dialogs.len(),
            endpoint.index.len(),
            endpoint.refers.len(),
            endpoint.exchanges.len(),
            endpoint.flights.len(),
            endpoint.arrivals.len(),
        ];
        assert_eq!(left, [0; 6], "seed {seed}");
        assert_eq!(endpoint.wake_at(), None, "seed {seed}");
    }
}

#[test]
fn fuzz_no_order_of_messages_and_commands_breaks_it() {
    let mut calls = 0;
    let mut seen = BTreeMap::new();
    for seed in fuzz_rounds(10_000) {
        let mut run = Run::new(seed);
        for _ in 0..60 {
            run.step();
        }
        run.finish(seed);
        calls += run.begun.len();
        for (name, times) in run.seen {
            *seen.entry(name).or_insert(0) += times;
        }
    }
    assert!(calls > 10_000, "the sequences should make calls: {calls}");
    println!("{calls} calls; events {seen:?}");
    for name in peer::NAMES {
        assert!(seen.contains_key(name), "the sequences should reach {name}: {seen:?}");
    }
}
