//! Requests that are asked for credentials.

use crate::tests::{Bench, SDP, header, methods};
use crate::{Credentials, EndCause, Event, Message};

const SERVER: &str = "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256\r\n";
const PROXY: &str = "Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"p1\"\r\n";

fn ours() -> Option<Credentials> {
    Some(Credentials {
        username: "trunk".to_owned(),
        password: "secret".to_owned(),
        realm: Some("pbx".to_owned()),
    })
}

fn placed(bench: &mut Bench) -> Message {
    bench.place(|call| call.credentials = ours()).1
}

fn ended(bench: &Bench) -> Option<EndCause> {
    match bench.events.last() {
        Some(Event::Ended { cause, .. }) => Some(*cause),
        _ => None,
    }
}

#[test]
fn a_challenged_call_is_placed_again_and_its_ack_carries_the_same_proof() {
    let mut bench = Bench::new();
    let invite = placed(&mut bench);
    let sent = bench.hear(&invite, 401, SERVER, "");
    assert_eq!(methods(&sent), ["ACK", "INVITE"]);
    let again = &sent[1];
    let proof = header(again, "Authorization").expect("an answer").to_owned();
    assert!(
        proof.contains("username=\"trunk\"") && proof.contains("uri=\"sip:b@192.0.2.1:5062\""),
        "{proof}"
    );
    assert!(!proof.contains("secret"));
    assert_eq!(
        (header(again, "CSeq"), header(again, "Call-ID")),
        (Some("2 INVITE"), header(&invite, "Call-ID"))
    );
    assert_eq!(header(again, "From"), header(&invite, "From"));
    assert_ne!(header(again, "Via"), header(&invite, "Via"));
    assert!(bench.events.is_empty());
    // The old transaction still answers for itself.
    assert_eq!(methods(&bench.hear(&invite, 401, SERVER, "")), ["ACK"]);
    let ack = bench.hear(again, 200, "", SDP).remove(0);
    assert_eq!(
        (header(&ack, "CSeq"), header(&ack, "Authorization")),
        (Some("2 ACK"), Some(proof.as_str()))
    );
}

#[test]
fn a_proxy_and_the_far_end_may_both_ask() {
    let mut bench = Bench::new();
    let invite = placed(&mut bench);
    let second = bench.hear(&invite, 407, PROXY, "").remove(1);
    assert!(header(&second, "Proxy-Authorization").is_some());
    let third = bench.hear(&second, 401, SERVER, "").remove(1);
    assert!(header(&third, "Proxy-Authorization").is_some() && header(&third, "Authorization").is_some());
    // Asked again by one that has seen the answer: the credentials are wrong.
    assert_eq!(methods(&bench.hear(&third, 407, PROXY, "")), ["ACK"]);
    assert_eq!(ended(&bench), Some(EndCause::Rejected { status: 407 }));
    assert!(matches!(bench.events[0], Event::Refused { .. }));
}

#[test]
fn a_stale_nonce_is_no_wrong_password() {
    let mut bench = Bench::new();
    let mut invite = placed(&mut bench);
    for round in 0..3 {
        let stale = format!("WWW-Authenticate: Digest realm=\"pbx\", nonce=\"s{round}\", stale=true\r\n");
        let sent = bench.hear(&invite, 401, &stale, "");
        assert_eq!(methods(&sent), ["ACK", "INVITE"]);
        invite = sent[1].clone();
        assert!(header(&invite, "Authorization").is_some_and(|proof| proof.contains(&format!("s{round}"))));
    }
}

#[test]
fn another_realm_no_credentials_or_a_call_given_up_are_not_answered() {
    let mut bench = Bench::new();
    let invite = placed(&mut bench);
    let other = SERVER.replace("pbx", "elsewhere");
    assert_eq!(methods(&bench.hear(&invite, 401, &other, "")), ["ACK"]);
    let (_, invite) = bench.place(|_| {});
    assert_eq!(methods(&bench.hear(&invite, 401, SERVER, "")), ["ACK"]);
    assert_eq!(bench.endings(), 2);
    let (dialog, invite) = bench.place(|call| call.credentials = ours());
    bench.endpoint.cancel(bench.now, dialog).expect("calling");
    assert_eq!(methods(&bench.hear(&invite, 401, SERVER, "")), ["ACK"]);
    assert_eq!(ended(&bench), Some(EndCause::Cancelled));
}

#[test]
fn requests_inside_the_dialog_are_answered_for_too() {
    let mut bench = Bench::new();
    let (dialog, invite) = bench.place(|call| call.credentials = ours());
    bench.hear(&invite, 200, "", SDP);
    bench
        .endpoint
        .reinvite(bench.now, dialog, Some(SDP.into()))
        .expect("up");
    let change = bench.drain().remove(0);
    let again = bench.hear(&change, 407, PROXY, "").remove(1);
    assert_eq!(header(&again, "CSeq"), Some("3 INVITE"));
    bench.hear(&again, 200, "", SDP);
    assert!(matches!(
        bench.events.last(),
        Some(Event::ReinviteAnswered { status: 200, .. })
    ));
    bench.endpoint.bye(bench.now, dialog).expect("up");
    let bye = bench.drain().remove(0);
    let again = bench.hear(&bye, 407, PROXY, "").remove(0);
    assert_eq!(
        (methods(std::slice::from_ref(&again)), header(&again, "CSeq")),
        (vec!["BYE".to_owned()], Some("5 BYE"))
    );
    bench.hear(&again, 200, "", "");
    assert!(bench.endpoint.dialogs.is_empty());
}
