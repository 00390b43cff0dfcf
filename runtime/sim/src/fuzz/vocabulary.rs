//! What random callers can do: taken from a handler's own scenarios, so that they dial who can be dialled and say what is
//! understood. Chance decides the rest.

use crate::agent::Agent;
use crate::scenario::{
    CallStep, CalledStep, Callee, Caller, EndedBy, EndedStep, FaultsBlock, HttpBlock, NetworkBlock, Nothing, OfferWord,
    PresenceBlock, PressStep, RingThenRefuse, Rules, Scenario, Step, Verb, WhenCalled, Within,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;

/// Callers of one scenario at most.
const CALLERS: u64 = 3;
/// Things a caller does in a call at most, between the answer and the end.
const DEEDS: u64 = 8;
/// Keys of one press at most.
const KEYS: u64 = 4;
const ALL_KEYS: &[u8] = b"1234567890*#";
/// How long a caller who does nothing more waits for the end, and a callee for its call.
const PATIENCE_MS: u64 = 60_000;
/// How a phone that is called may refuse.
const REFUSALS: [u16; 5] = [404, 480, 486, 503, 603];

/// Who can be called and what can be said.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    called: Vec<String>,
    words: Vec<String>,
    users: Vec<String>,
    callees: Vec<Callee>,
    agents: Vec<Agent>,
    http: Vec<HttpBlock>,
    secrets: BTreeMap<String, String>,
    store: BTreeMap<String, String>,
    presence: BTreeMap<String, PresenceBlock>,
}

impl Vocabulary {
    /// What the scenarios of a handler know; those that were found by chance themselves add nothing. Without any, its
    /// name is called.
    pub fn of(handler: &str, scenarios: &[Scenario]) -> Vocabulary {
        let mut all = Vocabulary {
            called: Vec::new(),
            words: Vec::new(),
            users: Vec::new(),
            callees: Vec::new(),
            agents: Vec::new(),
            http: Vec::new(),
            secrets: BTreeMap::new(),
            store: BTreeMap::new(),
            presence: BTreeMap::new(),
        };
        for scenario in scenarios.iter().filter(|scenario| !scenario.steps_may_fail) {
            for caller in &scenario.caller {
                if let Some(user) = &caller.user {
                    add(&mut all.users, user, |one, other| one == other);
                }
                for step in &caller.steps {
                    match &step.verb {
                        Verb::Call(call) => add(&mut all.called, &call.to, |one, other| one == other),
                        Verb::SayWords(words) => add(&mut all.words, words, |one, other| one == other),
                        _ => {}
                    }
                }
            }
            for callee in &scenario.callee {
                add(&mut all.callees, callee, |one, other| {
                    one.name == other.name || one.number.is_some() && one.number == other.number
                });
            }
            for agent in &scenario.agent {
                add(&mut all.agents, agent, |one, other| one.url == other.url);
            }
            for http in &scenario.http {
                add(&mut all.http, http, |one, other| {
                    (&one.method, &one.url, &one.body_holds) == (&other.method, &other.url, &other.body_holds)
                });
            }
            all.secrets.extend(scenario.secrets.clone());
            all.store.extend(scenario.store.clone());
            all.presence.extend(scenario.presence.clone());
        }
        all.users
            .retain(|user| all.callees.iter().all(|callee| callee.user() != Some(user)));
        if all.called.is_empty() {
            all.called.push(handler.to_owned());
        }
        all
    }

    /// A random scenario; it follows from the seed and the case alone.
    pub(super) fn random(&self, seed: u64, case: u64) -> Scenario {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(case);
        let mut dice = Dice(random);
        let callers = if dice.one_in(3) { 1 + dice.below(CALLERS) } else { 1 };
        Scenario {
            about: String::new(),
            seed: 1 + dice.below(1_000),
            network: network(&mut dice),
            fault: None,
            voice_fails: None,
            listener_fails: None,
            steps_may_fail: true,
            rules: Rules::default(),
            caller: (0..callers).map(|number| self.caller(&mut dice, number)).collect(),
            callee: self
                .callees
                .iter()
                .map(|callee| callee_by_chance(&mut dice, callee))
                .collect(),
            agent: self.agents.clone(),
            http: self.http.clone(),
            secrets: self.secrets.clone(),
            store: self.store.clone(),
            presence: self.presence.clone(),
        }
    }

    fn caller(&self, dice: &mut Dice, number: u64) -> Caller {
        let mut steps = self.call(dice);
        if dice.one_in(8) {
            steps.extend(self.call(dice));
        }
        Caller {
            name: format!("caller{}", number + 1),
            starts_after_ms: if number == 0 { 0 } else { dice.pause_ms() },
            network: None,
            faults: FaultsBlock {
                lost_acks: u32::from(dice.one_in(16)),
                doubled_invites: u32::from(dice.one_in(16)),
            },
            user: self.users.get(number as usize).filter(|_| dice.one_in(2)).cloned(),
            when_called: WhenCalled::Busy,
            hum_hz: None,
            steps: steps.into_iter().map(Step::of).collect(),
        }
    }

    /// A call from its beginning to an end.
    fn call(&self, dice: &mut Dice) -> Vec<Verb> {
        let offer = if dice.one_in(8) {
            OfferWord::Late
        } else {
            OfferWord::Invite
        };
        let to = dice.of(&self.called).clone();
        let mut verbs = vec![Verb::Call(CallStep { to, offer })];
        if dice.one_in(6) {
            verbs.push(Verb::WaitMs(dice.pause_ms()));
            verbs.push(Verb::Cancel(Nothing {}));
        }
        let within_ms = 1_000 * dice.of(&[5, 30, 60]);
        verbs.push(Verb::Answered(Within { within_ms }));
        for _ in 0..dice.below(DEEDS + 1) {
            verbs.push(Verb::WaitMs(dice.pause_ms()));
            verbs.push(self.deed(dice));
        }
        match dice.below(3) {
            0 => verbs.push(Verb::Ended(EndedStep {
                by: EndedBy::Handler,
                status: None,
                within_ms: PATIENCE_MS,
            })),
            _ => {
                verbs.push(Verb::WaitMs(dice.pause_ms()));
                verbs.push(Verb::HangUp(Nothing {}));
            }
        }
        verbs
    }

    fn deed(&self, dice: &mut Dice) -> Verb {
        let within_ms = 2_000;
        match dice.below(16) {
            0 => Verb::PressByInfo(press(dice)),
            1 => Verb::Hum(dice.of(&[440, 700, 1_000])),
            2 => Verb::Quiet(Nothing {}),
            3 => Verb::Hold(Within { within_ms }),
            4 => Verb::Resume(Within { within_ms }),
            5..=7 if !self.words.is_empty() => Verb::SayWords(dice.of(&self.words).clone()),
            _ => Verb::Press(press(dice)),
        }
    }
}

fn press(dice: &mut Dice) -> PressStep {
    let mut keys = String::new();
    for _ in 0..=dice.below(KEYS) {
        // People press the same key again.
        let again = keys.chars().last().filter(|_| dice.one_in(3));
        keys.push(again.unwrap_or_else(|| char::from(dice.of(ALL_KEYS))));
    }
    PressStep {
        keys,
        hold_ms: dice.of(&[100, 100, 60, 400]),
        pause_ms: dice.of(&[100, 100, 60, 900]),
    }
}

/// The callee with other manners.
fn callee_by_chance(dice: &mut Dice, callee: &Callee) -> Callee {
    let when_called = match dice.below(12) {
        0 => WhenCalled::Busy,
        1 => WhenCalled::Ring,
        2 => WhenCalled::Wait,
        3 => WhenCalled::Refuse(dice.of(&REFUSALS)),
        4 => WhenCalled::RingThenRefuse(RingThenRefuse {
            ring_ms: dice.pause_ms(),
            status: dice.of(&REFUSALS),
        }),
        5 => WhenCalled::EarlyMediaMs(dice.pause_ms()),
        _ => WhenCalled::AnswerAfterMs(dice.pause_ms()),
    };
    let mut verbs = Vec::new();
    if dice.one_in(2) {
        let (from, name, within_ms) = (None, None, PATIENCE_MS);
        verbs.push(Verb::Called(CalledStep { from, name, within_ms }));
        verbs.push(Verb::WaitMs(dice.pause_ms()));
        if dice.one_in(2) {
            verbs.push(Verb::Press(press(dice)));
            verbs.push(Verb::WaitMs(dice.pause_ms()));
        }
        verbs.push(Verb::HangUp(Nothing {}));
    }
    Callee {
        when_called,
        steps: verbs.into_iter().map(Step::of).collect(),
        network: None,
        faults: FaultsBlock::default(),
        ..callee.clone()
    }
}

/// Most lines are good; the others lose up to a fifth.
fn network(dice: &mut Dice) -> NetworkBlock {
    if !dice.one_in(3) {
        return NetworkBlock::default();
    }
    let share = |dice: &mut Dice, percent: u64| dice.below(percent + 1) as f64 / 100.0;
    NetworkBlock {
        loss: share(dice, 20),
        duplicate: share(dice, 10),
        reorder: share(dice, 10),
        delay_ms: dice.below(200),
        jitter_ms: dice.below(60),
    }
}

fn add<T: Clone>(all: &mut Vec<T>, one: &T, same: impl Fn(&T, &T) -> bool) {
    if !all.iter().any(|other| same(one, other)) {
        all.push(one.clone());
    }
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0.next_u64() % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize].clone()
    }

    /// From nothing to twenty seconds; short ones as likely as long ones.
    fn pause_ms(&mut self) -> u64 {
        let most = self.of(&[100, 1_000, 1_000, 5_000, 5_000, 20_000]);
        self.below(most / 10 + 1) * 10
    }
}
