//! The runner: a world, a node with the program, and the script of each phone beside the others, until all are done and
//! nothing is alive any more.

use super::format::Scenario;
use super::report::{Breach, Failure, Report};
use super::rules::{self, of_node};
use super::script::{Part, Script};
use crate::phone::{Action, Event, Incoming, LineId, Refers};
use crate::world::{Listener, NumberAt, PhoneOptions, Setup, TENANT, Voice, World, users, way_out};
use patchcord_control::ids::Tenant;
use patchcord_control::route::{Pattern, Route, Routes};
use patchcord_media::{Clip, SoundError};
use patchcord_switch::{Directory, Program};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest virtual time a scenario may take.
pub const SCENARIO_TIME: Duration = Duration::from_secs(4 * 3_600);
/// When the voice of a scenario says that it cannot speak, and whoever recognises that it cannot.
const VOICE_FAILS_AFTER: Duration = Duration::from_millis(100);
/// How often phones listen while nothing else happens.
const LISTEN_EVERY: Duration = Duration::from_millis(40);
/// Longest time until all phones are registered.
const REGISTERED_WITHIN: Duration = Duration::from_secs(60);

/// Who plays in a scenario: the program that is tested, what it can play, and the platform's announcement.
pub struct Cast {
    pub(super) program: Arc<Program>,
    pub(super) prompts: BTreeMap<String, Arc<Clip>>,
    pub(super) announcement: Arc<Clip>,
}

impl Cast {
    /// A program with its prompts decoded once more, to compare with what is heard.
    ///
    /// # Errors
    /// A prompt that cannot be decoded; [`Program::load`] would have refused it.
    pub fn new(program: Arc<Program>, announcement: Arc<Clip>) -> Result<Cast, SoundError> {
        let decoded = program
            .module()
            .prompts()
            .map(|(name, bytes)| Ok((name.to_owned(), Arc::new(Clip::from_file(bytes)?))));
        let prompts = decoded.collect::<Result<_, SoundError>>()?;
        Ok(Cast {
            program,
            prompts,
            announcement,
        })
    }

    /// A prompt of the program.
    pub fn prompt(&self, name: &str) -> Option<&Arc<Clip>> {
        self.prompts.get(name)
    }

    /// The program for every number, and what it can reach.
    fn directory(&self, scenario: &Scenario, world: &World, parts: &[Part<'_>], base: Instant) -> Directory {
        let tenant = Tenant(TENANT.to_owned());
        let handler = self.program.name().to_owned();
        let routes = Routes::new(vec![Route::new(Pattern::Any, tenant.clone(), handler)]);
        let at = |name: &str| parts.iter().find(|part| part.name == name).map(|part| part.phone);
        let numbers = scenario.callee.iter().filter_map(|callee| {
            Some(NumberAt {
                number: callee.number.clone()?,
                at: world.seat(at(&callee.name)?).sip(),
            })
        });
        let outgoing = way_out(&numbers.collect::<Vec<_>>(), base).unwrap_or_default();
        let programs = vec![(tenant.clone(), self.program.clone())];
        let grants = scenario.grants().unwrap_or_default();
        Directory::new(routes, programs, self.announcement.clone())
            .with_grants(&tenant, self.program.name(), grants)
            .with_users(users(parts.iter().filter_map(|part| part.user)))
            .with_outgoing(outgoing)
    }
}

/// Plays a scenario. `base` is any moment; virtual time counts from it. `file` is the scenario's name in the report.
pub fn run(file: &str, scenario: &Scenario, cast: &Cast, base: Instant) -> Report {
    let callers = scenario.caller.iter().filter_map(|caller| caller.user.as_deref());
    let mut names: Vec<&str> = callers
        .chain(scenario.callee.iter().filter_map(|callee| callee.user()))
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut setup = Setup::new(base, scenario.seed).with_users(&names);
    setup.agents.clone_from(&scenario.agent);
    let mut world = World::new(setup);
    if let Some(why) = scenario.voice_fails.clone() {
        let after = VOICE_FAILS_AFTER;
        world.set_voice(Voice::Fails { why, after });
    }
    if let Some(why) = scenario.listener_fails.clone() {
        let after = VOICE_FAILS_AFTER;
        world.set_listener(Listener::Fails { why, after });
    }
    world.set_web_answers(scenario.http.clone());
    for (key, value) in &scenario.store {
        // What the store has no room for is not there, and the handler's steps show it.
        let _ = world.put_in_store(key, value.as_bytes());
    }
    for (name, said) in &scenario.presence {
        world.set_presence(TENANT, name, Some(said.status()));
    }
    let parts = phones(&mut world, scenario);
    world.set_directory(Arc::new(cast.directory(scenario, &world, &parts, base)));
    let mut failures = register(&mut world, &parts);
    let start = world.now();
    let script = |part| Script::new(part, scenario, cast, start);
    let mut scripts: Vec<Script<'_>> = parts.into_iter().map(script).collect();
    if failures.is_empty() {
        failures = play(&mut world, scenario, &mut scripts);
    }
    if failures.is_empty() {
        failures.extend(rest(&mut world, scenario, &scripts));
    }
    // First: it may well be why something else went wrong. Callers by chance lead to questions that nobody thought of.
    let asked = world.web_undeclared().iter().filter(|_| !scenario.steps_may_fail);
    let undeclared = asked.map(|asked| {
        let happened = format!("the handler asked the web server `{asked}`, which none answers");
        of_node(
            &world,
            Breach::Scenario,
            "an [[http]] block for what the handler asks",
            happened,
        )
    });
    failures.splice(0..0, undeclared.collect::<Vec<_>>());
    Report {
        file: file.to_owned(),
        about: scenario.about.clone(),
        failures,
        took: world.now(),
        records: world.records().to_vec(),
        log: world.log().clone(),
    }
}

/// A phone for each block, callers first.
fn phones<'a>(world: &mut World, scenario: &'a Scenario) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    for caller in &scenario.caller {
        let options = PhoneOptions {
            conditions: caller.network.unwrap_or(scenario.network).conditions(),
            faults: caller.faults.into(),
            incoming: caller.when_called.incoming().unwrap_or(Incoming::Busy),
            hum: caller.hum_hz,
            refer: Refers::Accept,
            ..PhoneOptions::default()
        };
        let phone = world.add_phone(&caller.name, options);
        parts.push(Part::caller(phone, caller));
    }
    for callee in &scenario.callee {
        let options = PhoneOptions {
            conditions: callee.network.unwrap_or(scenario.network).conditions(),
            faults: callee.faults.into(),
            incoming: callee.when_called.incoming().unwrap_or(Incoming::Busy),
            lines: callee.lines,
            hum: callee.hum_hz,
            refer: Refers::Accept,
            ..PhoneOptions::default()
        };
        let phone = world.add_phone(&callee.name, options);
        if let Some(host) = &callee.host {
            world.set_name(host, world.seat(phone).sip());
        }
        parts.push(Part::callee(phone, callee));
    }
    parts
}

/// Lets every phone register that does, before anything else happens.
fn register(world: &mut World, parts: &[Part<'_>]) -> Vec<Failure> {
    let mut waiting = Vec::new();
    for part in parts {
        if let Some(user) = part.user {
            world.register(part.phone, user);
            waiting.push(part);
        }
    }
    if waiting.is_empty() {
        return Vec::new();
    }
    let registered = |world: &World, part: &&Part<'_>| {
        let event = |event: &Event| matches!(event, Event::Registered { .. });
        world.seat(part.phone).when(event).is_some()
    };
    world.run_until(REGISTERED_WITHIN, |world| {
        waiting.iter().all(|part| registered(world, part))
    });
    let missing = waiting.iter().filter(|part| !registered(world, part));
    missing
        .map(|part| Failure {
            at: world.now(),
            who: part.name.to_owned(),
            breach: Breach::Scenario,
            steps: Vec::new(),
            expected: format!("it to register within {} s", REGISTERED_WITHIN.as_secs()),
            happened: "it could not".to_owned(),
        })
        .collect()
}

/// Lets everybody go through their steps; the first failure ends the scenario, unless steps may fail.
fn play(world: &mut World, scenario: &Scenario, scripts: &mut [Script<'_>]) -> Vec<Failure> {
    loop {
        for script in scripts.iter_mut() {
            while let Err(failure) = script.advance(world) {
                match scenario.steps_may_fail {
                    true => script.pass_over(world.now()),
                    false => return vec![failure],
                }
            }
        }
        // Phones that may be called wait for calls that need not come.
        let mut needed = scripts
            .iter()
            .filter(|script| script.part.calls() || !scenario.steps_may_fail);
        if needed.all(Script::done) {
            return Vec::new();
        }
        if world.now() >= SCENARIO_TIME {
            let expected = format!("the scenario to be over after {} s", SCENARIO_TIME.as_secs());
            let happened = "it goes on".to_owned();
            return vec![of_node(world, Breach::Scenario, &expected, happened)];
        }
        // Recordings grow by 20 ms; a step's own deadline may be nearer.
        let next = scripts
            .iter()
            .filter_map(Script::wake_at)
            .min()
            .unwrap_or(world.now() + LISTEN_EVERY);
        let wait = next
            .saturating_sub(world.now())
            .clamp(Duration::from_millis(1), LISTEN_EVERY);
        world.run_for(wait);
    }
}

/// The end: whoever is still in a call hangs up, the node comes to rest, and the rules are looked at.
fn rest(world: &mut World, scenario: &Scenario, scripts: &[Script<'_>]) -> Vec<Failure> {
    for script in scripts {
        for line in LineId::all() {
            if world.seat(script.part.phone).phone().uses(line) {
                world.act_on(script.part.phone, line, Action::Leave);
            }
        }
    }
    let phones: Vec<_> = scripts
        .iter()
        .map(|script| (script.part.phone, script.part.user))
        .collect();
    rules::broken(world, scenario, &phones)
}
