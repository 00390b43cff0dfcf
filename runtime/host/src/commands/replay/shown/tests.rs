//! A difference as a person sees it.

use super::{both_sides, one_line};
use patchcord_control::ask::Ask;
use patchcord_control::ids::LegId;
use patchcord_control::private::Private;
use patchcord_switch::replay::{Did, Difference};
use patchcord_switch::{HandlerOver, Show};

fn refer(to: &str) -> Did {
    Did::Asked(Ask::Refer {
        leg: LegId(0),
        to: Private::new(to.to_owned()),
    })
}

#[test]
fn lines_that_differ_are_marked() {
    let difference = Difference {
        at: 7,
        turn: 1,
        recorded: Did::Asked(Ask::Sleep { ms: 500 }),
        now: Did::Asked(Ask::Sleep { ms: 600 }),
    };
    let lines = both_sides(&difference, Show::Harmless);
    assert_eq!(
        lines,
        [
            "    7    recorded                  now",
            "         Sleep {                   Sleep {",
            "       !     ms: 500,                  ms: 600,",
            "         }                         }",
        ]
    );
}

#[test]
fn what_differs_in_private_is_shown_only_if_wanted() {
    let difference = Difference {
        at: 1,
        turn: 1,
        recorded: refer("sip:ann@example.org"),
        now: refer("sip:bob@example.org"),
    };
    let harmless = both_sides(&difference, Show::Harmless).join("\n");
    assert!(!harmless.contains("ann") && !harmless.contains('!'), "{harmless}");
    assert!(harmless.ends_with("--show-private shows them"), "{harmless}");
    let everything = both_sides(&difference, Show::Everything).join("\n");
    assert!(everything.contains("sip:ann@") && everything.contains("sip:bob@"));
}

#[test]
fn an_end_stands_beside_an_ask() {
    let difference = Difference {
        at: 2,
        turn: 1,
        recorded: Did::Asked(Ask::Now),
        now: Did::Over(HandlerOver::Returned(Ok(()))),
    };
    let lines = both_sides(&difference, Show::Harmless).join("\n");
    assert!(lines.contains("! Now") && lines.contains("Returned("), "{lines}");
}

#[test]
fn a_log_line_gives_a_terminal_no_orders() {
    assert_eq!(one_line("a\x1b[2Jb\nc"), "a [2Jb c");
}
