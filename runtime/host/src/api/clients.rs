//! Access tokens that the node makes with the API key of a request, for those who have no library at hand, and the doors that clients
//! sign in at. A token made here is as good as one made elsewhere with that key: nothing of it is kept. Not here: what a token says
//! (`crate::clients`), and how clients are ([`super::presence`]).

use super::endpoint::{Asked, Outcome, Reply};
use super::problem::{Code, Problem};
use super::server::key_text;
use super::stored::time;
use crate::clients::gateway::PATH;
use crate::clients::ice::IceServer;
use crate::clients::token::{AnyWord, LIFE_MAX};
use crate::clients::{CallGrant, Grants, Minting, PresenceGrant, TokenError, mint, token_name};
use hyper::StatusCode;
use hyper::header::CACHE_CONTROL;
use patchcord_sip::{Listener, Transport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a token is valid for if nothing is said, in seconds.
const USUAL_LIFE: i64 = 60 * 60;

/// A token that is wanted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MakeToken")]
pub(crate) struct MakeToken {
    /// Who the client is: 1 to 121 letters, digits, `_`, `-` and `.`.
    identity: String,
    /// The one handler that its calls reach. With neither this nor `dial` it calls nobody.
    call: Option<CallBody>,
    /// Whether it may dial what a phone of the tenant may.
    #[serde(default)]
    dial: bool,
    /// Whether it may be called.
    #[serde(default)]
    incoming: bool,
    #[serde(default)]
    presence: PresenceGrant,
    /// How long the token is valid, in seconds; an hour without it, a day at most.
    #[serde(default = "usual_life")]
    #[schemars(range(min = 1, max = 86400))]
    ttl_s: i64,
}

/// A handler that a client reaches, and what that is told.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TokenCall")]
pub(crate) struct CallBody {
    handler: String,
    /// In headers `X-<name>`, which the client cannot change. At most 16, names of 64 bytes and values of 256.
    #[serde(default)]
    params: BTreeMap<String, String>,
}

fn usual_life() -> i64 {
    USUAL_LIFE
}

/// A token that was made.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Token")]
pub(crate) struct TokenResource {
    /// What the client signs in with. It is shown this once, and ends with the API key.
    token: String,
    identity: String,
    expires_at: String,
    /// Servers for the client's sound to find a way, as a browser takes them in `RTCConfiguration`. Clients of our own protocol are told
    /// of them when they sign in.
    ice_servers: Vec<IceServer>,
}

/// A door that clients sign in at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ClientDoor")]
pub(crate) struct ClientDoor {
    /// `wss`, or `ws` without encryption.
    transport: DoorTransport,
    port: u16,
    /// Of the client protocol; at any other path it is SIP.
    path: &'static str,
}

/// How a door takes WebSockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "DoorTransport")]
enum DoorTransport {
    Ws,
    Wss,
}

/// Where clients sign in, and where their sound goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ClientDoors")]
pub(crate) struct ClientDoors {
    /// None: no client can.
    doors: Vec<ClientDoor>,
    /// The port of UDP and of TCP for the sound of browsers; without it, browsers have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_port: Option<u16>,
}

impl ClientDoors {
    /// Those among the places where SIP is taken, as clients are told.
    pub(crate) fn new(told: &[Listener], media_port: Option<u16>) -> Self {
        let door = |listener: &Listener| {
            let transport = match listener.transport {
                Transport::Ws => DoorTransport::Ws,
                Transport::Wss => DoorTransport::Wss,
                Transport::Udp | Transport::Tcp | Transport::Tls | Transport::Node => return None,
            };
            Some(ClientDoor {
                transport,
                port: listener.address.port(),
                path: PATH,
            })
        };
        Self {
            doors: told.iter().filter_map(door).collect(),
            media_port,
        }
    }

    /// Each door on whatever host, as a Content-Security-Policy names it.
    pub(crate) fn sources(&self) -> String {
        let source = |door: &ClientDoor| match door.transport {
            DoorTransport::Ws => format!(" ws://*:{}", door.port),
            DoorTransport::Wss => format!(" wss://*:{}", door.port),
        };
        self.doors.iter().map(source).collect()
    }
}

pub(crate) async fn doors(asked: Asked) -> Outcome {
    Ok(Reply::json(StatusCode::OK, &asked.office.client_doors))
}

pub(crate) async fn make(asked: Asked) -> Outcome {
    let wanted: MakeToken = asked.body()?;
    let identity = wanted.identity.clone();
    let key = key_text(&asked.headers).ok_or_else(|| {
        let right = "give the API key that the token is to be made with as \"Authorization: Bearer <key>\"";
        Problem::new(Code::NotAuthenticated, right)
    })?;
    let name = token_name().map_err(|_| Problem::new(Code::Unavailable, "the system has no randomness"))?;
    let minting = Minting {
        tenant: asked.key.tenant.0.clone(),
        life: life(wanted.ttl_s)?,
        grants: grants(wanted)?,
        name,
    };
    let token = mint(key, &minting, asked.now().div_euclid(1_000)).map_err(refused)?;
    // What no door would take is not handed out: the key may be older than tokens.
    let checked = asked.office.signing.check(&token).await.map_err(refused)?;
    let made = TokenResource {
        token,
        identity,
        expires_at: time(checked.expires_at.saturating_mul(1_000)),
        ice_servers: asked.office.ice.servers.of_client(&checked),
    };
    Ok(Reply::json(StatusCode::CREATED, &made).with(CACHE_CONTROL, "no-store".to_owned()))
}

fn life(seconds: i64) -> Result<i64, Problem> {
    let right = || format!("ttl_s: give 1 to {LIFE_MAX} seconds");
    let good = (1..=LIFE_MAX).contains(&seconds).then_some(seconds);
    good.ok_or_else(|| Problem::of_field(Code::Refused, "ttl_s", right()))
}

fn grants(wanted: MakeToken) -> Result<Grants, Problem> {
    let call = match (wanted.call, wanted.dial) {
        (Some(_), true) => {
            let right = "call, dial: give one of them; a client reaches one handler, or dials";
            return Err(Problem::of_field(Code::Refused, "dial", right));
        }
        (Some(call), false) => Some(CallGrant::Handler {
            handler: call.handler,
            params: call.params,
        }),
        (None, true) => Some(CallGrant::Any(AnyWord::Any)),
        (None, false) => None,
    };
    Ok(Grants {
        identity: wanted.identity,
        call,
        incoming: wanted.incoming,
        presence: wanted.presence,
        media: vec!["audio".to_owned()],
    })
}

/// What is wrong with a token, as a problem of who asked for it.
fn refused(why: TokenError) -> Problem {
    match why {
        TokenError::Malformed(what) => {
            let mut words = what.split(' ').map(|word| word.trim_end_matches(','));
            let field = words.find_map(|word| word.strip_prefix("grants."));
            let right = what.replace("grants.", "");
            match field {
                Some(field) => Problem::of_field(Code::Refused, field, right),
                None => Problem::new(Code::Refused, right),
            }
        }
        TokenError::KeyWithoutTokens => Problem::new(Code::KeyWithoutTokens, why.to_string()),
        TokenError::KeyMayNotMint => Problem::new(Code::OutOfScope, why.to_string()),
        TokenError::UnknownKey | TokenError::BadSignature | TokenError::KeyRevoked | TokenError::KeyExpired => {
            Problem::new(Code::NotAuthenticated, why.to_string())
        }
        _ => Problem::new(Code::Unavailable, why.to_string()),
    }
}

#[cfg(test)]
mod tests;
