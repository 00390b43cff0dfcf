//! Journals of simulated calls, replayed: identical to the byte with the module that ran, and different at the right host
//! call with another. The calls are those of the other files here: menus, dials, recordings, streams, faults, random worlds.

use crate::support::{example, helper, hostile, program, program_in, runtime, world};
use crate::{SECOND, press, rest};
use patchcord_control::ask::Ask;
use patchcord_control::ids::CallId;
use patchcord_guest::{Config, Module, Runtime};
use patchcord_sim::phone::{Action, Offer};
use patchcord_sim::{PhoneOptions, Setup, World};
use patchcord_switch::replay::{Course, Did, Unfinished, Verdict, replay};
use patchcord_switch::{Entry, HandlerOver, PrivateValues, ReadJournal, Stopped, read_journal};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Random worlds that are recorded; each has several calls.
const WORLDS: u64 = 60;

/// A module in a runtime of its own: nothing of the one that was recorded is in it.
fn fresh(bytes: &[u8]) -> (Runtime, Module) {
    let runtime = Runtime::new(Config {
        max_instances: 4,
        ..Config::default()
    })
    .expect("there is room for four");
    let module = Module::load(&runtime, bytes).expect("the contract is kept");
    (runtime, module)
}

fn journal_of(bytes: &[u8]) -> ReadJournal {
    let journal = read_journal(bytes).expect("it is a journal");
    assert_eq!(journal.stopped, Stopped::AtEnd);
    journal
}

/// Every journal of a world replays identically; returns how many host calls that were.
fn all_are_identical(journals: &BTreeMap<CallId, Vec<u8>>, module: &Module) -> usize {
    let mut compared = 0;
    for (call, bytes) in journals {
        let journal = journal_of(bytes);
        assert_eq!(journal.beginning.call, *call);
        let report = replay(&journal, module).expect("it can be replayed");
        assert_eq!(report.verdict, Verdict::Identical, "{call}, {} the same", report.same);
        compared += report.same;
    }
    compared
}

fn setup(seed: u64, private: PrivateValues) -> Setup {
    let base = Instant::now();
    Setup {
        journal: Some(private),
        instance: patchcord_guest::Limits {
            turn_fuel: 50_000_000,
            ..patchcord_guest::Limits::default()
        },
        ..Setup::new(base, seed)
    }
}

/// One call to a module: what it is called, what the caller does, and the world when all is over.
fn one_call(
    name: &str,
    bytes: &[u8],
    private: PrivateValues,
    act: impl FnOnce(&mut World, patchcord_sim::PhoneId),
) -> World {
    let mut world = World::new(setup(3, private));
    world.set_directory(crate::support::directory(&[program(name, bytes)]));
    let phone = world.add_phone("alice", PhoneOptions::default());
    world
        .call(phone, name, Offer::InInvite)
        .expect("the name can stand in an address");
    act(&mut world, phone);
    rest(&mut world);
    assert_eq!(world.journals().len(), world.records().len(), "a journal for each call");
    world
}

fn only(world: &World) -> ReadJournal {
    let mut all = world.journals().values();
    let journal = journal_of(all.next().expect("there is a journal"));
    assert!(all.next().is_none(), "there is one");
    journal
}

fn menu_call(private: PrivateValues) -> World {
    one_call("menu", &example("menu"), private, |world, phone| {
        world.run_for(2 * SECOND);
        world.act(phone, press("2"));
        world.run_for(4 * SECOND);
        world.act(phone, Action::HangUp);
    })
}

#[test]
fn random_worlds_replay_identically_in_another_runtime() {
    let (_runtime, module) = fresh(&helper("any_party"));
    let (mut calls, mut compared) = (0, 0);
    for seed in 0..WORLDS {
        let journals = crate::random::journals(seed);
        calls += journals.len();
        compared += all_are_identical(&journals, &module);
    }
    assert!(calls >= 200, "{calls} calls are too few to mean much");
    assert!(compared > 5 * calls, "{compared} host calls in {calls} calls");
}

#[test]
fn a_menu_replays_identically_and_its_journal_says_what_happened() {
    let world = menu_call(PrivateValues::Keep);
    let (_runtime, module) = fresh(&example("menu"));
    assert!(all_are_identical(world.journals(), &module) > 3);
    let journal = only(&world);
    let count = |wanted: fn(&Entry) -> bool| journal.entries.iter().filter(|(_, entry)| wanted(entry)).count();
    assert_eq!(count(|entry| matches!(entry, Entry::Ended { .. })), 1);
    assert!(
        matches!(journal.entries.last(), Some((_, Entry::Over { .. }))),
        "the end record is named last"
    );
    assert!(
        count(|entry| matches!(entry, Entry::Happened(_))) >= 3,
        "audio, a key, the end of the leg"
    );
    let record = &world.records()[0];
    let ended = journal.entries.iter().find_map(|(_, entry)| match entry {
        Entry::Ended { usage, .. } => Some(*usage),
        _ => None,
    });
    assert_eq!(
        ended,
        Some(record.usage),
        "the journal and the end record tell the same"
    );
    assert_eq!(journal.beginning.module, record.module);
}

#[test]
fn handlers_of_every_kind_replay_identically() {
    let names = [
        "early_tone",
        "echo_keys",
        "endless_ringback",
        "endless_tone",
        "hears_words",
        "plays_in_pieces",
        "plays_the_web",
        "reads_aloud",
        "reads_too_much",
        "records_pauses",
        "records_until_silent",
        "records_voice",
        "slow_answer",
        "streams_to",
        "takes_words",
    ];
    for name in names {
        let bytes = helper(name);
        let world = one_call(name, &bytes, PrivateValues::Keep, |world, phone| {
            world.run_for(3 * SECOND);
            world.act(phone, press("12#"));
            world.run_for(5 * SECOND);
            world.act(phone, Action::HangUp);
        });
        let (_runtime, module) = fresh(&bytes);
        assert!(all_are_identical(world.journals(), &module) > 0, "{name}");
    }
}

#[test]
fn faults_strike_again_at_the_same_place() {
    for name in [
        "panics",
        "trap_late",
        "trap_on_entry",
        "endless_loop",
        "memory_bomb",
        "deep_recursion",
        "host_call_flood",
        "handle_hoard",
        "huge_strings",
        "ignores_hangup",
        "spins_after_hangup",
        "nonsense_arguments",
    ] {
        let bytes = hostile(name);
        let world = one_call(name, &bytes, PrivateValues::Keep, |world, phone| {
            world.run_for(8 * SECOND);
            world.act(phone, Action::HangUp);
        });
        let journal = only(&world);
        let (_runtime, module) = fresh(&bytes);
        let report = replay(&journal, &module).expect("it can be replayed");
        let full = journal.entries.iter().any(|(_, entry)| *entry == Entry::Full);
        let wanted = if full {
            Verdict::UpTo(Unfinished::Full)
        } else {
            Verdict::Identical
        };
        assert_eq!(report.verdict, wanted, "{name}");
    }
}

#[test]
fn a_handler_that_was_stopped_is_the_same_until_there() {
    let bytes = hostile("ignores_hangup");
    let world = one_call("ignores_hangup", &bytes, PrivateValues::Keep, |world, phone| {
        world.run_for(3 * SECOND);
        world.act(phone, Action::HangUp);
    });
    let course = Course::of(&only(&world)).expect("its records are in order");
    assert!(course.end.is_some(), "its end is told");
    let (_runtime, module) = fresh(&bytes);
    all_are_identical(world.journals(), &module);
}

/// The two differ in one line: what is played for a key.
#[test]
fn a_change_of_one_line_is_found_at_its_host_call() {
    let world = one_call(
        "asks_a_key",
        &helper("asks_a_key"),
        PrivateValues::Keep,
        |world, phone| {
            world.run_for(3 * SECOND);
            world.act(phone, press("1"));
            world.run_for(3 * SECOND);
        },
    );
    let journal = only(&world);
    let course = Course::of(&journal).expect("its records are in order");
    let changed = course
        .calls
        .iter()
        .position(|call| matches!(&call.ask, Ask::Log { message, .. } if message.contains("chose")))
        .expect("it says so")
        + 2;
    let (_runtime, module) = fresh(&helper("asks_a_key_changed"));
    let report = replay(&journal, &module).expect("it can be replayed");
    let Verdict::Different(difference) = report.verdict else {
        panic!("{:?}", report.verdict)
    };
    assert_eq!((difference.at, report.same), (changed, changed - 1));
    assert_eq!(difference.turn, course.turn(changed));
    assert!(difference.turn > 1, "after the key that it waited for");
    assert!(
        matches!(difference.recorded, Did::Asked(Ask::Play { .. })),
        "{difference:?}"
    );
    assert!(matches!(difference.now, Did::Asked(Ask::Play { .. })), "{difference:?}");
}

#[test]
fn another_version_that_breaks_is_told_from_one_that_asks() {
    let world = menu_call(PrivateValues::Keep);
    let (_runtime, module) = fresh(&hostile("trap_on_entry"));
    let report = replay(&only(&world), &module).expect("it can be replayed");
    let Verdict::Different(difference) = report.verdict else {
        panic!("{:?}", report.verdict)
    };
    assert_eq!(difference.at, 1);
    assert!(matches!(difference.now, Did::Over(HandlerOver::Failed(_))));
}

#[test]
fn a_journal_that_was_cut_replays_as_far_as_it_goes() {
    let world = menu_call(PrivateValues::Keep);
    let bytes = world.journals().values().next().expect("there is one");
    let (_runtime, module) = fresh(&example("menu"));
    let mut longest = 0;
    for end in (0..bytes.len()).step_by(7) {
        let Ok(journal) = read_journal(&bytes[..end]) else {
            continue;
        };
        let report = replay(&journal, &module).expect("what is whole can be replayed");
        assert!(
            matches!(report.verdict, Verdict::UpTo(Unfinished::Cut) | Verdict::Identical),
            "{end}: {:?}",
            report.verdict
        );
        assert!(report.same >= longest, "a longer one is never the same for less");
        longest = report.same;
    }
    assert!(longest > 3);
}

#[test]
fn a_journal_that_hides_has_no_number_no_key_and_no_header_in_it() {
    let bytes = helper("says_who");
    let world = one_call("says_who", &bytes, PrivateValues::Hide, |world, phone| {
        world.run_for(2 * SECOND);
        world.act(phone, Action::HangUp);
    });
    let raw = world.journals().values().next().expect("there is one");
    assert!(!raw.windows(5).any(|five| five == b"alice"), "the caller's name");
    let kept = one_call("says_who", &bytes, PrivateValues::Keep, |world, phone| {
        world.run_for(2 * SECOND);
        world.act(phone, Action::HangUp);
    });
    let raw = kept.journals().values().next().expect("there is one");
    assert!(
        raw.windows(5).any(|five| five == b"alice"),
        "which is there if it is kept"
    );
}

#[test]
fn beyond_what_is_hidden_nothing_is_claimed() {
    let world = menu_call(PrivateValues::Hide);
    let (_runtime, module) = fresh(&example("menu"));
    let report = replay(&only(&world), &module).expect("it can be replayed");
    // The key is a 0 now, which the menu does not take for a 2.
    let Verdict::Hidden { from, difference } = report.verdict else {
        panic!("{:?}", report.verdict)
    };
    assert!(from < difference.at, "only what comes after a hidden answer");
}

#[test]
fn without_the_wish_nothing_is_kept() {
    let mut plain = world(5, &[program("menu", &example("menu"))]);
    let phone = plain.add_phone("alice", PhoneOptions::default());
    plain
        .call(phone, "menu", Offer::InInvite)
        .expect("the name can stand in an address");
    plain.run_for(2 * SECOND);
    plain.act(phone, Action::HangUp);
    rest(&mut plain);
    assert!(plain.journals().is_empty());
}

/// Two callers of a node that has one instance: the second handler cannot be started, which no replay can repeat.
#[test]
fn a_handler_that_could_not_be_started_replays_to_that_place() {
    let (engine, bytes) = (runtime(1), helper("endless_tone"));
    let mut world = World::new(setup(3, PrivateValues::Keep));
    let program = program_in(&engine, "endless_tone", &bytes);
    world.set_directory(crate::support::directory(&[program]));
    for name in ["alice", "bob"] {
        let phone = world.add_phone(name, PhoneOptions::default());
        world.call(phone, "endless_tone", Offer::InInvite).expect("an address");
        world.run_for(SECOND);
    }
    world.end_all();
    rest(&mut world);
    let (_runtime, module) = fresh(&bytes);
    let verdicts = world.journals().values().map(|bytes| {
        let report = replay(&journal_of(bytes), &module).expect("it can be replayed");
        report.verdict
    });
    let verdicts: Vec<Verdict> = verdicts.collect();
    assert_eq!(verdicts.len(), 2);
    assert!(verdicts.contains(&Verdict::Identical), "{verdicts:?}");
    assert!(
        verdicts.contains(&Verdict::UpTo(Unfinished::NotStarted)),
        "{verdicts:?}"
    );
}

/// Ends a thread also when the test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The limit on CPU time strikes where the machine was slow: a replay goes as far as that.
#[test]
fn a_handler_that_computed_too_long_replays_to_that_place() {
    let (engine, bytes) = (runtime(4), hostile("endless_loop"));
    let over = AtomicBool::new(false);
    let world = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                engine.tick();
                std::thread::yield_now();
            }
        });
        let _ends = Ends(&over);
        let mut setup = setup(3, PrivateValues::Keep);
        setup.instance.turn_fuel = u64::MAX / 4;
        let mut world = World::new(setup);
        let program = program_in(&engine, "endless_loop", &bytes);
        world.set_directory(crate::support::directory(&[program]));
        let phone = world.add_phone("alice", PhoneOptions::default());
        world.call(phone, "endless_loop", Offer::InInvite).expect("an address");
        rest(&mut world);
        world
    });
    assert_eq!(crate::support::fault(&world.records()[0]), Some("cpu_time"));
    let (_runtime, module) = fresh(&bytes);
    let report = replay(&only(&world), &module).expect("it can be replayed");
    assert_eq!(report.verdict, Verdict::UpTo(Unfinished::CpuTime));
}

/// Calls that are recorded at least, of all kinds together.
const MANY: usize = 1_000;
/// Where the other process finds them.
const FOLDER: &str = "PATCHCORD_JOURNALS";

/// Random worlds with dials, menus with keys and without, speech, streams, recordings, and handlers that break: written to
/// files, and replayed by another process, which has nothing but them.
#[test]
fn a_thousand_mixed_calls_replay_identically_in_another_process() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("a-thousand-journals");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the test's folder can be made");
    let mut calls = 0;
    let mut keep = |name: &str, bytes: &[u8], journals: &BTreeMap<CallId, Vec<u8>>| {
        for (call, journal) in journals {
            std::fs::write(folder.join(format!("{name}-{call}.journal")), journal).expect("it can be written");
        }
        let module = journals.values().next().map(|bytes| journal_of(bytes).beginning.module);
        if let Some(hash) = module {
            std::fs::write(folder.join(format!("{hash}.wasm")), bytes).expect("it can be written");
        }
        calls += journals.len();
        calls
    };
    let breaking = [
        "panics",
        "trap_late",
        "memory_bomb",
        "host_call_flood",
        "nonsense_arguments",
    ];
    let well_behaved = [
        "echo_keys",
        "hears_words",
        "plays_the_web",
        "reads_aloud",
        "records_voice",
        "streams_to",
    ];
    let breaking = breaking.map(|name| (name, hostile(name)));
    for (name, bytes) in breaking
        .into_iter()
        .chain(well_behaved.map(|name| (name, helper(name))))
    {
        keep(name, &bytes, many_calls(name, &bytes, 20).journals());
    }
    let menu = example("menu");
    keep("menu", &menu, many_calls("menu", &menu, 90).journals());
    let any_party = helper("any_party");
    for seed in 1_000.. {
        if keep(&format!("dials-{seed}"), &any_party, &crate::random::journals(seed)) >= MANY {
            break;
        }
    }
    let replayed = std::process::Command::new(std::env::current_exe().expect("it runs"))
        .args([
            "--exact",
            "journal::a_folder_of_journals_replays_identically",
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, &folder)
        .output()
        .expect("this program can be started again");
    let said = String::from_utf8_lossy(&replayed.stdout);
    assert!(
        replayed.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&replayed.stderr)
    );
    assert!(
        said.contains(&format!("{calls} calls are identical")),
        "{calls} calls\n{said}"
    );
}

/// So many callers of one handler one after the other begin, press what they like and leave when they like.
fn many_calls(name: &str, bytes: &[u8], calls: u64) -> World {
    let mut world = World::new(setup(11, PrivateValues::Keep));
    world.set_directory(crate::support::directory(&[program(name, bytes)]));
    for n in 0..calls {
        let phone = world.add_phone(&format!("caller-{n}"), PhoneOptions::default());
        world
            .call(phone, name, Offer::InInvite)
            .expect("the name can stand in an address");
        world.run_for(SECOND / 2 + SECOND / 10 * (n % 7) as u32);
        world.act(phone, press(["1", "3", "9", "12#", ""][n as usize % 5]));
        if n % 3 == 0 {
            world.act(phone, Action::HangUp);
        }
    }
    world.run_for(60 * SECOND);
    world.end_all();
    rest(&mut world);
    assert_eq!(world.journals().len() as u64, calls, "a journal for each call");
    world
}

#[test]
#[ignore = "a part of the test above, in a process of its own"]
fn a_folder_of_journals_replays_identically() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let mut modules: BTreeMap<String, (Runtime, Module)> = BTreeMap::new();
    let mut calls = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_none_or(|it| it != "journal") {
            continue;
        }
        let journal = journal_of(&std::fs::read(&path).expect("it can be read"));
        let hash = journal.beginning.module.clone();
        let (_, module) = modules.entry(hash).or_insert_with_key(|hash| {
            let bytes = std::fs::read(folder.join(format!("{hash}.wasm"))).expect("its module is beside it");
            fresh(&bytes)
        });
        let report = replay(&journal, module).expect("it can be replayed");
        assert_eq!(report.verdict, Verdict::Identical, "{}", path.display());
        calls += 1;
    }
    println!("{calls} calls are identical");
}
