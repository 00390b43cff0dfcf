//! Who vouches for a caller, through whole calls: what one node signs another believes, foreign tokens count, and neither a
//! forged token nor a certificate that never comes holds a call. Two shards and the bytes between them.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

mod rig;

use crate::SECOND;
use crate::support::{helper, program};
use patchcord_control::policy::Trust;
use patchcord_sip::identity::{Attestation, FetchFailure, Signer, UrlRules};
use patchcord_sip::{Flow, Message, parse};
use patchcord_switch::{IdentityConfig, Input, Signing};
use std::time::Duration;

use rig::{CALLED, CALLER, Carrier, Node, TOKENS_SIGNED, UNTRUSTED, address, fixture, foreign};

/// An INVITE of a stranger, with further headers.
fn invite(number: usize, from: &str, more: &str) -> Vec<u8> {
    let body = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    format!(
        "INVITE sip:{CALLED}@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK{number}\r\n\
         From: {from};tag=a{number}\r\nTo: <sip:{CALLED}@192.0.2.2>\r\nCall-ID: call-{number}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:192.0.2.9>\r\nMax-Forwards: 70\r\n{more}Content-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn signed_invite(number: usize) -> Vec<u8> {
    invite(
        number,
        &format!("<sip:{CALLER}@192.0.2.9>"),
        &foreign(fixture!("shaken_a.identity")),
    )
}

fn header(bytes: &[u8], name: &str) -> Option<String> {
    let Message::Request(request) = parse(bytes).expect("it can be read") else {
        panic!("no request");
    };
    request.headers.first(name).map(str::to_owned)
}

#[test]
fn a_foreign_token_counts_and_its_certificate_is_fetched_once() {
    let mut node = Node::judge(UNTRUSTED);
    node.hear(address(9), &signed_invite(1));
    assert_eq!((node.said.len(), node.wants.len()), (0, 1), "the call waits");
    assert_eq!((node.statuses(), node.traced.len()), (vec![100], 0));
    // Its INVITE comes again and again meanwhile; a few copies are kept for the trace.
    let wait = Duration::from_millis(500);
    node.pass(wait);
    (0..20).for_each(|_| node.hear(address(9), &signed_invite(1)));
    node.serve(node.wants[0], Ok(fixture!("chain.pem")));
    assert_eq!(node.said[..2], ["signed Attestation::Full", "headers: Identity"]);
    let traced = |from: usize| node.traced[from..].iter().map(|(first, ago)| (first.as_str(), *ago));
    let begin = [("INVITE sip:", wait), ("SIP/2.0 100", wait)];
    assert!(traced(0).take(2).eq(begin), "{:?}", node.traced);
    assert!(traced(8).eq([("SIP/2.0 486", Duration::ZERO)]), "{:?}", node.traced);

    let less = foreign(fixture!("shaken_c.identity"));
    node.hear(address(9), &invite(2, &format!("<sip:{CALLER}@192.0.2.9>"), &less));
    assert_eq!(node.said[2], "signed Attestation::Gateway");
    assert_eq!(node.wants.len(), 1);
}

/// The first header with the signature of the second: it stands before the first parameter, after the last dot.
fn splice(claims: &str, signature: &str) -> String {
    let parts = |header: &str| -> Option<(String, String, String)> {
        let (token, parameters) = header.split_once(';')?;
        let (claims, signature) = token.rsplit_once('.')?;
        Some((claims.to_owned(), signature.to_owned(), parameters.to_owned()))
    };
    let ((claims, _, parameters), (_, signature, _)) = (
        parts(claims).expect("a header with parameters"),
        parts(signature).expect("another one"),
    );
    format!("{claims}.{signature};{parameters}")
}

#[test]
fn a_token_that_proves_nothing_says_why() {
    let from = format!("<sip:{CALLER}@192.0.2.9>");
    let tampered = foreign(fixture!("shaken_a.identity")).replacen(".eyJ", ".eyK", 1);
    // The claims of a gateway's token under the signature of a full one.
    let (full, gateway) = (
        foreign(fixture!("shaken_a.identity")),
        foreign(fixture!("shaken_c.identity")),
    );
    let spliced = splice(&gateway, &full);
    for (from, more, chain, said) in [
        (
            "<sip:+12155551299@192.0.2.9>",
            foreign(fixture!("shaken_a.identity")),
            None,
            "invalid: the token names another caller",
        ),
        (&*from, tampered, None, "invalid: the token's claims cannot be used"),
        (
            &*from,
            foreign(fixture!("shaken_a.identity")),
            Some(Ok(&fixture!("wrong_key.pem")[..])),
            "invalid: the signature is not by the certificate's key",
        ),
        (
            &*from,
            spliced,
            Some(Ok(&fixture!("chain.pem")[..])),
            "invalid: the signature is not by the certificate's key",
        ),
        (
            &*from,
            foreign(fixture!("shaken_a.identity")),
            Some(Err(FetchFailure::Status(404))),
            "invalid: the certificate could not be fetched in time",
        ),
        (
            &*from,
            foreign(fixture!("alg_none.identity")),
            None,
            "invalid: it is signed with an algorithm other than ES256",
        ),
        (&*from, foreign(fixture!("ppt_div.identity")), None, "unsigned"),
        (&*from, String::new(), None, "unsigned"),
    ] {
        let mut node = Node::judge(UNTRUSTED);
        node.hear(address(9), &invite(1, from, &more));
        assert_eq!(node.wants.len(), usize::from(chain.is_some()), "{said}");
        if let Some(file) = chain {
            node.serve(node.wants[0], file);
        }
        assert_eq!(node.said[0], said);
    }
}

#[test]
fn a_number_written_as_it_is_dialled_here_is_the_signed_one() {
    for from in ["2155551212", "12155551212", "+12155551212", "%2B12155551212"] {
        let mut node = Node::judge(UNTRUSTED);
        let token = foreign(fixture!("shaken_a.identity"));
        node.hear(address(9), &invite(1, &format!("<sip:{from}@192.0.2.9>"), &token));
        assert_eq!(node.wants.len(), 1, "{from}: {:?}", node.said);
        node.serve(node.wants[0], Ok(fixture!("chain.pem")));
        assert_eq!(node.said[0], "signed Attestation::Full", "{from}");
    }
}

#[test]
fn a_hidden_caller_is_judged_by_what_a_trusted_trunk_asserts() {
    let token = foreign(fixture!("shaken_a.identity"));
    let more = format!("{token}P-Asserted-Identity: <tel:{CALLER}>\r\nPrivacy: id\r\n");
    let from = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";
    for (trust, said) in [
        (Trust::Trusted, "signed Attestation::Full"),
        (Trust::Untrusted, "invalid: the token names another caller"),
    ] {
        let mut node = Node::judge(Carrier { trust, ..UNTRUSTED });
        node.hear(address(9), &invite(1, from, &more));
        if let Some(query) = node.wants.first().copied() {
            node.serve(query, Ok(fixture!("chain.pem")));
        }
        assert_eq!(node.said[..2], [said, "headers: Privacy"]);
    }
}

#[test]
fn what_one_node_signs_another_believes_and_nothing_else() {
    for (signing, said) in [
        (Signing::BySource, "signed Attestation::Full"),
        (Signing::As(Attestation::Partial), "signed Attestation::Partial"),
        (Signing::No, "unsigned"),
    ] {
        let carrier = Carrier { signing, ..UNTRUSTED };
        let mut ours = Node::signer(carrier);
        // The caller's own number says nothing to the outside: the tenant's is shown and signed.
        ours.hear(address(9), &invite(1, "<sip:ann@192.0.2.9>", ""));
        let call = ours.invite();
        assert_eq!(header(&call, "Date").is_some(), signing != Signing::No);
        let mut theirs = Node::judge(UNTRUSTED);
        theirs.hear(ours.here, &call);
        if let Some(query) = theirs.wants.first().copied() {
            theirs.serve(query, Ok(fixture!("chain.pem")));
        }
        assert_eq!(theirs.said[0], said);

        if signing != Signing::No {
            // A minute and a second later the same bytes are a replay.
            let mut late = Node::judge(UNTRUSTED);
            late.pass(61 * SECOND);
            late.hear(ours.here, &call);
            assert_eq!(late.said[0], "invalid: the token is too old, or from the future");
        }
    }
}

#[test]
fn a_certificate_that_never_comes_holds_no_call_longer_than_two_seconds() {
    let mut node = Node::judge(UNTRUSTED);
    node.hear(address(9), &signed_invite(1));
    node.pass(Duration::from_millis(1_999));
    assert!(node.said.is_empty());
    node.pass(Duration::from_millis(1));
    assert_eq!(node.said[0], "invalid: the certificate could not be fetched in time");
    // For a while nobody waits for that server again; what it sends at last is kept.
    node.hear(address(9), &signed_invite(2));
    assert_eq!(node.said[2], "invalid: the certificate could not be fetched in time");
    node.serve(node.wants[0], Ok(fixture!("chain.pem")));
    node.hear(address(9), &signed_invite(3));
    assert_eq!(node.said[4], "signed Attestation::Full");
    assert_eq!(node.wants.len(), 1);
}

#[test]
fn a_caller_who_leaves_while_it_waits_leaves_nothing_behind() {
    let mut node = Node::judge(UNTRUSTED);
    node.hear(address(9), &signed_invite(1));
    assert_eq!((node.shard.counts().calls, node.shard.counts().ports_in_use), (1, 1));
    let cancel = format!(
        "CANCEL sip:{CALLED}@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK1\r\n\
         From: <sip:{CALLER}@192.0.2.9>;tag=a1\r\nTo: <sip:{CALLED}@192.0.2.2>\r\nCall-ID: call-1\r\n\
         CSeq: 1 CANCEL\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    );
    node.hear(address(9), cancel.as_bytes());
    assert_eq!((node.shard.counts().calls, node.shard.counts().ports_in_use), (0, 0));
    assert!(node.statuses().contains(&487));
    assert_eq!(node.shard.counts().left_early, 1);
    node.serve(node.wants[0], Ok(fixture!("chain.pem")));
    assert!(node.said.is_empty(), "no handler began");

    node.hear(address(9), &signed_invite(2));
    assert_eq!(node.said[0], "signed Attestation::Full", "but the file was kept");
    // Waiting calls end with the others when the node does.
    let mut node = Node::judge(UNTRUSTED);
    node.hear(address(9), &signed_invite(3));
    node.tell(Input::EndAll);
    assert_eq!((node.shard.counts().calls, node.shard.counts().ports_in_use), (0, 0));
    assert!(node.statuses().contains(&503));
    node.serve(node.wants[0], Ok(fixture!("chain.pem")));
    assert!(node.said.is_empty());
}

/// Tokens whose certificates are each at another address: the address is part of what is signed, so they are made here.
fn elsewhere(number: usize) -> Vec<u8> {
    let url = format!("https://cert.example.org/{number}");
    let signer = Signer::from_pem(fixture!("key_pkcs8.pem"), &url, &UrlRules::default()).expect("a key");
    let party = |text| patchcord_sip::identity::Number::parse(text).expect("a number");
    let origin = signer.origin_of("nobody");
    let called = [party(CALLED)];
    let value = signer.sign(TOKENS_SIGNED, &party(CALLER), &called, Attestation::Full, origin);
    let more = format!("Identity: {}\r\n", value.expect("one destination"));
    invite(number, &format!("<sip:{CALLER}@192.0.2.9>"), &more)
}

#[test]
fn a_flood_of_addresses_and_of_calls_is_bounded_and_every_call_goes_on() {
    let mut node = Node::judge(UNTRUSTED);
    for number in 0..100 {
        node.hear(address(9), &elsewhere(number));
    }
    assert_eq!(node.wants.len(), 32, "files at the same time");
    assert_eq!(node.said.len(), 2 * 68, "the others do not wait");
    // A server that was not asked is not blamed: with room again it is.
    let first = node.wants[0];
    node.serve(first, Err(FetchFailure::Unreachable));
    node.hear(address(9), &elsewhere(200));
    assert_eq!(node.wants.len(), 33);
    node.pass(2 * SECOND);
    assert_eq!(node.said.len(), 2 * 101);

    let mut node = Node::judge(UNTRUSTED);
    for number in 0..300 {
        node.hear(address(9), &signed_invite(number));
    }
    assert_eq!(
        (node.wants.len(), node.said.len()),
        (1, 2 * 44),
        "256 wait for one file"
    );
    node.serve(node.wants[0], Ok(fixture!("chain.pem")));
    let believed = node.said.iter().filter(|said| *said == "signed Attestation::Full");
    assert_eq!(believed.count(), 256);
}

#[test]
fn an_asserted_identity_is_believed_of_a_trusted_trunk_only() {
    let from = format!("<sip:{CALLER}@192.0.2.9>");
    let asserted = "P-Asserted-Identity: <sip:+12155550000@carrier.example>\r\n";
    let hidden = format!("{asserted}Privacy: id\r\n");
    let trusted = Carrier {
        trust: Trust::Trusted,
        ..UNTRUSTED
    };
    for (carrier, peer, more, said) in [
        (
            trusted,
            9,
            asserted,
            ["asserted +12155550000", "headers: P-Asserted-Identity"],
        ),
        (trusted, 9, &*hidden, ["unsigned", "headers: Privacy"]),
        (trusted, 8, asserted, ["unsigned", "headers: "]),
        (UNTRUSTED, 9, asserted, ["unsigned", "headers: "]),
    ] {
        let mut node = Node::judge(carrier);
        node.hear(address(peer), &invite(1, &from, more));
        assert_eq!(node.said[..2], said);
    }
}

#[test]
fn a_hidden_caller_stays_hidden_and_only_the_trusted_are_told_whose_call_it_is() {
    let carrier = |trust| Carrier {
        trust,
        signing: Signing::BySource,
    };
    for trust in [Trust::Trusted, Trust::Untrusted] {
        let mut node = Node::signer(carrier(trust));
        node.hear(
            address(9),
            &invite(1, "<sip:+12155550100@192.0.2.9>", "Privacy: id\r\n"),
        );
        let call = node.invite();
        let from = header(&call, "From").expect("every request has one");
        assert!(from.contains("anonymous@anonymous.invalid"), "{from}");
        let told = header(&call, "P-Asserted-Identity");
        let is_trusted = trust == Trust::Trusted;
        assert_eq!(
            told.is_some_and(|told| told.contains(CALLER)),
            is_trusted,
            "the tenant's"
        );
        assert_eq!(header(&call, "Privacy").as_deref(), is_trusted.then_some("id"));
        assert_eq!(
            header(&call, "Identity").is_some(),
            is_trusted,
            "a signature names a number"
        );
        assert!(!String::from_utf8_lossy(&call).contains("12155550100"));
    }
}

#[test]
fn whoever_is_no_trunk_is_told_of_a_hidden_caller_nothing_at_all() {
    let handler = program("calls_address", &helper("calls_address"));
    for (privacy, shown) in [("", true), ("Privacy: id\r\n", false), ("Privacy: none\r\n", true)] {
        let mut node = Node::new(1, handler.clone(), UNTRUSTED, IdentityConfig::default());
        let from = "\"Ann\" <sip:+12155550100@192.0.2.9>";
        node.hear(address(9), &invite(1, from, privacy));
        let targets = vec![Flow::udp(address(7)).into()];
        let query = node.resolves[0];
        node.tell(Input::Resolved { query, targets });
        let call = node.invite();
        let text = String::from_utf8_lossy(&call).into_owned();
        assert_eq!(text.contains("12155550100") && text.contains("Ann"), shown, "{text}");
        assert_eq!(text.contains("Anonymous"), !shown, "{text}");
        for name in ["Privacy", "P-Asserted-Identity", "Identity"] {
            assert_eq!(header(&call, name), None);
        }
    }
}
