//! A trunk against a written carrier under a virtual clock: liveness, failover, registration, and random weather.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::*;
use crate::flow::Flow;
use crate::tests::{Dice, fuzz_rounds, start};
use crate::{Headers, Response};

/// What each target answers to each method; nothing: silence.
type Habits = BTreeMap<(u16, &'static str), (u16, &'static str)>;

struct Bench {
    trunk: Trunk,
    now: Instant,
    targets: Result<Vec<Target>, ResolveError>,
    habits: Habits,
    /// When, to which target, which method, with which Expires.
    sent: Vec<(Duration, u16, Method, Option<String>)>,
    told: Vec<TrunkState>,
    /// Requests that nobody answers, and when that is known.
    late: Vec<(Instant, TrunkRequest)>,
    begun: Instant,
}

fn target(port: u16) -> Target {
    Flow::udp(SocketAddr::from(([192, 0, 2, 1], port))).into()
}

fn config() -> TrunkConfig {
    let uri = "sip:carrier.example".parse().expect("an address");
    let identity = NameAddr::parse("<sip:4912345@carrier.example>").expect("an address");
    TrunkConfig {
        credentials: Some(Credentials {
            username: "4912345".to_owned(),
            password: "secret".to_owned(),
            realm: Some("carrier.example".to_owned()),
        }),
        ..TrunkConfig::new("carrier", "acme", uri, identity)
    }
}

fn registering() -> TrunkConfig {
    TrunkConfig {
        mode: TrunkMode::Registering {
            expires: Duration::from_secs(3600),
            contact: Some("sip:4912345@198.51.100.2".parse().expect("an address")),
        },
        ..config()
    }
}

fn response(status: u16, field: &str) -> Response {
    let mut headers = Headers::new();
    if let Some((name, value)) = field.split_once(": ") {
        headers.push(name, value);
    }
    Response {
        status,
        reason: String::new(),
        headers,
        body: Vec::new(),
    }
}

impl Bench {
    fn new(config: TrunkConfig, ports: &[u16]) -> Self {
        let now = start();
        let mut habits = Habits::new();
        for port in ports {
            habits.insert((*port, "OPTIONS"), (200, ""));
            habits.insert((*port, "REGISTER"), (200, "Expires: 3600"));
        }
        let mut bench = Self {
            trunk: Trunk::new(now, config).expect("a configuration"),
            now,
            targets: Ok(ports.iter().map(|port| target(*port)).collect()),
            habits,
            sent: Vec::new(),
            told: Vec::new(),
            late: Vec::new(),
            begun: now,
        };
        bench.trunk.handle(now, TrunkInput::Deadline);
        bench
    }

    /// Lets the carrier answer, at once or 32 s later, and time pass.
    fn run(&mut self, time: Duration) {
        let until = self.now + time;
        for _ in 0..100_000 {
            while let Some(output) = self.trunk.poll() {
                match output {
                    TrunkOutput::Resolve(_) => self.trunk.handle(self.now, TrunkInput::Resolved(self.targets.clone())),
                    TrunkOutput::State(state) => self.told.push(state),
                    TrunkOutput::Targets(_) => {}
                    TrunkOutput::Send { request, outgoing } => {
                        let answer = self.note(&outgoing);
                        match answer {
                            Some(response) => self.trunk.handle(
                                self.now,
                                TrunkInput::Response {
                                    request,
                                    response: Some(&response),
                                },
                            ),
                            None => self.late.push((self.now + Duration::from_secs(32), request)),
                        }
                    }
                }
            }
            let silence = self.late.iter().map(|(at, _)| *at).min();
            let Some(at) = self
                .trunk
                .wake_at()
                .into_iter()
                .chain(silence)
                .min()
                .filter(|at| *at <= until)
            else {
                self.now = until;
                return;
            };
            assert!(at >= self.now || silence == Some(at), "woken in the past");
            self.now = self.now.max(at);
            match self.late.iter().position(|(due, _)| *due <= self.now) {
                Some(position) => {
                    let (_, request) = self.late.remove(position);
                    self.trunk.handle(
                        self.now,
                        TrunkInput::Response {
                            request,
                            response: None,
                        },
                    );
                }
                None => self.trunk.handle(self.now, TrunkInput::Deadline),
            }
        }
        panic!("it never rests");
    }

    fn note(&mut self, outgoing: &OutgoingRequest) -> Option<Response> {
        let port = outgoing.target.flow.peer.port();
        let expires = outgoing
            .headers
            .iter()
            .find(|(name, _)| name == "Expires")
            .map(|(_, value)| value.clone());
        let since = self.now - self.begun;
        self.sent.push((since, port, outgoing.method.clone(), expires));
        assert!(
            outgoing
                .credentials
                .as_ref()
                .is_none_or(|credentials| credentials.realm.is_some())
        );
        let name = if outgoing.method == Method::Options {
            "OPTIONS"
        } else {
            "REGISTER"
        };
        self.habits
            .get(&(port, name))
            .map(|(status, field)| response(*status, field))
    }

    fn silence(&mut self, port: u16) {
        self.habits.retain(|(known, _), _| *known != port);
    }

    fn ports(&self) -> Vec<u16> {
        self.trunk.pick().iter().map(|target| target.flow.peer.port()).collect()
    }

    fn registers(&self) -> Vec<(u64, u16)> {
        let of_register = self.sent.iter().filter(|(_, _, method, _)| *method == Method::Register);
        of_register.map(|(at, port, ..)| (at.as_secs(), *port)).collect()
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_static_trunk_is_up_when_somebody_answers_and_down_when_nobody_does() {
    let mut bench = Bench::new(config(), &[1, 2]);
    assert_eq!(bench.trunk.state().reach, Reach::Unknown);
    bench.run(seconds(1));
    assert_eq!((bench.trunk.state().reach, bench.ports()), (Reach::Up, vec![1, 2]));
    assert_eq!(bench.trunk.state().registration, Registration::NotNeeded);
    bench.silence(1);
    bench.run(seconds(150));
    assert_eq!(
        (bench.trunk.state().reach, bench.ports()),
        (Reach::Up, vec![2, 1]),
        "the living first"
    );
    bench.silence(2);
    bench.run(seconds(150));
    assert_eq!(
        (bench.trunk.state().reach, bench.ports()),
        (Reach::Down, vec![1, 2]),
        "none is left out"
    );
    bench.habits.insert((2, "OPTIONS"), (404, ""));
    bench.run(seconds(100));
    assert_eq!(
        (bench.trunk.state().reach, bench.ports()),
        (Reach::Up, vec![2, 1]),
        "one answer of any kind is enough"
    );
    bench.habits.insert((2, "OPTIONS"), (503, ""));
    bench.run(seconds(100));
    assert_eq!(bench.trunk.state().reach, Reach::Down);
    let reaches: Vec<_> = bench.told.iter().map(|state| state.reach).collect();
    assert_eq!(
        reaches,
        [Reach::Up, Reach::Down, Reach::Up, Reach::Down],
        "each change is told once"
    );
    assert!(bench.sent.iter().all(|(_, _, method, _)| *method == Method::Options));
}

#[test]
fn one_failure_is_no_death() {
    let mut bench = Bench::new(config(), &[1, 2]);
    bench.run(seconds(1));
    let first = target(1);
    for (met, ports) in [
        (Met::Nobody, [1, 2]),
        (Met::Nobody, [2, 1]),
        (Met::Somebody, [1, 2]),
        (Met::Nobody, [1, 2]),
    ] {
        bench.trunk.handle(bench.now, TrunkInput::Call { target: &first, met });
        assert_eq!(bench.ports(), ports);
    }
    let elsewhere = target(9);
    bench.trunk.handle(
        bench.now,
        TrunkInput::Call {
            target: &elsewhere,
            met: Met::Nobody,
        },
    );
    assert_eq!(bench.ports(), [1, 2]);
}

#[test]
fn without_probes_targets_are_taken_to_live() {
    let mut bench = Bench::new(
        TrunkConfig {
            probe: None,
            ..config()
        },
        &[1],
    );
    bench.silence(1);
    bench.run(seconds(1000));
    assert_eq!(bench.trunk.state().reach, Reach::Up);
    assert!(bench.sent.is_empty());
}

#[test]
fn an_address_is_resolved_again_and_what_was_known_stays() {
    let mut bench = Bench::new(config(), &[1]);
    bench.targets = Err(ResolveError::NoAnswer);
    bench.run(seconds(10));
    assert_eq!((bench.trunk.state().reach, bench.ports().len()), (Reach::Down, 0));
    bench.targets = Ok(vec![target(1)]);
    bench.run(seconds(31));
    assert_eq!(bench.trunk.state().reach, Reach::Up);
    bench.targets = Ok(vec![target(2), target(1)]);
    bench.habits.insert((2, "OPTIONS"), (200, ""));
    bench.run(seconds(310));
    assert_eq!(bench.ports(), [2, 1]);
    bench.targets = Err(ResolveError::NotFound);
    bench.run(seconds(1000));
    assert_eq!((bench.trunk.state().reach, bench.ports()), (Reach::Up, vec![2, 1]));
    bench.targets = Ok((0..100).map(target).collect());
    bench.run(seconds(60));
    assert_eq!(bench.ports().len(), RESOLVE_TARGETS);
}

#[test]
fn a_registration_is_refreshed_before_it_ends() {
    let mut bench = Bench::new(registering(), &[1, 2]);
    bench.run(seconds(1));
    assert_eq!(bench.trunk.state().registration, Registration::Registered);
    bench.run(seconds(7000));
    let times = bench.registers();
    assert_eq!(times.len(), 3, "{times:?}");
    assert!(
        times
            .windows(2)
            .all(|pair| (2700..=3000).contains(&(pair[1].0 - pair[0].0))),
        "{times:?}"
    );
    assert!(times.iter().all(|(_, port)| *port == 1));
    assert_eq!(
        bench.told.len(),
        2,
        "up and registered, and nothing since: {:?}",
        bench.told
    );
    bench.trunk.handle(bench.now, TrunkInput::Stop);
    bench.run(seconds(10_000));
    let last = bench.sent.last().expect("a request");
    assert_eq!((last.1, &last.2, last.3.as_deref()), (1, &Method::Register, Some("0")));
    assert_eq!(
        (bench.registers().len(), bench.trunk.wake_at()),
        (4, None),
        "then it is silent"
    );
}

#[test]
fn the_carrier_decides_how_long() {
    for (field, every) in [
        (
            "Contact: <sip:4912345@198.51.100.2>;expires=120, <sip:other@h>;expires=60",
            54..=60,
        ),
        ("Contact: <sip:other@h>;expires=100", 45..=50),
        ("Expires: 2", 5..=5),
        ("Expires: nonsense", 2700..=3000),
        ("Expires: 4000000000", 77_220..=85_800),
    ] {
        let mut bench = Bench::new(registering(), &[1]);
        bench.habits.insert((1, "REGISTER"), (200, field));
        bench.run(seconds(90_000).min(seconds(*every.end() + 100)));
        let times = bench.registers();
        assert!(every.contains(&(times[1].0 - times[0].0)), "{field}: {times:?}");
    }
}

#[test]
fn a_registrar_that_is_gone_is_replaced_by_the_next() {
    let mut bench = Bench::new(registering(), &[1, 2]);
    bench.silence(1);
    bench.run(seconds(40));
    assert_eq!(
        bench.registers().iter().map(|(_, port)| *port).collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(
        (bench.trunk.state().registration, bench.ports()),
        (Registration::Registered, vec![2, 1])
    );
    bench.habits.insert((1, "OPTIONS"), (200, ""));
    bench.habits.insert((1, "REGISTER"), (200, ""));
    bench.run(seconds(60));
    assert_eq!(bench.ports(), [2, 1], "the one that knows us stays first");
    bench.silence(2);
    bench.run(seconds(200));
    assert_eq!(
        (bench.registers().last().map(|last| last.1), bench.ports()),
        (Some(1), vec![1, 2]),
        "told at once"
    );
    assert!(
        bench
            .told
            .iter()
            .skip(2)
            .all(|state| state.registration == Registration::Registered),
        "{:?}",
        bench.told
    );
}

#[test]
fn a_refusal_is_told_and_repeated_ever_more_seldom() {
    let mut bench = Bench::new(registering(), &[1, 2]);
    bench.habits.insert((1, "REGISTER"), (401, ""));
    bench.run(seconds(2 * 3600));
    assert_eq!(bench.trunk.state().registration, Registration::Failed(Some(401)));
    let times = bench.registers();
    assert!(times.iter().all(|(_, port)| *port == 1), "a refusal is an answer");
    let waits: Vec<_> = times.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    for (wait, most) in waits.iter().zip([30, 60, 120, 240, 480, 960, 1800, 1800]) {
        assert!((most * 9 / 10 - 1..=most).contains(wait), "{waits:?}");
    }
    bench.habits.insert((1, "REGISTER"), (200, "Expires: 60"));
    bench.run(seconds(1800));
    assert_eq!(bench.trunk.state().registration, Registration::Registered);
    bench.habits.insert((1, "REGISTER"), (403, ""));
    bench.run(seconds(60));
    assert_eq!(
        bench.trunk.state().registration,
        Registration::Failed(Some(403)),
        "it says it does not know us"
    );
}

#[test]
fn a_lost_registration_is_noticed_when_it_ends() {
    let mut bench = Bench::new(registering(), &[1]);
    bench.habits.insert((1, "REGISTER"), (200, "Expires: 120"));
    bench.run(seconds(1));
    bench.silence(1);
    bench.run(seconds(110));
    assert_eq!(
        bench.trunk.state().registration,
        Registration::Registered,
        "not refreshed, but it still holds"
    );
    bench.run(seconds(20));
    assert_eq!(bench.trunk.state().registration, Registration::Failed(None));
}

#[test]
fn a_longer_time_is_given_to_who_wants_it_once() {
    let mut bench = Bench::new(registering(), &[1]);
    bench.habits.insert((1, "REGISTER"), (423, "Min-Expires: 7200"));
    bench.run(seconds(1));
    let asked: Vec<_> = bench
        .sent
        .iter()
        .filter_map(|(_, _, _, expires)| expires.as_deref())
        .collect();
    assert_eq!(asked, ["3600", "7200"]);
    assert_eq!(bench.trunk.state().registration, Registration::Failed(Some(423)));
    for bad in ["Min-Expires: 99999999", "Min-Expires: 60", "Min-Expires: x"] {
        let mut bench = Bench::new(registering(), &[1]);
        bench.habits.insert((1, "REGISTER"), (423, bad));
        bench.run(seconds(1));
        assert_eq!(bench.registers().len(), 1, "{bad}");
    }
}

#[test]
fn credentials_need_a_realm() {
    let mut config = config();
    config.credentials.as_mut().expect("credentials").realm = None;
    assert!(Trunk::new(start(), config).is_err());
    let shown = format!("{:?} {:?}", registering(), Bench::new(registering(), &[1]).trunk);
    assert!(!shown.contains("secret") && !shown.contains("4912345"), "{shown}");
}

#[test]
fn fuzz_whatever_the_carrier_does_it_recovers() {
    for seed in fuzz_rounds(150) {
        let mut dice = Dice::new(seed);
        let mut bench = Bench::new(TrunkConfig { seed, ..registering() }, &[1, 2, 3]);
        for _ in 0..40 {
            let port = 1 + dice.below(3) as u16;
            match dice.below(6) {
                0 => bench.silence(port),
                1 => bench.targets = Err(ResolveError::NoAnswer),
                2 => bench.targets = Ok((1..=dice.below(4) as u16).map(target).collect()),
                _ => {
                    let status = [200, 200, 401, 403, 423, 500, 503, 408][dice.below(8) as usize];
                    let field = ["Expires: 60", "Expires: 0", "Min-Expires: 4000", ""][dice.below(4) as usize];
                    let method = ["OPTIONS", "REGISTER"][dice.below(2) as usize];
                    bench.habits.insert((port, method), (status, field));
                }
            }
            bench.run(Duration::from_millis(dice.below(200_000)));
            let trunk = &bench.trunk;
            assert!(
                trunk.waiting.len() <= 2 * RESOLVE_TARGETS && trunk.outputs.is_empty(),
                "seed {seed}"
            );
            assert_eq!(trunk.pick().len(), trunk.ways.len(), "seed {seed}");
            assert!(
                trunk.wake_at().is_some_and(|at| at > bench.now),
                "seed {seed}: it never sleeps for good"
            );
        }
        let rate = bench.sent.len() as u64 / (bench.now - bench.begun).as_secs().max(1);
        assert!(rate <= 2, "seed {seed}: {rate} requests a second");
        bench.targets = Ok(vec![target(1), target(2)]);
        for port in 1..=3 {
            bench.habits.insert((port, "OPTIONS"), (200, ""));
            bench.habits.insert((port, "REGISTER"), (200, "Expires: 600"));
        }
        bench.run(seconds(3700));
        let recovered = TrunkState {
            reach: Reach::Up,
            registration: Registration::Registered,
        };
        assert_eq!(bench.trunk.state(), recovered, "seed {seed}");
    }
}
