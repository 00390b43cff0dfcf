//! The life of an instance, driven step by step.

use super::*;
use crate::Runtime;
use crate::testing::{core, limits, runtime, sleeper};
use patchcord_control::words::{self, Interruption};

const SLEEP: Ask = Ask::Sleep { ms: 1_000 };

fn done() -> Option<Answer> {
    Some(Answer::Unit(Ok(())))
}

#[test]
fn it_asks_rests_and_asks_again() {
    let module = sleeper(&runtime(1));
    let mut instance = Instance::start(&module, limits()).expect("it fits");
    assert_eq!(instance.resume(None), Step::Asked(SLEEP));
    assert_eq!(instance.resume(done()), Step::Asked(SLEEP));
    assert_eq!(instance.usage().host_calls, 2);
}

#[test]
fn errors_go_in_and_come_back_out() {
    // Takes what `sleep` wrote to its result area and returns it as its own result.
    let bytes = core(
        r#"(import "patchcord:handler/wait@0.1.0" "sleep" (func $sleep (param i32 i32)))"#,
        r#"(func (export "handle") (param i32) (result i32)
             (call $sleep (i32.const 7) (i32.const 64)) (i32.const 64))"#,
    );
    let module = Module::load(&runtime(1), &bytes).expect("accepted");
    let errors = [
        Error::Interrupted(Interruption::EndedByHandler),
        Error::Limit {
            name: patchcord_control::words::LimitName::RandomBytes,
            allowed: u64::MAX,
            asked: 1,
        },
        Error::Invalid {
            argument: "ms".to_owned(),
            reason: "täglich zu lang".to_owned(),
        },
        Error::AlreadyGathering,
        Error::AlreadyBridged,
        Error::RefusedByPeer(488),
        Error::NotRecorded(patchcord_control::words::NotRecorded::Overloaded),
        Error::NotSpoken("there is no such voice".to_owned()),
        Error::NotAllowed("not there".to_owned()),
        Error::NoSuchCall,
        Error::NoSuchHandler("night".to_owned()),
        Error::Interrupted(Interruption::Moved),
        Error::Interrupted(Interruption::NotConnected),
        Error::Failed(String::new()),
    ];
    for error in errors {
        let mut instance = Instance::start(&module, limits()).expect("it fits");
        assert_eq!(instance.resume(None), Step::Asked(Ask::Sleep { ms: 7 }));
        let step = instance.resume(Some(Answer::Unit(Err(error.clone()))));
        assert_eq!(step, Step::Finished(Err(error)));
    }
}

#[test]
fn a_slot_is_free_again_after_kill_drop_and_end() {
    let runtime = runtime(1);
    let module = sleeper(&runtime);
    let rest = || {
        let mut instance = Instance::start(&module, limits()).expect("it fits");
        let step = instance.resume(None);
        (instance, step)
    };
    for _ in 0..3 {
        let (first, step) = rest();
        assert_eq!(step, Step::Asked(SLEEP));
        let (_, refused) = rest();
        assert!(
            matches!(refused, Step::Failed(Fault::Start(_))),
            "the pool has one place: {refused:?}"
        );
        first.kill();
        let (second, step) = rest();
        assert_eq!(step, Step::Asked(SLEEP));
        drop(second);
    }
}

#[test]
fn the_host_call_count_begins_anew_only_with_a_turn() {
    let module = sleeper(&runtime(1));
    let mut instance = Instance::start(&module, limits()).expect("it fits");
    let mut step = instance.resume(None);
    for _ in 0..1_000 {
        assert_eq!(step, Step::Asked(SLEEP));
        instance.begin_turn();
        step = instance.resume(done());
    }
    // One call of this turn is already outstanding: the 101st is one too many.
    for _ in 0..100 {
        assert_eq!(step, Step::Asked(SLEEP));
        step = instance.resume(done());
    }
    assert_eq!(step, Step::Failed(Fault::HostCallFlood { limit: 100 }));
    assert_eq!(instance.usage().turns, 1_001);
}

#[test]
fn fuel_is_summed_over_turns_and_the_same_each_time() {
    let module = sleeper(&runtime(2));
    let use_some = || {
        let mut instance = Instance::start(&module, limits()).expect("it fits");
        instance.resume(None);
        let first = instance.usage().fuel;
        for _ in 0..10 {
            instance.begin_turn();
            instance.resume(done());
        }
        (first, instance.usage().fuel)
    };
    let (first, all) = use_some();
    assert!(first > 0 && all > first, "{first} {all}");
    assert_eq!(use_some(), (first, all));
}

#[test]
fn an_instruction_limit_is_per_turn() {
    let bytes = core(
        r#"(import "patchcord:handler/clock@0.1.0" "elapsed-ms" (func $elapsed (result i64)))"#,
        r#"(func (export "handle") (param i32) (result i32) (local i32)
             (loop $turns
               (local.set 1 (i32.const 20000))
               (loop (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
               (drop (call $elapsed))
               (br $turns))
             (i32.const 0))"#,
    );
    let module = Module::load(&runtime(1), &bytes).expect("accepted");
    let mut instance = Instance::start(&module, limits()).expect("it fits");
    assert_eq!(instance.resume(None), Step::Asked(Ask::Elapsed));
    for _ in 0..100 {
        instance.begin_turn();
        assert_eq!(instance.resume(Some(Answer::Elapsed(1))), Step::Asked(Ask::Elapsed));
    }
    let mut step = Step::Asked(Ask::Elapsed);
    while step == Step::Asked(Ask::Elapsed) {
        step = instance.resume(Some(Answer::Elapsed(1)));
    }
    assert_eq!(step, Step::Failed(Fault::TurnFuel { limit: 1_000_000 }));
    let fuel = instance.usage().fuel;
    assert!((101 * 20_000..12_000_000).contains(&fuel), "{fuel}");
}

/// Computes for some 500,000 instructions, then sleeps, and so on.
fn grinder(runtime: &Runtime) -> Module {
    let bytes = core(
        r#"(import "patchcord:handler/wait@0.1.0" "sleep" (func $sleep (param i32 i32)))"#,
        r#"(func (export "handle") (param i32) (result i32) (local i32)
             (loop $turns
               (local.set 1 (i32.const 100000))
               (loop (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
               (call $sleep (i32.const 1000) (i32.const 64))
               (br $turns))
             (i32.const 0))"#,
    );
    Module::load(runtime, &bytes).expect("accepted")
}

#[test]
fn a_long_turn_comes_back_in_slices_and_uses_the_same_fuel() {
    let module = grinder(&runtime(2));
    let mut whole = Instance::start(&module, limits()).expect("it fits");
    let mut sliced = Instance::start(&module, limits()).expect("it fits");
    for turn in 0..3 {
        let answer = (turn > 0).then(done).flatten();
        whole.begin_turn();
        sliced.begin_turn();
        assert_eq!(whole.resume(answer.clone()), Step::Asked(SLEEP));
        let (mut slices, mut step) = (1, sliced.resume_a_slice(answer));
        while step.is_none() {
            slices += 1;
            step = sliced.go_on();
        }
        assert_eq!(step, Some(Step::Asked(SLEEP)));
        assert!((5..=7).contains(&slices), "{slices} slices of {SLICE_FUEL}");
        assert_eq!(whole.usage(), sliced.usage());
    }
}

#[test]
fn a_limit_holds_in_slices_too() {
    let module = grinder(&runtime(1));
    let tight = Limits {
        turn_fuel: 2 * SLICE_FUEL + 10,
        ..limits()
    };
    let mut instance = Instance::start(&module, tight).expect("it fits");
    let (mut slices, mut step) = (1, instance.resume_a_slice(None));
    while step.is_none() {
        slices += 1;
        step = instance.go_on();
    }
    let limit = tight.turn_fuel;
    assert_eq!(step, Some(Step::Failed(Fault::TurnFuel { limit })));
    assert_eq!(slices, 3);
}

#[test]
fn one_that_is_killed_in_the_middle_of_a_turn_leaves_its_place() {
    let runtime = runtime(1);
    let module = grinder(&runtime);
    for _ in 0..3 {
        let mut instance = Instance::start(&module, limits()).expect("it fits");
        assert_eq!(instance.resume_a_slice(None), None);
        assert_eq!(instance.go_on(), None);
        instance.kill();
    }
}

#[test]
#[should_panic(expected = "in the middle of a turn goes on")]
fn an_answer_in_the_middle_of_a_turn_is_our_own_mistake() {
    let module = grinder(&runtime(1));
    let mut instance = Instance::start(&module, limits()).expect("it fits");
    assert_eq!(instance.resume_a_slice(None), None);
    instance.resume_a_slice(done());
}

#[test]
fn memory_that_is_refused_but_not_missed_is_no_fault() {
    let bytes = core(
        r#"(import "patchcord:handler/wait@0.1.0" "sleep" (func $sleep (param i32 i32)))"#,
        r#"(func (export "handle") (param i32) (result i32)
             (drop (memory.grow (i32.const 2000)))
             (call $sleep (i32.const 1000) (i32.const 64)) (i32.const 64))"#,
    );
    let module = Module::load(&runtime(1), &bytes).expect("accepted");
    let mut instance = Instance::start(&module, limits()).expect("it fits");
    assert_eq!(instance.resume(None), Step::Asked(SLEEP));
    assert_eq!(instance.resume(done()), Step::Finished(Ok(())));
    assert_eq!(instance.usage().memory_peak, 65_536);
}

#[test]
fn more_memory_than_the_runtime_was_set_up_for_is_refused_at_once() {
    let module = sleeper(&runtime(1));
    let greedy = Limits {
        memory_bytes: 64 * 1024 * 1024,
        ..limits()
    };
    assert!(matches!(Instance::start(&module, greedy), Err(Fault::Start(_))));
}

#[test]
fn less_memory_than_the_module_starts_with_is_a_memory_fault() {
    let module = sleeper(&runtime(1));
    let mut instance = Instance::start(
        &module,
        Limits {
            memory_bytes: 1_000,
            ..limits()
        },
    )
    .expect("it may be tried");
    assert_eq!(instance.resume(None), Step::Failed(Fault::Memory { limit: 1_000 }));
}

#[test]
fn the_last_handle_to_an_operation_says_so() {
    // Starts silence, takes a second handle to it, drops both.
    let bytes = core(
        r#"(import "patchcord:handler/play@0.1.0" "start" (func $start (param i32 i32 i32 i32 i32 i32 i32 i32)))
           (import "patchcord:handler/play@0.1.0" "[method]playing.operation" (func $operation (param i32) (result i32)))
           (import "patchcord:handler/play@0.1.0" "[resource-drop]playing" (func $drop_playing (param i32)))
           (import "patchcord:handler/types@0.1.0" "[resource-drop]operation" (func $drop_operation (param i32)))"#,
        r#"(func (export "handle") (param i32) (result i32) (local i32)
             (call $start (local.get 0) (i32.const 128) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 64))
             (local.set 1 (call $operation (i32.load (i32.const 72))))
             (call $drop_playing (i32.load (i32.const 72)))
             (call $drop_operation (local.get 1))
             (i32.const 256))"#,
    );
    let module = Module::load(&runtime(1), &bytes).expect("accepted");
    let mut instance = Instance::start(&module, limits()).expect("it fits");
    let Step::Asked(Ask::StartPlay { leg, .. }) = instance.resume(None) else {
        panic!("it starts silence")
    };
    assert_eq!(leg, CALLER);
    let operation = patchcord_control::ids::OperationId(5);
    let step = instance.resume(Some(Answer::Started(Ok(operation))));
    assert_eq!(
        step,
        Step::Asked(Ask::Forget { operation }),
        "only the second drop is the last"
    );
    assert_eq!(instance.resume(Some(Answer::Nothing)), Step::Finished(Ok(())));
}

#[test]
fn a_dropped_dialling_is_forgotten() {
    // What it starts lies in memory that is zero: no caller, no endpoints, and the first of every choice.
    let bytes = core(
        r#"(import "patchcord:handler/dial@0.1.0" "start" (func $start (param i32 i32)))
           (import "patchcord:handler/dial@0.1.0" "[resource-drop]dialing" (func $drop (param i32)))"#,
        r#"(func (export "handle") (param i32) (result i32)
             (call $start (i32.const 1024) (i32.const 64))
             (call $drop (i32.load (i32.const 72)))
             (i32.const 256))"#,
    );
    let module = Module::load(&runtime(1), &bytes).expect("accepted");
    let mut instance = Instance::start(&module, limits()).expect("it fits");
    let Step::Asked(Ask::StartDial { caller, endpoints, .. }) = instance.resume(None) else {
        panic!("it starts dialling")
    };
    assert!(caller.is_none() && endpoints.is_empty());
    let operation = patchcord_control::ids::OperationId(9);
    let step = instance.resume(Some(Answer::Started(Ok(operation))));
    assert_eq!(step, Step::Asked(Ask::Forget { operation }));
    assert_eq!(instance.resume(Some(Answer::Nothing)), Step::Finished(Ok(())));
}

#[test]
fn a_bridge_may_give_a_transfer_that_is_dropped() {
    let bytes = core(
        r#"(import "patchcord:handler/bridge@0.1.0" "bridge"
             (func $bridge (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
           (import "patchcord:handler/transfer@0.1.0" "[resource-drop]request" (func $drop (param i32)))"#,
        r#"(func (export "handle") (param i32) (result i32)
             (call $bridge (local.get 0) (local.get 0) (i32.const 1) (i32.const 10) (i32.const 0) (i32.const 0)
               (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64))
             (call $drop (i32.load (i32.const 84)))
             (i32.const 256))"#,
    );
    let module = Module::load(&runtime(1), &bytes).expect("accepted");
    let mut instance = Instance::start(&module, limits()).expect("it fits");
    let Step::Asked(Ask::Bridge { first, second, options }) = instance.resume(None) else {
        panic!("it bridges")
    };
    assert_eq!((first, second), (CALLER, CALLER));
    assert_eq!(options.hang_up_on.map(words::Key::char), Some('*'));
    assert_eq!(options.transfers, words::TransferPolicy::Ask);
    let transfer = patchcord_control::ids::TransferId(7);
    let bridged = words::Bridged {
        lasted_ms: u64::MAX,
        ended_by: words::BridgeEnd::Transfer(transfer),
    };
    let step = instance.resume(Some(Answer::Bridged(Ok(bridged))));
    assert_eq!(step, Step::Asked(Ask::TransferDrop { transfer }));
    assert_eq!(instance.resume(Some(Answer::Nothing)), Step::Finished(Ok(())));
}

#[test]
#[should_panic(expected = "sleep is of another variant")]
fn an_answer_of_another_variant_is_our_own_mistake() {
    let module = sleeper(&runtime(1));
    let mut instance = Instance::start(&module, limits()).expect("it fits");
    instance.resume(None);
    instance.resume(Some(Answer::Nothing));
}

#[test]
#[should_panic(expected = "must get its answer")]
fn a_missing_answer_is_our_own_mistake() {
    let module = sleeper(&runtime(1));
    let mut instance = Instance::start(&module, limits()).expect("it fits");
    instance.resume(None);
    instance.resume(None);
}
