//! The waiting room under virtual time: orders of service, bursts, overload, and floods that cannot even be refused.

use super::*;

const MS: Duration = Duration::from_millis(1);

fn start() -> Instant {
    #[allow(clippy::disallowed_methods, reason = "a test needs an origin for its virtual clock")]
    Instant::now()
}

#[test]
fn what_goes_on_is_first_then_registrations_then_calls() {
    let now = start();
    let mut room = WaitingRoom::new(now);
    for (class, item) in [
        (Class::NewCall, "call 1"),
        (Class::Outside, "registration 1"),
        (Class::Inside, "bye 1"),
        (Class::NewCall, "call 2"),
        (Class::Inside, "bye 2"),
        (Class::Outside, "registration 2"),
    ] {
        room.put(now, class, item);
    }
    assert_eq!(room.len(), 6);
    let order: Vec<_> = std::iter::from_fn(|| room.next(now)).collect();
    let expected = ["bye 1", "bye 2", "registration 1", "registration 2", "call 1", "call 2"];
    assert_eq!(order, expected.map(Next::Serve));
    assert!(room.is_empty());
}

#[test]
fn a_burst_is_served_whole_and_in_order() {
    let came = start();
    let mut room = WaitingRoom::new(came - Duration::from_secs(60));
    for call in 0..300 {
        room.put(came, Class::NewCall, call);
    }
    for call in 0..300 {
        assert_eq!(room.next(came + MS * call), Some(Next::Serve(call)));
    }
    assert_eq!(room.next(came + BURST), None);
}

#[test]
fn in_overload_the_newest_are_served_and_the_oldest_refused() {
    let begin = start();
    let mut room = WaitingRoom::new(begin);
    let now = begin + BURST + MS;
    let came = [(0, "first"), (1, "second"), (220, "third"), (301, "last")];
    for (ms, name) in came {
        room.put(begin + MS * ms, Class::NewCall, name);
    }
    assert_eq!(room.next(now), Some(Next::Refuse("first")));
    assert_eq!(room.next(now), Some(Next::Refuse("second")));
    assert_eq!(room.next(now), Some(Next::Serve("last")));
    assert_eq!(room.next(now), Some(Next::Serve("third")), "it has waited 81 ms only");
    // The queue was empty: what comes now is a burst again.
    room.put(now, Class::NewCall, "later");
    assert_eq!(room.next(now + BURST), Some(Next::Serve("later")));
}

#[test]
fn registrations_in_overload_are_refused_by_themselves() {
    let begin = start();
    let mut room = WaitingRoom::new(begin);
    room.put(begin, Class::Outside, "registration");
    room.put(begin, Class::Outside, "registration");
    room.put(begin + BURST, Class::NewCall, "call");
    room.put(begin, Class::Inside, "bye");
    let now = begin + BURST + MS;
    assert_eq!(
        room.next(now),
        Some(Next::Serve("bye")),
        "never refused, however long it waited"
    );
    assert_eq!(room.next(now), Some(Next::Refuse("registration")));
    assert_eq!(room.next(now), Some(Next::Refuse("registration")));
    assert_eq!(room.next(now), Some(Next::Serve("call")));
}

/// A shard that needs so long for each thing, and what it has done.
struct Pretend {
    now: Instant,
    room: WaitingRoom<Instant>,
    call: Duration,
    refusal: Duration,
    served: u32,
    refused: u32,
    dropped: u32,
    longest: Duration,
}

impl Pretend {
    fn new(call: Duration, refusal: Duration) -> Self {
        let now = start();
        Self {
            now,
            room: WaitingRoom::new(now),
            call,
            refusal,
            served: 0,
            refused: 0,
            dropped: 0,
            longest: Duration::ZERO,
        }
    }

    /// So many calls a second for so long; what waits then goes on waiting.
    fn load(&mut self, rate: u32, time: Duration) {
        (self.served, self.refused, self.dropped, self.longest) = (0, 0, 0, Duration::ZERO);
        let (begin, mut came) = (self.now, 0);
        while self.now < begin + time {
            let at = |number: u32| begin + Duration::from_secs(1) * number / rate;
            while at(came) <= self.now {
                self.arrive(at(came));
                came += 1;
            }
            match self.room.next(self.now) {
                None => self.now = at(came),
                Some(Next::Refuse(_)) => {
                    self.refused += 1;
                    self.now += self.refusal;
                }
                Some(Next::Serve(came)) => {
                    self.longest = self.longest.max(self.now - came);
                    self.served += 1;
                    self.now += self.call;
                }
            }
        }
    }

    fn arrive(&mut self, at: Instant) {
        if most_waiting(Class::NewCall).is_some_and(|most| self.room.len() >= most) {
            self.dropped += 1;
        } else {
            self.room.put(at, Class::NewCall, at);
        }
    }
}

#[test]
fn at_rated_load_nobody_is_refused() {
    let mut shard = Pretend::new(MS, MS / 20);
    shard.load(950, Duration::from_secs(10));
    assert_eq!((shard.refused, shard.dropped), (0, 0));
    assert!(shard.longest < MS * 2, "{:?}", shard.longest);
}

#[test]
fn goodput_holds_in_overload_and_comes_back_at_once() {
    for times in [2, 4] {
        let mut shard = Pretend::new(MS, MS / 20);
        shard.load(1_000 * times, Duration::from_secs(10));
        assert!(shard.served > 8_000, "{times} times the load: {} served", shard.served);
        assert_eq!(shard.dropped, 0, "all others are told");
        assert!(shard.longest <= BURST + MS, "{:?}", shard.longest);
        let all = 10_000 * times;
        assert!(shard.served + shard.refused + shard.room.len() as u32 >= all - 10);
        // Those who still wait are dealt with within the patience there is, and then it is as before.
        shard.load(500, Duration::from_millis(300));
        shard.load(500, Duration::from_secs(5));
        assert_eq!((shard.refused, shard.dropped), (0, 0), "after {times} times the load");
        assert!(shard.longest < MS * 2, "{:?}", shard.longest);
    }
}

#[test]
fn a_flood_that_cannot_even_be_refused_leaves_most_of_the_time_to_calls() {
    let mut shard = Pretend::new(MS, MS / 20);
    shard.load(100_000, Duration::from_secs(5));
    assert!(shard.dropped > 0);
    assert!(shard.room.len() <= NEW_CALLS_WAITING);
    assert!(shard.served > 3_500, "{} served", shard.served);
}
