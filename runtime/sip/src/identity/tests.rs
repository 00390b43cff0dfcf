//! For tests: the fixtures, and the call they are about. And the facts of the RFCs, and hostile bytes for every reader.

use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};

use super::*;
use crate::headers::Headers;
use crate::tests::{Dice, fuzz_rounds};
use crate::uri::Uri;

pub(super) const NOW: u64 = 1_800_000_000;
pub(super) const URL: &str = "https://cert.example.org/passport.cer";
pub(super) const ORIGIN: &str = "123e4567-e89b-12d3-a456-426655440000";

/// The bytes of a file in `fixtures`.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/identity/fixtures/", $name)).as_slice()
    };
}
pub(super) use fixture;

/// The value of an Identity header in `fixtures`.
macro_rules! header {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/identity/fixtures/",
            $name,
            ".identity"
        ))
        .trim_end()
    };
}
pub(super) use header;

pub(super) fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

/// The call that the tokens are about.
pub(super) fn call() -> Call {
    Call {
        caller: number("+1 (215) 555-1212").into(),
        destination: number("+1-212-555-1213").into(),
        date: None,
    }
}

pub(super) fn roots() -> TrustRoots {
    TrustRoots::read(fixture!("root.pem")).unwrap()
}

pub(super) fn chain() -> CertificateChain {
    CertificateChain::read(fixture!("chain.pem")).unwrap()
}

pub(super) fn signer() -> Signer {
    Signer::from_pem(fixture!("key_pkcs8.pem"), URL, &UrlRules::default()).unwrap()
}

pub(super) fn url(text: &str) -> CertificateUrl {
    CertificateUrl::check(text, &UrlRules::default()).unwrap()
}

pub(super) fn judged(header: &str) -> Verdict {
    match Token::parse(header) {
        Ok(token) => verify(&token, &chain(), &roots(), &call(), FRESHNESS_S, NOW),
        Err(reason) => Verdict::Invalid(reason),
    }
}

/// The key of RFC 8225 A.2 and the last draft, the token of the draft: its `iat` is a text, so that only the signature
/// can be checked with it. And the example of RFC 7515 A.3.
#[test]
fn signatures_of_the_rfcs_verify() {
    let draft = "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0Lm\
                 NlciJ9.eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6IjE0NDMyMDgzNDUiLCJvcmlnIjp7In\
                 RuIjoiMTIxNTU1NTEyMTIifX0.rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-cpFYpFYsojNCpTzO3QfPOlc\
                 kGaS6hEck7w";
    let key = "-----BEGIN EC PRIVATE KEY-----\n\
               MHcCAQEEIFeZ1R208QCvcu5GuYyMfG4W7sH4m99/7eHSDLpdYllFoAoGCCqGSM49\n\
               AwEHoUQDQgAE8HNbQd/TmvCKwPKHkMF9fScavGeH78YTU8qLS8I5HLHSSmlATLcs\n\
               lQMhNC/OhlWBYC626nIlo7XeebYS7Sb37g==\n\
               -----END EC PRIVATE KEY-----\n";
    let signer = Signer::from_pem(key.as_bytes(), URL, &UrlRules::default()).unwrap();
    assert!(es256(signer.public_key(), draft));
    assert!(!es256(signer.public_key(), &draft.replace("eyJkZ", "eyJkY")));

    let jws = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb2\
               90Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let x = base64::decode_url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU").unwrap();
    let y = base64::decode_url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0").unwrap();
    let key = VerifyingKey::from_sec1_bytes(&[vec![4], x, y].concat()).unwrap();
    assert!(es256(&key, jws));
}

fn es256(key: &VerifyingKey, jws: &str) -> bool {
    let (signed, signature) = jws.rsplit_once('.').unwrap();
    let signature = Signature::from_slice(&base64::decode_url(signature).unwrap()).unwrap();
    key.verify(signed.as_bytes(), &signature).is_ok()
}

#[test]
fn nothing_of_a_call_is_in_a_log() {
    let mut headers = Headers::new();
    headers.push("Identity", header!("shaken_a"));
    let policy = Policy::new(roots());
    let now = Moment {
        at: crate::tests::start(),
        unix_s: NOW,
    };
    let cache = CertificateCache::new(CacheLimits::default());
    let (verification, output) = Verification::start(&headers, call(), &policy, &cache, now);
    let verdict = judged(header!("shaken_a"));
    let told = privacy::tell(
        &crate::NameAddr::new(Uri::parse("tel:+12155551212").unwrap()),
        &privacy::Asserted::default(),
        privacy::Privacy::default(),
        privacy::Trust::Trusted,
    );
    let log = format!(
        "{verification:?} {output:?} {verdict:?} {told:?} {:?} {:?} {:?} {policy:?}",
        call(),
        signer(),
        chain()
    );
    for secret in ["1215", "5551", "cert.example", "123e4567", "709J"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

/// Random bytes, and good bytes with a few changed, through every reader: never a panic, and never a valid verdict for
/// changed ones.
#[test]
fn fuzz_identity_never_panics_and_never_believes() {
    let base = 0x1d_e147;
    let good = [header!("shaken_a"), header!("base"), header!("compact")];
    let files = [fixture!("chain.pem"), fixture!("signer.der"), fixture!("range.pem")];
    let keys = [fixture!("key_pkcs8.pem"), fixture!("key_sec1.pem")];
    for round in fuzz_rounds(300) {
        let seed = base + round;
        let mut dice = Dice::new(seed);
        let text = mutated(&mut dice, good[dice_index(round, good.len())].as_bytes());
        let text = String::from_utf8_lossy(&text).into_owned();
        let verdict = judged(&text);
        let same = good.iter().any(|good| said(good) == said(&text));
        assert!(
            same || !matches!(verdict, Verdict::Valid { .. }),
            "seed {seed}: believed {text}"
        );
        let file = mutated(&mut dice, files[dice_index(round, files.len())]);
        if let Ok(chain) = CertificateChain::read(&file) {
            let _ = chain.validate(&roots(), NOW);
        }
        let key = mutated(&mut dice, keys[dice_index(round, keys.len())]);
        let _ = Signer::from_pem(&key, URL, &UrlRules::default());
        let noise: Vec<u8> = (0..dice.below(300)).map(|_| dice.roll() as u8).collect();
        let _ = CertificateChain::read(&noise);
        let _ = CertificateChain::read(&[b"\x30\x82".as_slice(), &noise].concat());
        let noise = String::from_utf8_lossy(&noise).into_owned();
        let _ = (Token::parse(&noise), Number::parse(&noise), OriginId::parse(&noise));
        let _ = (
            CertificateUrl::check(&noise, &UrlRules::default()),
            unix_seconds_of_date(&noise),
        );
        let _ = CertificateUrl::check(&format!("https://{noise}"), &UrlRules::default());
    }
}

/// What a header says apart from parameters that are not looked at, spaces, and the case of names.
fn said(header: &str) -> String {
    header.split(';').next().unwrap_or_default().trim().to_owned()
}

fn dice_index(round: u64, len: usize) -> usize {
    (round % len as u64) as usize
}

/// A few bytes changed, dropped or doubled; sometimes cut.
fn mutated(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len() as u64) as usize;
        match dice.below(5) {
            0 => bytes.truncate(at + 1),
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, dice.roll() as u8),
            3 => bytes[at] ^= 1 << dice.below(8),
            _ => bytes[at] = b".;=<>-AZ09_\""[dice.below(12) as usize],
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}
