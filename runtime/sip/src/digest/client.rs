//! The asked side: reading the challenges of a 401 or 407 and answering the best of them. RFC 3261 22, RFC 8760 2.

use std::fmt;

use super::{Algorithm, Covered, Credentials, Fields, Protection, Terms, escaped, ha1, response};
use crate::limits::{CHALLENGE_BYTES, CHALLENGES, STALE_IN_A_ROW};
use crate::message::Response;

/// Who asks: names the pair of header fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenger {
    /// The far end: WWW-Authenticate, Authorization.
    Server,
    /// A proxy on the way: Proxy-Authenticate, Proxy-Authorization.
    Proxy,
}

impl Challenger {
    fn asks_in(self) -> &'static str {
        match self {
            Self::Server => "WWW-Authenticate",
            Self::Proxy => "Proxy-Authenticate",
        }
    }

    /// The field an answer goes into.
    pub fn answered_in(self) -> &'static str {
        match self {
            Self::Server => "Authorization",
            Self::Proxy => "Proxy-Authorization",
        }
    }
}

/// One challenge that can be answered: a known algorithm and a known protection. `Debug` leaves realm and nonce out.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Who asks.
    pub challenger: Challenger,
    /// The realm, as it stands between the quotes.
    pub realm: String,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Only the nonce was too old: the same credentials may be sent again.
    pub stale: bool,
    pub(super) nonce: String,
    pub(super) opaque: Option<String>,
    pub(super) protection: Option<Protection>,
}

/// Why a challenge is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The response holds no challenge that we understand.
    NotUnderstood,
    /// It asks for another realm than the credentials are for.
    OtherRealm,
    /// The peer has seen our answer and does not take it: the credentials are wrong.
    Rejected,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUnderstood => "no challenge that can be answered",
            Self::OtherRealm => "the challenge is for another realm",
            Self::Rejected => "the credentials were not taken",
        })
    }
}

impl std::error::Error for NoAnswer {}

/// A challenge being answered, possibly several times: counts the uses of its nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    challenge: Challenge,
    count: u32,
    /// Nonces in a row that were called stale.
    stale: u8,
}

impl Credentials {
    /// Takes up the strongest challenge of a 401 or 407 for our realm; of equals the first. `before` is the session
    /// the request was sent with, if any: being asked again for the same realm means that the answer was wrong,
    /// unless only its nonce was stale; but [`STALE_IN_A_ROW`] times is enough.
    ///
    /// # Errors
    /// Why there is no answer. Sending the request again would be useless.
    pub fn take_up(&self, response: &Response, before: Option<&Session>) -> Result<Session, NoAnswer> {
        let mut best: Option<Challenge> = None;
        let all = challenges(response);
        let any = !all.is_empty();
        for challenge in all {
            let ours = self
                .realm
                .as_ref()
                .is_none_or(|realm| escaped(realm) == challenge.realm);
            let better = best.as_ref().is_none_or(|best| challenge.algorithm > best.algorithm);
            if ours && better {
                best = Some(challenge);
            }
        }
        let challenge = match best {
            Some(best) => best,
            None if any => return Err(NoAnswer::OtherRealm),
            None => return Err(NoAnswer::NotUnderstood),
        };
        let again = before.is_some_and(|before| {
            let asked = &before.challenge;
            asked.realm == challenge.realm && asked.challenger == challenge.challenger
        });
        let stale = before.filter(|_| again).map_or(0, |before| before.stale + 1);
        if again && (!challenge.stale || stale > STALE_IN_A_ROW) {
            return Err(NoAnswer::Rejected);
        }
        Ok(Session {
            challenge,
            count: 0,
            stale,
        })
    }
}

impl Session {
    /// Name and value of the header field that answers for one request. Each call is one use of the nonce. `cnonce` is
    /// unguessable text of the caller's, without quotes.
    pub fn header(&mut self, credentials: &Credentials, covered: Covered<'_>, cnonce: &str) -> (&'static str, String) {
        self.count = self.count.saturating_add(1);
        let asked = &self.challenge;
        let count = format!("{:08x}", self.count);
        let terms = Terms {
            algorithm: asked.algorithm,
            nonce: &asked.nonce,
            cnonce,
            count: &count,
            protection: asked.protection,
        };
        let username = escaped(&credentials.username);
        let secret = ha1(asked.algorithm, &username, &asked.realm, &credentials.password);
        let mut value = format!(
            "Digest username=\"{username}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", response=\"{}\", algorithm={}",
            asked.realm,
            asked.nonce,
            covered.uri,
            response(&secret, &terms, covered),
            asked.algorithm.token(),
        );
        if let Some(protection) = asked.protection {
            value.push_str(&format!(
                ", cnonce=\"{cnonce}\", qop={}, nc={count}",
                protection.token()
            ));
        } else if asked.algorithm.is_session() {
            value.push_str(&format!(", cnonce=\"{cnonce}\""));
        }
        if let Some(opaque) = &asked.opaque {
            value.push_str(&format!(", opaque=\"{opaque}\""));
        }
        (asked.challenger.answered_in(), value)
    }

    /// The peer took the answer. Of use where a session is kept for further requests.
    pub fn accepted(&mut self) {
        self.stale = 0;
    }

    /// The challenge that is answered.
    pub fn challenge(&self) -> &Challenge {
        &self.challenge
    }
}

impl Challenge {
    fn of(challenger: Challenger, fields: &Fields<'_>) -> Option<Self> {
        let protection = match fields.get("qop") {
            None => None,
            Some(offered) => {
                let known = || {
                    offered
                        .split(',')
                        .filter_map(|one| Protection::of_token(one.trim_ascii()))
                };
                Some(
                    known()
                        .find(|one| *one == Protection::Auth)
                        .or_else(|| known().next())?,
                )
            }
        };
        Some(Self {
            challenger,
            realm: fields.get("realm")?.to_owned(),
            algorithm: Algorithm::of_token(fields.get("algorithm").unwrap_or("MD5"))?,
            stale: fields
                .get("stale")
                .is_some_and(|value| value.eq_ignore_ascii_case("true")),
            nonce: fields.get("nonce")?.to_owned(),
            opaque: fields.get("opaque").map(str::to_owned),
            protection,
        })
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Challenge({:?}, {:?}, stale: {})",
            self.challenger, self.algorithm, self.stale
        )
    }
}

/// The challenges of a response that can be answered, in order. Further ones than [`CHALLENGES`] and fields longer than
/// [`CHALLENGE_BYTES`] are not looked at.
pub fn challenges(response: &Response) -> Vec<Challenge> {
    [Challenger::Server, Challenger::Proxy]
        .into_iter()
        .flat_map(|challenger| {
            let values = response.headers.values(challenger.asks_in());
            values
                .filter(|value| value.len() <= CHALLENGE_BYTES)
                .flat_map(Fields::groups)
                .filter_map(move |fields| Challenge::of(challenger, &fields))
        })
        .take(CHALLENGES)
        .collect()
}
