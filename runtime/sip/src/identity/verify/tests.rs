//! Foreign tokens against their call and against other calls, times and certificates; the responses for each reason.

use super::*;
use crate::identity::tests::{NOW, ORIGIN, call, chain, fixture, header, judged, number, roots};
use crate::identity::{Attestation, CertificateFault, OriginId, Refusal, UrlFault};
use crate::{Message, parse};

fn with_call(header: &str, call: &Call, now: u64) -> Verdict {
    verify(
        &Token::parse(header).unwrap(),
        &chain(),
        &roots(),
        call,
        FRESHNESS_S,
        now,
    )
}

fn with_chain(file: &[u8]) -> Verdict {
    let chain = CertificateChain::read(file).unwrap();
    let token = Token::parse(header!("shaken_a")).unwrap();
    verify(&token, &chain, &roots(), &call(), FRESHNESS_S, NOW)
}

fn valid(level: Attestation) -> Verdict {
    Verdict::Valid {
        attestation: Some(level),
        origid: OriginId::parse(ORIGIN),
    }
}

const PLAIN: Verdict = Verdict::Valid {
    attestation: None,
    origid: None,
};

#[test]
fn foreign_tokens_are_valid() {
    assert_eq!(judged(header!("shaken_a")), valid(Attestation::Full));
    assert_eq!(judged(header!("shaken_c")), valid(Attestation::Gateway));
    let second = Call {
        destination: number("12125551214").into(),
        ..call()
    };
    assert_eq!(
        with_call(header!("shaken_c"), &second, NOW),
        valid(Attestation::Gateway)
    );
}

#[test]
fn a_request_becomes_a_call() {
    let raw = b"INVITE sip:alice@example.com SIP/2.0\r\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\n\
        From: \"Bob\" <sip:+1-215-555-1212@a.example;user=phone>;tag=1\r\nTo: <sips:x@b.example>\r\nCall-ID: 1\r\n\
        CSeq: 1 INVITE\r\nDate: Fri, 15 Jan 2027 08:00:01 GMT\r\nContent-Length: 0\r\n\r\n";
    let Ok(Message::Request(mut request)) = parse(raw) else {
        panic!("a request");
    };
    assert!(Call::of_request(&request).is_some_and(|call| call.date == Some(NOW + 1)));
    request.headers = crate::Headers::new();
    assert_eq!(Call::of_request(&request), None);
    request.headers.push("From", "<tel:+12155551212>;tag=1");
    request.headers.push("To", "<sip:alice@EXAMPLE.com:5060>");
    let call = Call::of_request(&request).unwrap();
    assert_eq!(with_call(header!("base"), &call, NOW), PLAIN);
}

#[test]
fn the_compact_form_needs_the_date_that_was_signed() {
    let at = |date| Call { date, ..call() };
    assert_eq!(with_call(header!("compact"), &at(Some(NOW)), NOW + 9), PLAIN);
    assert_eq!(
        with_call(header!("compact"), &at(None), NOW),
        Verdict::Invalid(Reason::NoDate)
    );
    assert_eq!(
        with_call(header!("compact"), &at(Some(NOW + 1)), NOW),
        Verdict::Invalid(Reason::Signature)
    );
    let other = Call {
        caller: number("12155551213").into(),
        ..at(Some(NOW))
    };
    assert_eq!(
        with_call(header!("compact"), &other, NOW),
        Verdict::Invalid(Reason::Signature)
    );
}

#[test]
fn fresh_for_sixty_seconds_either_way() {
    let good = header!("shaken_a");
    for (now, expected) in [
        (NOW + 60, valid(Attestation::Full)),
        (NOW - 60, valid(Attestation::Full)),
        (NOW + 61, Verdict::Invalid(Reason::Stale)),
        (NOW - 61, Verdict::Invalid(Reason::Stale)),
        (0, Verdict::Invalid(Reason::Stale)),
        (u64::MAX, Verdict::Invalid(Reason::Stale)),
    ] {
        assert_eq!(with_call(good, &call(), now), expected, "{now}");
    }
    let old_date = Call {
        date: Some(NOW - 61),
        ..call()
    };
    assert_eq!(with_call(good, &old_date, NOW), Verdict::Invalid(Reason::Stale));
}

#[test]
fn a_token_is_about_one_call() {
    let Call {
        caller,
        destination,
        date,
    } = call();
    let swapped = Call {
        caller: destination.clone(),
        destination: caller.clone(),
        date,
    };
    assert_eq!(
        with_call(header!("shaken_a"), &swapped, NOW),
        Verdict::Invalid(Reason::Caller)
    );
    let elsewhere = Call {
        caller,
        destination: number("12125551219").into(),
        date,
    };
    assert_eq!(
        with_call(header!("shaken_a"), &elsewhere, NOW),
        Verdict::Invalid(Reason::Destination)
    );
    assert_eq!(
        with_call(header!("base"), &call(), NOW),
        Verdict::Invalid(Reason::Destination)
    );
}

#[test]
fn a_token_is_by_one_certificate() {
    assert_eq!(
        with_chain(fixture!("wrong_key.pem")),
        Verdict::Invalid(Reason::Signature)
    );
    assert_eq!(
        with_chain(fixture!("expired.pem")),
        Verdict::Invalid(Reason::Certificate(CertificateFault::Period))
    );
    assert_eq!(
        with_chain(fixture!("signer.der")),
        Verdict::Invalid(Reason::Certificate(CertificateFault::Untrusted))
    );
    assert_eq!(with_chain(fixture!("range.pem")), valid(Attestation::Full));
    let mut stranger = call();
    stranger.caller = number("13035550101").into();
    // The claims of another caller fail before the list of numbers is asked, so ask it with a token of that caller.
    let header = crate::identity::tests::signer()
        .sign(
            NOW,
            &number("13035550101"),
            &[number("12125551213")],
            Attestation::Full,
            OriginId::new(1),
        )
        .unwrap();
    let range = CertificateChain::read(fixture!("range.pem")).unwrap();
    let verdict = verify(
        &Token::parse(&header).unwrap(),
        &range,
        &roots(),
        &stranger,
        FRESHNESS_S,
        NOW,
    );
    assert_eq!(verdict, Verdict::Invalid(Reason::Authority));
}

/// The claims of one token under the signature of another.
#[test]
fn pieces_of_two_tokens_prove_nothing() {
    let (first, second) = (header!("shaken_a"), header!("shaken_c"));
    let claims = |header: &'static str| header.split('.').nth(1).unwrap();
    let mixed = first.replace(claims(first), claims(second));
    assert_eq!(judged(&mixed), Verdict::Invalid(Reason::Signature));
}

#[test]
fn every_reason_has_its_response() {
    for (verdict, response) in [
        (Verdict::NoSignature, "428 Use Identity Header"),
        (Verdict::Invalid(Reason::Stale), "403 Stale Date"),
        (Verdict::Invalid(Reason::Fetch), "436 Bad Identity Info"),
        (
            Verdict::Invalid(Reason::Url(UrlFault::Private)),
            "436 Bad Identity Info",
        ),
        (
            Verdict::Invalid(Reason::Certificate(CertificateFault::Untrusted)),
            "437 Unsupported Credential",
        ),
        (Verdict::Invalid(Reason::Authority), "437 Unsupported Credential"),
        (Verdict::Invalid(Reason::Algorithm), "437 Unsupported Credential"),
        (Verdict::Invalid(Reason::Signature), "438 Invalid Identity Header"),
        (Verdict::Invalid(Reason::Caller), "438 Invalid Identity Header"),
    ] {
        assert_eq!(
            verdict.refusal().map(|refusal| refusal.to_string()).as_deref(),
            Some(response)
        );
    }
    assert_eq!(PLAIN.refusal().map(Refusal::status), None);
    assert_eq!(
        (PLAIN.verstat(), Verdict::NoSignature.verstat()),
        ("TN-Validation-Passed", "No-TN-Validation")
    );
}
