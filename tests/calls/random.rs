//! Whole calls in random order: three phones do what comes to their minds, on lines of any quality, with a handler that
//! dials one or several. Whatever they do, no leg outlives its call, every transaction ends, every dialling has one
//! outcome, every call of a phone one end, and every call at the node one record.
//!
//! A failure names its seed: `PATCHCORD_SEED=17 cargo test -p patchcord-tests --test calls fuzz` plays that one again and
//! prints its log.

#![allow(
    clippy::disallowed_methods,
    reason = "how long it runs is the wish of whoever runs it"
)]

use crate::support::{fault, helper, office_of, program};
use crate::{SECOND, press};
use patchcord_control::ids::CallId;
use patchcord_sim::phone::{Action, Event, Faults, Incoming, LineId, Offer};
use patchcord_sim::{Conditions, NODE, PhoneId, PhoneOptions, Setup, World};
use patchcord_switch::{PrivateValues, Program};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

const SEEDS: u64 = 10_000;
const STEPS: u64 = 24;
const FAILURES_SHOWN: usize = 10;
const NAMES: [&str; 3] = ["alice", "bob", "carol"];
/// Whom a phone calls or is transferred to; nobody is called dave.
const CALLED: [&str; 9] = [
    "alice",
    "bob",
    "carol",
    "bob+carol",
    "alice+bob",
    "carol.bob",
    "bob.carol.alice",
    "dave",
    "dave+bob",
];
const LINES: usize = 2;
/// A registration that a phone could not take back lives for 300 s.
const REST: Duration = Duration::from_secs(400);
/// More than any handler waits for a party, and SIP for an answer.
const LONGEST_RING: Duration = Duration::from_secs(70);

fn any_party() -> Arc<Program> {
    static PROGRAM: OnceLock<Arc<Program>> = OnceLock::new();
    PROGRAM
        .get_or_init(|| program("any_party", &helper("any_party")))
        .clone()
}

/// A world in which anything may happen, and what it owes the phones.
struct Chaos {
    dice: ChaCha8Rng,
    world: World,
    phones: [PhoneId; 3],
    /// Calls that phones have begun, and transfers they have asked for.
    begun: usize,
    transfers: usize,
}

impl Chaos {
    fn new(seed: u64, journal: Option<PrivateValues>) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let setup = Setup {
            journal,
            ..Setup::new(Instant::now(), seed)
        };
        let mut world = World::new(setup.with_users(&NAMES));
        world.set_directory(office_of(&any_party(), NAMES));
        let phones = NAMES.map(|name| {
            let faults = Faults {
                lost_acks: roll(&mut dice, 3) as u32,
                doubled_invites: roll(&mut dice, 3) as u32,
            };
            let options = PhoneOptions {
                faults,
                incoming: incoming(&mut dice),
                lines: LINES,
                ..PhoneOptions::default()
            };
            let phone = world.add_phone(name, options);
            world.register(phone, name);
            phone
        });
        world.run_for(SECOND);
        for phone in phones {
            world.set_conditions(phone, conditions(&mut dice));
        }
        Self {
            dice,
            world,
            phones,
            begun: 0,
            transfers: 0,
        }
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[roll(&mut self.dice, from.len() as u64) as usize]
    }

    fn step(&mut self) {
        let phone = self.pick(&self.phones.clone());
        let line = self.pick(&[LineId::FIRST, LineId::SECOND]);
        match roll(&mut self.dice, 16) {
            0..=3 => self.call(phone, line),
            4 => self.act(phone, line, Action::Answer),
            5 => self.act(phone, line, Action::Ring),
            6 => self.act(phone, line, Action::EarlyMedia),
            7 => {
                let status = self.pick(&[404, 480, 486, 503, 603]);
                self.act(phone, line, Action::Refuse(status));
            }
            8 => self.act(phone, line, Action::Hold),
            9 => self.act(phone, line, Action::Resume),
            10 => self.act(phone, line, Action::Leave),
            11 => self.keys(phone, line),
            12 => self.transfer(phone, line),
            13 => self.transfer_to_other(phone, line),
            14 => {
                let incoming = incoming(&mut self.dice);
                self.world.set_incoming(phone, incoming);
            }
            _ => {
                let conditions = conditions(&mut self.dice);
                self.world.set_conditions(phone, conditions);
            }
        }
        let pause = Duration::from_millis(roll(&mut self.dice, 1500));
        self.world.run_for(pause);
        assert_eq!(self.world.orphans(), 0, "a leg without a call");
    }

    fn act(&mut self, phone: PhoneId, line: LineId, action: Action) {
        self.world.act_on(phone, line, action);
    }

    fn call(&mut self, phone: PhoneId, line: LineId) {
        let to = self.pick(&CALLED);
        let offer = self.pick(&[Offer::InInvite, Offer::InInvite, Offer::Late]);
        let was_free = !self.world.seat(phone).phone().uses(line);
        self.world
            .call_on(phone, line, to, offer)
            .expect("the name can stand in an address");
        self.begun += usize::from(was_free && self.world.seat(phone).phone().uses(line));
    }

    fn keys(&mut self, phone: PhoneId, line: LineId) {
        let action = press("12#");
        let by_info = self.pick(&[false, true]);
        let action = match action {
            Action::Press(keys) if by_info => Action::PressByInfo(keys),
            action => action,
        };
        self.act(phone, line, action);
    }

    fn transfer(&mut self, phone: PhoneId, line: LineId) {
        let to = self.pick(&CALLED);
        let before = self.refusals(phone);
        self.world
            .transfer(phone, line, to)
            .expect("the name can stand in an address");
        self.transfers += usize::from(self.refusals(phone) == before);
    }

    fn transfer_to_other(&mut self, phone: PhoneId, line: LineId) {
        let other = if line == LineId::FIRST {
            LineId::SECOND
        } else {
            LineId::FIRST
        };
        let before = self.refusals(phone);
        self.act(phone, line, Action::TransferTo(other));
        self.transfers += usize::from(self.refusals(phone) == before);
    }

    fn refusals(&self, phone: PhoneId) -> usize {
        self.count(&[phone], |event| matches!(event, Event::Refused(_)))
    }

    fn count(&self, phones: &[PhoneId], wanted: impl Fn(&Event) -> bool) -> usize {
        let lines = phones
            .iter()
            .flat_map(|phone| LineId::all().map(|line| self.world.seat(*phone).events_on(line)));
        lines.flatten().filter(|(_, event)| wanted(event)).count()
    }

    /// All leave, and everything there was has ended once.
    fn end(&mut self) {
        for phone in self.phones {
            self.world.set_incoming(phone, Incoming::Busy);
        }
        // Whoever could not leave yet, because a transfer or a referred call was on its way, leaves later.
        for _ in 0..3 {
            for phone in self.phones {
                for line in LineId::all()
                    .filter(|line| self.world.seat(phone).phone().uses(*line))
                    .collect::<Vec<_>>()
                {
                    self.act(phone, line, Action::Leave);
                }
            }
            self.world.run_for(LONGEST_RING);
        }
        let rest = self.world.run_to_rest(REST);
        assert_eq!(
            rest.err().map(|leftover| leftover.to_string()),
            None,
            "something is left over"
        );
        let counts = self.world.counts();
        assert_eq!((counts.calls, counts.instances, counts.ports_in_use), (0, 0, 0));
        assert_eq!(self.world.orphans(), 0, "a leg without a call");
        assert_eq!(
            counts.started,
            self.world.records().len() as u64,
            "one record for each call"
        );
        for record in self.world.records() {
            assert_eq!(fault(record), None, "no handler is at fault for what phones do");
        }
        assert_eq!(self.world.log().dropped(), 0, "the log holds all of it");
        assert_eq!(
            self.world.log().count(NODE, "dials 1"),
            self.world.log().count(NODE, "outcome 1"),
            "one outcome for one dialling"
        );
        let came = self.count(&self.phones, |event| matches!(event, Event::Incoming(_)));
        let referred = self.count(&self.phones, |event| matches!(event, Event::Referred { .. }));
        let ended = self.count(&self.phones, |event| matches!(event, Event::Ended { .. }));
        assert_eq!(self.begun + came + referred, ended, "one end for one call of a phone");
        let over = self.count(&self.phones, |event| matches!(event, Event::TransferEnded { .. }));
        assert_eq!(self.transfers, over, "one outcome for one transfer");
    }
}

fn roll(dice: &mut ChaCha8Rng, sides: u64) -> u64 {
    dice.next_u64() % sides
}

fn incoming(dice: &mut ChaCha8Rng) -> Incoming {
    let after = Duration::from_millis(roll(dice, 4000));
    match roll(dice, 10) {
        0 => Incoming::Busy,
        1..=5 => Incoming::Answer { after },
        6 => Incoming::Ring,
        7 => Incoming::Wait,
        8 => Incoming::RingThenRefuse { after, status: 603 },
        _ => Incoming::EarlyMediaThenAnswer { after },
    }
}

/// Half of the lines are good; the others lose up to a third.
fn conditions(dice: &mut ChaCha8Rng) -> Conditions {
    let share = |dice: &mut ChaCha8Rng, most: u64| roll(dice, most + 1) as f64 / 100.0;
    if roll(dice, 2) == 0 {
        return Conditions::default();
    }
    Conditions {
        loss: share(dice, 33),
        duplicate: share(dice, 20),
        reorder: share(dice, 20),
        delay: Duration::from_millis(roll(dice, 150)),
        jitter: Duration::from_millis(roll(dice, 60)),
        ..Conditions::default()
    }
}

/// The journals of the calls in the world of a seed.
pub(crate) fn journals(seed: u64) -> BTreeMap<CallId, Vec<u8>> {
    let mut chaos = Chaos::new(seed, Some(PrivateValues::Keep));
    for _ in 0..STEPS {
        chaos.step();
    }
    chaos.end();
    chaos.world.journals().clone()
}

/// Whether everything ended once in the world of a seed; what went wrong is on the standard error.
fn play(seed: u64, show: bool) -> bool {
    let mut chaos = Chaos::new(seed, None);
    let played = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..STEPS {
            chaos.step();
        }
        chaos.end();
    }));
    if show {
        println!("{}", chaos.world.log());
    }
    played.is_ok()
}

#[test]
fn fuzz_whatever_phones_do_everything_ends_once() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("PATCHCORD_SEED") {
        assert!(play(seed, true), "seed {seed}: see above");
        return;
    }
    let seconds = number("PATCHCORD_FUZZ_SECONDS").map(Duration::from_secs);
    let begun = Instant::now();
    let goes_on = |seed: u64| match seconds {
        Some(longest) => begun.elapsed() < longest,
        None => seed < SEEDS,
    };
    let next = AtomicU64::new(0);
    let failed = Mutex::new(Vec::new());
    let lock = || failed.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !goes_on(seed) || lock().len() >= FAILURES_SHOWN {
                return;
            }
            if !play(seed, false) {
                lock().push(seed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let failed = lock();
    assert!(
        failed.is_empty(),
        "seeds {failed:?} failed: see above; PATCHCORD_SEED={} shows the log of one",
        failed[0]
    );
}
