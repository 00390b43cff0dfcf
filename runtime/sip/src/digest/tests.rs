//! The RFCs' own examples, both sides against each other, and answers that are wrong in every way there is.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::*;
use crate::tests::{Dice, fuzz_rounds, start};
use crate::{Headers, Request, Response};

const REALM: &str = "office.example";
const KEY: [u8; 32] = [7; 32];

fn peer() -> IpAddr {
    "192.0.2.1".parse().expect("an address")
}

fn credentials() -> Credentials {
    Credentials {
        username: "alice".to_owned(),
        password: "wonder land".to_owned(),
        realm: Some(REALM.to_owned()),
    }
}

fn response_with(fields: &[(&str, &str)]) -> Response {
    let mut headers = Headers::new();
    for (name, value) in fields {
        headers.push(name, value);
    }
    Response {
        status: 401,
        reason: String::new(),
        headers,
        body: Vec::new(),
    }
}

fn register() -> Request {
    Request {
        method: Method::Register,
        uri: "sip:office.example".parse().expect("an address"),
        headers: Headers::new(),
        body: Vec::new(),
    }
}

fn covered(request: &Request) -> Covered<'_> {
    Covered {
        method: &request.method,
        uri: request.uri.as_str(),
        body: &request.body,
    }
}

/// A server, and what it keeps of alice.
struct Side {
    now: Instant,
    authenticator: Authenticator,
    secret: Secret,
}

impl Side {
    fn new() -> Self {
        Self::with(Secret::password("wonder land"), &[Algorithm::Sha256, Algorithm::Md5])
    }

    fn with(secret: Secret, algorithms: &[Algorithm]) -> Self {
        let config = AuthenticatorConfig {
            realm: REALM.to_owned(),
            algorithms: algorithms.to_vec(),
            ..AuthenticatorConfig::default()
        };
        let now = start();
        Self {
            now,
            authenticator: Authenticator::new(now, config, KEY),
            secret,
        }
    }

    fn challenge(&mut self, freshness: Freshness) -> Response {
        let values = self.authenticator.challenge(self.now, peer(), freshness);
        let fields: Vec<_> = values
            .iter()
            .map(|value| ("WWW-Authenticate", value.as_str()))
            .collect();
        response_with(&fields)
    }

    fn verify_from(&mut self, from: IpAddr, request: &Request) -> Result<String, DigestFailure> {
        let secret = &self.secret;
        self.authenticator
            .verify(self.now, from, request, |name| (name == "alice").then_some(secret))
    }

    fn verify(&mut self, request: &Request) -> Result<String, DigestFailure> {
        self.verify_from(peer(), request)
    }
}

fn answered(session: &mut Session, credentials: &Credentials) -> Request {
    let mut request = register();
    let (name, value) = session.header(credentials, covered(&request), "c0ffee");
    request.headers.push(name, &value);
    request
}

/// The right answer with one text replaced by another.
fn bent(from: &str, to: &str) -> Result<String, DigestFailure> {
    let mut side = Side::new();
    let challenge = side.challenge(Freshness::First);
    let mut session = credentials().take_up(&challenge, None).expect("a challenge");
    let right = answered(&mut session, &credentials());
    let value = right.headers.first("Authorization").expect("an answer");
    assert!(value.contains(from), "{value} holds no {from}");
    let mut request = register();
    request.headers.push("Authorization", &value.replace(from, to));
    side.verify(&request)
}

#[test]
fn computes_the_answers_of_rfc_2617_and_rfc_7616() {
    let get = Method::Other("GET".into());
    let page = Covered {
        method: &get,
        uri: "/dir/index.html",
        body: b"",
    };
    let old = Terms {
        algorithm: Algorithm::Md5,
        nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        cnonce: "0a4f113b",
        count: "00000001",
        protection: Some(Protection::Auth),
    };
    let secret = ha1(Algorithm::Md5, "Mufasa", "testrealm@host.com", "Circle Of Life");
    assert_eq!(response(&secret, &old, page), "6629fae49393a05397450978507c4ef1");
    for (algorithm, expected) in [
        (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
        (
            Algorithm::Sha256,
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ] {
        let terms = Terms {
            algorithm,
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            ..old
        };
        let secret = ha1(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life");
        assert_eq!(response(&secret, &terms, page), expected);
    }
}

#[test]
fn the_older_forms_differ_from_each_other() {
    let terms = |algorithm, protection| Terms {
        algorithm,
        nonce: "n",
        cnonce: "c",
        count: "00000001",
        protection,
    };
    let request = register();
    let mut seen = std::collections::BTreeSet::new();
    for algorithm in [
        Algorithm::Md5,
        Algorithm::Md5Session,
        Algorithm::Sha256,
        Algorithm::Sha256Session,
    ] {
        for protection in [None, Some(Protection::Auth), Some(Protection::AuthInt)] {
            let secret = ha1(algorithm, "u", "r", "p");
            assert!(seen.insert(response(&secret, &terms(algorithm, protection), covered(&request))));
        }
    }
    // The -sess form written out.
    let secret = ha1(Algorithm::Md5, "u", "r", "p");
    let bound = Algorithm::Md5.hash(&[secret.as_bytes(), b"n", b"c"]);
    let by_hand = Algorithm::Md5.hash(&[
        bound.as_bytes(),
        b"n",
        b"00000001",
        b"c",
        b"auth",
        Algorithm::Md5.hash(&[b"REGISTER", b"sip:office.example"]).as_bytes(),
    ]);
    let terms = terms(Algorithm::Md5Session, Some(Protection::Auth));
    assert_eq!(response(&secret, &terms, covered(&request)), by_hand);
}

#[test]
fn reads_several_challenges_in_one_field_and_in_several() {
    let all = challenges(&response_with(&[
        (
            "WWW-Authenticate",
            r#"Basic realm="x", Digest realm="a, b", nonce="n=1,2", qop="auth,auth-int""#,
        ),
        (
            "WWW-Authenticate",
            r#"digest realm = "c" ,nonce="2",algorithm=sha-256, stale=TRUE, opaque="o", DIGEST nonce="3",realm="d\"e""#,
        ),
        (
            "WWW-Authenticate",
            r#"NTLM abc==, Digest realm="f", nonce="4", algorithm=SHA-512-256"#,
        ),
        ("WWW-Authenticate", r#"Digest realm="g", nonce="5", qop="auth-conf""#),
        (
            "Proxy-Authenticate",
            r#"Digest realm="p", nonce="6", qop="auth-int", algorithm=MD5-sess"#,
        ),
        ("WWW-Authenticate", "Digest nonce=\"no realm\""),
        ("WWW-Authenticate", "\"\",,=,Digest ,Digest=,,\" Digest"),
    ]));
    let realms: Vec<_> = all.iter().map(|one| one.realm.as_str()).collect();
    assert_eq!(realms, ["a, b", "c", "d\\\"e", "p"]);
    let protections: Vec<_> = all.iter().map(|one| one.protection).collect();
    assert_eq!(
        protections,
        [Some(Protection::Auth), None, None, Some(Protection::AuthInt)]
    );
    assert_eq!((all[1].algorithm, all[1].stale), (Algorithm::Sha256, true));
    assert_eq!(all[1].opaque.as_deref(), Some("o"));
    assert_eq!(
        (all[3].algorithm, all[3].challenger),
        (Algorithm::Md5Session, Challenger::Proxy)
    );
}

#[test]
fn an_endless_list_of_challenges_is_cut() {
    let many: Vec<_> = (0..100)
        .map(|_| ("WWW-Authenticate", r#"Digest realm="a", nonce="1""#))
        .collect();
    assert_eq!(challenges(&response_with(&many)).len(), crate::limits::CHALLENGES);
    let long = format!("Digest realm=\"{}\", nonce=\"1\"", "a".repeat(4000));
    assert!(challenges(&response_with(&[("WWW-Authenticate", &long)])).is_empty());
}

#[test]
fn takes_up_the_strongest_challenge_of_its_realm_only() {
    let response = response_with(&[
        (
            "WWW-Authenticate",
            r#"Digest realm="office.example", nonce="1", algorithm=MD5"#,
        ),
        (
            "WWW-Authenticate",
            r#"Digest realm="office.example", nonce="2", algorithm=SHA-256"#,
        ),
        (
            "WWW-Authenticate",
            r#"Digest realm="evil.example", nonce="3", algorithm=SHA-256-sess"#,
        ),
    ]);
    let session = credentials().take_up(&response, None).expect("a challenge");
    assert_eq!(session.challenge().nonce, "2");
    let stranger = response_with(&[("WWW-Authenticate", r#"Digest realm="evil.example", nonce="3""#)]);
    assert_eq!(credentials().take_up(&stranger, None), Err(NoAnswer::OtherRealm));
    let anywhere = Credentials {
        realm: None,
        ..credentials()
    };
    assert!(anywhere.take_up(&stranger, None).is_ok());
    let foreign = response_with(&[("WWW-Authenticate", r#"Negotiate"#)]);
    assert_eq!(anywhere.take_up(&foreign, None), Err(NoAnswer::NotUnderstood));
}

#[test]
fn a_second_challenge_ends_it_unless_only_the_nonce_was_stale() {
    let mut side = Side::new();
    let first = side.challenge(Freshness::First);
    let mut session = credentials().take_up(&first, None).expect("a challenge");
    let again = side.challenge(Freshness::First);
    assert_eq!(credentials().take_up(&again, Some(&session)), Err(NoAnswer::Rejected));
    let stale = side.challenge(Freshness::Stale);
    for _ in 0..crate::limits::STALE_IN_A_ROW {
        session = credentials().take_up(&stale, Some(&session)).expect("a fresh nonce");
    }
    assert_eq!(credentials().take_up(&stale, Some(&session)), Err(NoAnswer::Rejected));
    session.accepted();
    assert!(credentials().take_up(&stale, Some(&session)).is_ok());
}

#[test]
fn client_and_server_agree_for_every_way_to_keep_a_secret() {
    let md5 = ha1(Algorithm::Md5, "alice", REALM, "wonder land");
    let sha = ha1(Algorithm::Sha256, "alice", REALM, "wonder land").to_ascii_uppercase();
    let stored = Secret::ha1(&[&md5, &sha]).expect("two hashes");
    for secret in [stored, Secret::password("wonder land")] {
        for algorithms in [&[Algorithm::Sha256, Algorithm::Md5][..], &[Algorithm::Md5]] {
            let mut side = Side::with(secret.clone(), algorithms);
            let challenge = side.challenge(Freshness::First);
            assert_eq!(challenges(&challenge).len(), algorithms.len());
            let mut session = credentials().take_up(&challenge, None).expect("a challenge");
            for _ in 0..3 {
                let request = answered(&mut session, &credentials());
                assert_eq!(side.verify(&request).as_deref(), Ok("alice"));
            }
            assert_eq!(side.authenticator.nonces_in_use(), 1);
        }
    }
    assert_eq!(Secret::ha1(&["12"]), None);
    assert_eq!(Secret::ha1(&[&"g".repeat(32)]), None);
    // A hash of the other algorithm only.
    let mut side = Side::with(Secret::ha1(&[&md5]).expect("a hash"), &[Algorithm::Sha256]);
    let challenge = side.challenge(Freshness::First);
    let mut session = credentials().take_up(&challenge, None).expect("a challenge");
    assert_eq!(
        side.verify(&answered(&mut session, &credentials())),
        Err(DigestFailure::Wrong)
    );
}

#[test]
fn an_answer_without_count_serves_once() {
    let mut side = Side::new();
    let challenge = side.challenge(Freshness::First);
    let value = challenge
        .headers
        .first("WWW-Authenticate")
        .expect("a challenge")
        .replace(", qop=\"auth\"", "");
    let old = response_with(&[("WWW-Authenticate", &value)]);
    let mut session = credentials().take_up(&old, None).expect("a challenge");
    let request = answered(&mut session, &credentials());
    assert!(
        !request
            .headers
            .first("Authorization")
            .expect("an answer")
            .contains("nc=")
    );
    assert_eq!(side.verify(&request).as_deref(), Ok("alice"));
    assert_eq!(side.verify(&request), Err(DigestFailure::Stale));
}

#[test]
fn a_wrong_answer_and_an_unknown_user_fail_alike() {
    let mut side = Side::new();
    for (username, password) in [("alice", "guess"), ("bob", "guess"), ("bob", ""), ("", "")] {
        let wrong = Credentials {
            username: username.to_owned(),
            password: password.to_owned(),
            ..credentials()
        };
        let challenge = side.challenge(Freshness::First);
        let mut session = wrong.take_up(&challenge, None).expect("a challenge");
        assert_eq!(
            side.verify(&answered(&mut session, &wrong)),
            Err(DigestFailure::Wrong),
            "{username}"
        );
    }
    assert_eq!(side.authenticator.nonces_in_use(), 0, "failures are not remembered");
    assert_eq!(side.verify(&register()), Err(DigestFailure::Missing));
    // The secret that stands in for a user who is none is not taken either.
    let decoy = Credentials {
        username: "bob".to_owned(),
        password: side.authenticator.decoy.clone(),
        ..credentials()
    };
    let challenge = side.challenge(Freshness::First);
    let mut session = decoy.take_up(&challenge, None).expect("a challenge");
    assert_eq!(side.verify(&answered(&mut session, &decoy)), Err(DigestFailure::Wrong));
}

#[test]
fn every_part_of_an_answer_counts() {
    for (from, to, failure) in [
        ("realm=\"office", "realm=\"home", DigestFailure::Missing),
        ("Digest ", "Basic ", DigestFailure::Missing),
        ("username=\"alice", "username=\"alicf", DigestFailure::Wrong),
        ("username=", "user=", DigestFailure::Malformed),
        ("cnonce=\"c0", "cnonce=\"c1", DigestFailure::Wrong),
        ("cnonce=", "knonce=", DigestFailure::Malformed),
        ("nc=00000001", "nc=00000002", DigestFailure::Wrong),
        ("nc=00000001", "nc=00000000", DigestFailure::Malformed),
        ("nc=00000001", "nc=1ffffffff", DigestFailure::Malformed),
        ("qop=auth", "qop=auth-int", DigestFailure::Malformed),
        ("algorithm=SHA-256", "algorithm=SHA-256-sess", DigestFailure::Malformed),
        ("algorithm=SHA-256", "algorithm=MD5", DigestFailure::Wrong),
        ("response=\"", "response=\"0", DigestFailure::Wrong),
        ("response=\"", "response=\"\", x=\"", DigestFailure::Wrong),
        (
            "uri=\"sip:office.example",
            "uri=\"sip:other.example",
            DigestFailure::Wrong,
        ),
    ] {
        assert_eq!(bent(from, to), Err(failure), "{from} -> {to}");
    }
}

#[test]
fn an_answer_serves_only_the_address_it_was_made_for() {
    let mut side = Side::new();
    let challenge = side.challenge(Freshness::First);
    let mut session = credentials().take_up(&challenge, None).expect("a challenge");
    let mut other = answered(&mut session, &credentials());
    other.uri = "sip:+900123456@office.example".parse().expect("an address");
    assert_eq!(side.verify(&other), Err(DigestFailure::Wrong));
    let mut same = answered(&mut session, &credentials());
    same.uri = "sip:OFFICE.example;transport=udp".parse().expect("an address");
    assert!(side.verify(&same).is_ok());
}

#[test]
fn a_nonce_grows_old_and_belongs_to_one_peer() {
    let mut side = Side::new();
    let challenge = side.challenge(Freshness::First);
    let mut session = credentials().take_up(&challenge, None).expect("a challenge");
    side.now += Duration::from_secs(300);
    assert!(side.verify(&answered(&mut session, &credentials())).is_ok());
    let elsewhere = "192.0.2.2".parse().expect("an address");
    let request = answered(&mut session, &credentials());
    assert_eq!(side.verify_from(elsewhere, &request), Err(DigestFailure::Stale));
    side.now += Duration::from_millis(1);
    let request = answered(&mut session, &credentials());
    assert_eq!(side.verify(&request), Err(DigestFailure::Stale));
    let stale = side.challenge(Freshness::Stale);
    let mut session = credentials().take_up(&stale, Some(&session)).expect("it is stale");
    assert!(side.verify(&answered(&mut session, &credentials())).is_ok());
    assert_eq!(side.authenticator.nonces_in_use(), 1, "the old one is forgotten");
}

#[test]
fn a_use_counts_once_and_may_be_overtaken() {
    let mut side = Side::new();
    let challenge = side.challenge(Freshness::First);
    let mut session = credentials().take_up(&challenge, None).expect("a challenge");
    let first = answered(&mut session, &credentials());
    let second = answered(&mut session, &credentials());
    assert!(side.verify(&second).is_ok());
    assert_eq!(side.verify(&second), Err(DigestFailure::Stale));
    assert!(side.verify(&first).is_ok());
    assert_eq!(side.verify(&first), Err(DigestFailure::Stale));
}

#[test]
fn nothing_private_is_shown() {
    let mut side = Side::new();
    let challenge = side.challenge(Freshness::First);
    let session = credentials().take_up(&challenge, None).expect("a challenge");
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        credentials(),
        side.secret,
        session,
        side.authenticator
    );
    for private in ["wonder", "alice", "office", &session.challenge().nonce] {
        assert!(!shown.contains(private), "{shown}");
    }
}

#[test]
fn fuzz_no_damaged_answer_passes_and_none_breaks_it() {
    let mut side = Side::new();
    let challenge = side.challenge(Freshness::First);
    let mut session = credentials().take_up(&challenge, None).expect("a challenge");
    let right = answered(&mut session, &credentials());
    let value = right.headers.first("Authorization").expect("an answer").to_owned();
    assert!(side.verify(&right).is_ok());
    for seed in fuzz_rounds(3_000) {
        let mut dice = Dice::new(seed);
        let mut text: Vec<u8> = value.clone().into_bytes();
        for _ in 0..=dice.below(4) {
            let at = dice.below(text.len() as u64) as usize;
            match dice.below(3) {
                0 => text[at] = b"\",=; \\DaZ0\t"[dice.below(11) as usize],
                1 => drop(text.remove(at)),
                _ => text.truncate(at.max(1)),
            }
        }
        let mut request = register();
        request.headers.push("Authorization", &String::from_utf8_lossy(&text));
        // What is still right has been used up.
        assert!(side.verify(&request).is_err(), "seed {seed}");
        let _ = challenges(&response_with(&[("WWW-Authenticate", &String::from_utf8_lossy(&text))]));
    }
}
