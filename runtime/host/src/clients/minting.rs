//! How a token is made: by whoever has an API key, without asking anybody. The key that signs is derived from the text of the API key
//! (HKDF with SHA-256, RFC 5869), so the platform, which keeps only the public part, can check tokens and make none. Not here: what a
//! token says (`token`).

use super::token::{Claims, Grants, Header, LIFE_MAX, TokenError};
use crate::api::KeyHash;
use crate::encoding::hex;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Serialize;

/// What sets this key apart from others that may be derived from the same API key.
const PURPOSE: &[u8] = b"patchcord access tokens 1";
const SEED_BYTES: usize = 32;
/// Digits of its hash that name an API key.
const ID_DIGITS: usize = 16;
/// Random bytes in a token's name.
const NAME_BYTES: usize = 16;

/// What a token is to say.
#[derive(Debug, Clone)]
pub struct Minting {
    /// Of which tenant.
    pub tenant: String,
    /// What it allows.
    pub grants: Grants,
    /// How long it is valid, in seconds: 1 to 86,400.
    pub life: i64,
    /// Its own name, unlike that of any other token of the tenant.
    pub name: String,
}

/// A name for a token that no other has.
///
/// # Errors
/// The system has no randomness.
pub fn token_name() -> Result<String, getrandom::Error> {
    let mut name = [0; NAME_BYTES];
    getrandom::fill(&mut name)?;
    Ok(hex(&name))
}

/// What an API key is called, in tokens and in lists. It is made of its hash, so it says nothing of the key.
pub fn key_id(hash: &KeyHash) -> String {
    format!("key_{}", &hash.to_string()[..ID_DIGITS])
}

/// What signatures by an API key are checked with.
pub fn public_key(api_key: &str) -> [u8; 32] {
    let pair = pair(api_key);
    let mut public = [0; 32];
    public.copy_from_slice(pair.public_key().as_ref());
    public
}

/// Makes a token with an API key; `now` in seconds since 1970. Whether the key may make tokens, only the platform knows.
///
/// # Errors
/// [`TokenError::Malformed`] for grants that no token can have, [`TokenError::LifeTooLong`].
pub fn mint(api_key: &str, wanted: &Minting, now: i64) -> Result<String, TokenError> {
    if wanted.life > LIFE_MAX {
        return Err(TokenError::LifeTooLong);
    }
    if wanted.life < 1 {
        return Err(TokenError::Malformed("its life is at least one second"));
    }
    wanted.grants.check()?;
    let header = Header {
        alg: "EdDSA".to_owned(),
        kid: key_id(&KeyHash::of(api_key)),
        typ: Some("JWT".to_owned()),
        crit: None,
    };
    let claims = Claims {
        iss: wanted.tenant.clone(),
        iat: now,
        nbf: None,
        exp: now.saturating_add(wanted.life),
        jti: wanted.name.clone(),
        grants: wanted.grants.clone(),
    };
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = pair(api_key).sign(signed.as_bytes());
    Ok(format!(
        "{signed}.{}",
        Base64UrlUnpadded::encode_string(signature.as_ref())
    ))
}

fn part(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).expect("texts and numbers have a JSON");
    Base64UrlUnpadded::encode_string(&json)
}

pub(super) fn pair(api_key: &str) -> Ed25519KeyPair {
    struct Seed;
    impl KeyType for Seed {
        fn len(&self) -> usize {
            SEED_BYTES
        }
    }
    let mut seed = [0; SEED_BYTES];
    let secret = Salt::new(HKDF_SHA256, &[]).extract(api_key.as_bytes());
    secret
        .expand(&[PURPOSE], Seed)
        .and_then(|okm| okm.fill(&mut seed))
        .expect("32 bytes are no more than HKDF has");
    Ed25519KeyPair::from_seed_unchecked(&seed).expect("every seed of 32 bytes is a key")
}
