//! What is told of a call: in order, with numbers of each receiver's own, and nothing that was not asked for.

use super::*;
use crate::events::{EventKind, EventKinds, Happening, Receiver, Subscription, Telling};
use crate::grants::Grants;
use crate::http_urls::{HttpAllow, HttpUrl};
use crate::record::{Fault, FaultKind};
use crate::words::{Breakage, LimitName};

fn told(outputs: &[Output]) -> Vec<&Telling> {
    let told = outputs.iter().filter_map(|output| match output {
        Output::Telling(telling) => Some(&**telling),
        _ => None,
    });
    told.collect()
}

fn names(outputs: &[Output]) -> Vec<&'static str> {
    told(outputs)
        .iter()
        .map(|telling| telling.event.what.kind().name())
        .collect()
}

fn receiver(name: &str, kinds: EventKinds) -> Arc<Subscription> {
    Arc::new(Subscription {
        tenant: Tenant("t".to_owned()),
        handlers: None,
        kinds,
        name: name.into(),
        webhook: None,
    })
}

fn bench(receivers: Vec<Arc<Subscription>>) -> Bench {
    let grants = Grants::default()
        .with_secret("crm-key", "a long secret")
        .expect("a secret")
        .with_http(HttpAllow::Below(vec![
            HttpUrl::parse("https://crm.example/").expect("an address"),
        ]));
    let setup = Setup {
        receivers,
        grants: Arc::new(grants),
        ..Bench::new(Description::Offered).call.setup().clone()
    };
    let now = Bench::new(Description::Offered).now;
    let mut call = Call::new(now, setup);
    let outputs = std::iter::from_fn(|| call.poll()).collect();
    Bench { call, now, outputs }
}

fn subscribe(url: &str, kinds: &[EventKind], secret: &str) -> Ask {
    Ask::Subscribe {
        url: url.to_owned().into(),
        kinds: kinds.to_vec(),
        secret: secret.to_owned(),
    }
}

fn emit(name: &str, data: &str) -> Ask {
    Ask::Emit {
        name: name.to_owned(),
        data: data.to_owned().into(),
    }
}

#[test]
fn a_call_is_told_from_its_beginning_to_its_end() {
    let mut bench = bench(vec![receiver("crm", EventKinds::ALL)]);
    let mut seen = Vec::new();
    let mut look = |bench: &Bench| seen.extend(names(&bench.outputs));
    look(&bench);
    bench.ask(Ask::Ring { leg: CALLER });
    look(&bench);
    bench.ask(Ask::Answer { leg: CALLER });
    look(&bench);
    bench.leg(LegSignal::AudioOpen);
    look(&bench);
    bench.now += SECOND;
    bench.ask(emit("order-paid", "{}"));
    look(&bench);
    bench.hung_up();
    let gone = told(&bench.outputs)[0].clone();
    look(&bench);
    bench.returns();
    look(&bench);
    bench.counted();
    look(&bench);
    assert_eq!(
        seen,
        [
            "call-started",
            "leg-ringing",
            "leg-answered",
            "custom",
            "leg-ended",
            "call-ended"
        ]
    );
    assert_eq!(
        gone.event.what,
        Happening::LegEnded {
            leg: 0,
            why: Interruption::HungUp,
            status: None,
            connected_ms: 1_000
        }
    );
    let last = told(&bench.outputs)[0];
    assert_eq!(last.to, [(Receiver::Named("crm".into()), 6)], "the last of six");
    assert!(
        matches!(bench.outputs.last(), Some(Output::Ended(_))),
        "and then the record"
    );
}

#[test]
fn each_receiver_has_what_it_wants_with_numbers_of_its_own() {
    let some = EventKinds::of(&[EventKind::LegAnswered, EventKind::CallEnded]);
    let mut bench = bench(vec![receiver("all", EventKinds::ALL), receiver("some", some)]);
    assert_eq!(told(&bench.outputs)[0].to, [(Receiver::Named("all".into()), 1)]);
    bench.ask(Ask::Answer { leg: CALLER });
    let both = [(Receiver::Named("all".into()), 2), (Receiver::Named("some".into()), 1)];
    assert_eq!(told(&bench.outputs)[0].to, both);
}

#[test]
fn nobody_who_listens_costs_nothing() {
    let mut bench = bench(Vec::new());
    bench.ask(Ask::Answer { leg: CALLER });
    bench.leg(LegSignal::AudioOpen);
    assert_eq!(names(&bench.outputs), Vec::<&str>::new());
    assert_eq!(bench.ask(emit("a", "b")), Some(Answer::Unit(Ok(()))));
    assert_eq!(names(&bench.outputs), Vec::<&str>::new());
}

#[test]
fn a_failure_is_told_before_what_follows_from_it() {
    let mut bench = bench(vec![receiver("crm", EventKinds::ALL)]);
    bench.feed(Input::Failed {
        fault: Fault {
            kind: FaultKind::Trap,
            text: "unreachable".to_owned(),
        },
        usage: Usage::default(),
    });
    assert_eq!(
        names(&bench.outputs),
        ["handler-failed", "leg-answered"],
        "the announcement is heard"
    );
    assert!(matches!(
        &told(&bench.outputs)[0].event.what,
        Happening::HandlerFailed { kind: Breakage::Trap, text } if text == "unreachable"
    ));
}

#[test]
fn a_webhook_that_the_handler_subscribes_is_told_from_then_on() {
    let mut bench = bench(Vec::new());
    bench.ask(Ask::Ring { leg: CALLER });
    let kinds = [EventKind::LegRinging, EventKind::LegAnswered];
    let asked = bench.ask(subscribe("https://crm.example/calls", &kinds, "crm-key"));
    assert_eq!(asked, Some(Answer::Unit(Ok(()))));
    assert_eq!(names(&bench.outputs), Vec::<&str>::new(), "not what was before");
    bench.ask(Ask::Answer { leg: CALLER });
    assert_eq!(names(&bench.outputs), ["leg-answered"]);
    let [(Receiver::Subscribed(webhook), 1)] = &told(&bench.outputs)[0].to[..] else {
        panic!("told to {:?}", told(&bench.outputs)[0].to);
    };
    assert_eq!(webhook.secret.reveal(), "a long secret");
    assert_eq!(webhook.written.reveal(), "https://crm.example/calls");
}

#[test]
fn what_may_not_be_subscribed_or_told_is_refused_by_name() {
    let mut bench = bench(Vec::new());
    let refused = |answer: Option<Answer>| match answer {
        Some(Answer::Unit(Err(error))) => error,
        other => panic!("answered {other:?}"),
    };
    let elsewhere = bench.ask(subscribe("https://elsewhere.example/", &[], "crm-key"));
    assert!(matches!(refused(elsewhere), Error::NotAllowed(_)));
    let secret = bench.ask(subscribe("https://crm.example/", &[], "other"));
    assert_eq!(refused(secret), Error::NoSuchSecret("other".to_owned()));
    let address = bench.ask(subscribe("crm.example", &[], "crm-key"));
    assert!(matches!(refused(address), Error::Invalid { argument, .. } if argument == "url"));
    for name in ["", "Order", "a b", &"a".repeat(65)] {
        let asked = bench.ask(emit(name, ""));
        assert!(matches!(refused(asked), Error::Invalid { argument, .. } if argument == "name"));
    }
    let long = bench.ask(emit("a", &"x".repeat(4_097)));
    let over = |name, allowed, asked| Error::Limit { name, allowed, asked };
    assert_eq!(refused(long), over(LimitName::Reports, 4_096, 4_097));
    for _ in 0..8 {
        bench.ask(subscribe("https://crm.example/", &[], "crm-key"));
    }
    let ninth = bench.ask(subscribe("https://crm.example/", &[], "crm-key"));
    assert_eq!(refused(ninth), over(LimitName::Subscriptions, 8, 9));
    for _ in 0..1_000 {
        assert_eq!(bench.ask(emit("a", "b")), Some(Answer::Unit(Ok(()))));
    }
    let one_more = bench.ask(emit("a", "b"));
    assert_eq!(refused(one_more), over(LimitName::Reports, 1_000, 1_001));
}

#[test]
fn a_call_without_legs_lasts_as_long_as_its_code_and_no_longer_than_it_may() {
    let setup = Bench::new(Description::Offered).call.setup().clone();
    let now = Bench::new(Description::Offered).now;
    let mut bench = Bench {
        call: Call::without_legs(now, setup.clone()),
        now,
        outputs: Vec::new(),
    };
    assert!(bench.ask(Ask::RandomNumber).is_some());
    bench.returns();
    let record = bench.record().expect("over");
    assert_eq!((record.legs.len(), &record.handler_end), (0, &HandlerEnd::Done));

    let mut late = Bench {
        call: Call::without_legs(now, setup),
        now,
        outputs: Vec::new(),
    };
    assert_eq!(late.ask(Ask::Sleep { ms: 14_400_000 }), None);
    let answer = late.wake(Duration::from_secs(4 * 3600));
    assert_eq!(
        answer,
        Some(Answer::Unit(Err(Error::Interrupted(Interruption::TimeLimit))))
    );
    assert_eq!(
        late.ask(Ask::Sleep { ms: 60_000 }),
        Some(Answer::Unit(Err(Error::Interrupted(Interruption::TimeLimit))))
    );
    assert!(late.record().is_none());
}
