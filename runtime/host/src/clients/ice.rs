//! What helps the sound of a client find a way: how the node takes part in ICE (RFC 8445), and the servers beside it that reflect or
//! relay (STUN, RFC 8489; TURN, RFC 8656), which an operator runs. A TURN server that shares a secret with the node, coturn with
//! `use-auth-secret` say, takes names that end by themselves: the time, and an HMAC over it. Not here: our own ICE (`webrtc`).

use super::token::Token;
use crate::browsers::Ice;
use aws_lc_rs::hmac;
use base64ct::{Base64, Encoding};
use patchcord_control::private::Private;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

/// Addresses of servers at most.
pub(crate) const URLS_MAX: usize = 8;
/// Bytes of such an address at most.
const URL_BYTES: usize = 256;
/// How long a client may use the relay after its token has ended, in seconds: a call that runs goes on, for as long as calls last.
const BEYOND_TOKEN_S: i64 = 4 * 60 * 60;

/// The servers that clients are told of. None, unless a configuration names some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IceServers {
    urls: Vec<IceUrl>,
    /// What the node shares with the TURN server.
    secret: Option<Private<String>>,
}

/// The address of a STUN server (RFC 7064) or a TURN server (RFC 7065).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceUrl(String);

/// Why servers cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IceServersError {
    /// There are more than a client should try.
    TooMany,
    /// A TURN server is named, and no secret is shared with it.
    NoSecret,
    /// A secret is given for no TURN server.
    NoTurn,
}

impl fmt::Display for IceServersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(f, "there are too many: give {URLS_MAX} at most"),
            Self::NoSecret => f.write_str("it is missing: give what the TURN server has as static-auth-secret"),
            Self::NoTurn => f.write_str("it is for a TURN server: name one in urls, such as \"turn:turn.example.com\""),
        }
    }
}

impl std::error::Error for IceServersError {}

impl IceUrl {
    /// Reads `stun:host[:port]`, or `turn:` and `turns:`, which may end in `?transport=udp` or `?transport=tcp`.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let (place, query) = match rest.split_once('?') {
            Some((place, query)) => (place, Some(query)),
            None => (rest, None),
        };
        let is_turn = matches!(scheme, "turn" | "turns");
        let fits_query = match query {
            None => true,
            Some(query) => is_turn && matches!(query, "transport=udp" | "transport=tcp"),
        };
        let known = is_turn || matches!(scheme, "stun" | "stuns");
        let fits = text.len() <= URL_BYTES && known && fits_query && is_host_and_port(place);
        fits.then(|| Self(text.to_owned()))
    }

    fn is_turn(&self) -> bool {
        self.0.starts_with("turn")
    }
}

fn is_host_and_port(place: &str) -> bool {
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if let Some(rest) = place.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else {
            return false;
        };
        let port = after.strip_prefix(':');
        return address.parse::<std::net::Ipv6Addr>().is_ok() && (after.is_empty() || port.is_some_and(is_port));
    }
    let (host, port) = match place.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (place, None),
    };
    let of_names = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    !host.is_empty() && host.bytes().all(of_names) && port.is_none_or(is_port)
}

impl IceServers {
    /// These servers, and the secret that is shared with those for TURN.
    ///
    /// # Errors
    /// There are too many, or one of TURN and no secret, or a secret and none of TURN.
    pub fn new(urls: Vec<IceUrl>, secret: Option<String>) -> Result<Self, IceServersError> {
        let has_turn = urls.iter().any(IceUrl::is_turn);
        if urls.len() > URLS_MAX {
            return Err(IceServersError::TooMany);
        }
        match (has_turn, secret) {
            (true, None) => Err(IceServersError::NoSecret),
            (false, Some(_)) => Err(IceServersError::NoTurn),
            (_, secret) => Ok(Self {
                urls,
                secret: secret.map(Private::from),
            }),
        }
    }

    /// As a client is told of them: what a browser takes as `RTCConfiguration.iceServers`. The credentials of TURN are the client's own,
    /// and end some hours after its token.
    pub(crate) fn of_client(&self, token: &Token) -> Vec<IceServer> {
        let urls = |turn: bool| -> Vec<String> {
            let of_kind = self.urls.iter().filter(|url| url.is_turn() == turn);
            of_kind.map(|url| url.0.clone()).collect()
        };
        let (stun, turn) = (urls(false), urls(true));
        let mut servers = Vec::new();
        if !stun.is_empty() {
            servers.push(IceServer {
                urls: stun,
                username: None,
                credential: None,
            });
        }
        if let Some(secret) = &self.secret {
            let until = token.expires_at.saturating_add(BEYOND_TOKEN_S);
            let username = format!("{until}:{}/{}", token.tenant, token.grants.identity);
            servers.push(IceServer {
                urls: turn,
                credential: Some(credential(secret.reveal(), &username)),
                username: Some(username),
            });
        }
        servers
    }
}

/// The password of a name that ends by itself: HMAC-SHA1 in base64, which is what TURN servers with a shared secret expect.
fn credential(secret: &str, username: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    Base64::encode_string(hmac::sign(&key, username.as_bytes()).as_ref())
}

/// A server as a browser takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct IceServer {
    pub(crate) urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    /// Of a TURN server, for this client alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<String>,
}

/// What clients are told about ICE.
#[derive(Debug, Default)]
pub(crate) struct ClientIce {
    /// How the node takes part; none: it takes no sound of browsers.
    pub(crate) node: Option<Ice>,
    pub(crate) servers: IceServers,
}

#[cfg(test)]
mod tests;
