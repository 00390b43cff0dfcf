//! Presence by a pretend clock.

use super::*;

fn tenant() -> Tenant {
    Tenant("acme".to_owned())
}

fn who(name: &str) -> Identity {
    Identity::new(tenant(), name).expect("a name")
}

fn says(availability: Availability, text: &str) -> Status {
    Status {
        text: text.to_owned().into(),
        ..Status::new(availability)
    }
}

fn client(number: u64, name: &str, availability: Availability) -> Registration {
    Registration {
        client: ClientId(number),
        identity: who(name),
        device: format!("device {number}"),
        app: "phone".to_owned(),
        status: Status::new(availability),
        lease: Duration::from_secs(30),
    }
}

/// One world with a clock.
struct World {
    presence: Presence,
    now: Instant,
}

impl World {
    #[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
    fn new() -> Self {
        Self {
            presence: Presence::default(),
            now: Instant::now(),
        }
    }

    fn register(&mut self, number: u64, name: &str, availability: Availability) {
        let registration = client(number, name, availability);
        self.presence.register(self.now, registration).expect("it may");
    }

    fn publish(&mut self, number: u64, status: Status) {
        self.presence
            .publish(self.now, ClientId(number), status)
            .expect("it may");
    }

    fn watch(&mut self, watcher: u64, names: &[&str]) {
        let who: Vec<Identity> = names.iter().map(|name| who(name)).collect();
        self.presence
            .watch(WatcherId(watcher), &tenant(), &who)
            .expect("it may");
    }

    /// Lets time pass; what was told meanwhile.
    fn pass(&mut self, time: Duration) -> Vec<Told> {
        let end = self.now + time;
        let mut told: Vec<Told> = std::iter::from_fn(|| self.presence.poll()).collect();
        while let Some(at) = self.presence.wake_at().filter(|at| *at <= end) {
            self.presence.deadline(at);
            told.extend(std::iter::from_fn(|| self.presence.poll()));
        }
        self.now = end;
        told
    }

    fn status(&self, name: &str) -> (Availability, Option<Reason>, String) {
        let Status {
            availability,
            reason,
            text,
        } = self.presence.view(&who(name)).status;
        (availability, reason, text.into_inner())
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_best_client_is_the_identity_and_the_newest_words_count() {
    let mut world = World::new();
    assert_eq!(world.status("alice").0, Availability::Unavailable);
    world.register(1, "alice", Availability::DoNotDisturb);
    assert_eq!(world.status("alice").0, Availability::DoNotDisturb);
    world.register(2, "alice", Availability::Busy);
    assert_eq!(world.status("alice").0, Availability::Busy);
    world.pass(SECOND);
    world.publish(1, says(Availability::Available, "at my desk"));
    assert_eq!(
        world.status("alice"),
        (Availability::Available, None, "at my desk".to_owned())
    );
    world.pass(SECOND);
    world.publish(2, says(Availability::Available, "on the road"));
    assert_eq!(world.status("alice").2, "on the road");
    let view = world.presence.view(&who("alice"));
    assert_eq!(view.clients.len(), 2, "each keeps its own");
    world.presence.leave(world.now, ClientId(2));
    assert_eq!(world.status("alice").2, "at my desk");
}

#[test]
fn who_is_in_a_call_is_busy_until_it_is_over_and_do_not_disturb_stays() {
    let mut world = World::new();
    world.register(1, "alice", Availability::Available);
    world.register(2, "bob", Availability::DoNotDisturb);
    for (name, number) in [("alice", 1), ("bob", 2)] {
        let began = world.presence.call_began(world.now, &who(name), Some(ClientId(number)));
        began.expect("it may");
    }
    assert_eq!(world.status("alice").0, Availability::Busy);
    assert_eq!(world.status("alice").1, Some(Reason::OnACall));
    assert_eq!(world.status("bob").0, Availability::DoNotDisturb);
    world.presence.call_over(world.now, &who("alice"), Some(ClientId(1)));
    assert_eq!(world.status("alice"), (Availability::Available, None, String::new()));

    // A telephone that is no client makes its owner busy too.
    world
        .presence
        .call_began(world.now, &who("carol"), None)
        .expect("it may");
    assert_eq!(world.status("carol").1, Some(Reason::OnACall));
    world.presence.call_over(world.now, &who("carol"), None);
    assert_eq!(world.status("carol").0, Availability::Unavailable);
}

#[test]
fn a_call_outlives_the_client_that_began_it() {
    let mut world = World::new();
    world.register(1, "alice", Availability::Available);
    world
        .presence
        .call_began(world.now, &who("alice"), Some(ClientId(1)))
        .expect("it may");
    world.presence.leave(world.now, ClientId(1));
    assert_eq!(world.presence.view(&who("alice")).calls, 1);
    assert_eq!(world.status("alice").0, Availability::Busy);
    world.presence.call_over(world.now, &who("alice"), Some(ClientId(1)));
    world.pass(SECOND);
    assert_eq!(world.presence.identities(), 0, "nothing is left of her");
}

#[test]
fn many_changes_are_one_message_and_no_change_is_none() {
    let mut world = World::new();
    let names: Vec<String> = (0..50).map(|number| format!("agent{number:02}")).collect();
    for (number, name) in (1..).zip(&names) {
        world.register(number, name, Availability::Available);
    }
    world.pass(SECOND);
    world.watch(1, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let first = world.pass(Duration::ZERO);
    assert_eq!(
        (first.len(), first[0].views.len()),
        (1, 50),
        "it begins with how all are"
    );
    assert!(world.pass(10 * SECOND).is_empty());
    for number in 1..=10 {
        world.publish(number, Status::new(Availability::Busy));
        world.now += Duration::from_millis(9);
    }
    let told = world.pass(SECOND);
    assert_eq!((told.len(), told[0].views.len()), (1, 10));
    assert!(
        told[0]
            .views
            .iter()
            .all(|view| view.status.availability == Availability::Busy)
    );

    // There and back within the window is nothing; saying the same again is nothing either.
    world.publish(1, Status::new(Availability::Available));
    world.publish(1, Status::new(Availability::Busy));
    world.publish(2, Status::new(Availability::Busy));
    assert!(world.pass(SECOND).is_empty());
    for number in 1..=50 {
        world.presence.heard(world.now, ClientId(number)).expect("it is there");
    }
    assert!(world.pass(5 * SECOND).is_empty());
}

#[test]
fn one_change_is_told_once_to_each_who_watches_and_to_nobody_else() {
    let mut world = World::new();
    world.register(1, "alice", Availability::Available);
    world.register(2, "bob", Availability::Available);
    world.watch(1, &["alice"]);
    world.watch(2, &["alice", "bob"]);
    world.watch(3, &["bob"]);
    world.pass(SECOND);
    world.publish(1, says(Availability::Available, "hello"));
    let told = world.pass(SECOND);
    let to: Vec<u64> = told.iter().map(|told| told.watcher.0).collect();
    assert_eq!(to, [1, 2]);
    assert!(Arc::ptr_eq(&told[0].views[0], &told[1].views[0]), "one copy for all");
    world.presence.unwatch(WatcherId(1));
    world.watch(2, &["bob"]);
    world.pass(SECOND);
    world.publish(1, says(Availability::Available, "is anybody there"));
    assert!(world.pass(SECOND).is_empty());
}

#[test]
fn who_is_not_heard_of_is_unavailable_after_the_lease() {
    let mut world = World::new();
    world.register(1, "alice", Availability::Available);
    world.watch(1, &["alice"]);
    world.pass(SECOND);
    world.pass(20 * SECOND);
    world.presence.heard(world.now, ClientId(1)).expect("it is there");
    assert!(world.pass(29 * SECOND).is_empty());
    let told = world.pass(2 * SECOND);
    assert_eq!(told[0].views[0].status.availability, Availability::Unavailable);
    let late = world
        .presence
        .publish(world.now, ClientId(1), Status::new(Availability::Available));
    assert_eq!(late, Err(PresenceError::NoSuchClient));
}

#[test]
fn all_that_are_available_ring_and_the_rest_does_not() {
    let mut world = World::new();
    let nobody = world.presence.reach(&who("alice"), WhenBusy::Skip);
    assert_eq!(nobody, Reach::Unavailable(Status::new(Availability::Unavailable)));
    world.register(1, "alice", Availability::Available);
    world.register(2, "alice", Availability::Available);
    world.register(3, "alice", Availability::DoNotDisturb);
    let rings = |world: &World, busy| match world.presence.reach(&who("alice"), busy) {
        Reach::Ring(clients) => clients.iter().map(|client| client.0).collect::<Vec<_>>(),
        Reach::Unavailable(status) => panic!("{status:?}"),
    };
    assert_eq!(rings(&world, WhenBusy::Skip), [1, 2]);
    world
        .presence
        .call_began(world.now, &who("alice"), Some(ClientId(1)))
        .expect("it may");
    assert_eq!(rings(&world, WhenBusy::Skip), [2]);
    assert_eq!(rings(&world, WhenBusy::Ring), [1, 2]);
    world.presence.leave(world.now, ClientId(2));
    world.presence.leave(world.now, ClientId(1));
    world.publish(3, says(Availability::DoNotDisturb, "in the cinema"));
    let told = world.presence.reach(&who("alice"), WhenBusy::Ring);
    assert_eq!(
        told,
        Reach::Unavailable(says(Availability::DoNotDisturb, "in the cinema"))
    );
}

#[test]
fn of_several_the_policy_chooses() {
    let mut world = World::new();
    let among = ["a", "b", "c", "d"].map(who);
    for (number, name) in (1..).zip(["a", "b", "c"]) {
        world.register(number, name, Availability::Available);
        world.now += SECOND;
    }
    let pick = |world: &World, policy| world.presence.pick(&among, policy).map(|it| it.name().to_owned());
    assert_eq!(pick(&world, Policy::InOrder).as_deref(), Some("a"));
    // She has just had a call.
    world
        .presence
        .call_began(world.now, &who("a"), Some(ClientId(1)))
        .expect("it may");
    assert_eq!(pick(&world, Policy::InOrder).as_deref(), Some("b"));
    world.now += SECOND;
    world.presence.call_over(world.now, &who("a"), Some(ClientId(1)));
    assert_eq!(pick(&world, Policy::LongestIdle).as_deref(), Some("b"));
    // She has two clients, and is in a call at one of them: the other rings, but others come first.
    world.register(4, "b", Availability::Available);
    world
        .presence
        .call_began(world.now, &who("b"), Some(ClientId(2)))
        .expect("it may");
    assert_eq!(pick(&world, Policy::LeastBusy).as_deref(), Some("c"));
    for number in 1..=4 {
        world.publish(number, Status::new(Availability::DoNotDisturb));
    }
    assert_eq!(pick(&world, Policy::InOrder), None);
}

#[test]
fn what_is_wrong_is_refused_by_name_and_changes_nothing() {
    let mut world = World::new();
    let long = "x".repeat(NAME_BYTES + 1);
    assert_eq!(Identity::new(tenant(), &long).map(drop), Err(PresenceError::Name));
    assert_eq!(Identity::new(tenant(), "").map(drop), Err(PresenceError::Name));
    let good = || client(1, "alice", Availability::Available);
    let wrong = [
        (Registration { device: long, ..good() }, PresenceError::Name),
        (
            Registration {
                app: String::new(),
                ..good()
            },
            PresenceError::Name,
        ),
        (
            Registration {
                status: says(Availability::Available, &"x".repeat(TEXT_BYTES + 1)),
                ..good()
            },
            PresenceError::Text,
        ),
        (
            Registration {
                lease: SECOND,
                ..good()
            },
            PresenceError::Lease,
        ),
    ];
    for (registration, why) in wrong {
        assert_eq!(world.presence.register(world.now, registration), Err(why));
    }
    assert_eq!((world.presence.identities(), world.presence.wake_at()), (0, None));
    for number in 0..CLIENTS_MAX as u64 {
        world.register(number, "alice", Availability::Available);
    }
    let more = client(99, "alice", Availability::Available);
    assert_eq!(world.presence.register(world.now, more), Err(PresenceError::Clients));
    let again = client(3, "bob", Availability::Available);
    assert_eq!(
        world.presence.register(world.now, again),
        Err(PresenceError::SameClient)
    );
    let theirs = Identity::new(Tenant("other".to_owned()), "eve").expect("a name");
    let watched = world.presence.watch(WatcherId(1), &tenant(), &[theirs]);
    assert_eq!(watched, Err(PresenceError::OtherTenant));
    let many: Vec<Identity> = (0..=WATCHED_MAX).map(|number| who(&number.to_string())).collect();
    assert_eq!(
        world.presence.watch(WatcherId(1), &tenant(), &many),
        Err(PresenceError::Watched)
    );
}

#[test]
fn ten_thousand_who_watch_fifty_each_get_one_message_each_and_leave_nothing() {
    let mut world = World::new();
    let names: Vec<String> = (0..500).map(|number| format!("agent{number:03}")).collect();
    for (number, name) in (1..).zip(&names) {
        world.register(number, name, Availability::Available);
    }
    for watcher in 0..10_000_u64 {
        let from = (watcher % 450) as usize;
        let watched: Vec<&str> = names[from..from + 50].iter().map(String::as_str).collect();
        world.watch(watcher, &watched);
    }
    world.pass(SECOND);
    for number in 200..220 {
        world.publish(number, Status::new(Availability::Busy));
    }
    let told = world.pass(SECOND);
    let watching = (0..10_000_u64).filter(|watcher| {
        let from = watcher % 450;
        from <= 218 && from + 50 > 199
    });
    assert_eq!(told.len(), watching.count());
    for watcher in 0..10_000 {
        world.presence.unwatch(WatcherId(watcher));
    }
    for number in 1..=500 {
        world.presence.leave(world.now, ClientId(number));
    }
    world.pass(SECOND);
    assert_eq!((world.presence.identities(), world.presence.wake_at()), (0, None));
}

#[test]
fn what_was_said_of_the_identity_and_what_its_clients_say_is_weighed() {
    let mut world = World::new();
    world.register(1, "bob", Availability::Available);
    let bob = who("bob");
    let say = |world: &mut World, status| world.presence.set(world.now, &bob, status).expect("it may");
    say(&mut world, Some(says(Availability::Busy, "in a meeting")));
    assert_eq!(
        world.status("bob"),
        (Availability::Busy, None, "in a meeting".to_owned())
    );
    assert!(matches!(
        world.presence.reach(&bob, WhenBusy::Skip),
        Reach::Unavailable(_)
    ));
    assert!(matches!(world.presence.reach(&bob, WhenBusy::Ring), Reach::Ring(_)));
    world.publish(1, says(Availability::DoNotDisturb, "writing"));
    assert_eq!(
        world.status("bob"),
        (Availability::DoNotDisturb, None, "in a meeting".to_owned()),
        "the worse of the two, in the words of the identity"
    );
    say(&mut world, Some(Status::new(Availability::Unavailable)));
    assert_eq!(
        world.status("bob"),
        (Availability::Unavailable, None, "writing".to_owned()),
        "in the client's, if it has none"
    );
    world.presence.leave(world.now, ClientId(1));
    world.presence.deadline(world.now + WINDOW);
    assert_eq!(world.presence.identities(), 1, "what was said is kept");
    say(&mut world, None);
    world.presence.deadline(world.now + WINDOW);
    assert_eq!(world.presence.identities(), 0);
}

#[test]
fn one_tenant_that_watches_everybody_leaves_room_for_the_others() {
    let mut world = World::new();
    for watcher in 0..(IDENTITIES_OF_TENANT_MAX / WATCHED_MAX) as u64 {
        let names: Vec<String> = (0..WATCHED_MAX)
            .map(|number| format!("user {watcher}.{number}"))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        world.watch(watcher, &names);
    }
    let one_more = [who("one more")];
    let watcher = WatcherId(1_000_000);
    assert_eq!(
        world.presence.watch(watcher, &tenant(), &one_more),
        Err(PresenceError::Identities)
    );
    let other = Tenant("other".to_owned());
    let theirs = [Identity::new(other.clone(), "one").expect("a name")];
    world.presence.watch(watcher, &other, &theirs).expect("there is room");
    world.presence.unwatch(WatcherId(0));
    world
        .presence
        .watch(WatcherId(0), &tenant(), &one_more)
        .expect("there is room again");
}

#[test]
fn ringing_is_told_to_those_who_hear_it_and_makes_nobody_busy() {
    let mut world = World::new();
    world.register(1, "alice", Availability::Available);
    world.watch(1, &["alice"]);
    world.watch(2, &["alice"]);
    world.presence.hear_ringing(WatcherId(2));
    world.pass(SECOND);
    world.presence.rings(world.now, &who("alice")).expect("there is room");
    let told = world.pass(SECOND);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].watcher, told[0].views[0].ringing), (WatcherId(2), 1));
    assert_eq!(told[0].views[0].status.availability, Availability::Available);
    // Answered: that is told to both, and that nothing rings any more with it.
    world.presence.rings_no_more(world.now, &who("alice"));
    world
        .presence
        .call_began(world.now, &who("alice"), None)
        .expect("there is room");
    let told = world.pass(SECOND);
    let seen: Vec<_> = told
        .iter()
        .map(|told| (told.views[0].ringing, told.views[0].calls))
        .collect();
    assert_eq!(seen, [(0, 1), (0, 1)]);
    world.presence.call_over(world.now, &who("alice"), None);
    world.pass(SECOND);
    // One that rings and stops within a window was nothing.
    world.presence.rings(world.now, &who("alice")).expect("there is room");
    world.presence.rings_no_more(world.now, &who("alice"));
    assert!(world.pass(SECOND).is_empty());
    // Nobody is left who hears it.
    world.presence.unwatch(WatcherId(2));
    world.presence.rings(world.now, &who("alice")).expect("there is room");
    assert!(world.pass(SECOND).is_empty());
}
