//! Who refreshes how often, by what the peer asks for.

use super::*;
use crate::tests::start;

fn headers(fields: &[(&str, &str)]) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in fields {
        headers.push(name, value);
    }
    headers
}

#[test]
fn reads_what_peers_write() {
    let read = |value| Expires::of(&headers(&[("x", value)]));
    assert_eq!(
        read("1800 ; Refresher=UAS;x=1"),
        Some(Expires {
            seconds: 1800,
            refresher: Some(Side::Uas)
        })
    );
    assert_eq!(read("90;refresher=me").map(|expires| expires.refresher), Some(None));
    assert_eq!(read("99999999999").map(|expires| expires.seconds), Some(u32::MAX));
    assert_eq!((read(""), read("-1"), read("soon")), (None, None, None));
    assert_eq!(min_se(&headers(&[("Min-SE", "120;x")])), Some(120));
}

#[test]
fn a_request_is_answered_by_the_table_of_rfc_4028() {
    let ours = SessionTimer {
        expires_s: 600,
        min_s: 100,
    };
    let runs = |expires_s, refresher| Agreement::Runs { expires_s, refresher };
    let knows = ("Supported", "replaces, Timer");
    for (fields, expected) in [
        (vec![], Agreement::None),
        (vec![knows], runs(600, Side::Uas)),
        (vec![knows, ("Min-SE", "900")], runs(900, Side::Uas)),
        (vec![knows, ("Session-Expires", "300")], runs(300, Side::Uac)),
        (
            vec![knows, ("Session-Expires", "300;refresher=uas")],
            runs(300, Side::Uas),
        ),
        (vec![knows, ("Session-Expires", "99")], Agreement::TooShort(100)),
        (vec![("Session-Expires", "99;refresher=uac")], runs(99, Side::Uas)),
        (vec![("Session-Expires", "1")], runs(90, Side::Uas)),
    ] {
        assert_eq!(agree(ours, &headers(&fields)), expected, "{fields:?}");
    }
    let none = SessionTimer { expires_s: 0, ..ours };
    assert_eq!(agree(none, &headers(&[knows])), Agreement::None);
}

#[test]
fn it_is_refreshed_at_half_and_given_up_before_its_end() {
    let now = start();
    let after = |seconds| now + Duration::from_secs(seconds);
    let ours = Running::new(now, 1800, Refresher::We);
    assert_eq!((ours.next(), ours.ends_at), (after(900), after(1768)));
    let theirs = Running::new(now, 90, Refresher::They);
    assert_eq!((theirs.next(), theirs.refresh_at), (after(60), None));
}
