//! What presence costs on one core: a change that nobody watches, which is the baseline, and changes that so many are told of, gathered
//! by the window as in life. No target is asserted: read the ratios.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock: it measures")]

use patchcord_control::ids::Tenant;
use patchcord_control::presence::{
    Availability, ClientId, Identity, Presence, Registration, Status, WINDOW, WatcherId,
};
use std::hint::black_box;
use std::time::{Duration, Instant};

const PEOPLE: usize = 1_000;
/// Whom one watcher watches.
const WATCHED: usize = 50;
/// Changes in one window.
const CHANGES: usize = 10;
const WINDOWS: usize = 200;
const WATCHERS: [usize; 4] = [0, 100, 1_000, 10_000];

fn people() -> Vec<Identity> {
    let tenant = Tenant("acme".to_owned());
    let name = |number| Identity::new(tenant.clone(), &format!("user{number}")).expect("a name");
    (0..PEOPLE).map(name).collect()
}

/// Everybody with one client, and so many who watch.
fn staffed(now: Instant, people: &[Identity], watchers: usize) -> Presence {
    let mut presence = Presence::default();
    for (number, identity) in people.iter().enumerate() {
        let registration = Registration {
            client: ClientId(number as u64),
            identity: identity.clone(),
            device: "desk".to_owned(),
            app: "phone".to_owned(),
            status: Status::new(Availability::Available),
            lease: Duration::from_secs(3_600),
        };
        presence.register(now, registration).expect("there is room");
    }
    for watcher in 0..watchers {
        let watched: Vec<Identity> = (0..WATCHED)
            .map(|place| people[(watcher * 7 + place) % PEOPLE].clone())
            .collect();
        let tenant = people[0].tenant();
        presence
            .watch(WatcherId(watcher as u64), tenant, &watched)
            .expect("there is room");
    }
    presence.deadline(now + WINDOW);
    while presence.poll().is_some() {}
    presence
}

/// Windows full of changes; messages and views that came of them.
fn run(presence: &mut Presence, now: &mut Instant, windows: usize) -> (u64, u64) {
    let (mut messages, mut views) = (0, 0);
    for window in 0..windows {
        for change in 0..CHANGES {
            let client = ClientId(((window * 31 + change * 97) % PEOPLE) as u64);
            let availability = match window % 2 {
                0 => Availability::Busy,
                _ => Availability::Available,
            };
            let mut status = Status::new(availability);
            status.text = format!("window {window}").into();
            presence.publish(*now, client, status).expect("it is there");
        }
        *now += WINDOW;
        presence.deadline(*now);
        while let Some(told) = presence.poll() {
            messages += 1;
            views += told.views.len() as u64;
            black_box(told);
        }
    }
    (messages, views)
}

fn main() {
    let quick = std::env::var("PATCHCORD_BENCH").is_ok_and(|how| how == "quick");
    let windows = if quick { WINDOWS / 10 } else { WINDOWS };
    let people = people();
    let mut baseline = None;
    println!("presence: {CHANGES} changes in a window, {WATCHED} of {PEOPLE} people watched by each");
    for watchers in WATCHERS {
        let mut now = Instant::now();
        let mut presence = staffed(now, &people, watchers);
        let clock = &mut now;
        // Caches and the allocator are warm before anything counts.
        run(&mut presence, clock, WINDOWS / 4);
        let begun = Instant::now();
        let (messages, views) = run(&mut presence, clock, windows);
        let changes = (windows * CHANGES) as f64;
        let each = begun.elapsed().as_secs_f64() / changes;
        let base = *baseline.get_or_insert(each);
        println!(
            "  {watchers:>6} watchers: {:>9.0} changes/s, {:>6.1} times the cost of a change nobody watches; \
             {:.1} messages and {:.1} views a change",
            1.0 / each,
            each / base,
            messages as f64 / changes,
            views as f64 / changes,
        );
    }
}
