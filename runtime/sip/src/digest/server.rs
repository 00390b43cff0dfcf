//! The asking side: challenges with nonces of [`super::nonce`], and the check of an answer. Known and unknown users take
//! the same steps. RFC 7616 3, RFC 8760, RFC 3261 22.4.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::nonce::{Mint, Uses};
use super::{Algorithm, Covered, Fields, Protection, Secret, Terms, escaped, ha1, hex, response};
use crate::keyed::equal_in_constant_time;
use crate::limits::CHALLENGE_BYTES;
use crate::message::Request;
use crate::uri::Uri;

/// How answers are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticatorConfig {
    /// The realm shown to users.
    pub realm: String,
    /// The algorithms offered, best first. Never a `-sess` one. Default: SHA-256, MD5.
    pub algorithms: Vec<Algorithm>,
    /// How long a nonce may be used. Default: 5 minutes.
    pub nonce_lifetime: Duration,
}

impl Default for AuthenticatorConfig {
    fn default() -> Self {
        Self {
            realm: "patchcord".to_owned(),
            algorithms: vec![Algorithm::Sha256, Algorithm::Md5],
            nonce_lifetime: Duration::from_secs(300),
        }
    }
}

/// Whether a challenge follows an answer whose only fault was its nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// No answer came, or a wrong one.
    First,
    /// The answer was right, its nonce too old: the client tries again without asking its user.
    Stale,
}

/// Why a request is not authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It holds no answer for our realm: ask.
    Missing,
    /// The nonce is too old, not ours, made for another peer (whatever the answer is, so a guess at the secret tells
    /// nothing), or the right answer was seen before: ask with [`Freshness::Stale`].
    Stale,
    /// No such user or a wrong secret, which look alike; or an answer for another Request-URI. The nonce is one that
    /// this peer was sent, so its address is not forged: counts as a failed attempt.
    Wrong,
    /// An answer that lacks something or uses what was not offered.
    Malformed,
}

/// Asks for credentials and checks them. Give each shard a key of its own: the nonces of one are stale for the others,
/// so no use of a nonce goes unseen.
pub struct Authenticator {
    config: AuthenticatorConfig,
    mint: Mint,
    uses: Uses,
    /// The password of the users that do not exist.
    pub(super) decoy: String,
}

/// An answer's parts, as far as they are there.
struct Answer<'a> {
    username: &'a str,
    uri: &'a str,
    given: &'a str,
    count: u32,
    terms: Terms<'a>,
}

impl Authenticator {
    /// An authenticator whose nonces follow from `key`; `now` is the origin of their time.
    pub fn new(now: Instant, config: AuthenticatorConfig, key: [u8; 32]) -> Self {
        let mint = Mint::new(now, key);
        let decoy = hex(&mint.keyed_hash(&[b"decoy"])[..12]);
        Self {
            config,
            mint,
            uses: Uses::default(),
            decoy,
        }
    }

    /// The values of WWW-Authenticate to send with a 401, one for each algorithm, with one new nonce.
    pub fn challenge(&mut self, now: Instant, peer: IpAddr, freshness: Freshness) -> Vec<String> {
        let nonce = self.mint.make(now, peer);
        let realm = escaped(&self.config.realm);
        let stale = match freshness {
            Freshness::First => "",
            Freshness::Stale => ", stale=true",
        };
        let one = |algorithm: &Algorithm| {
            let name = algorithm.token();
            format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={name}, qop=\"auth\"{stale}")
        };
        self.config.algorithms.iter().map(one).collect()
    }

    /// Checks a request's answer and gives the user name. `lookup` finds a user's secret; it is called once for every
    /// well-formed answer to a challenge of ours.
    ///
    /// # Errors
    /// Why the request is not authenticated. The reply to all of them is a new challenge.
    pub fn verify<'s>(
        &mut self,
        now: Instant,
        peer: IpAddr,
        request: &Request,
        lookup: impl FnOnce(&str) -> Option<&'s Secret>,
    ) -> Result<String, Failure> {
        let realm = escaped(&self.config.realm);
        let fields = request
            .headers
            .values("Authorization")
            .filter(|value| value.len() <= CHALLENGE_BYTES)
            .flat_map(Fields::groups)
            .find(|fields| fields.get("realm") == Some(&realm))
            .ok_or(Failure::Missing)?;
        let answer = Answer::of(&fields).ok_or(Failure::Malformed)?;
        if !self.config.algorithms.contains(&answer.terms.algorithm) {
            return Err(Failure::Malformed);
        }
        let lifetime = self.config.nonce_lifetime;
        let made = self.mint.read(now, answer.terms.nonce, peer, lifetime);
        let made = made.ok_or(Failure::Stale)?;
        let right = self.is_right(&realm, &answer, request, lookup(answer.username));
        if !right || !is_same_address(answer.uri, &request.uri) {
            return Err(Failure::Wrong);
        }
        self.uses.forget_before(&self.mint, now, lifetime);
        match self.uses.note(made, answer.count) {
            true => Ok(answer.username.to_owned()),
            false => Err(Failure::Stale),
        }
    }

    /// Nonces whose uses are remembered, at most [`crate::limits::NONCES_IN_USE`].
    pub fn nonces_in_use(&self) -> usize {
        self.uses.len()
    }

    /// Both hashes are made whether the secret is a password, a stored hash or none at all.
    fn is_right(&self, realm: &str, answer: &Answer<'_>, request: &Request, secret: Option<&Secret>) -> bool {
        let algorithm = answer.terms.algorithm;
        let password = secret.and_then(|secret| secret.password.as_deref());
        let made = ha1(algorithm, answer.username, realm, password.unwrap_or(&self.decoy));
        let stored = secret.and_then(|secret| secret.stored(algorithm));
        let covered = Covered {
            method: &request.method,
            uri: answer.uri,
            body: &request.body,
        };
        let expected = response(stored.unwrap_or(&made), &answer.terms, covered);
        let given = answer.given.to_ascii_lowercase();
        let equal = equal_in_constant_time(expected.as_bytes(), given.as_bytes());
        equal & (password.is_some() | stored.is_some())
    }
}

impl<'a> Answer<'a> {
    fn of(fields: &Fields<'a>) -> Option<Self> {
        let protection = match fields.get("qop") {
            None => None,
            Some(token) => Some(Protection::of_token(token).filter(|one| *one == Protection::Auth)?),
        };
        let (cnonce, count) = match protection {
            None => ("", ""),
            Some(_) => (fields.get("cnonce")?, fields.get("nc")?),
        };
        let number = match protection {
            None => 0,
            Some(_) => u32::from_str_radix(count, 16).ok().filter(|number| *number > 0)?,
        };
        Some(Self {
            username: fields.get("username")?,
            uri: fields.get("uri")?,
            given: fields.get("response")?,
            count: number,
            terms: Terms {
                algorithm: Algorithm::of_token(fields.get("algorithm").unwrap_or("MD5"))?,
                nonce: fields.get("nonce")?,
                cnonce,
                count,
                protection,
            },
        })
    }
}

/// Whether the address an answer was made for is the one the request goes to; parameters may differ.
fn is_same_address(text: &str, uri: &Uri) -> bool {
    if text == uri.as_str() {
        return true;
    }
    Uri::parse(text).is_ok_and(|made_for| {
        let parts = |uri: &Uri| {
            (
                uri.scheme(),
                uri.user().map(str::to_owned),
                uri.host().to_ascii_lowercase(),
                uri.port(),
            )
        };
        !made_for.host().is_empty() && parts(&made_for) == parts(uri)
    })
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authenticator({} nonces in use)", self.uses.len())
    }
}
