//! What a token is refused for, each by its own name, and that no bit of one can be changed.

use super::*;
use crate::clients::minting::{Minting, mint, pair, public_key};

const NOW: i64 = 1_800_000_000;
const KEY: &str = "pck_of_a_test";

fn grants() -> Grants {
    let params = [("queue".to_owned(), "sales".to_owned())].into();
    Grants {
        identity: "alice".to_owned(),
        call: Some(CallGrant::Handler {
            handler: "reception".to_owned(),
            params,
        }),
        incoming: true,
        presence: PresenceGrant {
            publish: true,
            watch: Watch::All(AllWord::All),
        },
        media: audio(),
    }
}

fn wanted() -> Minting {
    Minting {
        tenant: "acme".to_owned(),
        grants: grants(),
        life: 3_600,
        name: "one".to_owned(),
    }
}

fn token() -> String {
    mint(KEY, &wanted(), NOW).expect("it can be made")
}

fn signing_key() -> SigningKey {
    SigningKey {
        tenant: "acme".to_owned(),
        public: Some(public_key(KEY)),
        state: KeyState::Good,
    }
}

fn checked(token: &str, key: Option<&SigningKey>, now: i64) -> Result<Token, TokenError> {
    Unchecked::read(token)?.check(key, now)
}

/// Signed with our key, whatever it says.
fn signed(header: &str, claims: &str) -> String {
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let text = format!("{}.{}", part(header), part(claims));
    let signature = pair(KEY).sign(text.as_bytes());
    format!("{text}.{}", Base64UrlUnpadded::encode_string(signature.as_ref()))
}

#[test]
fn a_good_token_says_what_was_granted() {
    let token = checked(&token(), Some(&signing_key()), NOW + 1).expect("it is good");
    assert_eq!(token.grants, grants());
    assert_eq!((token.tenant.as_str(), token.expires_at), ("acme", NOW + 3_600));
}

#[test]
fn shards_are_told_whom_a_client_may_watch() {
    let proven = |watch: Watch| {
        let mut wanted = wanted();
        wanted.grants.presence.watch = watch;
        let token = mint(KEY, &wanted, NOW).expect("it can be made");
        let token = checked(&token, Some(&signing_key()), NOW).expect("it is good");
        token.proven(Instant::now(), NOW * 1_000)
    };
    let some = proven(Watch::Only(vec!["bob".to_owned(), "carol".to_owned()]));
    assert!(matches!(&some.watches, MayWatch::Only(some) if some.iter().map(|one| &**one).eq(["bob", "carol"])));
    assert!(proven(Watch::All(AllWord::All)).watches == MayWatch::Everyone);
    assert!(proven(Watch::default()).watches == MayWatch::Only(Arc::new([])));
}

#[test]
fn what_is_documented_is_read() {
    let header = r#"{"alg":"EdDSA","kid":"key_x","typ":"JWT"}"#;
    let claims = r#"{"iss":"acme","iat":1800000000,"exp":1800000060,"jti":"a","sub":"ignored","grants":
        {"identity":"bob","call":"any","presence":{"watch":["alice"]}}}"#;
    let token = checked(&signed(header, claims), Some(&signing_key()), NOW).expect("it is good");
    assert!(token.grants.call == Some(CallGrant::Any(AnyWord::Any)));
    assert_eq!(token.grants.presence.watch, Watch::Only(vec!["alice".to_owned()]));
    assert_eq!(
        token.grants.allow(Grant::Incoming),
        Err(TokenError::MissingGrant(Grant::Incoming))
    );
    assert_eq!(
        token.grants.allow(Grant::Publish),
        Err(TokenError::MissingGrant(Grant::Publish))
    );
    assert_eq!(token.grants.allow(Grant::Call), Ok(()));
}

#[test]
fn the_time_of_a_token_has_a_beginning_and_an_end() {
    let key = signing_key();
    let last = checked(&token(), Some(&key), NOW + 3_599);
    assert!(last.is_ok());
    assert_eq!(checked(&token(), Some(&key), NOW + 3_600), Err(TokenError::Expired));
    // A clock that is a little ahead is no reason to refuse; one that is far ahead is.
    assert!(checked(&token(), Some(&key), NOW - 30).is_ok());
    assert_eq!(checked(&token(), Some(&key), NOW - 31), Err(TokenError::NotYetValid));
    let long = Minting {
        life: LIFE_MAX + 1,
        ..wanted()
    };
    assert_eq!(mint(KEY, &long, NOW), Err(TokenError::LifeTooLong));
    let header = r#"{"alg":"EdDSA","kid":"key_x"}"#;
    let claims = r#"{"iss":"acme","iat":1800000000,"exp":1800086401,"jti":"a","grants":{"identity":"bob"}}"#;
    assert_eq!(
        checked(&signed(header, claims), Some(&key), NOW),
        Err(TokenError::LifeTooLong)
    );
    // Far enough in the past for an overflow.
    let claims = r#"{"iss":"acme","iat":-9223372036854775808,"exp":1800000001,"jti":"a","grants":{"identity":"bob"}}"#;
    assert_eq!(
        checked(&signed(header, claims), Some(&key), NOW),
        Err(TokenError::LifeTooLong)
    );
    let claims =
        r#"{"iss":"acme","iat":1800000000,"nbf":1800000100,"exp":1800000200,"jti":"a","grants":{"identity":"bob"}}"#;
    assert_eq!(
        checked(&signed(header, claims), Some(&key), NOW),
        Err(TokenError::NotYetValid)
    );
}

#[test]
fn a_token_is_as_good_as_the_key_that_made_it() {
    let token = token();
    assert_eq!(checked(&token, None, NOW), Err(TokenError::UnknownKey));
    let older = SigningKey {
        public: None,
        ..signing_key()
    };
    assert_eq!(checked(&token, Some(&older), NOW), Err(TokenError::KeyWithoutTokens));
    let other = SigningKey {
        public: Some(public_key("pck_of_another")),
        ..signing_key()
    };
    assert_eq!(checked(&token, Some(&other), NOW), Err(TokenError::BadSignature));
    let foreign = SigningKey {
        tenant: "globex".to_owned(),
        ..signing_key()
    };
    assert_eq!(checked(&token, Some(&foreign), NOW), Err(TokenError::ForeignTenant));
    let states = [
        (KeyState::Revoked, TokenError::KeyRevoked),
        (KeyState::Expired, TokenError::KeyExpired),
        (KeyState::MayNotMint, TokenError::KeyMayNotMint),
    ];
    for (state, refused) in states {
        let key = SigningKey { state, ..signing_key() };
        assert_eq!(checked(&token, Some(&key), NOW), Err(refused));
    }
}

#[test]
fn no_other_algorithm_passes() {
    let claims = r#"{"iss":"acme","iat":1800000000,"exp":1800000060,"jti":"a","grants":{"identity":"bob"}}"#;
    for alg in ["none", "HS256", "eddsa", "Ed25519", ""] {
        let header = format!(r#"{{"alg":"{alg}","kid":"key_x"}}"#);
        let refused = checked(&signed(&header, claims), Some(&signing_key()), NOW);
        assert_eq!(refused, Err(TokenError::WrongAlgorithm), "{alg:?}");
    }
    // The public key as a secret that both know, and no signature at all.
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let unsigned = format!("{}.{}.", part(r#"{"alg":"none","kid":"key_x"}"#), part(claims));
    assert_eq!(
        checked(&unsigned, Some(&signing_key()), NOW),
        Err(TokenError::WrongAlgorithm)
    );
    let unsigned = format!("{}.{}.", part(r#"{"alg":"EdDSA","kid":"key_x"}"#), part(claims));
    assert_eq!(
        checked(&unsigned, Some(&signing_key()), NOW),
        Err(TokenError::BadSignature)
    );
}

#[test]
fn what_is_no_token_is_malformed() {
    let header = r#"{"alg":"EdDSA","kid":"key_x"}"#;
    let claims = |grants: &str| {
        let claims = format!(r#"{{"iss":"acme","iat":1800000000,"exp":1800000060,"jti":"a","grants":{grants}}}"#);
        signed(header, &claims)
    };
    let many: Vec<_> = (0..17).map(|at| format!(r#""p{at}":"""#)).collect();
    let bad = [
        String::new(),
        "a.b".to_owned(),
        "a.b.c.d".to_owned(),
        "..".to_owned(),
        "x".repeat(TOKEN_BYTES + 1),
        format!("{}=", token()),
        claims("{}"),
        claims(r#"{"identity":""}"#),
        claims(r#"{"identity":"a b"}"#),
        claims(&format!(r#"{{"identity":"{}"}}"#, "a".repeat(122))),
        claims(r#"{"identity":"a","admin":true}"#),
        claims(r#"{"identity":"a","call":"all"}"#),
        claims(r#"{"identity":"a","call":{"handler":""}}"#),
        claims(r#"{"identity":"a","call":{"handler":"h","params":{"a b":"c"}}}"#),
        claims(r#"{"identity":"a","call":{"handler":"h","params":{"a":"c\r\nX-Other: d"}}}"#),
        claims(&format!(
            r#"{{"identity":"a","call":{{"handler":"h","params":{{{}}}}}}}"#,
            many.join(",")
        )),
        claims(r#"{"identity":"a","presence":{"watch":"everybody"}}"#),
        claims(r#"{"identity":"a","media":["video"]}"#),
        signed(r#"{"alg":"EdDSA"}"#, "{}"),
        signed(r#"{"alg":"EdDSA","kid":"key_x","crit":["b64"]}"#, "{}"),
    ];
    for token in bad {
        let refused = checked(&token, Some(&signing_key()), NOW);
        let shown = &token[..token.len().min(80)];
        assert!(matches!(refused, Err(TokenError::Malformed(_))), "{shown}: {refused:?}");
    }
}

#[test]
fn any_flipped_bit_is_refused() {
    let (token, key) = (token(), signing_key());
    for at in 0..token.len() {
        for bit in 0..8 {
            let mut bytes = token.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            // What is not UTF-8 is not a token either, and cannot be asked about.
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            let refused = checked(&changed, Some(&key), NOW);
            assert!(refused.is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn nothing_of_a_client_is_printed() {
    let token = checked(&token(), Some(&signing_key()), NOW).expect("it is good");
    let printed = format!("{token:?} {:?}", token.grants);
    assert!(!printed.contains("alice") && !printed.contains("sales"), "{printed}");
}

#[test]
fn each_refusal_has_a_code_of_its_own() {
    let codes: std::collections::BTreeSet<_> = EACH.iter().map(|error| error.code()).collect();
    assert_eq!(codes.len(), EACH.len());
}
