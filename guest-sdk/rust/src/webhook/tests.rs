//! Genuine and forged webhooks.

use super::*;

const SECRET: &str = "a-secret-that-signs";
const URL: &str = "https://crm.example.com/calls?x=1";
const BODY: &str = "at-ms=1000500&call-id=call_07&data=a%26b%3D%C3%BC%20~&event=custom&name=order-paid";
/// Of `wit/webhooks.md`, reckoned by another implementation.
const HEADER: &str = "t=1795741200,v1=561bc318366381ffbbc7886ba08955b4b4f305344800b1deb40c10c2e41cbe82";
const THEN: u64 = 1_795_741_200;

fn verdict(secret: &str, url: &str, body: &str, header: &str, now: u64) -> Result<Parameters, NotGenuine> {
    verify(secret, url, body, header, now, FIVE_MINUTES)
}

#[test]
fn the_documents_example_is_genuine_however_its_form_is_written() {
    let event = verdict(SECRET, URL, BODY, HEADER, THEN + 300).expect("genuine");
    assert_eq!(event.get("data"), Some("a&b=ü ~"));
    assert_eq!(event.iter().count(), 5);
    let other = "name=order-paid&event=custom&data=a%26b%3d%c3%bc+%7E&call-id=call_07&at-ms=1000500";
    assert_eq!(verdict(SECRET, URL, other, HEADER, THEN), Ok(event));
}

#[test]
fn whatever_was_changed_is_noticed() {
    let wrong = Err(NotGenuine::Wrong);
    assert_eq!(verdict("another secret", URL, BODY, HEADER, THEN), wrong);
    assert_eq!(
        verdict(SECRET, "https://crm.example.com/calls", BODY, HEADER, THEN),
        wrong
    );
    assert_eq!(verdict(SECRET, URL, &BODY.replace("paid", "void"), HEADER, THEN), wrong);
    assert_eq!(verdict(SECRET, URL, &format!("{BODY}&more=1"), HEADER, THEN), wrong);
    assert_eq!(
        verdict(SECRET, URL, BODY, &HEADER.replace("1795741200", "1795741201"), THEN),
        wrong
    );
    assert_eq!(
        verdict(SECRET, URL, BODY, &HEADER.replace("=561b", "=561c"), THEN),
        wrong
    );
}

#[test]
fn what_is_old_or_no_signature_is_told_apart() {
    let stale = Err(NotGenuine::Stale { signed_at: THEN });
    assert_eq!(verdict(SECRET, URL, BODY, HEADER, THEN + 301), stale);
    assert_eq!(verdict(SECRET, URL, BODY, HEADER, THEN - 301), stale);
    for header in [
        "",
        "v1=00",
        "t=x,v1=",
        "t=1795741200,v1=zz",
        &HEADER.replace("561b", "ü61b"),
    ] {
        assert_eq!(
            verdict(SECRET, URL, BODY, header, THEN),
            Err(NotGenuine::NoSignature),
            "{header}"
        );
    }
    for body in ["", "a", "a=%", "a=%zz", "a=%ff"] {
        assert_eq!(
            verdict(SECRET, URL, body, HEADER, THEN),
            Err(NotGenuine::NotAForm),
            "{body}"
        );
    }
}
