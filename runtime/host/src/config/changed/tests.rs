//! What is taken over at once is not said to wait.

use super::*;

const BEFORE: &str = "[sip]\nlisten = \"127.0.0.1:5060\"\nstrangers = \"drop\"\n[media]\nports = \"20000-20999\"\n[[route]]\nto = \"*\"\nhandler = \"menu\"\n";

#[test]
fn what_differs_and_is_not_taken_over_is_named() {
    assert!(waits_for_restart(BEFORE, &format!("{BEFORE}# a remark\n")).is_empty());
    for (from, to, waits) in [
        ("handler = \"menu\"", "handler = \"other\"", &[][..]),
        ("strangers = \"drop\"", "strangers = \"answer\"", &[]),
        ("5060", "5070", &["sip"]),
        ("20999", "21999", &["media"]),
        (
            "[media]\nports = \"20000-20999\"\n",
            "[log]\nlevel = \"debug\"\n",
            &["log", "media"],
        ),
        ("[[route]]", "[[user]]\nname = \"a\"\npassword = \"b\"\n[[route]]", &[]),
    ] {
        assert_eq!(waits_for_restart(BEFORE, &BEFORE.replacen(from, to, 1)), waits, "{to}");
    }
}
