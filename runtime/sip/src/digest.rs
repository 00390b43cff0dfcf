//! Digest authentication, both sides: [`Challenge`]s read and answered as a client, [`Authenticator`] asking and
//! checking as a server. RFC 7616 and RFC 2617 as RFC 8760 and RFC 3261 22 use them: MD5 and SHA-256, `auth` and
//! `auth-int`. Not a policy: who is to be asked is [`crate::Gate`]'s business.

use std::fmt;

use md5::Md5;
use sha2::Sha256;

use crate::headers::{split_commas, top_level};
use crate::limits::DIGEST_PARAMS;
use crate::method::Method;

mod client;
mod nonce;
mod server;

pub use client::{Challenge, Challenger, NoAnswer, Session, challenges};
pub use server::{Authenticator, AuthenticatorConfig, Failure as DigestFailure, Freshness};

/// How the secrets are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// `MD5`, also meant where none is named.
    Md5,
    /// `MD5-sess`: the secret's hash is bound to one nonce.
    Md5Session,
    /// `SHA-256`.
    Sha256,
    /// `SHA-256-sess`.
    Sha256Session,
}

impl Algorithm {
    /// The name on the wire.
    pub fn token(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Session => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Session => "SHA-256-sess",
        }
    }

    fn of_token(token: &str) -> Option<Self> {
        let all = [Self::Md5, Self::Md5Session, Self::Sha256, Self::Sha256Session];
        all.into_iter().find(|one| one.token().eq_ignore_ascii_case(token))
    }

    fn is_session(self) -> bool {
        matches!(self, Self::Md5Session | Self::Sha256Session)
    }

    /// The hash as lower-case hexadecimal digits.
    fn hash(self, parts: &[&[u8]]) -> String {
        match self {
            Self::Md5 | Self::Md5Session => hex(&joined::<Md5>(parts)),
            Self::Sha256 | Self::Sha256Session => hex(&joined::<Sha256>(parts)),
        }
    }
}

/// Who we are to a peer that asks. `Debug` prints a placeholder.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name as the peer knows it.
    pub username: String,
    /// The password.
    pub password: String,
    /// The only realm that is answered. `None`: any, which is for peers that are trusted with guesses at the password.
    pub realm: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(<private>)")
    }
}

/// What of a request is covered by its digest.
#[derive(Clone, Copy)]
pub struct Covered<'a> {
    /// The method.
    pub method: &'a Method,
    /// The Request-URI, as it stands in the request.
    pub uri: &'a str,
    /// The body; counts only for `auth-int`.
    pub body: &'a [u8],
}

/// What a server keeps of a user's secret: the password, or its hash for each algorithm. `Debug` prints a placeholder.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    password: Option<Box<str>>,
    md5: Option<Box<str>>,
    sha256: Option<Box<str>>,
}

impl Secret {
    /// A secret kept as the password itself: every algorithm can be checked.
    pub fn password(password: &str) -> Self {
        Self {
            password: Some(password.into()),
            md5: None,
            sha256: None,
        }
    }

    /// A secret kept as HA1, the hash of `username:realm:password`, in hexadecimal digits: 32 of them are MD5, 64 are
    /// SHA-256. An algorithm without its hash cannot be checked. `None`: some text is neither.
    pub fn ha1(hashes: &[&str]) -> Option<Self> {
        let mut secret = Self {
            password: None,
            md5: None,
            sha256: None,
        };
        for hash in hashes {
            if !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            let hash = hash.to_ascii_lowercase().into_boxed_str();
            match hash.len() {
                32 => secret.md5 = Some(hash),
                64 => secret.sha256 = Some(hash),
                _ => return None,
            }
        }
        Some(secret)
    }

    fn stored(&self, algorithm: Algorithm) -> Option<&str> {
        match algorithm {
            Algorithm::Md5 | Algorithm::Md5Session => self.md5.as_deref(),
            Algorithm::Sha256 | Algorithm::Sha256Session => self.sha256.as_deref(),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(<private>)")
    }
}

/// What protects the answer beside the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protection {
    /// `auth`: method and address.
    Auth,
    /// `auth-int`: the body too.
    AuthInt,
}

impl Protection {
    fn token(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }

    fn of_token(token: &str) -> Option<Self> {
        let all = [Self::Auth, Self::AuthInt];
        all.into_iter().find(|one| one.token().eq_ignore_ascii_case(token))
    }
}

/// The terms under which an answer is computed. `protection: None` is the form of RFC 2069, without cnonce and count.
struct Terms<'a> {
    algorithm: Algorithm,
    nonce: &'a str,
    cnonce: &'a str,
    count: &'a str,
    protection: Option<Protection>,
}

/// HA1 before the `-sess` step: user, realm and password (RFC 7616 3.4.2).
fn ha1(algorithm: Algorithm, username: &str, realm: &str, password: &str) -> String {
    algorithm.hash(&[username.as_bytes(), realm.as_bytes(), password.as_bytes()])
}

/// The `response` value (RFC 7616 3.4.1).
fn response(ha1: &str, terms: &Terms<'_>, covered: Covered<'_>) -> String {
    let hash = terms.algorithm;
    let bound;
    let ha1 = if hash.is_session() {
        bound = hash.hash(&[ha1.as_bytes(), terms.nonce.as_bytes(), terms.cnonce.as_bytes()]);
        &bound
    } else {
        ha1
    };
    let (method, uri) = (covered.method.as_str().as_bytes(), covered.uri.as_bytes());
    let ha2 = match terms.protection {
        Some(Protection::AuthInt) => hash.hash(&[method, uri, hash.hash(&[covered.body]).as_bytes()]),
        Some(Protection::Auth) | None => hash.hash(&[method, uri]),
    };
    match terms.protection {
        None => hash.hash(&[ha1.as_bytes(), terms.nonce.as_bytes(), ha2.as_bytes()]),
        Some(protection) => hash.hash(&[
            ha1.as_bytes(),
            terms.nonce.as_bytes(),
            terms.count.as_bytes(),
            terms.cnonce.as_bytes(),
            protection.token().as_bytes(),
            ha2.as_bytes(),
        ]),
    }
}

/// The parameters of one `Digest` challenge or answer: names and values without their quotes, escapes untouched
/// (hashes are over the text as it stands in the quotes).
struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    /// Every `Digest` group of one header value. Other schemes and parameters above [`DIGEST_PARAMS`] are skipped.
    fn groups(value: &'a str) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        let mut inside = false;
        for item in split_commas(value).filter(|item| !item.is_empty()) {
            let mut item = item;
            // A scheme is a word and white space before a `name=value`.
            let equals = top_level(item, b'=').unwrap_or(item.len());
            if let Some(space) = item[..equals].trim_ascii_end().find([' ', '\t']) {
                inside = item[..space].eq_ignore_ascii_case("Digest");
                if inside {
                    groups.push(Self(Vec::new()));
                }
                item = item[space..].trim_ascii_start();
            }
            let Some(group) = groups
                .last_mut()
                .filter(|group| inside && group.0.len() < DIGEST_PARAMS)
            else {
                continue;
            };
            if let Some((name, value)) = item.split_once('=') {
                group.0.push((name.trim_ascii(), unquoted(value.trim_ascii())));
            }
        }
        groups
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| *value)
    }
}

fn unquoted(value: &str) -> &str {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(value)
}

/// Escaped for a quoted string.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn joined<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = D::new();
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hash.finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

#[cfg(test)]
mod tests;
