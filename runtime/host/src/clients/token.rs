//! Access tokens: JSON Web Tokens (RFC 7519) in the compact form of RFC 7515, signed with Ed25519 (`EdDSA`, RFC 8037) and nothing
//! else. A token says who a client is, whose, what it may do, and for how long. What is wrong with one is told by kind. All of it is a
//! value: who made it and what time it is are arguments. Not here: finding the key (`signing_keys`), making one (`minting`).

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64ct::{Base64UrlUnpadded, Encoding};
use patchcord_sip::{MayCall, MayWatch, Proven};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of a token at most; a longer one is malformed.
pub(crate) const TOKEN_BYTES: usize = 8 * 1024;
/// Seconds from `iat` to `exp` at most.
pub(crate) const LIFE_MAX: i64 = 24 * 60 * 60;
/// Seconds by which the clock of whoever makes tokens may be ahead of ours.
const AHEAD: i64 = 30;
/// Bytes of an identity at most.
const IDENTITY_BYTES: usize = 121;
/// Bytes of `jti`, and of the names of keys, tenants and handlers, at most.
const NAME_BYTES: usize = 128;
/// Parameters of a call at most; more make a token malformed, as do longer ones.
pub(crate) const PARAMETERS: usize = 16;
const PARAMETER_NAME_BYTES: usize = 64;
const PARAMETER_VALUE_BYTES: usize = 256;
/// Identities that a token may name to be watched.
const WATCHED: usize = 256;
/// The one algorithm.
const ALGORITHM: &str = "EdDSA";

/// What is wrong with a token. The text of each names no value of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// It is not a token, or says something that none may say; the sentence names the part.
    Malformed(&'static str),
    /// It is signed otherwise than by Ed25519, or not at all.
    WrongAlgorithm,
    /// No API key has the name in its header.
    UnknownKey,
    /// The API key is older than tokens: the platform has nothing to check its signatures with.
    KeyWithoutTokens,
    /// It was not signed by the key that it names, or was changed since.
    BadSignature,
    /// It says that it is of one tenant, and the key that signed it is of another.
    ForeignTenant,
    /// The key that signed it was revoked, or its tenant is suspended.
    KeyRevoked,
    /// The key that signed it has expired.
    KeyExpired,
    /// The key that signed it has not the scope for that.
    KeyMayNotMint,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// Its life is longer than a day.
    LifeTooLong,
    /// It does not allow what was asked for.
    MissingGrant(Grant),
    /// It is another identity's or another tenant's than the one it is to replace.
    OtherIdentity,
    /// The keys cannot be looked up now.
    Unavailable,
}

/// Something that a token may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// To be called.
    Incoming,
    /// To call.
    Call,
    /// To publish presence.
    Publish,
    /// To watch somebody's presence.
    Watch,
}

impl TokenError {
    /// Its name in answers; it does not change.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed(_) => "token-malformed",
            Self::WrongAlgorithm => "token-wrong-algorithm",
            Self::UnknownKey => "token-unknown-key",
            Self::KeyWithoutTokens => "token-key-without-tokens",
            Self::BadSignature => "token-bad-signature",
            Self::ForeignTenant => "token-foreign-tenant",
            Self::KeyRevoked => "token-key-revoked",
            Self::KeyExpired => "token-key-expired",
            Self::KeyMayNotMint => "token-key-may-not-mint",
            Self::Expired => "token-expired",
            Self::NotYetValid => "token-not-yet-valid",
            Self::LifeTooLong => "token-life-too-long",
            Self::MissingGrant(_) => "token-missing-grant",
            Self::OtherIdentity => "token-other-identity",
            Self::Unavailable => "token-unchecked",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Malformed(what) => return write!(f, "the token is malformed: {what}"),
            Self::WrongAlgorithm => "the token is not signed with EdDSA (Ed25519), the one algorithm there is",
            Self::UnknownKey => "no API key has the name in the token's kid",
            Self::KeyWithoutTokens => "the API key is older than access tokens and cannot make any: make a new key",
            Self::BadSignature => "the token was not signed by the API key that it names, or was changed since",
            Self::ForeignTenant => "the token names another tenant than the one whose API key signed it",
            Self::KeyRevoked => "the API key that signed the token was revoked, or its tenant is suspended",
            Self::KeyExpired => "the API key that signed the token has expired",
            Self::KeyMayNotMint => "the API key that signed the token has not the scope clients",
            Self::Expired => "the token has expired: get a new one",
            Self::NotYetValid => "the token is not yet valid: are the clocks right?",
            Self::LifeTooLong => "the token would be valid for more than 24 hours",
            Self::MissingGrant(grant) => {
                return write!(f, "the token does not allow the client to {}", grant.words());
            }
            Self::OtherIdentity => "the new token is another identity's or another tenant's: connect with it anew",
            Self::Unavailable => "the token cannot be checked now: try again",
        };
        f.write_str(text)
    }
}

impl std::error::Error for TokenError {}

impl Grant {
    fn words(self) -> &'static str {
        match self {
            Self::Incoming => "be called",
            Self::Call => "call",
            Self::Publish => "publish its presence",
            Self::Watch => "watch the presence of this identity",
        }
    }
}

/// What a client may do. Written and read as the claim `grants`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    /// Who it is, within its tenant: 1 to 121 ASCII letters, digits, `_`, `-` and `.`.
    pub identity: String,
    /// Whom it may call; nobody without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallGrant>,
    /// Whether it may be called.
    #[serde(default)]
    pub incoming: bool,
    /// What it may do with presence.
    #[serde(default)]
    pub presence: PresenceGrant,
    /// What it may send and receive; `audio` alone for now.
    #[serde(default = "audio")]
    pub media: Vec<String>,
}

/// Whom a client may call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum CallGrant {
    /// `"any"`: what a phone of its tenant may call.
    Any(AnyWord),
    /// This handler of its tenant, whatever number it dials.
    Handler {
        /// The handler's name.
        handler: String,
        /// What the handler is told of the call in headers `X-<name>`; a client cannot change them. At most 16, names of 64 bytes and
        /// values of 256.
        #[serde(default)]
        params: BTreeMap<String, String>,
    },
}

/// The word `any`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnyWord {
    /// It.
    Any,
}

/// What a client may do with presence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TokenPresence")]
pub struct PresenceGrant {
    /// Whether it may say how available it is.
    #[serde(default)]
    pub publish: bool,
    /// Whose presence it may see; nobody's without it.
    #[serde(default)]
    pub watch: Watch,
}

/// Whose presence a client may see: a list of identities, or `"all"` of its tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "watch: give \"all\" or a list of identities")]
#[schemars(rename = "TokenWatch")]
pub enum Watch {
    /// These; at most 256.
    Only(Vec<String>),
    /// The word `all`.
    All(AllWord),
}

/// The word `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "All")]
pub enum AllWord {
    /// It.
    All,
}

impl PresenceGrant {
    /// Whether all of these may be watched.
    pub(crate) fn allows(&self, identities: &[String]) -> bool {
        match &self.watch {
            Watch::All(_) => true,
            Watch::Only(some) => identities.iter().all(|identity| some.contains(identity)),
        }
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

fn audio() -> Vec<String> {
    vec!["audio".to_owned()]
}

/// Identities and parameters are private.
impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = match &self.call {
            None => "nobody",
            Some(CallGrant::Any(_)) => "any",
            Some(CallGrant::Handler { .. }) => "a handler",
        };
        write!(f, "Grants(call {call}, incoming {})", self.incoming)
    }
}

impl Grants {
    /// Whether they can be granted at all.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] with what would be right.
    pub(crate) fn check(&self) -> Result<(), TokenError> {
        if !is_identity(&self.identity) {
            return wrong("grants.identity is 1 to 121 letters, digits, _, - and .");
        }
        if let Watch::Only(watched) = &self.presence.watch
            && (watched.len() > WATCHED || !watched.iter().all(|one| is_identity(one)))
        {
            return wrong("grants.presence.watch is \"all\" or at most 256 identities");
        }
        if self.media != ["audio"] {
            return wrong("grants.media is [\"audio\"]");
        }
        let Some(CallGrant::Handler { handler, params }) = &self.call else {
            return Ok(());
        };
        if handler.is_empty() || handler.len() > NAME_BYTES {
            return wrong("grants.call.handler is the name of a handler");
        }
        if params.len() > PARAMETERS {
            return wrong("grants.call.params are at most 16");
        }
        let is_good = |(name, value): (&String, &String)| is_parameter_name(name) && is_parameter_value(value);
        match params.iter().all(is_good) {
            true => Ok(()),
            false => wrong(
                "names in grants.call.params are 1 to 64 letters, digits, - and _, values at most 256 bytes on one line",
            ),
        }
    }

    /// The same if they allow it.
    ///
    /// # Errors
    /// [`TokenError::MissingGrant`].
    pub(crate) fn allow(&self, grant: Grant) -> Result<(), TokenError> {
        let allowed = match grant {
            Grant::Incoming => self.incoming,
            Grant::Call => self.call.is_some(),
            Grant::Publish => self.presence.publish,
            Grant::Watch => self.presence.watch != Watch::default(),
        };
        allowed.then_some(()).ok_or(TokenError::MissingGrant(grant))
    }
}

/// Whether a text can be an identity.
pub(crate) fn is_identity(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=IDENTITY_BYTES).contains(&text.len()) && text.bytes().all(good)
}

/// Whether a text can name a parameter of a call: it becomes a part of a header's name.
pub(crate) fn is_parameter_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=PARAMETER_NAME_BYTES).contains(&name.len()) && name.bytes().all(good)
}

/// Whether a text can be the value of a parameter: it becomes a header's.
pub(crate) fn is_parameter_value(value: &str) -> bool {
    value.len() <= PARAMETER_VALUE_BYTES && !value.chars().any(char::is_control)
}

fn wrong<T>(what: &'static str) -> Result<T, TokenError> {
    Err(TokenError::Malformed(what))
}

/// The claims of a token.
#[derive(Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The tenant.
    pub(crate) iss: String,
    /// When it was made; this and the others in seconds since 1970.
    pub(crate) iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<i64>,
    pub(crate) exp: i64,
    /// Its own name.
    pub(crate) jti: String,
    pub(crate) grants: Grants,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    #[serde(default)]
    pub(crate) kid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) typ: Option<String>,
    /// What must be understood (RFC 7515 4.1.11): we understand none of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crit: Option<Vec<String>>,
}

/// The key that is said to have signed a token, as the platform knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SigningKey {
    /// Whose it is.
    pub(crate) tenant: String,
    /// What its signatures are checked with; none for keys older than tokens.
    pub(crate) public: Option<[u8; 32]>,
    /// Whether it counts.
    pub(crate) state: KeyState,
}

/// Whether a key counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyState {
    Good,
    /// Or its tenant is suspended.
    Revoked,
    Expired,
    /// It has not the scope.
    MayNotMint,
}

/// A token that nobody has checked.
pub(crate) struct Unchecked<'t> {
    kid: String,
    signed: &'t str,
    signature: Vec<u8>,
    claims: Claims,
}

/// A token that is good at the time it was checked for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Its tenant.
    pub(crate) tenant: String,
    /// The API key that made it.
    pub(crate) kid: String,
    /// Its end, in seconds since 1970.
    pub(crate) expires_at: i64,
    /// What it allows.
    pub(crate) grants: Grants,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:?}, until {})", self.grants, self.expires_at)
    }
}

impl Token {
    /// What shards are told with each message of whoever came with it; `now_ms` is `now`, in milliseconds since 1970.
    pub(crate) fn proven(&self, now: Instant, now_ms: i64) -> Arc<Proven> {
        let left = self.expires_at.saturating_mul(1_000).saturating_sub(now_ms);
        let calls = match &self.grants.call {
            None => MayCall::Nobody,
            Some(CallGrant::Any(_)) => MayCall::Anyone,
            Some(CallGrant::Handler { handler, params }) => MayCall::Handler {
                name: handler.as_str().into(),
                parameters: params
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect(),
            },
        };
        let watches = match &self.grants.presence.watch {
            Watch::All(_) => MayWatch::Everyone,
            Watch::Only(some) => MayWatch::Only(some.iter().map(|one| one.as_str().into()).collect()),
        };
        Arc::new(Proven {
            tenant: self.tenant.as_str().into(),
            identity: self.grants.identity.as_str().into(),
            may_be_called: self.grants.incoming,
            calls,
            watches,
            expires_at: now + Duration::from_millis(u64::try_from(left).unwrap_or(0)),
        })
    }
}

impl<'t> Unchecked<'t> {
    /// Reads a token.
    ///
    /// # Errors
    /// [`TokenError::Malformed`], [`TokenError::WrongAlgorithm`].
    pub(crate) fn read(token: &'t str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_BYTES {
            return wrong("it is longer than 8 KiB");
        }
        let parts: Vec<&str> = token.split('.').take(4).collect();
        let &[header, claims, signature] = parts.as_slice() else {
            return wrong("it is not three parts of base64url with points between them");
        };
        let header: Header = json(header, "its header is not one of a JWT")?;
        if header.alg != ALGORITHM {
            return Err(TokenError::WrongAlgorithm);
        }
        if header.crit.is_some() {
            return wrong("its header has crit, of which nothing is understood");
        }
        if header.kid.is_empty() || header.kid.len() > NAME_BYTES {
            return wrong("its header has no kid, the name of the API key");
        }
        let signed = &token[..token.len() - signature.len() - 1];
        let signature = decoded(signature)?;
        let claims: Claims = json(
            claims,
            "its claims are not iss, iat, exp, jti and grants as they are documented",
        )?;
        if claims.iss.is_empty() || claims.iss.len() > NAME_BYTES {
            return wrong("iss is not a tenant");
        }
        if claims.jti.is_empty() || claims.jti.len() > NAME_BYTES {
            return wrong("jti is not a name of at most 128 bytes");
        }
        claims.grants.check()?;
        Ok(Self {
            kid: header.kid,
            signed,
            signature,
            claims,
        })
    }

    /// The name of the API key that it says it was made with.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// The tenant that it says it is of.
    pub(crate) fn tenant(&self) -> &str {
        &self.claims.iss
    }

    /// The token, if the key signed it and it is good now, in seconds since 1970.
    ///
    /// # Errors
    /// All but those of reading it: first what says that it is not genuine, then what says that it does not count now.
    pub(crate) fn check(self, key: Option<&SigningKey>, now: i64) -> Result<Token, TokenError> {
        let key = key.ok_or(TokenError::UnknownKey)?;
        let public = key.public.as_ref().ok_or(TokenError::KeyWithoutTokens)?;
        UnparsedPublicKey::new(&ED25519, public)
            .verify(self.signed.as_bytes(), &self.signature)
            .map_err(|_| TokenError::BadSignature)?;
        if self.claims.iss != key.tenant {
            return Err(TokenError::ForeignTenant);
        }
        match key.state {
            KeyState::Good => {}
            KeyState::Revoked => return Err(TokenError::KeyRevoked),
            KeyState::Expired => return Err(TokenError::KeyExpired),
            KeyState::MayNotMint => return Err(TokenError::KeyMayNotMint),
        }
        let Claims { iat, nbf, exp, .. } = self.claims;
        if exp.saturating_sub(iat) > LIFE_MAX {
            return Err(TokenError::LifeTooLong);
        }
        if exp <= now {
            return Err(TokenError::Expired);
        }
        if nbf.unwrap_or(iat).max(iat) > now.saturating_add(AHEAD) {
            return Err(TokenError::NotYetValid);
        }
        Ok(Token {
            tenant: self.claims.iss,
            kid: self.kid,
            expires_at: exp,
            grants: self.claims.grants,
        })
    }
}

fn json<T: for<'de> Deserialize<'de>>(part: &str, what: &'static str) -> Result<T, TokenError> {
    serde_json::from_slice(&decoded(part)?).map_err(|_| TokenError::Malformed(what))
}

/// The one writing that base64url has for some bytes: no padding, no bits left over, or a changed token would still pass.
fn decoded(part: &str) -> Result<Vec<u8>, TokenError> {
    Base64UrlUnpadded::decode_vec(part).map_err(|_| TokenError::Malformed("a part of it is not base64url"))
}

/// One of each refusal, for tests that have to see all.
#[cfg(test)]
pub(crate) const EACH: [TokenError; 15] = [
    TokenError::Malformed("it is long"),
    TokenError::WrongAlgorithm,
    TokenError::UnknownKey,
    TokenError::KeyWithoutTokens,
    TokenError::BadSignature,
    TokenError::ForeignTenant,
    TokenError::KeyRevoked,
    TokenError::KeyExpired,
    TokenError::KeyMayNotMint,
    TokenError::Expired,
    TokenError::NotYetValid,
    TokenError::LifeTooLong,
    TokenError::MissingGrant(Grant::Call),
    TokenError::OtherIdentity,
    TokenError::Unavailable,
];

#[cfg(test)]
mod tests;
