//! Making a scenario that breaks a rule smaller: without callers, callees and steps that are not needed, with shorter
//! waits, fewer keys, a better network. What still breaks the rule in the same way is kept.

use crate::scenario::{
    Breach, Callee, Caller, Failure, FaultsBlock, NetworkBlock, OfferWord, Report, Scenario, Step, Verb, WhenCalled,
};
use patchcord_control::record::FaultKind;

/// How often a scenario is played at most to make it smaller; then it stays as it is.
pub const SHRINK_RUNS: u32 = 600;
/// Waits are shortened to tens of milliseconds.
const WAIT_STEP_MS: u64 = 10;

/// Plays a scenario; none if it breaks no rule.
type Play<'a> = &'a dyn Fn(&Scenario) -> Option<(Report, Failure)>;
/// Everything that is a little smaller than a scenario in one respect, the smallest first.
type Smaller = fn(&Scenario) -> Vec<Scenario>;

const RESPECTS: [Smaller; 6] = [
    fewer_phones,
    fewer_steps,
    shorter_waits,
    fewer_keys,
    plainer_phones,
    better_network,
];

/// The smallest scenario that could be found, and how often one was played for it.
pub(super) fn shrink(scenario: Scenario, failure: &Failure, play: Play<'_>) -> (Scenario, u32) {
    let mut small = scenario;
    let mut runs = 0;
    let mut breaks = |candidate: &Scenario| {
        runs += 1;
        play(candidate).is_some_and(|(_, other)| same(failure, &other))
    };
    let mut left = SHRINK_RUNS;
    loop {
        let mut smaller = false;
        for respect in RESPECTS {
            // Again from the smaller one, until there is none that is smaller in this respect.
            while let Some(next) = respect(&small)
                .into_iter()
                .take_while(|_| spend(&mut left))
                .find(&mut breaks)
            {
                small = next;
                smaller = true;
            }
        }
        if !smaller || left == 0 {
            return (small, runs);
        }
    }
}

fn spend(left: &mut u32) -> bool {
    let had = *left > 0;
    *left = left.saturating_sub(1);
    had
}

/// Whether a rule is broken in the same way. Traps are told apart by where they are.
fn same(one: &Failure, other: &Failure) -> bool {
    let by_place = one.breach == Breach::HandlerEnd(Some(FaultKind::Trap));
    one.breach == other.breach && (!by_place || one.happened == other.happened)
}

fn fewer_phones(scenario: &Scenario) -> Vec<Scenario> {
    let mut smaller = Vec::new();
    let mut without = |change: &dyn Fn(&mut Scenario)| {
        let mut candidate = scenario.clone();
        change(&mut candidate);
        smaller.push(candidate);
    };
    if scenario.caller.len() > 1 {
        for place in 0..scenario.caller.len() {
            without(&|candidate| drop(candidate.caller.remove(place)));
        }
    }
    if scenario.callee.len() > 1 {
        without(&|candidate| candidate.callee.clear());
    }
    for place in 0..scenario.callee.len() {
        without(&|candidate| drop(candidate.callee.remove(place)));
    }
    for place in 0..scenario.agent.len() {
        without(&|candidate| drop(candidate.agent.remove(place)));
    }
    smaller
}

/// Every list of steps with a stretch left out, long stretches first. A caller keeps one step at least.
fn fewer_steps(scenario: &Scenario) -> Vec<Scenario> {
    let mut smaller = Vec::new();
    for phone in 0..phones(scenario) {
        let least = usize::from(phone < scenario.caller.len());
        let all = steps(&mut scenario.clone(), phone).len();
        let mut length = all - least.min(all);
        while length > 0 {
            for from in (0..=all - length).step_by(length.div_ceil(2)) {
                let mut candidate = scenario.clone();
                steps(&mut candidate, phone).drain(from..from + length);
                smaller.push(candidate);
            }
            length /= 2;
        }
    }
    smaller
}

fn shorter_waits(scenario: &Scenario) -> Vec<Scenario> {
    each_step(scenario, |verb| {
        let Verb::WaitMs(ms) = verb else { return Vec::new() };
        shorter(*ms).into_iter().map(Verb::WaitMs).collect()
    })
}

fn fewer_keys(scenario: &Scenario) -> Vec<Scenario> {
    each_step(scenario, |verb| {
        let mut smaller = Vec::new();
        let (Verb::Press(press) | Verb::PressByInfo(press)) = verb else {
            return smaller;
        };
        let again = |press| match verb {
            Verb::PressByInfo(_) => Verb::PressByInfo(press),
            _ => Verb::Press(press),
        };
        for place in (0..press.keys.len()).filter(|_| press.keys.len() > 1) {
            let mut fewer = press.clone();
            fewer.keys.remove(place);
            smaller.push(again(fewer));
        }
        let mut plain = press.clone();
        (plain.hold_ms, plain.pause_ms) = (100, 100);
        if plain != *press {
            smaller.push(again(plain));
        }
        if matches!(verb, Verb::PressByInfo(_)) {
            smaller.push(Verb::Press(press.clone()));
        }
        smaller
    })
}

fn plainer_phones(scenario: &Scenario) -> Vec<Scenario> {
    let mut smaller = each_step(scenario, |verb| match verb {
        Verb::Call(call) if call.offer == OfferWord::Late => {
            let mut call = call.clone();
            call.offer = OfferWord::Invite;
            vec![Verb::Call(call)]
        }
        _ => Vec::new(),
    });
    for place in 0..scenario.caller.len() {
        let mut change = |change: &dyn Fn(&mut Caller)| {
            let mut candidate = scenario.clone();
            change(&mut candidate.caller[place]);
            smaller.push(candidate);
        };
        let Caller {
            starts_after_ms,
            faults,
            user,
            ..
        } = &scenario.caller[place];
        for ms in shorter(*starts_after_ms) {
            change(&|caller| caller.starts_after_ms = ms);
        }
        if *faults != FaultsBlock::default() {
            change(&|caller| caller.faults = FaultsBlock::default());
        }
        if user.is_some() {
            change(&|caller| caller.user = None);
        }
    }
    for place in 0..scenario.callee.len() {
        let mut change = |change: &dyn Fn(&mut Callee)| {
            let mut candidate = scenario.clone();
            change(&mut candidate.callee[place]);
            smaller.push(candidate);
        };
        let callee = &scenario.callee[place];
        if callee.when_called != WhenCalled::default() {
            change(&|callee| callee.when_called = WhenCalled::default());
        }
        if let WhenCalled::AnswerAfterMs(ms) = callee.when_called {
            for ms in shorter(ms) {
                change(&|callee| callee.when_called = WhenCalled::AnswerAfterMs(ms));
            }
        }
        if callee.hum_hz.is_some() {
            change(&|callee| callee.hum_hz = None);
        }
    }
    smaller
}

fn better_network(scenario: &Scenario) -> Vec<Scenario> {
    let good = NetworkBlock::default();
    let changes: [&dyn Fn(&mut Scenario); 7] = [
        &|scenario| scenario.network = good,
        &|scenario| scenario.network.loss = good.loss,
        &|scenario| scenario.network.duplicate = good.duplicate,
        &|scenario| scenario.network.reorder = good.reorder,
        &|scenario| scenario.network.jitter_ms = good.jitter_ms,
        &|scenario| scenario.network.delay_ms = good.delay_ms,
        &|scenario| scenario.seed = 1,
    ];
    let candidate = |change: &&dyn Fn(&mut Scenario)| {
        let mut candidate = scenario.clone();
        change(&mut candidate);
        (candidate.network != scenario.network || candidate.seed != scenario.seed).then_some(candidate)
    };
    changes.iter().filter_map(candidate).collect()
}

/// A time that is shorter: none, half of it, a round one.
fn shorter(ms: u64) -> Vec<u64> {
    let round = 10_u64.pow(ms.checked_ilog10().unwrap_or(0));
    let mut all = vec![
        0,
        ms / round * round,
        ms / 2 / WAIT_STEP_MS * WAIT_STEP_MS,
        ms * 9 / 10 / WAIT_STEP_MS * WAIT_STEP_MS,
    ];
    all.retain(|shorter| *shorter < ms);
    all.dedup();
    all
}

/// The scenario with one step replaced by each of its simpler ones.
fn each_step(scenario: &Scenario, simpler: impl Fn(&Verb) -> Vec<Verb>) -> Vec<Scenario> {
    let mut smaller = Vec::new();
    for phone in 0..phones(scenario) {
        for (place, step) in steps(&mut scenario.clone(), phone).iter().enumerate() {
            for verb in simpler(&step.verb) {
                let mut candidate = scenario.clone();
                steps(&mut candidate, phone)[place] = Step::of(verb);
                smaller.push(candidate);
            }
        }
    }
    smaller
}

fn phones(scenario: &Scenario) -> usize {
    scenario.caller.len() + scenario.callee.len()
}

/// The steps of a phone, callers first.
fn steps(scenario: &mut Scenario, phone: usize) -> &mut Vec<Step> {
    match scenario.caller.len() {
        callers if phone < callers => &mut scenario.caller[phone].steps,
        callers => &mut scenario.callee[phone - callers].steps,
    }
}
