//! What a plan costs on one core, by nodes, regions, ends and services; what a snapshot takes to make and to hold. No target is
//! asserted: read the ratios.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock: it measures")]

use patchcord_control::paths::{
    Codec, Conversation, End, Instance, Keeper, Language, Links, Load, Need, Node, Offer, Quality, Question, Reach,
    Rules, Service, Snapshot, Standing, plan,
};
use patchcord_control::regions::{NodeId, Region};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Nodes, and the regions they are in.
const WORLDS: [(usize, usize); 5] = [(10, 3), (100, 10), (1_000, 3), (1_000, 10), (1_000, 40)];
/// How long each number is measured.
const EACH: Duration = Duration::from_millis(400);

fn say() -> Service {
    Service::Say(Language::new("en").expect("a tag"))
}

fn region(number: usize) -> Region {
    Region::new(&format!("r{number}")).expect("a name")
}

/// Every second node of the first half of the regions has services; all are gateways.
fn nodes(count: usize, regions: usize) -> Vec<Node> {
    let served = [say(), Service::Record, Service::Mix, Service::Capture, Service::Stream];
    let offer = |service: &Service| Offer {
        service: service.clone(),
        capacity: 100,
        in_use: 10,
    };
    let node = |number: usize| {
        let home = number % regions;
        let serves = home < regions.div_ceil(2) && (number / regions).is_multiple_of(2);
        Node {
            id: NodeId::new(&format!("r{home}-n{number}")).expect("a name"),
            region: region(home),
            load: Load::new((number * 37 % 90) as f64 / 100.0),
            standing: Standing::Open,
            offers: if serves {
                served.iter().map(offer).collect()
            } else {
                Vec::new()
            },
        }
    };
    (0..count).map(node).collect()
}

fn links(now: Instant, regions: usize) -> Links {
    let mut links = Links::default();
    for one in 0..regions {
        for other in one + 1..regions {
            let quality = Quality {
                round_trip_us: 20_000 + (one * 7 + other * 13) as u32 % 40 * 5_000,
                jitter_us: 1_000,
                loss_ppm: 500,
            };
            links
                .heard(now, &region(one), &region(other), quality)
                .expect("there is room");
        }
    }
    links
}

/// Ends of two instances each, spread over the regions.
fn talk(nodes: &[Node], ends: usize, needs: &[Service]) -> Conversation {
    let instance = |end: usize, place: usize| Instance {
        name: Arc::from(format!("i{place}")),
        gateway: nodes[(end * 31 + place * 17) % nodes.len()].id.clone(),
        codecs: vec![Codec::Opus, Codec::Pcma],
        reach: Reach::Gateway,
    };
    let end = |number: usize| End {
        name: Arc::from(format!("e{number}")),
        instances: (0..2).map(|place| instance(number, place)).collect(),
    };
    Conversation {
        ends: (0..ends).map(end).collect(),
        needs: needs.iter().cloned().map(Need::new).collect(),
        anchor: None,
    }
}

/// Seconds of one.
fn measure(each: Duration, mut what: impl FnMut()) -> f64 {
    // Caches and the allocator are warm before anything counts.
    what();
    let (begun, mut rounds) = (Instant::now(), 0_u32);
    while begun.elapsed() < each {
        what();
        rounds += 1;
    }
    begun.elapsed().as_secs_f64() / f64::from(rounds)
}

fn main() {
    let quick = std::env::var("PATCHCORD_BENCH").is_ok_and(|how| how == "quick");
    let each = if quick { EACH / 10 } else { EACH };
    let now = Instant::now();
    let rules = Rules::default();
    let services = [say(), Service::Capture, Service::Record];
    let talks: [(&str, usize, &[Service]); 4] = [
        ("2 ends", 2, &[]),
        ("2 ends, say", 2, &services[..1]),
        ("2 ends, say, capture, record", 2, &services),
        ("5 ends, say, record", 5, &[say(), Service::Record]),
    ];
    println!("paths: a plan with its explanation, in microseconds; ratios are to the first line");
    let mut baseline = [None; 4];
    for (count, regions) in WORLDS {
        let (nodes, links) = (nodes(count, regions), links(now, regions));
        let made = || Snapshot::new(now, &nodes, &links, &[region(0)]).expect("it fits");
        let snapshot = made();
        let making = measure(each, || drop(black_box(made())));
        println!(
            "  {count:>5} nodes, {regions:>2} regions: a snapshot takes {:.0} us to make, {:.1} KiB to hold ({:.0} B a node)",
            making * 1e6,
            snapshot.bytes() as f64 / 1024.0,
            snapshot.bytes() as f64 / count as f64,
        );
        for ((name, ends, needs), base) in talks.iter().zip(&mut baseline) {
            let conversation = talk(&nodes, *ends, needs);
            let question = Question {
                snapshot: &snapshot,
                conversation: &conversation,
                rules: &rules,
                minute_utc: 0,
            };
            let planning = measure(each, || drop(black_box(plan(question).expect("there is a path"))));
            let mut keeper = Keeper::default();
            let keeping = measure(each, || {
                black_box(keeper.look(now, question).expect("there is a path"));
            });
            let base = *base.get_or_insert(planning);
            println!(
                "    {name:<30} {:>8.1} us, {:>5.1} times; {:>8.1} us where one is kept",
                planning * 1e6,
                planning / base,
                keeping * 1e6,
            );
        }
    }
}
