//! Presence on the call path: who is rung follows from what telephones say of themselves, from calls that go on, and from what was
//! said of the identity. Handlers ask, choose, watch and say; every journal replays.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{helper, office_of, program};
use crate::{REST, SECOND};
use patchcord_control::presence::{Availability, Reason, Status};
use patchcord_guest::{Config, Module, Runtime};
use patchcord_sim::phone::{Action, End, Event, Incoming, LineId, Offer};
use patchcord_sim::{PhoneId, PhoneOptions, Setup, TENANT, World};
use patchcord_switch::replay::{Verdict, replay};
use patchcord_switch::{PrivateValues, Program, read_journal};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];

fn handler() -> Arc<Program> {
    static PROGRAM: OnceLock<Arc<Program>> = OnceLock::new();
    PROGRAM
        .get_or_init(|| program("reads_presence", &helper("reads_presence")))
        .clone()
}

fn says(availability: Availability, text: &str) -> Status {
    Status {
        text: text.to_owned().into(),
        ..Status::new(availability)
    }
}

/// An office whose phones answer after a second; bob has two of them, the second one last.
struct Office {
    world: World,
    phones: Vec<PhoneId>,
}

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;
const DAVE: usize = 3;
const BOBS_OTHER: usize = 4;

impl Office {
    fn new() -> Self {
        let setup = Setup {
            journal: Some(PrivateValues::Keep),
            ..Setup::new(Instant::now(), 7).with_users(&NAMES)
        };
        let mut world = World::new(setup);
        world.set_directory(office_of(&handler(), NAMES));
        let users = [NAMES[0], NAMES[1], NAMES[2], NAMES[3], "bob"];
        let mut phones = Vec::new();
        for (place, user) in users.into_iter().enumerate() {
            let options = PhoneOptions {
                incoming: Incoming::Answer { after: SECOND },
                lines: 2,
                ..PhoneOptions::default()
            };
            let phone = world.add_phone(&format!("{user}{place}"), options);
            world.register(phone, user);
            phones.push(phone);
        }
        let registered = |world: &World| {
            let event = |event: &Event| matches!(event, Event::Registered { .. });
            phones.iter().all(|phone| world.seat(*phone).when(event).is_some())
        };
        assert!(world.run_until(60 * SECOND, registered));
        world.run_for(SECOND);
        Self { world, phones }
    }

    fn call(&mut self, who: usize, to: &str) {
        let phone = self.phones[who];
        self.world
            .call(phone, to, Offer::InInvite)
            .expect("the name can stand in an address");
    }

    fn rang(&self, who: usize) -> bool {
        let called = |event: &Event| matches!(event, Event::Incoming(_));
        let seat = self.world.seat(self.phones[who]);
        LineId::all().any(|line| seat.when_on(line, called).is_some())
    }

    fn says(&self, line: &str) -> bool {
        self.world.noticed(line)
    }

    fn publish(&mut self, who: usize, status: Status) {
        assert!(self.world.publish_from(self.phones[who], status), "it is registered");
    }

    fn status(&self, who: &str) -> Status {
        self.world.presence(TENANT, who).status
    }

    fn run(&mut self, time: Duration) {
        self.world.run_for(time);
    }

    /// All hang up, nothing is left, nobody is in a call, and every journal replays to the byte.
    fn over(mut self) {
        for phone in &self.phones {
            for line in LineId::all() {
                if self.world.seat(*phone).phone().uses(line) {
                    self.world.act_on(*phone, line, Action::Leave);
                }
            }
        }
        let rest = self.world.run_to_rest(REST);
        rest.unwrap_or_else(|leftover| panic!("{leftover} is left over\n{}", self.world.log()));
        assert_eq!(self.world.orphans(), 0);
        assert_eq!(self.world.on_call(), 0, "each leg of an identity that began is over");
        assert_eq!(self.world.presence_sizes().1, 0, "nobody is known who is not there");
        let bytes = helper("reads_presence");
        let runtime = Runtime::new(Config::default()).expect("there is room for it");
        let module = Module::load(&runtime, &bytes).expect("the contract is kept");
        assert_eq!(self.world.journals().len(), self.world.records().len());
        for (call, bytes) in self.world.journals() {
            let journal = read_journal(bytes).expect("it is whole");
            let report = replay(&journal, &module).expect("it can be replayed");
            assert_eq!(report.verdict, Verdict::Identical, "{call}: {report:?}");
        }
    }
}

#[test]
fn all_phones_of_a_user_ring_and_those_that_want_to_be_left_alone_do_not() {
    let mut office = Office::new();
    office.publish(BOB, says(Availability::DoNotDisturb, "writing"));
    office.call(ALICE, "dial-bob");
    office.run(5 * SECOND);
    assert!(office.says("talks"), "{}", office.world.log());
    assert!(!office.rang(BOB) && office.rang(BOBS_OTHER));
    office.over();
}

#[test]
fn a_user_who_is_not_to_be_disturbed_is_told_to_the_handler_at_once_in_its_own_words() {
    let mut office = Office::new();
    for phone in [BOB, BOBS_OTHER] {
        office.publish(phone, says(Availability::DoNotDisturb, "in the cinema"));
    }
    let before = office.world.now();
    office.call(ALICE, "dial-bob");
    let told = |world: &World| world.noticed("absent: Availability::DoNotDisturb \"in the cinema\"");
    assert!(office.world.run_until(SECOND, told), "{}", office.world.log());
    assert!(office.world.now() - before < SECOND);
    assert!(!office.rang(BOB) && !office.rang(BOBS_OTHER));
    office.over();
}

#[test]
fn somebody_who_is_not_there_is_unavailable_and_so_is_somebody_nobody_knows() {
    let mut office = Office::new();
    office.world.act(office.phones[CAROL], Action::Unregister);
    office.run(SECOND);
    office.call(ALICE, "dial-carol");
    office.run(2 * SECOND);
    assert!(
        office.says("absent: Availability::Unavailable \"\""),
        "{}",
        office.world.log()
    );
    office.call(ALICE, "get-nobody+dave");
    office.run(2 * SECOND);
    assert!(office.says("nobody: Availability::Unavailable \"\", 0 calls, 0 clients"));
    assert!(office.says("dave: Availability::Available \"\", 0 calls, 1 clients"));
    office.over();
}

#[test]
fn both_parties_of_a_call_are_busy_while_it_lasts() {
    let mut office = Office::new();
    let busy = Status {
        reason: Some(Reason::OnACall),
        ..Status::new(Availability::Busy)
    };
    office.call(ALICE, "dial-carol");
    office.run(5 * SECOND);
    assert_eq!((office.status("alice"), office.status("carol")), (busy.clone(), busy));
    assert_eq!(office.status("dave").availability, Availability::Available);
    office.world.act(office.phones[CAROL], Action::HangUp);
    office.run(2 * SECOND);
    assert_eq!(office.status("carol").availability, Availability::Available);
    assert_eq!(office.status("alice").availability, Availability::Available);
    office.over();
}

#[test]
fn who_is_called_rings_until_it_is_answered_or_given_up() {
    let mut office = Office::new();
    let of_bob = |office: &Office| {
        let view = office.world.presence(TENANT, "bob");
        // He has another phone to be reached at, whatever one of them does.
        assert_eq!(view.status.availability, Availability::Available);
        (view.ringing, view.calls)
    };
    office.call(ALICE, "dial-bob");
    let ring = Duration::from_millis(500);
    office.run(ring);
    assert_eq!(of_bob(&office), (2, 0), "both of his phones");
    office.run(5 * SECOND);
    assert_eq!(of_bob(&office), (0, 1), "the other has stopped");
    office.world.act(office.phones[ALICE], Action::HangUp);
    office.run(2 * SECOND);
    assert_eq!(of_bob(&office), (0, 0));
    office.call(ALICE, "dial-bob");
    office.run(ring);
    office.world.act(office.phones[ALICE], Action::HangUp);
    office.run(2 * SECOND);
    assert_eq!(of_bob(&office), (0, 0), "she has given it up");
    office.over();
}

#[test]
fn a_phone_in_a_call_rings_too_unless_the_handler_leaves_it_alone() {
    let mut office = Office::new();
    office.call(CAROL, "dial-alice");
    office.run(5 * SECOND);
    assert_eq!(office.status("carol").availability, Availability::Busy);
    office.call(DAVE, "skip-carol");
    office.run(2 * SECOND);
    let skipped = "absent: Availability::Busy Reason::OnACall \"\"";
    assert!(office.says(skipped), "{}", office.world.log());
    assert!(!office.rang(CAROL));
    office.call(DAVE, "dial-carol");
    office.run(2 * SECOND);
    assert!(office.rang(CAROL), "call waiting");
    office.over();
}

#[test]
fn of_several_the_one_is_picked_that_has_been_idle_for_longest() {
    let mut office = Office::new();
    // Carol has just talked.
    office.call(CAROL, "dial-bob");
    office.run(3 * SECOND);
    office.world.act(office.phones[CAROL], Action::HangUp);
    office.run(3 * SECOND);
    office.call(ALICE, "pick-carol+dave");
    office.run(3 * SECOND);
    assert!(
        office.says("picked: dave") && office.rang(DAVE),
        "{}",
        office.world.log()
    );
    office.over();

    let mut office = Office::new();
    office
        .world
        .set_presence(TENANT, "dave", Some(says(Availability::Unavailable, "on holiday")));
    office.publish(CAROL, says(Availability::Busy, "in a meeting"));
    office.call(ALICE, "pick-carol+dave");
    office.run(3 * SECOND);
    assert!(office.says("picked: nobody"), "{}", office.world.log());
    office.world.set_presence(TENANT, "dave", None);
    office.over();
}

#[test]
fn a_handler_says_something_of_somebody_and_takes_it_back() {
    let mut office = Office::new();
    office.call(ALICE, "set-carol");
    office.run(2 * SECOND);
    let quiet = "carol: Availability::DoNotDisturb \"said by a handler\", 0 calls, 1 clients";
    assert!(office.says(quiet), "{}", office.world.log());
    assert!(office.says("carol: Availability::Available \"\", 0 calls, 1 clients"));
    assert_eq!(office.status("carol"), Status::new(Availability::Available));
    office.over();
}

#[test]
fn a_handler_that_watches_is_told_of_many_changes_at_once_and_of_none_while_nothing_changes() {
    let mut office = Office::new();
    office.call(ALICE, "watch-carol+dave");
    office.run(2 * SECOND);
    assert!(office.says("news: 2"), "how they are at first\n{}", office.world.log());
    office.run(20 * SECOND);
    assert!(!office.says("news: 1"), "nothing is told while nothing changes");
    office.publish(CAROL, says(Availability::Busy, "one"));
    office.publish(CAROL, says(Availability::Busy, "two"));
    office.run(SECOND);
    assert!(
        office.says("carol: Availability::Busy \"two\""),
        "{}",
        office.world.log()
    );
    assert!(office.says("news: 1") && !office.says("\"one\""));
    office.world.act(office.phones[ALICE], Action::HangUp);
    office.run(SECOND);
    assert_eq!(office.world.presence_sizes().0, 0, "who left watches no more");
    office.over();
}

#[test]
fn too_much_is_refused_by_name() {
    let mut office = Office::new();
    office.call(ALICE, "many-");
    office.run(20 * SECOND);
    for line in ["too many", "none", "no name", "too long", "one more"] {
        assert!(office.says(&format!("{line}: true")), "{line}\n{}", office.world.log());
    }
    office.over();
}

#[test]
fn a_leg_that_is_refused_or_cancelled_makes_nobody_busy() {
    let mut office = Office::new();
    office.world.set_incoming(office.phones[CAROL], Incoming::Ring);
    office.call(ALICE, "dial-carol");
    office.run(5 * SECOND);
    assert_eq!(
        office.status("carol").availability,
        Availability::Available,
        "it rings, and nobody has answered"
    );
    assert_eq!(
        office.status("alice").availability,
        Availability::Busy,
        "who calls is in a call"
    );
    office.world.act(office.phones[ALICE], Action::HangUp);
    office.run(3 * SECOND);
    let ended = |event: &Event| matches!(event, Event::Ended { end: End::ByPhone, .. });
    assert!(office.world.seat(office.phones[ALICE]).when(ended).is_some());
    office.over();
}

/// Ten thousand watch fifty of five hundred people each; ten of those change at once. One message for each who watches any of them,
/// none for the others, and none while nothing changes. What it costs is printed.
#[test]
fn ten_thousand_watchers_have_one_message_for_ten_changes_and_none_for_none() {
    const WATCHERS: usize = 10_000;
    const PEOPLE: usize = 500;
    const WATCHED: usize = 50;
    let mut world = World::new(Setup::new(Instant::now(), 3));
    let people: Vec<String> = (0..PEOPLE).map(|number| format!("user{number}")).collect();
    let watched_by = |watcher: usize| (0..WATCHED).map(move |place| (watcher + place) % PEOPLE);
    let begun = Instant::now();
    let watchers: Vec<_> = (0..WATCHERS)
        .map(|watcher| {
            let names: Vec<&str> = watched_by(watcher).map(|person| people[person].as_str()).collect();
            world.watch(TENANT, &names)
        })
        .collect();
    println!("{WATCHERS} watchers of {WATCHED} began in {:?}", begun.elapsed());
    assert_eq!(world.presence_sizes(), (WATCHERS, PEOPLE));
    let messages = |world: &World, watcher: usize| world.told_watcher(watchers[watcher]).len();
    assert!(
        (0..WATCHERS).all(|watcher| messages(&world, watcher) == 1),
        "how all are"
    );
    world.run_for(60 * SECOND);
    assert!(
        (0..WATCHERS).all(|watcher| messages(&world, watcher) == 1),
        "nothing changes"
    );

    let changed: Vec<usize> = (0..10).map(|number| number * 3).collect();
    let begun = Instant::now();
    let at = world.now();
    for person in &changed {
        world.set_presence(
            TENANT,
            &people[*person],
            Some(says(Availability::Unavailable, "on holiday")),
        );
    }
    world.run_for(SECOND);
    let mut told = 0;
    for (watcher, id) in watchers.iter().enumerate() {
        let concerns = watched_by(watcher).filter(|person| changed.contains(person)).count();
        let messages = world.told_watcher(*id);
        assert_eq!(messages.len(), 1 + usize::from(concerns > 0), "watcher {watcher}");
        if concerns > 0 {
            told += 1;
            let (when, views) = &messages[1];
            assert_eq!(views.len(), concerns);
            assert!(
                *when <= at + Duration::from_millis(100),
                "within the window, by the virtual clock"
            );
        }
    }
    println!(
        "10 changes reached {told} watchers, one message each, in {:?}",
        begun.elapsed()
    );
    for person in &changed {
        world.set_presence(TENANT, &people[*person], Some(says(Availability::Unavailable, "again")));
        world.set_presence(
            TENANT,
            &people[*person],
            Some(says(Availability::Unavailable, "on holiday")),
        );
    }
    world.run_for(SECOND);
    let none = (0..WATCHERS).all(|watcher| messages(&world, watcher) <= 2);
    assert!(none, "what changed back is no change");
}
