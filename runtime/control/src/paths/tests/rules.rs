//! Rules: what they exclude and prefer, when, and how they add up.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

fn set(names: &[&str]) -> BTreeSet<Region> {
    names.iter().map(|name| region(name)).collect()
}

fn only(scope: Scope, names: &[&str]) -> Rule {
    let mut rule = Rule::new(scope);
    rule.only = Some(set(names));
    rule
}

fn without(scope: Scope, names: &[&str]) -> Rule {
    let mut rule = Rule::new(scope);
    rule.prohibited = set(names);
    rule
}

/// Two phones in us that need speech, of which `eu` and `ap` have some.
fn speaking() -> World {
    let mut world = World::three();
    world.node("ap-s", &[say("en")]);
    world.between(vec![phone("us-a")], vec![phone("us-a")]);
    world.need(&[say("en")]);
    world
}

#[test]
fn a_prohibited_region_is_not_passed() {
    // RR-19.
    let mut world = speaking();
    assert_eq!(world.hops(), "us-a > eu-m [say (en)] > us-a");
    world.rules = vec![without(Scope::Tenant, &["eu"])];
    let plan = world.plan().unwrap();
    assert_eq!(shown(&plan), "us-a > ap-s [say (en)] > us-a");
    let words = plan.explanation.to_string();
    assert!(
        words.contains("say (en) at eu-m: a rule prohibits media in eu"),
        "{words}"
    );
}

#[test]
fn media_is_confined_and_what_is_not_there_is_refused() {
    let mut world = speaking();
    world.rules = vec![only(Scope::Tenant, &["us", "ap"])];
    assert_eq!(world.hops(), "us-a > ap-s [say (en)] > us-a");
    world.rules = vec![only(Scope::Tenant, &["us"])];
    let why = world.plan().unwrap_err().to_string();
    let wanted =
        "say (en) can be had nowhere: ap: rules confine media, and not to ap; eu: rules confine media, and not to eu";
    assert_eq!(why, wanted);
    // A gateway outside is no gateway; copies are confined, too.
    world.need(&[]);
    world.talk.ends[1].instances.push(phone("ap-a"));
    world.rules = vec![only(Scope::Tenant, &["ap"])];
    assert!(matches!(world.plan(), Err(NoPath::End { end, .. }) if *end == *"anna"));
    world.need(&[Service::Record]);
    world.rules = vec![only(Scope::Tenant, &["us"])];
    assert!(matches!(
        world.plan(),
        Err(NoPath::Service {
            service: Service::Record,
            ..
        })
    ));
    // And a recording that is made at home is not tunnelled out.
    world.node("us-r", &[Service::Record]);
    assert_eq!(world.plan().unwrap().branches[0].tunnel, None);
}

#[test]
fn the_strictest_of_all_rules_counts() {
    let mut world = speaking();
    world.rules = vec![
        only(Scope::Tenant, &["us", "ap", "eu"]),
        only(Scope::End(Arc::from("anna")), &["us", "eu"]),
        without(Scope::End(Arc::from("nobody")), &["eu"]),
    ];
    assert_eq!(world.hops(), "us-a > eu-m [say (en)] > us-a");
    world.rules.push(without(Scope::End(Arc::from("bert")), &["eu"]));
    assert!(matches!(world.plan(), Err(NoPath::Service { .. })));
    world.rules.reverse();
    assert!(matches!(world.plan(), Err(NoPath::Service { .. })));
}

#[test]
fn a_rule_of_a_region_counts_for_those_who_come_in_there() {
    let mut world = speaking();
    world.rules = vec![without(Scope::Region(region("ap")), &["eu"])];
    assert_eq!(world.hops(), "us-a > eu-m [say (en)] > us-a");
    world.rules = vec![without(Scope::Region(region("us")), &["eu"])];
    assert_eq!(world.hops(), "us-a > ap-s [say (en)] > us-a");
    // Of two instances the rule forbids one: the other is taken, though it costs more.
    world.need(&[]);
    world.between(vec![phone("eu-a")], vec![phone("us-a"), phone("ap-a")]);
    let plan = world.plan().unwrap();
    assert_eq!(plan.ends[1].gateway, id("ap-a"));
    world.rules.clear();
    assert_eq!(world.plan().unwrap().ends[1].gateway, id("us-a"));
    // More such regions than are tried: the stricter reading.
    let names = ["ba", "bb", "bc", "us"];
    for name in &names[..3] {
        world.node(&format!("{name}-a"), &[]);
        world.talk.ends[1].instances.push(phone(&format!("{name}-a")));
        world.way(name, "eu", 300);
        world.rules.push(without(Scope::Region(region(name)), &["ap"]));
    }
    world.rules.push(without(Scope::Region(region("us")), &["us"]));
    world.between(vec![phone("eu-a")], world.talk.ends[1].instances.clone());
    assert_eq!(world.plan().unwrap().ends[1].gateway, id("ap-a"));
}

#[test]
fn rules_count_by_the_hour_of_a_place() {
    // 9 to 17 at UTC+5:30, which is 3:30 to 11:30 UTC.
    let mut world = speaking();
    let mut rule = without(Scope::Tenant, &["eu"]);
    rule.hours = Hours::new(9 * 60, 17 * 60, 330);
    world.rules = vec![rule];
    for (minute, passes_eu) in [(209, true), (210, false), (689, false), (690, true), (0, true)] {
        world.minute_utc = minute;
        assert_eq!(world.hops().contains("eu-m"), passes_eu, "at minute {minute}");
    }
    let night = Hours::new(22 * 60, 6 * 60, -60).unwrap();
    assert!(night.holds(23 * 60) && night.holds(6 * 60 + 59) && !night.holds(7 * 60) && !night.holds(22 * 60 + 59));
    assert!(Hours::new(60, 60, 0).unwrap().holds(0));
    assert!(Hours::new(1_440, 0, 0).is_none() && Hours::new(0, 0, 841).is_none());
}

#[test]
fn preferred_regions_draw_within_the_fewest_borders() {
    let mut world = speaking();
    let mut rule = Rule::new(Scope::Tenant);
    rule.preferred = BTreeMap::from([(region("us"), 100), (region("ap"), 80)]);
    world.rules = vec![rule];
    assert_eq!(world.hops(), "us-a > ap-s [say (en)] > us-a");
    // By less, 20 ms of way are worth more.
    world.rules[0].preferred.insert(region("eu"), 70);
    assert_eq!(world.hops(), "us-a > eu-m [say (en)] > us-a");
    // Preference does not make up for borders.
    world.node("us-s", &[say("en")]);
    world.rules[0].preferred = BTreeMap::from([(region("ap"), 100)]);
    assert_eq!(world.hops(), "us-a > us-s [say (en)] > us-a");
}

#[test]
fn metrics_have_the_priority_that_rules_give_them() {
    let mut world = speaking();
    let (us, eu, ap) = (region("us"), region("eu"), region("ap"));
    world.links.expect(&us, &eu, quality(60), 60_000).unwrap();
    world.links.expect(&us, &ap, quality(90), 1_000).unwrap();
    assert_eq!(world.hops(), "us-a > ap-s [say (en)] > us-a");
    let mut rule = Rule::new(Scope::Tenant);
    let no_money = Weights {
        money: 0,
        ..Weights::default()
    };
    rule.weights = Some(no_money);
    world.rules = vec![rule];
    assert_eq!(world.hops(), "us-a > eu-m [say (en)] > us-a");
    // Another rule that does ask about money: the larger weight.
    let mut rule = Rule::new(Scope::End(Arc::from("anna")));
    rule.weights = Some(Weights::default());
    world.rules.push(rule);
    assert_eq!(world.hops(), "us-a > ap-s [say (en)] > us-a");
    // Nothing counts: what is measured decides (MM-11).
    world.rules.truncate(1);
    world.rules[0].weights = Some(Weights {
        latency: 0,
        jitter: 0,
        loss: 0,
        load: 0,
        money: 0,
    });
    assert_eq!(world.hops(), "us-a > eu-m [say (en)] > us-a");
}

#[test]
fn there_is_an_end_to_rules() {
    let many = vec![Rule::new(Scope::Tenant); RULES_MAX + 1];
    let why = Rules::new(many).unwrap_err().to_string();
    assert!(why.contains("at most 64"), "{why}");
}
