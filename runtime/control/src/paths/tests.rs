//! Paths by scenario, by rule, over time and at random.

mod exact;
mod facts;
mod keeping;
mod random;
mod rules;
mod scenarios;

use super::*;
use crate::regions::{NodeId, Region};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn region(name: &str) -> Region {
    Region::new(name).expect("a name")
}

fn id(name: &str) -> NodeId {
    NodeId::new(name).expect("a name")
}

/// The region of a test's node: what comes before the last hyphen.
fn home(node: &str) -> Region {
    region(node.rsplit_once('-').expect("nodes are named region-letter").0)
}

fn say(language: &str) -> Service {
    Service::Say(Language::new(language).expect("a tag"))
}

fn transcode(one: Codec, other: Codec) -> Service {
    Service::Transcode(CodecPair::new(one, other).expect("two codecs"))
}

fn phone(gateway: &str) -> Instance {
    Instance {
        name: Arc::from(gateway),
        gateway: id(gateway),
        codecs: vec![Codec::Pcma],
        reach: Reach::Gateway,
    }
}

fn browser(gateway: &str) -> Instance {
    Instance {
        name: Arc::from(format!("browser at {gateway}")),
        gateway: id(gateway),
        codecs: vec![Codec::Opus],
        reach: Reach::Direct,
    }
}

fn end(name: &str, instances: Vec<Instance>) -> End {
    End {
        name: Arc::from(name),
        instances,
    }
}

/// Everything a plan is made from, by hand.
struct World {
    now: Instant,
    nodes: Vec<Node>,
    links: Links,
    core: Vec<Region>,
    rules: Vec<Rule>,
    minute_utc: u16,
    talk: Conversation,
}

impl World {
    #[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
    fn empty() -> Self {
        Self {
            now: Instant::now(),
            nodes: Vec::new(),
            links: Links::default(),
            core: vec![region("eu")],
            rules: Vec::new(),
            minute_utc: 0,
            talk: Conversation {
                ends: Vec::new(),
                needs: Vec::new(),
                anchor: Some(id("eu-a")),
            },
        }
    }

    /// The core region `eu` that has everything, and `us` and `ap` that have gateways.
    fn three() -> Self {
        let mut world = Self::empty();
        for node in ["eu-a", "us-a", "ap-a"] {
            world.node(node, &[]);
        }
        let all = [
            say("en"),
            Service::Recognise(Language::new("en").expect("a tag")),
            transcode(Codec::Pcma, Codec::Opus),
            Service::Record,
            Service::Mix,
            Service::Capture,
            Service::Stream,
        ];
        world.node("eu-m", &all);
        world.way("eu", "us", 80);
        world.way("us", "ap", 90);
        world.way("eu", "ap", 120);
        world
    }

    fn node(&mut self, name: &str, services: &[Service]) {
        let offer = |service: &Service| Offer {
            service: service.clone(),
            capacity: 100,
            in_use: 0,
        };
        self.nodes.push(Node {
            id: id(name),
            region: home(name),
            load: Load::default(),
            standing: Standing::Open,
            offers: services.iter().map(offer).collect(),
        });
    }

    fn at(&mut self, name: &str) -> &mut Node {
        let name = id(name);
        self.nodes.iter_mut().find(|node| node.id == name).expect("it is there")
    }

    /// What is expected between two regions: so many milliseconds one way, nothing lost.
    fn way(&mut self, one: &str, other: &str, one_way_ms: u32) {
        let quality = quality(one_way_ms);
        self.links
            .expect(&region(one), &region(other), quality, 0)
            .expect("there is room");
    }

    fn between(&mut self, first: Vec<Instance>, second: Vec<Instance>) {
        self.talk.ends = vec![end("anna", first), end("bert", second)];
    }

    fn need(&mut self, services: &[Service]) {
        self.talk.needs = services.iter().cloned().map(Need::new).collect();
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.now, &self.nodes, &self.links, &self.core).expect("it fits")
    }

    fn plan(&self) -> Result<Plan, NoPath> {
        let (snapshot, rules) = (self.snapshot(), Rules::new(self.rules.clone()).expect("there are few"));
        plan(self.question(&snapshot, &rules))
    }

    fn question<'a>(&'a self, snapshot: &'a Snapshot, rules: &'a Rules) -> Question<'a> {
        Question {
            snapshot,
            conversation: &self.talk,
            rules,
            minute_utc: self.minute_utc,
        }
    }

    /// The nodes of the plan, with what runs there.
    fn hops(&self) -> String {
        shown(&self.plan().expect("there is a path"))
    }
}

fn quality(one_way_ms: u32) -> Quality {
    Quality {
        round_trip_us: one_way_ms * 2_000,
        jitter_us: 0,
        loss_ppm: 0,
    }
}

fn shown(plan: &Plan) -> String {
    let hop = |hop: &Hop| {
        let services: Vec<String> = hop.services.iter().map(Service::to_string).collect();
        match services.is_empty() {
            true => hop.node.to_string(),
            false => format!("{} [{}]", hop.node, services.join(", ")),
        }
    };
    plan.hops.iter().map(hop).collect::<Vec<_>>().join(" > ")
}
