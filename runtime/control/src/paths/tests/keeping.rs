//! A plan over time: what it stays for, and what it gives way to.

use super::*;

/// A keeper and the world it looks at.
struct Kept {
    world: World,
    keeper: Keeper,
}

impl Kept {
    fn new(world: World) -> Self {
        let mut kept = Self {
            world,
            keeper: Keeper::default(),
        };
        assert_eq!(kept.look(), Why::First);
        kept
    }

    fn look(&mut self) -> Why {
        self.try_look().expect("there is a path")
    }

    fn try_look(&mut self) -> Result<Why, NoPath> {
        let snapshot = self.world.snapshot();
        let rules = Rules::new(self.world.rules.clone()).expect("there are few");
        let question = self.world.question(&snapshot, &rules);
        self.keeper.look(self.world.now, question).map(|verdict| verdict.why)
    }

    fn plan(&self) -> &Plan {
        self.keeper.plan().expect("there is a plan")
    }

    fn hops(&self) -> String {
        shown(self.plan())
    }

    fn moves(&self) -> Vec<String> {
        self.plan().moves.iter().map(Move::to_string).collect()
    }

    fn pass(&mut self, time: Duration) {
        self.world.now += time;
    }
}

/// Speech for two phones in us, from `us-s`; `us-t` has it too.
fn speaking() -> Kept {
    let mut world = World::three();
    world.node("us-s", &[say("en")]);
    world.node("us-t", &[say("en")]);
    world.between(vec![phone("us-a")], vec![phone("us-a")]);
    world.need(&[say("en")]);
    Kept::new(world)
}

#[test]
fn what_is_a_little_better_is_not_moved_to() {
    let mut kept = speaking();
    kept.world.at("us-s").load = Load::new(0.8);
    assert_eq!(kept.look(), Why::Kept);
    assert_eq!(kept.hops(), "us-a > us-s [say (en)] > us-a");
    assert!(kept.plan().moves.is_empty() && kept.keeper.wake_at().is_none());
    let words = kept.plan().explanation.to_string();
    assert!(
        words.contains("us-a us-t us-a") && words.contains("too little to move for"),
        "{words}"
    );
}

#[test]
fn what_is_much_better_is_moved_to_once_it_has_been_for_long() {
    let mut kept = speaking();
    kept.world.at("us-s").load = Load::new(0.94);
    let begun = kept.world.now;
    assert_eq!(kept.look(), Why::Kept);
    assert_eq!(kept.keeper.wake_at(), Some(begun + PATIENCE));
    let words = kept.plan().explanation.to_string();
    assert!(words.contains("not for long enough yet"), "{words}");
    kept.pass(PATIENCE - Duration::from_millis(1));
    assert_eq!(kept.look(), Why::Kept);
    // It was not better for a moment: the time begins anew.
    kept.world.at("us-s").load = Load::new(0.5);
    assert_eq!(kept.look(), Why::Kept);
    assert_eq!(kept.keeper.wake_at(), None);
    kept.world.at("us-s").load = Load::new(0.94);
    kept.pass(PATIENCE);
    assert_eq!(kept.look(), Why::Kept);
    kept.pass(PATIENCE);
    assert!(matches!(kept.look(), Why::Better { by } if by >= MARGIN_US));
    let moved = [
        "media enters us-t",
        "say (en) starts at us-t",
        "us-a and us-t are connected",
        "us-a and us-s are parted",
        "say (en) ends at us-s",
        "media leaves us-s",
    ];
    assert_eq!(kept.moves(), moved);
}

#[test]
fn fewer_borders_are_taken_at_once() {
    // The acceptance: speech only in eu, then some is started in us.
    let mut world = World::three();
    world.node("us-b", &[]);
    world.between(vec![phone("us-a")], vec![phone("us-b")]);
    let mut kept = Kept::new(world);
    kept.world.need(&[say("en")]);
    assert_eq!(kept.look(), Why::Needs);
    assert_eq!(kept.hops(), "us-a > eu-m [say (en)] > us-b");
    kept.world.need(&[]);
    assert_eq!(kept.look(), Why::Needs);
    assert_eq!((kept.hops().as_str(), kept.plan().mode), ("us-a > us-b", Mode::Local));
    kept.world.need(&[say("en")]);
    kept.look();
    kept.world.node("us-t", &[say("en")]);
    assert_eq!(kept.look(), Why::FewerBorders);
    assert_eq!(kept.hops(), "us-a > us-t [say (en)] > us-b");
}

#[test]
fn what_may_not_stay_goes_at_once_and_the_rest_stays() {
    let mut kept = speaking();
    kept.world.node("us-c", &[Service::Capture]);
    kept.world.node("us-d", &[Service::Capture]);
    kept.world.need(&[say("en"), Service::Capture]);
    assert_eq!(kept.look(), Why::Needs);
    let reset = "us-a > us-c [capture] > us-s [say (en)] > us-a";
    let other = "us-a > us-s [say (en)] > us-c [capture] > us-a";
    assert!([reset, other].contains(&kept.hops().as_str()), "{}", kept.hops());
    // The other would be a little better in the other place, too.
    kept.world.at("us-c").load = Load::new(0.3);
    for (change, why) in [
        (Standing::Draining, Reason::NodeDraining),
        (Standing::Open, Reason::NodeOverloaded),
    ] {
        let mut kept = Kept {
            world: World {
                nodes: kept.world.nodes.clone(),
                links: kept.world.links.clone(),
                core: kept.world.core.clone(),
                rules: Vec::new(),
                talk: kept.world.talk.clone(),
                ..World::empty()
            },
            keeper: kept.keeper.clone(),
        };
        let node = kept.world.at("us-s");
        node.standing = change;
        node.load = Load::new(if change == Standing::Open { 0.96 } else { 0.1 });
        assert_eq!(kept.look(), Why::Illegal(why));
        assert!(
            kept.hops().contains("us-t [say (en)]") && kept.hops().contains("us-c [capture]"),
            "{}",
            kept.hops()
        );
    }
    kept.world.nodes.retain(|node| node.id != id("us-s"));
    assert_eq!(kept.look(), Why::Illegal(Reason::NodeGone));
    assert!(
        kept.hops().contains("us-t [say (en)]") && kept.hops().contains("us-c [capture]"),
        "{}",
        kept.hops()
    );
    let mut rule = Rule::new(Scope::Tenant);
    rule.prohibited.insert(region("us"));
    kept.world.rules = vec![rule];
    assert!(matches!(kept.try_look(), Err(NoPath::End { .. })));
    assert!(
        kept.plan().moves.iter().any(|step| *step == Move::Leave(id("us-s"))),
        "the plan before is there still"
    );
}

#[test]
fn ones_own_use_of_a_service_does_not_drive_one_away() {
    let mut kept = speaking();
    let offer = &mut kept.world.at("us-s").offers[0];
    (offer.capacity, offer.in_use) = (1, 1);
    assert_eq!(kept.look(), Why::Kept);
    // For somebody else it is full.
    assert_eq!(kept.world.hops(), "us-a > us-t [say (en)] > us-a");
}

#[test]
fn a_copy_never_moves_the_path_and_stays_where_it_is() {
    let mut kept = speaking();
    // A new plan would take the other; the recording does not make it one.
    kept.world.at("us-s").load = Load::new(0.7);
    kept.world.node("us-r", &[Service::Record]);
    kept.world.need(&[say("en"), Service::Record]);
    assert_eq!(kept.look(), Why::Kept);
    assert_eq!(kept.moves(), ["record has a copy from us-a at us-r"]);
    // A nearer or idler recorder is no reason for a recording to change hands; one that crosses no border is.
    kept.world.node("us-q", &[Service::Record]);
    kept.world.at("us-r").load = Load::new(0.9);
    assert_eq!(kept.look(), Why::Kept);
    assert!(kept.moves().is_empty());
    kept.world.at("us-r").standing = Standing::Draining;
    assert_eq!(kept.look(), Why::Kept);
    let moved = [
        "record has a copy from us-a at us-q",
        "record has no copy from us-a at us-r any more",
    ];
    assert_eq!(kept.moves(), moved);
}

#[test]
fn clients_come_in_for_a_recording_and_go_back() {
    let mut world = World::three();
    world.between(vec![browser("us-a")], vec![browser("us-a")]);
    let mut kept = Kept::new(world);
    assert_eq!(kept.plan().mode, Mode::PeerToPeer);
    assert_eq!(kept.look(), Why::Kept);
    kept.world.need(&[Service::Record]);
    assert_eq!(kept.look(), Why::Needs);
    assert_eq!((kept.plan().mode, kept.hops().as_str()), (Mode::Local, "us-a"));
    let came_in = [
        "media enters us-a",
        "record has a copy from us-a at eu-m",
        "media is local",
    ];
    assert_eq!(kept.moves(), came_in);
    kept.world.need(&[]);
    assert_eq!(kept.look(), Why::Needs);
    assert_eq!(kept.plan().mode, Mode::PeerToPeer);
    // For something in the path the same.
    kept.world.need(&[say("en")]);
    assert_eq!(kept.look(), Why::Needs);
    assert_eq!(kept.hops(), "us-a > eu-m [say (en)] > us-a");
    kept.world.need(&[]);
    assert_eq!(kept.look(), Why::Needs);
    assert_eq!(kept.plan().mode, Mode::PeerToPeer);
}

#[test]
fn an_end_that_comes_in_elsewhere_and_one_that_joins_are_new_needs() {
    let mut kept = speaking();
    kept.world.between(vec![phone("us-a")], vec![phone("ap-a")]);
    assert_eq!(kept.look(), Why::Needs);
    assert_eq!(kept.hops(), "us-a > us-s [say (en)] > ap-a");
    let carl = end("carl", vec![phone("us-a")]);
    kept.world.talk.ends.push(carl);
    assert_eq!(kept.look(), Why::Needs);
    assert_eq!(kept.hops(), "us-a > ap-a > us-a > eu-m [say (en), mix]");
    assert!(kept.moves().contains(&"carl is at us-a with PCMA".to_owned()));
    kept.world.talk.ends.remove(1);
    assert_eq!(kept.look(), Why::Needs);
    assert_eq!(kept.hops(), "us-a > us-s [say (en)] > us-a");
    assert!(kept.moves().contains(&"bert is gone".to_owned()));
}
