//! Which trunks are tried, in which order, and what their refusals mean: tables, and weights over many seeds.

use super::*;
use crate::numbers::{Code, Style};
use crate::policy::{Accepts, Privacy, Source, Trust};
use OutcomeClass::{Busy, Declined, Failed, Forbidden, NoAnswer, NotFound, RejectedByNetwork, Unavailable};

fn tenant(name: &str) -> Tenant {
    Tenant(name.to_owned())
}

fn trunk(name: &str, prefixes: &[&str], priority: u16, weight: u16) -> Trunk {
    Trunk {
        name: name.into(),
        owner: Owner::Shared,
        prefixes: prefixes
            .iter()
            .map(|text| Prefix::new(text).expect("a prefix"))
            .collect(),
        codes: Codes::Neither,
        priority,
        weight,
        called: NumberFormat::default(),
        caller: CallerRules {
            accepts: Accepts::Any,
            substitute: None,
            trust: Trust::Trusted,
            format: NumberFormat::default(),
        },
        retry_on: Vec::new(),
    }
}

fn owned(mut trunk: Trunk, owner: &str) -> Trunk {
    trunk.owner = Owner::Tenants([tenant(owner)].into());
    trunk
}

fn with_codes(mut trunk: Trunk, codes: Codes) -> Trunk {
    trunk.codes = codes;
    trunk
}

fn caller(source: Source) -> CallerId {
    let number = Some(E164::parse("+4930111111").expect("a number"));
    CallerId {
        number,
        vouched: number,
        source,
        privacy: Privacy::Shown,
    }
}

fn number(text: &str) -> Number {
    Number::E164(E164::parse(text).expect("a number"))
}

fn names(trunks: &Trunks, who: &str, number: &Number, seed: u64) -> Result<Vec<String>, NoTrunk> {
    let chosen = trunks.choose(&tenant(who), number, &caller(Source::Own), seed)?;
    Ok(chosen.iter().map(|choice| choice.trunk.to_string()).collect())
}

#[test]
fn the_longest_prefix_comes_first_then_priority_then_the_tenants_own() {
    let trunks = Trunks::new(vec![
        trunk("world", &[], 1, 1),
        trunk("europe-late", &["4", "3"], 9, 1),
        trunk("europe", &["4", "3"], 1, 1),
        trunk("germany", &["49", "43"], 5, 1),
        trunk("berlin", &["4930", "4"], 5, 1),
        owned(trunk("ann-world", &[], 1, 1), "ann"),
        owned(trunk("bob-berlin", &["4930"], 1, 1), "bob"),
    ])
    .expect("good trunks");
    let table: [(&str, &str, &[&str]); 5] = [
        (
            "ann",
            "+4930123456",
            &["berlin", "germany", "europe", "europe-late", "ann-world", "world"],
        ),
        (
            "bob",
            "+4930123456",
            &["bob-berlin", "berlin", "germany", "europe", "europe-late", "world"],
        ),
        (
            "bob",
            "+4940123456",
            &["germany", "europe", "berlin", "europe-late", "world"],
        ),
        ("ann", "+33123456789", &["europe", "europe-late", "ann-world", "world"]),
        ("eve", "+14155550100", &["world"]),
    ];
    for (who, dialled, expected) in table {
        assert_eq!(
            names(&trunks, who, &number(dialled), 7).expect("a route"),
            expected,
            "{who} {dialled}"
        );
    }
    let few = Trunks::new(vec![owned(trunk("a", &["49"], 1, 1), "ann")]).expect("good trunks");
    assert_eq!(names(&few, "bob", &number("+4930123456"), 1), Err(NoTrunk::NoRoute));
    assert_eq!(names(&few, "ann", &number("+33123456789"), 1), Err(NoTrunk::NoRoute));
}

#[test]
fn codes_go_only_over_trunks_that_carry_them() {
    let trunks = Trunks::new(vec![
        trunk("plain", &[], 1, 1),
        with_codes(trunk("emergency", &["49"], 2, 1), Codes::Emergency),
        with_codes(trunk("both", &[], 3, 1), Codes::Both),
    ])
    .expect("good trunks");
    let code = |text: &str| Code::new(text).expect("a code");
    let emergency = Number::Emergency(code("112"));
    assert_eq!(
        names(&trunks, "ann", &emergency, 1),
        Ok(vec!["emergency".into(), "both".into()])
    );
    assert_eq!(
        names(&trunks, "ann", &Number::Short(code("115")), 1),
        Ok(vec!["both".into()])
    );
    let hidden = CallerId {
        privacy: Privacy::Withheld,
        ..caller(Source::Own)
    };
    let chosen = trunks.choose(&tenant("ann"), &emergency, &hidden, 1).expect("a route");
    assert_eq!(chosen[0].number.reveal(), "112");
    assert_eq!(
        chosen[0].caller.from.as_ref().map(|user| user.reveal().as_str()),
        Some("+4930111111")
    );
}

#[test]
fn equal_trunks_share_by_weight_and_a_seed_decides() {
    let trunks = Trunks::new(vec![
        trunk("zero", &[], 1, 0),
        trunk("one", &[], 1, 10),
        trunk("three", &[], 1, 30),
        trunk("later", &[], 2, 1_000),
    ])
    .expect("good trunks");
    let mut first = std::collections::BTreeMap::<String, u32>::new();
    for seed in 0..8_000 {
        let order = names(&trunks, "ann", &number("+4930123456"), seed).expect("a route");
        assert_eq!(
            order,
            names(&trunks, "ann", &number("+4930123456"), seed).expect("a route")
        );
        assert_eq!(order.len(), 4, "each is tried once");
        assert_eq!(order[3], "later", "priority comes before weight");
        *first.entry(order[0].clone()).or_default() += 1;
    }
    // Of 41 draws zero has 1, one has 10, three has 30.
    let share = |name: &str| f64::from(first.get(name).copied().unwrap_or(0)) / 8_000.0;
    assert!((share("zero") - 1.0 / 41.0).abs() < 0.01, "{first:?}");
    assert!((share("one") - 10.0 / 41.0).abs() < 0.02, "{first:?}");
    assert!((share("three") - 30.0 / 41.0).abs() < 0.02, "{first:?}");
}

#[test]
fn each_trunk_gets_number_and_caller_as_it_wants_them() {
    let mut first = trunk("first", &[], 1, 1);
    first.called.style = Style::Digits;
    first.caller.format.style = Style::National {
        country_code: "49".to_owned(),
        national_prefix: "0".to_owned(),
        international_prefix: "00".to_owned(),
    };
    let mut picky = trunk("picky", &[], 2, 1);
    picky.caller.accepts = Accepts::Own;
    let trunks = Trunks::new(vec![first, picky]).expect("good trunks");
    let choose = |source| trunks.choose(&tenant("ann"), &number("+442079460000"), &caller(source), 1);
    let chosen = choose(Source::Own).expect("a route");
    let user = |choice: &Choice| choice.caller.from.clone().map(Private::into_inner);
    assert_eq!(chosen[0].number.reveal(), "442079460000");
    assert_eq!(user(&chosen[0]).as_deref(), Some("030111111"));
    assert_eq!(chosen[1].number.reveal(), "+442079460000");
    assert_eq!(user(&chosen[1]).as_deref(), Some("+4930111111"));
    assert_eq!(choose(Source::Party).expect("a route").len(), 1, "picky is left out");
    let printed = format!("{chosen:?}");
    assert!(
        !printed.contains("2079460000") && !printed.contains("30111111"),
        "{printed}"
    );

    let mut only = trunk("only", &[], 1, 1);
    only.caller.accepts = Accepts::Own;
    let only = Trunks::new(vec![only]).expect("good trunks");
    let refused = only.choose(&tenant("ann"), &number("+442079460000"), &caller(Source::Party), 1);
    assert_eq!(refused, Err(NoTrunk::CallerId));
}

#[test]
fn no_call_tries_more_trunks_than_the_limit() {
    let many = (0..40)
        .map(|index| trunk(&format!("t{index}"), &[], index, 1))
        .collect();
    let trunks = Trunks::new(many).expect("good trunks");
    assert_eq!(
        names(&trunks, "ann", &number("+4930123456"), 1).map(|list| list.len()),
        Ok(MAX_TRIES)
    );
}

#[test]
fn trunks_that_cannot_work_are_refused() {
    let twice = Trunks::new(vec![trunk("a", &[], 1, 1), trunk("a", &[], 2, 1)]);
    assert_eq!(twice.err(), Some(TrunksError::Twice("a".into())));
    let mut odd = trunk("a", &[], 1, 1);
    odd.retry_on = vec![200];
    assert_eq!(Trunks::new(vec![odd]).err(), Some(TrunksError::Status("a".into())));
    let mut odd = trunk("a", &[], 1, 1);
    odd.called.style = Style::International { prefix: "x".to_owned() };
    assert!(matches!(Trunks::new(vec![odd]).err(), Some(TrunksError::Format(..))));
    let mut odd = trunk("a", &[], 1, 1);
    odd.retry_on = vec![480; 17];
    assert!(matches!(
        Trunks::new(vec![odd]).err(),
        Some(TrunksError::TooMany { most: 16, asked: 17 })
    ));
}

const TRY: Next = Next::TryNext;
const END: Next = Next::End;

/// Status, Q.850 cause, class, and what comes next while nobody rang.
const REFUSALS: &[(u16, Option<u8>, OutcomeClass, Next)] = &[
    (301, None, Unavailable, END),
    (302, None, Unavailable, END),
    (380, None, Unavailable, END),
    (400, None, Failed, END),
    (401, None, Forbidden, TRY),
    (402, None, Forbidden, END),
    (403, None, Forbidden, END),
    (404, None, NotFound, END),
    (405, None, Failed, END),
    (406, None, Failed, END),
    (407, None, Forbidden, TRY),
    (407, Some(17), Forbidden, TRY),
    (408, None, NoAnswer, TRY),
    (410, None, NotFound, END),
    (415, None, Failed, END),
    (416, None, NotFound, END),
    (420, None, Failed, END),
    (422, None, Failed, END),
    (428, None, Forbidden, END),
    (430, None, Failed, TRY),
    (433, None, Forbidden, END),
    (438, None, Forbidden, END),
    (480, None, Unavailable, END),
    (481, None, Failed, END),
    (482, None, Failed, END),
    (483, None, Failed, END),
    (484, None, NotFound, END),
    (486, None, Busy, END),
    (487, None, NoAnswer, END),
    (488, None, Failed, END),
    (500, None, Failed, TRY),
    (502, None, Failed, TRY),
    (503, None, RejectedByNetwork, TRY),
    (504, None, Failed, TRY),
    (580, None, Failed, TRY),
    (600, None, Busy, END),
    (603, None, Declined, END),
    (604, None, NotFound, END),
    (606, None, Failed, END),
    (607, None, Declined, END),
    (608, None, RejectedByNetwork, END),
    (699, None, Failed, END),
    (486, Some(34), Busy, END),
    (603, Some(38), Declined, END),
    (404, Some(1), NotFound, END),
    (404, Some(3), RejectedByNetwork, TRY),
    (480, Some(18), NoAnswer, END),
    (480, Some(19), NoAnswer, END),
    (480, Some(20), Unavailable, END),
    (480, Some(21), Declined, END),
    (480, Some(31), Unavailable, END),
    (480, Some(34), RejectedByNetwork, TRY),
    (403, Some(21), Forbidden, END),
    (403, Some(57), Forbidden, END),
    (408, Some(18), NoAnswer, END),
    (408, Some(102), NoAnswer, TRY),
    (500, Some(17), Busy, END),
    (503, Some(1), NotFound, END),
    (503, Some(16), RejectedByNetwork, TRY),
    (502, Some(27), Unavailable, END),
    (500, Some(127), Failed, TRY),
    (488, Some(65), Failed, END),
    (503, Some(88), Failed, TRY),
];

#[test]
fn every_refusal_has_its_class_and_says_whether_the_next_trunk_is_tried() {
    for &(status, cause, class, next) in REFUSALS {
        let failure = Failure::Status { status, cause };
        assert_eq!(classify(failure), class, "{status} {cause:?}");
        assert_eq!(after_failure(failure, Reached::Nobody), next, "{status} {cause:?}");
        assert_eq!(
            after_failure(failure, Reached::Callee),
            Next::End,
            "{status} {cause:?} after ringing"
        );
    }
    for (failure, class) in [
        (Failure::NoResponse, Failed),
        (Failure::Unreachable, Failed),
        (Failure::TrunkFull, RejectedByNetwork),
    ] {
        assert_eq!(
            (classify(failure), after_failure(failure, Reached::Nobody)),
            (class, TRY)
        );
    }
}

#[test]
fn a_trunk_may_name_further_statuses_but_never_after_ringing() {
    let mut trunk = trunk("a", &[], 1, 1);
    trunk.retry_on = vec![403, 480];
    let failure = |status| Failure::Status { status, cause: None };
    assert_eq!(trunk.after_failure(failure(403), Reached::Nobody), Next::TryNext);
    assert_eq!(trunk.after_failure(failure(404), Reached::Nobody), Next::End);
    assert_eq!(trunk.after_failure(failure(480), Reached::Callee), Next::End);
    assert_eq!(trunk.after_failure(failure(503), Reached::Nobody), Next::TryNext);
}

#[test]
fn every_status_and_cause_has_an_answer() {
    for status in 300..700 {
        for cause in (0..=127).map(Some).chain([None]) {
            let failure = Failure::Status { status, cause };
            let class = classify(failure);
            if after_failure(failure, Reached::Nobody) == Next::TryNext {
                let decided = [OutcomeClass::Busy, OutcomeClass::Declined, OutcomeClass::NotFound];
                assert!(
                    !decided.contains(&class),
                    "{status} {cause:?}: the callee decided, {class:?}"
                );
                assert!(
                    status < 600,
                    "{status} {cause:?}: a 6xx speaks for all of the callee's places"
                );
            }
        }
    }
}
