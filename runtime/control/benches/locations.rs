//! What the registrations of a whole cluster cost at one node, on one core: registrations that other gateways tell of, renewals, look-ups,
//! bytes of memory, and the loss of a gateway; at growing numbers, so that it is seen how each grows. And the same that
//! a gateway does for its own. Then nodes, messages as bytes, and who is in a call where. No target is asserted: read the ratios.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock: it measures")]
#![allow(
    unsafe_code,
    reason = "counting what the allocator does needs an allocator, whose trait is unsafe"
)]

use patchcord_control::ids::Tenant;
use patchcord_control::locations::{
    Arrival, Carrier, Change, ClientKind, Endpoint, Instance, InstanceId, Link, Media, Network, Profile, Registrar,
    Registration, State, Way,
};
use patchcord_control::nodes::{Facts, Nodes};
use patchcord_control::parts::{self, Entry, Parts};
use patchcord_control::presence::{Availability, Identity, Status};
use patchcord_control::regions::{NodeId, Region};
use patchcord_control::replica::{Body, CHANGES_PER_MESSAGE, Me, Message};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const GATEWAYS: usize = 1_000;
const REGIONS: usize = 12;
const TENANTS: usize = 500;
const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];
/// Changes that are read in one go.
const PORTION: usize = 2_000;
const LEASE: Duration = Duration::from_secs(3_600);

/// Bytes that are held.
static HELD: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are the ones the system's allocator wants.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above; the pointer came from `alloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn held() -> usize {
    HELD.load(Ordering::Relaxed)
}

/// The numbers from 0 in an order without one.
fn shuffled(many: usize) -> impl Iterator<Item = usize> {
    // A step that shares no factor with any of the sizes visits each number once.
    (0..many).map(move |at| (at * 611_953) % many)
}

fn node(number: usize) -> NodeId {
    NodeId::new(&format!("gateway-{number}")).expect("a good name")
}

fn region(number: usize) -> Region {
    Region::new(&format!("region-{}", number % REGIONS)).expect("a good name")
}

fn tenant(number: usize) -> Tenant {
    Tenant(format!("tenant-{}", number % TENANTS))
}

fn name(number: usize) -> String {
    format!("user{number:07}")
}

/// As it comes from a message: nothing in it is shared with anything.
fn endpoint(number: usize) -> Endpoint {
    Endpoint::new(tenant(number), &name(number)).expect("a good name")
}

fn instance(number: usize) -> InstanceId {
    let urn = format!("urn:uuid:00000000-0000-1000-8000-{number:012x}");
    InstanceId::new(&urn).expect("a good name")
}

fn profile(number: usize) -> Profile {
    let media = Media {
        audio: true,
        ..Media::default()
    };
    let device = format!("device model {}", number % 200);
    let profile = Profile::new(ClientKind::App, &device, "an app 1.2.3", media);
    let profile = profile.and_then(|profile| profile.able(&["opus", "push"]));
    profile.expect("good names")
}

fn network(number: usize) -> Network {
    Network {
        ip: IpAddr::V4(Ipv4Addr::from_bits(number as u32)).into(),
        port: 5061,
        link: Link::Mobile,
    }
}

/// As long as they are: an address and a port, and a token of the border.
fn way(number: usize) -> Way {
    let contact = format!("sip:user{number:07}@198.51.100.7:5061;transport=tls");
    let path = format!("<sip:{number:032x}.{number:022x}@10.0.0.1:5070;transport=tls;lr>");
    Way::new(&contact, &path, Carrier::Tls).expect("good texts")
}

fn registration(number: usize) -> Registration {
    Registration {
        endpoint: endpoint(number),
        epoch: 1,
        instance: Instance {
            id: instance(number),
            profile: Arc::new(profile(number)),
            network: network(number),
            bandwidth_kbps: 2_000,
            place: None,
            connected_at_ms: number as u64,
            state: State::Active,
            status: Arc::new(Status::new(Availability::Available)),
            way: Some(way(number)),
            history: None,
        },
        lease: LEASE,
    }
}

fn arrival(number: usize) -> Arrival {
    let Registration { endpoint, instance, .. } = registration(number);
    Arrival {
        endpoint,
        instance: instance.id,
        profile: instance.profile,
        network: instance.network,
        bandwidth_kbps: 0,
        place: None,
        at_ms: 0,
        state: State::Active,
        status: None,
        way: instance.way,
        lease: LEASE,
    }
}

/// Where each gateway is with what it said.
struct Gateways {
    said: Vec<(u64, u64)>,
}

impl Gateways {
    fn new() -> Self {
        let said = vec![(0, 0); GATEWAYS];
        Self { said }
    }

    fn message<C>(&mut self, gateway: usize, body: impl FnOnce(&mut u64) -> Body<C>) -> Message<C> {
        let (number, sequence) = &mut self.said[gateway];
        *number += 1;
        Message {
            from: node(gateway),
            region: region(gateway),
            incarnation: 1,
            number: *number,
            body: body(sequence),
        }
    }

    fn changes<C>(&mut self, gateway: usize, changes: Vec<C>) -> Message<C> {
        self.message(gateway, |sequence| {
            let first = *sequence + 1;
            *sequence += changes.len() as u64;
            Body::Changes { first, changes }
        })
    }

    fn beat<C>(&mut self, gateway: usize) -> Message<C> {
        self.message(gateway, |sequence| Body::Beat { sequence: *sequence })
    }
}

/// Each number's change, in messages of a few of the same gateway.
fn told(gateways: &mut Gateways, numbers: &[usize], change: impl Fn(usize) -> Change) -> Vec<Message<Change>> {
    let mut numbers: Vec<usize> = numbers.to_vec();
    numbers.sort_unstable_by_key(|number| number % GATEWAYS);
    let of_one = numbers.chunk_by(|one, other| one % GATEWAYS == other % GATEWAYS);
    of_one
        .map(|numbers| {
            let changes = numbers.iter().map(|number| change(*number)).collect();
            gateways.changes(numbers[0] % GATEWAYS, changes)
        })
        .collect()
}

/// Seconds that each of so many took.
fn each(begun: Instant, many: usize) -> f64 {
    begun.elapsed().as_secs_f64() / many as f64
}

/// What it costs at one number of registrations: seconds, and bytes.
#[derive(Clone, Copy)]
struct Costs {
    register: f64,
    renew: f64,
    look_up: f64,
    /// A second in which nothing is due, with the beats of all gateways in it.
    second: f64,
    /// The loss of a gateway, for each that was registered there.
    lose: f64,
    own: f64,
    own_renew: f64,
    bytes: f64,
}

/// A node that hears of registrations.
struct Reader {
    registrar: Registrar,
    gateways: Gateways,
    now: Instant,
}

impl Reader {
    fn new() -> Self {
        let now = Instant::now();
        let mut reader = Self {
            registrar: Registrar::new(now, me("reader")),
            gateways: Gateways::new(),
            now,
        };
        reader.beats(0);
        reader
    }

    /// All gateways from this one on are heard, and a moment passes. Seconds that took.
    fn beats(&mut self, from: usize) -> f64 {
        let beats: Vec<Message<Change>> = (from..GATEWAYS).map(|gateway| self.gateways.beat(gateway)).collect();
        let begun = Instant::now();
        for beat in beats {
            self.registrar.handle(self.now, beat);
        }
        self.registrar.deadline(self.now);
        begun.elapsed().as_secs_f64()
    }

    /// So many changes, a portion at a time, so that messages are as fresh in memory as those that were just read from a network, and
    /// that none is left when memory is counted. Seconds for each.
    fn hears(&mut self, numbers: &[usize], change: impl Fn(usize) -> Change) -> f64 {
        let mut took = Duration::ZERO;
        for portion in numbers.chunks(PORTION) {
            let messages = told(&mut self.gateways, portion, &change);
            let begun = Instant::now();
            for message in messages {
                self.registrar.handle(self.now, message);
            }
            took += begun.elapsed();
        }
        took.as_secs_f64() / numbers.len() as f64
    }

    fn looks_up(&self, numbers: &[usize]) -> f64 {
        let names = numbers.iter().map(|number| (tenant(*number), name(*number)));
        let asked: Vec<(Tenant, String)> = names.collect();
        let begun = Instant::now();
        for (tenant, name) in &asked {
            assert_eq!(black_box(self.registrar.instances(tenant, name)).count(), 1);
        }
        each(begun, asked.len())
    }

    fn second(&mut self) -> f64 {
        const SECONDS: usize = 10;
        let mut took = 0.0;
        for _ in 0..SECONDS {
            self.now += Duration::from_secs(1);
            took += self.beats(0);
        }
        took / SECONDS as f64
    }

    /// The first gateways are not heard any more.
    fn loses(&mut self, gateways: usize) -> f64 {
        let before = self.registrar.registrations();
        // Their lease is 15 s and 5 s of allowance.
        for _ in 0..3 {
            self.now += Duration::from_secs(6);
            self.beats(gateways);
        }
        assert_eq!(self.registrar.registrations(), before, "they are not lost yet");
        self.now += Duration::from_secs(3);
        let begun = Instant::now();
        self.registrar.deadline(self.now);
        let took = begun.elapsed().as_secs_f64();
        let gone = before - self.registrar.registrations();
        assert_eq!(gone, before * gateways / GATEWAYS, "all of theirs, and nothing else");
        took / gone as f64
    }
}

fn me(name: &str) -> Me {
    Me {
        node: NodeId::new(name).expect("a good name"),
        region: region(0),
        incarnation: 1,
    }
}

/// A gateway with so many of its own. Seconds for each that comes, and for each that is renewed.
fn gateway(size: usize) -> (f64, f64) {
    let now = Instant::now();
    let mut registrar = Registrar::new(now, me("gateway-x"));
    let arrivals: Vec<Arrival> = shuffled(size).map(arrival).collect();
    let names: Vec<(Endpoint, InstanceId)> = arrivals
        .iter()
        .map(|arrival| (arrival.endpoint.clone(), arrival.instance.clone()))
        .collect();
    let begun = Instant::now();
    for arrival in arrivals {
        registrar.register(now, arrival).expect("there is room");
        while let Some(output) = registrar.poll() {
            black_box(output);
        }
    }
    let own = each(begun, size);
    let begun = Instant::now();
    for (endpoint, instance) in &names {
        registrar.renew(now, endpoint, instance, LEASE).expect("it is there");
        while let Some(output) = registrar.poll() {
            black_box(output);
        }
    }
    (own, each(begun, size))
}

fn costs(size: usize, sample: usize) -> Costs {
    let numbers: Vec<usize> = shuffled(size).collect();
    let before = held();
    let mut reader = Reader::new();
    let register = reader.hears(&numbers, |number| Change::Put(registration(number)));
    let bytes = (held() - before) as f64 / size as f64;
    assert_eq!(reader.registrar.registrations(), size);
    reader.now += Duration::from_secs(5);
    let sample = &numbers[..size.min(sample)];
    let renew = reader.hears(sample, |number| Change::Renew {
        endpoint: endpoint(number),
        instance: instance(number),
        lease: LEASE,
    });
    let (own, own_renew) = gateway(size.min(50_000));
    Costs {
        register,
        renew,
        look_up: reader.looks_up(sample),
        second: reader.second(),
        lose: reader.loses(10),
        own,
        own_renew,
        bytes,
    }
}

/// The best of several rounds where a round is short, so that caches are as warm as they get.
fn best(size: usize, sample: usize) -> Costs {
    let rounds = (100_000 / size).clamp(1, 30);
    let all = (0..rounds).map(|_| costs(size, sample));
    let least = |one: Costs, other: Costs| Costs {
        register: one.register.min(other.register),
        renew: one.renew.min(other.renew),
        look_up: one.look_up.min(other.look_up),
        second: one.second.min(other.second),
        lose: one.lose.min(other.lose),
        own: one.own.min(other.own),
        own_renew: one.own_renew.min(other.own_renew),
        bytes: one.bytes,
    };
    all.reduce(least).expect("there is one round at least")
}

fn row(size: usize, base: Costs, costs: Costs) {
    let grown = |of: fn(&Costs) -> f64| of(&costs) / of(&base);
    println!(
        "  {size} registrations: {:.0} bytes each, {:.0} MiB",
        costs.bytes,
        costs.bytes * size as f64 / 1_048_576.0
    );
    let rate = |what: &str, of: fn(&Costs) -> f64| {
        println!(
            "    {what:<34} {:>10.0}/s, each {:>5.2} times the first",
            1.0 / of(&costs),
            grown(of)
        );
    };
    rate("registrations heard of", |costs| costs.register);
    rate("renewals heard of", |costs| costs.renew);
    rate("look-ups of an endpoint", |costs| costs.look_up);
    rate("registrations of its own", |costs| costs.own);
    rate("renewals of its own", |costs| costs.own_renew);
    println!(
        "    {:<34} {:>10.1} us, {:>10.2} times the first",
        "a second, 1,000 beats in it",
        costs.second * 1e6,
        grown(|costs| costs.second)
    );
    println!(
        "    {:<34} {:>10.2} ms, each {:>5.2} times the first",
        "a gateway of the size is lost",
        costs.lose * size as f64 / GATEWAYS as f64 * 1e3,
        grown(|costs| costs.lose)
    );
}

/// A thousand nodes of which one is told: a beat and a change of load of each.
fn nodes() {
    let now = Instant::now();
    let facts = |load| {
        let words = ["record", "mix", "say-en", "recognise-en", "gateway"];
        let facts = words
            .into_iter()
            .try_fold(Facts::default(), |facts, word| facts.offering(word, 100, load));
        facts.expect("good words")
    };
    let mut gateways = Gateways::new();
    let mut nodes = Nodes::new(now, me("reader"), facts(0));
    let before = held();
    let mut rounds = Vec::new();
    for load in 0..20 {
        let begun = Instant::now();
        for gateway in 0..GATEWAYS {
            nodes.handle(now, gateways.changes(gateway, vec![facts(load)]));
            while let Some(output) = nodes.poll() {
                black_box(output);
            }
        }
        rounds.push(each(begun, GATEWAYS));
    }
    let bytes = (held() - before) / GATEWAYS;
    let begun = Instant::now();
    assert_eq!(nodes.offering("mix").count(), GATEWAYS + 1);
    let offering = begun.elapsed().as_secs_f64();
    let change = rounds.iter().skip(1).sum::<f64>() / (rounds.len() - 1) as f64;
    println!(
        "nodes: {GATEWAYS} of them, {bytes} bytes each; {:.0} changes of load/s, made and heard of; who offers something: {:.0} us",
        1.0 / change,
        offering * 1e6
    );
}

/// A message there and back: bytes of each change, and how many of them a second.
fn bytes(what: &str, change: impl Fn(usize) -> Change) {
    const ROUNDS: usize = 200;
    let changes: Vec<Change> = (0..CHANGES_PER_MESSAGE)
        .map(|number| change(number * TENANTS))
        .collect();
    let message = Gateways::new().changes(0, changes);
    let written = message.to_bytes();
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        black_box(message.to_bytes());
    }
    let write = each(begun, ROUNDS * CHANGES_PER_MESSAGE);
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        black_box(Message::<Change>::from_bytes(&written).expect("it was just written"));
    }
    let read = each(begun, ROUNDS * CHANGES_PER_MESSAGE);
    println!(
        "as bytes: {what}: {:.0} each; {:.0} written/s, {:.0} read/s",
        written.len() as f64 / CHANGES_PER_MESSAGE as f64,
        1.0 / write,
        1.0 / read
    );
}

/// A thousand nodes of which one is told who is in a call there, and one of them is lost.
fn parts() {
    const EACH: usize = 100;
    let now = Instant::now();
    let who = |number: usize| Identity::new(tenant(number), &name(number)).expect("a good name");
    let change = |number: usize, ringing| {
        parts::Change::Put(Entry {
            identity: who(number),
            legs: [(Some(instance(number)), 1)].into(),
            ringing,
            word: None,
            left: Duration::ZERO,
        })
    };
    let mut gateways = Gateways::new();
    let mut parts = Parts::new(now, me("reader"));
    let before = held();
    let mut took = [0.0; 2];
    for (ringing, took) in (0..).zip(&mut took) {
        for number in 0..EACH * GATEWAYS {
            let message = gateways.changes(number % GATEWAYS, vec![change(number, ringing)]);
            let begun = Instant::now();
            parts.handle(now, message);
            *took += begun.elapsed().as_secs_f64() / (EACH * GATEWAYS) as f64;
        }
    }
    let bytes = (held() - before) / (EACH * GATEWAYS);
    let begun = Instant::now();
    for number in 0..EACH * GATEWAYS {
        assert_eq!(black_box(parts.sum(&who(number))).ringing, 1);
    }
    let sum = each(begun, EACH * GATEWAYS);
    println!(
        "parts: {} identities in calls at {GATEWAYS} nodes, {bytes} bytes each with their notices; {:.0} that come/s, {:.0} changes/s, {:.0} sums/s",
        EACH * GATEWAYS,
        1.0 / took[0],
        1.0 / took[1],
        1.0 / sum
    );
}

fn main() {
    let quick = std::env::var("PATCHCORD_BENCH").is_ok_and(|how| how == "quick");
    let (sizes, sample) = match quick {
        true => (&SIZES[..2], 20_000),
        false => (&SIZES[..], 200_000),
    };
    println!("locations: {GATEWAYS} gateways in {REGIONS} regions, {TENANTS} tenants, one instance of each endpoint");
    let mut first = None;
    for size in sizes {
        let costs = best(*size, sample);
        row(*size, *first.get_or_insert(costs), costs);
    }
    nodes();
    bytes("registrations", |number| Change::Put(registration(number)));
    bytes("renewals", |number| Change::Renew {
        endpoint: endpoint(number),
        instance: instance(number),
        lease: LEASE,
    });
    parts();
}
