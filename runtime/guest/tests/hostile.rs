//! Handlers that misbehave: each ends with the fault that names what it did, and its neighbour does not notice.

mod support;

use patchcord_control::ask::{Answer, Ask};
use patchcord_control::words::{Error, GatherFailure};
use patchcord_guest::{Config, Fault, Instance, Limits, Module, Runtime, Step, wrap};
use support::{PretendCall, example, hostile, runtime};

fn load(name: &str) -> Module {
    Module::load(runtime(), &hostile(name)).expect("hostile handlers keep to the contract's types")
}

/// The default limits without the one on instructions, which on a busy machine is reached before the CPU time's.
fn by_the_clock() -> Limits {
    Limits {
        turn_fuel: u64::MAX,
        ..Limits::default()
    }
}

/// Runs a hostile handler with a well-behaved neighbour at rest in the middle of its call, which must then finish.
fn fault_of(name: &str) -> Fault {
    let neighbour = Module::load(runtime(), &example("hello")).expect("hello is accepted");
    let mut beside = PretendCall {
        stop_after: Some(1),
        ..PretendCall::default()
    }
    .run(&neighbour, Limits::default());
    let fault = match PretendCall::default().run(&load(name), by_the_clock()).end {
        Step::Failed(fault) => fault,
        other => panic!("{name} was not ended: {other:?}"),
    };
    assert_eq!(
        finish(&mut beside.instance),
        Step::Finished(Ok(())),
        "the neighbour of {name}"
    );
    println!("{name}: {fault}");
    fault
}

/// Answers the last asks of `hello` until it ends.
fn finish(hello: &mut Instance) -> Step {
    use patchcord_control::words::{PlayEnd, Played};
    hello.begin_turn();
    let played = Played {
        played_ms: 1_000,
        position_ms: 1_000,
        ended_by: PlayEnd::Finished,
    };
    let step = hello.resume(Some(Answer::Played(Ok(played))));
    assert!(!matches!(step, Step::Asked(Ask::Answer { .. })), "it stood at its tone");
    step
}

#[test]
fn an_endless_loop_ends_at_the_cpu_limit() {
    assert_eq!(fault_of("endless_loop"), Fault::CpuTime { limit_ms: 100 });
}

#[test]
fn without_a_clock_an_endless_loop_ends_at_the_same_instruction_each_time() {
    let still = Runtime::new(Config {
        max_instances: 2,
        ..Config::default()
    })
    .expect("there is room for two");
    let module = Module::load(&still, &hostile("endless_loop")).expect("accepted");
    let limits = Limits {
        turn_fuel: 5_000_000,
        ..Limits::default()
    };
    let runs: Vec<_> = (0..2).map(|_| PretendCall::default().run(&module, limits)).collect();
    for ran in &runs {
        assert_eq!(ran.end, Step::Failed(Fault::TurnFuel { limit: 5_000_000 }));
    }
    assert_eq!(runs[0].instance.usage(), runs[1].instance.usage());
}

#[test]
fn a_memory_bomb_ends_at_the_memory_limit() {
    assert_eq!(
        fault_of("memory_bomb"),
        Fault::Memory {
            limit: 32 * 1024 * 1024
        }
    );
}

#[test]
fn a_smaller_memory_limit_holds_as_well_and_the_peak_is_known() {
    let limits = Limits {
        memory_bytes: 4 * 1024 * 1024,
        ..Limits::default()
    };
    let ran = PretendCall::default().run(&load("memory_bomb"), limits);
    assert_eq!(ran.end, Step::Failed(Fault::Memory { limit: 4 * 1024 * 1024 }));
    let peak = ran.instance.usage().memory_peak;
    assert!((2 * 1024 * 1024..=4 * 1024 * 1024).contains(&peak), "{peak}");
}

#[test]
fn deep_recursion_ends_at_the_stack() {
    assert_eq!(fault_of("deep_recursion"), Fault::StackOverflow);
}

#[test]
fn a_trap_on_entry_names_the_trap_and_the_function() {
    let Fault::Trap { what } = fault_of("trap_on_entry") else {
        panic!("it trapped")
    };
    assert!(
        what.contains("unreachable") && what.contains("trap_on_entry::"),
        "{what}"
    );
}

#[test]
fn a_trap_after_a_wait_is_reported_like_one_on_entry() {
    let Fault::Trap { what } = fault_of("trap_late") else {
        panic!("it trapped")
    };
    assert!(what.contains("unreachable"), "{what}");
}

#[test]
fn names_survive_the_wrapping() {
    let component = wrap(&hostile("trap_on_entry"), &[]).expect("it wraps");
    let module = Module::load(runtime(), &component).expect("accepted");
    let Step::Failed(Fault::Trap { what }) = PretendCall::default().run(&module, Limits::default()).end else {
        panic!("it trapped")
    };
    assert!(what.contains("trap_on_entry::"), "{what}");
}

#[test]
fn a_flood_of_host_calls_ends_at_its_limit() {
    assert_eq!(fault_of("host_call_flood"), Fault::HostCallFlood { limit: 10_000 });
}

#[test]
fn waiting_begins_the_host_call_count_anew() {
    let limits = Limits {
        host_calls_per_turn: 3,
        ..Limits::default()
    };
    let call = PretendCall {
        stop_after: Some(200),
        ..PretendCall::default()
    };
    let ran = call.run(&load("ignores_hangup"), limits);
    assert!(matches!(ran.end, Step::Asked(_)), "{:?}", ran.end);
    assert_eq!(ran.instance.usage().turns, 201, "its start, and one for each wait");
}

#[test]
fn strings_a_little_too_long_reach_the_call_and_huge_ones_end_the_handler() {
    let ran = PretendCall::default().run(&load("huge_strings"), Limits::default());
    assert_eq!(ran.end, Step::Failed(Fault::StringTooLong { limit: 1024 * 1024 }));
    let heard = ran.asks.iter().filter_map(|ask| match ask {
        Ask::Header { name, .. } => Some(name.len()),
        _ => None,
    });
    assert_eq!(heard.collect::<Vec<_>>(), [60_000, 100_000, 500_000]);
}

#[test]
fn hoarded_handles_end_at_their_limit() {
    assert_eq!(fault_of("handle_hoard"), Fault::Handles { limit: 4_096 });
}

#[test]
fn a_handler_that_returns_early_finishes_and_the_call_decides_what_that_means() {
    let ran = PretendCall::default().run(&load("returns_early"), Limits::default());
    assert_eq!(ran.end, Step::Finished(Ok(())));
    assert!(ran.asks.is_empty());
}

#[test]
fn a_panic_reaches_the_log_with_its_file_and_line() {
    let ran = PretendCall::default().run(&load("panics"), Limits::default());
    assert!(matches!(ran.end, Step::Failed(Fault::Trap { .. })), "{:?}", ran.end);
    let [line] = ran.log.as_slice() else {
        panic!("{:?}", ran.log)
    };
    assert!(
        line.contains("examples/panics.rs:9:5") && line.contains("an assumption"),
        "{line}"
    );
}

#[test]
fn a_handler_that_ignores_the_hang_up_can_be_killed_where_it_stands() {
    let call = PretendCall {
        hangs_up_after: Some(2),
        stop_after: Some(500),
        ..PretendCall::default()
    };
    let ran = call.run(&load("ignores_hangup"), Limits::default());
    assert!(matches!(ran.end, Step::Asked(_)));
    ran.instance.kill();
}

#[test]
fn spinning_after_the_hang_up_ends_at_the_cpu_limit() {
    let call = PretendCall {
        hangs_up_after: Some(3),
        ..PretendCall::default()
    };
    let ran = call.run(&load("spins_after_hangup"), by_the_clock());
    assert_eq!(ran.end, Step::Failed(Fault::CpuTime { limit_ms: 100 }));
}

#[test]
fn nonsense_reaches_the_call_unchanged_and_its_refusal_comes_back_typed() {
    let module = load("nonsense_arguments");
    let mut instance = Instance::start(&module, Limits::default()).expect("it fits");
    let refusal = || Error::Invalid {
        argument: "x".to_owned(),
        reason: "y".to_owned(),
    };
    let mut asks = Vec::new();
    let mut step = instance.resume(None);
    while let Step::Asked(ask) = step {
        let answer = match &ask {
            Ask::Answer { .. } => Answer::Unit(Ok(())),
            Ask::Gather { .. } => Answer::Gathered(Err(GatherFailure {
                reason: refusal(),
                keys: String::new().into(),
            })),
            Ask::Play { .. } => Answer::Played(Err(refusal())),
            Ask::Presence { .. } => Answer::Presence(Err(refusal())),
            Ask::StartStream { .. } | Ask::StartRecognise { .. } | Ask::WatchPresence { .. } => {
                Answer::Started(Err(refusal()))
            }
            Ask::Sleep { .. } => Answer::Unit(Err(refusal())),
            Ask::WaitAny { .. } => Answer::Any(Err(refusal())),
            Ask::RandomBytes { .. } => Answer::Bytes(Err(refusal())),
            Ask::Store { .. } => Answer::Stored(Err(refusal())),
            Ask::Secret { .. } => Answer::Secret(Err(refusal())),
            Ask::Http { .. } => Answer::Responded(Err(refusal())),
            other => panic!("not asked by this handler: {other:?}"),
        };
        asks.push(ask);
        step = instance.resume(Some(answer));
    }
    assert_eq!(step, Step::Finished(Ok(())));
    assert_eq!(asks.len(), 36);
    assert!(matches!(&asks[2], Ask::Gather { options, .. } if options.max == 255));
    assert!(matches!(asks.last(), Some(Ask::RandomBytes { count: u32::MAX })));
}
