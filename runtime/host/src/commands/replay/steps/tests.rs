//! What a person types.

use super::{Wish, wish};
use patchcord_control::ask::{Answer, Ask};
use patchcord_switch::Waited;
use patchcord_switch::replay::{Course, HostCall, Told, Unfinished};
use std::time::Duration;

/// Eight host calls; the second, the fourth and the sixth are waited for.
fn course() -> Course {
    let call = |place: usize| HostCall {
        at: Duration::ZERO,
        ask: Ask::Elapsed,
        fuel: 0,
        answer: Some(Told {
            at: Duration::ZERO,
            answer: Answer::Elapsed(0),
            waited: if matches!(place, 2 | 4 | 6) {
                Waited::Yes
            } else {
                Waited::No
            },
            hidden: 0,
        }),
    };
    Course {
        calls: (1..=8).map(call).collect(),
        around: Vec::new(),
        end: None,
        unfinished: Unfinished::Cut,
    }
}

#[test]
fn every_command_is_understood_and_all_else_gets_help() {
    let course = course();
    for (line, wanted) in [
        ("n", Wish::To(6)),
        ("", Wish::To(6)),
        ("p", Wish::To(4)),
        ("t", Wish::To(7)),
        ("b", Wish::To(3)),
        ("g 12", Wish::To(12)),
        ("g 0", Wish::To(1)),
        ("l", Wish::Log),
        ("q", Wish::End),
        ("g", Wish::Help),
        ("g -1", Wish::Help),
        ("g twelve", Wish::Help),
        ("next", Wish::Help),
    ] {
        assert_eq!(wish(line, 5, &course), wanted, "{line}");
    }
    assert_eq!(wish("p", 1, &course), Wish::To(1), "nothing is before the first");
    assert_eq!(wish("b", 2, &course), Wish::To(1), "nor before the first turn");
    assert_eq!(wish("t", 8, &course), Wish::To(8), "and nothing after the last");
}

#[test]
fn a_turn_begins_after_what_was_waited_for() {
    let turns: Vec<usize> = (1..=9).map(|at| course().turn(at)).collect();
    assert_eq!(turns, [1, 1, 2, 2, 3, 3, 4, 4, 4]);
}
