//! Whole verifications: fetch, cache, several headers, failures, time-outs, late answers.

use super::*;
use crate::identity::cache::CacheLimits;
use crate::identity::tests::{NOW, URL, call, fixture, header, number, roots, signer, url};
use crate::identity::{Attestation, CertificateFault, OriginId, UrlFault, UrlRules};
use crate::tests::start;

struct Bench {
    policy: Policy,
    cache: CertificateCache,
    now: Moment,
}

impl Bench {
    fn new() -> Self {
        Self {
            policy: Policy::new(roots()),
            cache: CertificateCache::new(CacheLimits::default()),
            now: Moment {
                at: start(),
                unix_s: NOW,
            },
        }
    }

    fn start(&self, headers: &[&str]) -> (Verification, Output) {
        let mut all = Headers::new();
        for header in headers {
            all.push("Identity", header);
        }
        Verification::start(&all, call(), &self.policy, &self.cache, self.now)
    }

    fn fetched(&mut self, verification: &mut Verification, file: Result<&[u8], FetchFailure>) -> Option<Output> {
        verification.fetched(file, &self.policy, &mut self.cache, self.now)
    }

    fn pass(&mut self, seconds: u64) {
        self.now.at += Duration::from_secs(seconds);
        self.now.unix_s += seconds;
    }
}

fn invalid(reason: Reason) -> Output {
    Output::Verdict(Verdict::Invalid(reason))
}

fn fetch() -> Output {
    Output::Fetch { url: url(URL) }
}

fn is_valid(output: &Option<Output>) -> bool {
    matches!(output, Some(Output::Verdict(Verdict::Valid { .. })))
}

#[test]
fn fetched_once_then_from_the_cache() {
    let mut bench = Bench::new();
    let (mut verification, output) = bench.start(&[header!("shaken_a")]);
    assert_eq!(output, fetch());
    assert_eq!(verification.wake_at(), Some(bench.now.at + bench.policy.fetch_timeout));
    bench.pass(1);
    let output = bench.fetched(&mut verification, Ok(fixture!("chain.pem")));
    assert!(is_valid(&output));
    assert_eq!(verification.wake_at(), None);
    assert_eq!(bench.fetched(&mut verification, Ok(fixture!("chain.pem"))), None);
    let (_, output) = bench.start(&[header!("shaken_a")]);
    assert!(is_valid(&Some(output)));
}

#[test]
fn nothing_is_fetched_for_what_cannot_be_valid() {
    let mut bench = Bench::new();
    assert_eq!(bench.start(&[]).1, Output::Verdict(Verdict::NoSignature));
    assert_eq!(
        bench.start(&[header!("ppt_div")]).1,
        Output::Verdict(Verdict::NoSignature)
    );
    assert_eq!(bench.start(&["nonsense"]).1, invalid(Reason::Malformed));
    assert_eq!(bench.start(&[header!("base")]).1, invalid(Reason::Destination));
    let lab = "https://127.0.0.1/c";
    let rules = UrlRules {
        literals: crate::identity::LiteralRule::Any,
        ..UrlRules::default()
    };
    let inside = crate::identity::Signer::from_pem(fixture!("key_pkcs8.pem"), lab, &rules).unwrap();
    let header = inside
        .sign(
            NOW,
            &number("12155551212"),
            &[number("12125551213")],
            Attestation::Full,
            OriginId::new(1),
        )
        .unwrap();
    assert_eq!(bench.start(&[&header]).1, invalid(Reason::Url(UrlFault::Private)));
    bench.policy.urls = rules;
    assert!(matches!(bench.start(&[&header]).1, Output::Fetch { .. }));
    bench.pass(61);
    assert_eq!(bench.start(&[&header]).1, invalid(Reason::Stale));
}

#[test]
fn a_failure_is_not_asked_for_again_at_once() {
    let mut bench = Bench::new();
    let (mut verification, _) = bench.start(&[header!("shaken_a")]);
    let output = bench.fetched(&mut verification, Err(FetchFailure::Status(404)));
    assert_eq!(output, Some(invalid(Reason::Fetch)));
    assert_eq!(bench.start(&[header!("shaken_a")]).1, invalid(Reason::Fetch));
    bench.pass(30);
    assert_eq!(bench.start(&[header!("shaken_a")]).1, fetch());
}

#[test]
fn a_file_that_is_none_is_a_fault() {
    let mut bench = Bench::new();
    for (file, fault) in [
        (b"<html>".as_slice(), CertificateFault::Empty),
        (fixture!("five.pem"), CertificateFault::TooMany),
        (fixture!("signer.der"), CertificateFault::Untrusted),
    ] {
        let (mut verification, _) = bench.start(&[header!("shaken_a")]);
        let output = bench.fetched(&mut verification, Ok(file));
        assert_eq!(output, Some(invalid(Reason::Certificate(fault))));
        bench.cache = CertificateCache::new(CacheLimits::default());
    }
}

#[test]
fn time_out_then_too_late() {
    let mut bench = Bench::new();
    let (mut verification, _) = bench.start(&[header!("shaken_a")]);
    bench.pass(1);
    assert_eq!(verification.woken(&mut bench.cache, bench.now), None);
    bench.pass(1);
    let output = verification.woken(&mut bench.cache, bench.now);
    assert_eq!(output, Some(invalid(Reason::Fetch)));
    assert_eq!(verification.wake_at(), None);
    assert_eq!(verification.woken(&mut bench.cache, bench.now), None);
    assert_eq!(bench.fetched(&mut verification, Ok(fixture!("chain.pem"))), None);
}

#[test]
fn one_valid_header_among_several_is_enough() {
    let mut bench = Bench::new();
    let headers = ["nonsense", header!("ppt_div"), header!("base"), header!("shaken_a")];
    let (mut verification, output) = bench.start(&headers);
    assert_eq!(output, fetch());
    assert!(is_valid(&bench.fetched(&mut verification, Ok(fixture!("chain.pem")))));
    // In one field, separated by commas.
    let joined = format!("nonsense, {}", header!("shaken_a"));
    assert!(is_valid(&Some(bench.start(&[&joined]).1)));
}

#[test]
fn the_deadline_spans_all_fetches() {
    let mut bench = Bench::new();
    let sign = |url: &str| {
        crate::identity::Signer::from_pem(fixture!("key_pkcs8.pem"), url, &UrlRules::default())
            .unwrap()
            .sign(
                NOW,
                &number("12155551212"),
                &[number("12125551213")],
                Attestation::Full,
                OriginId::new(1),
            )
            .unwrap()
    };
    let (first, second) = (sign("https://a.example/c"), sign("https://b.example/c"));
    let (mut verification, _) = bench.start(&[&first, &second]);
    let deadline = verification.wake_at();
    bench.pass(1);
    let output = bench.fetched(&mut verification, Ok(fixture!("wrong_key.pem")));
    assert_eq!(
        output,
        Some(Output::Fetch {
            url: url("https://b.example/c")
        })
    );
    assert_eq!(verification.wake_at(), deadline);
    bench.pass(1);
    // The first fault is told, not the last.
    assert_eq!(
        verification.woken(&mut bench.cache, bench.now),
        Some(invalid(Reason::Signature))
    );
}

#[test]
fn further_headers_are_not_looked_at() {
    let bench = Bench::new();
    let mut headers = vec!["nonsense"; IDENTITY_HEADERS];
    headers.push(header!("shaken_a"));
    assert_eq!(bench.start(&headers).1, invalid(Reason::Malformed));
    assert_eq!(bench.start(&headers[1..]).1, fetch());
    assert!(format!("{:?}", signer()).len() < 20);
}

#[test]
fn a_file_that_was_not_asked_for_is_no_failure_of_its_server() {
    let mut bench = Bench::new();
    let (mut verification, _) = bench.start(&[header!("shaken_a")]);
    let output = bench.fetched(&mut verification, Err(FetchFailure::Busy));
    assert_eq!(output, Some(invalid(Reason::Fetch)));
    assert!(bench.cache.is_empty());
    assert_eq!(
        bench.start(&[header!("shaken_a")]).1,
        fetch(),
        "the next call asks again"
    );
}
