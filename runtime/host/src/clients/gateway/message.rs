//! The messages of the client protocol, as they are read and written. Not here: what they do (`core`, `calls`).

use crate::api::StatusBody;
use crate::browsers::Ice;
use crate::clients::ice::IceServer;
use crate::clients::token::{Grant, Grants, TokenError};
use patchcord_control::presence::{PresenceError, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bytes of the name of a call.
const CALL_BYTES: usize = 32;
/// Bytes of a number or a name that is dialled.
const TO_BYTES: usize = 128;
/// Bytes of the name of a device.
const INSTANCE_BYTES: usize = 64;

/// A message of a client.
#[derive(Deserialize)]
pub(super) struct FromClient {
    /// Its number: 1 for the first after `welcome`, one more each time. `hello` and `ping` have none.
    #[serde(default)]
    pub(super) seq: Option<u64>,
    /// The number of the last message of ours that it has.
    #[serde(default)]
    pub(super) received: Option<u64>,
    #[serde(flatten)]
    pub(super) what: Said,
}

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(super) enum Said {
    Hello(Hello),
    Register,
    Unregister,
    Call {
        call: String,
        #[serde(default)]
        to: Option<String>,
        #[serde(default)]
        params: BTreeMap<String, String>,
        sdp: String,
    },
    Accept {
        call: String,
        sdp: String,
    },
    Reject {
        call: String,
    },
    Hangup {
        call: String,
    },
    Keys {
        call: String,
        keys: String,
    },
    /// A change of a session: hold, ICE restart.
    Offer {
        call: String,
        sdp: String,
    },
    /// To a change that the other side wants.
    Answer {
        call: String,
        sdp: String,
    },
    /// Of such a change.
    Decline {
        call: String,
    },
    Token {
        token: String,
    },
    /// How available the user is here.
    #[serde(rename = "presence.publish")]
    Publish(StatusBody),
    /// Whom it watches from now on.
    #[serde(rename = "presence.watch")]
    Watch {
        identities: Vec<String>,
    },
    Ping,
    Leave,
    #[serde(other)]
    Unknown,
}

/// The first message of every connection.
#[derive(Deserialize)]
pub(crate) struct Hello {
    pub(super) version: u32,
    #[serde(default)]
    pub(super) token: Option<String>,
    /// The device, the same whenever it comes: a UUID, say.
    #[serde(default)]
    pub(super) instance: Option<String>,
    /// What resumes a session.
    #[serde(default)]
    pub(super) resume: Option<String>,
}

/// What we say.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(super) enum Say<'a> {
    Welcome {
        version: u32,
        /// What resumes this session, once.
        resume: &'a str,
        resume_within_ms: u64,
        resumed: bool,
        /// The number of the last message of the client that we have.
        received: u64,
        identity: &'a str,
        expires_in_ms: u64,
        grants: &'a Grants,
        /// How the node takes part in ICE; none: it takes no sound of browsers.
        #[serde(skip_serializing_if = "Option::is_none")]
        ice: Option<Ice>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        ice_servers: Vec<IceServer>,
    },
    Registered {
        expires_in_ms: u64,
    },
    Unregistered {
        reason: &'a str,
    },
    Ringing {
        call: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        sdp: Option<&'a str>,
    },
    Answered {
        call: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        sdp: Option<&'a str>,
    },
    Incoming {
        call: &'a str,
        from: &'a str,
        from_name: &'a str,
        params: BTreeMap<&'a str, &'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sdp: Option<&'a str>,
    },
    /// An answer to an offer that the client made in its `accept` or `answer`, or a description nobody asked for.
    Description {
        call: &'a str,
        sdp: &'a str,
    },
    Offer {
        call: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        sdp: Option<&'a str>,
    },
    Answer {
        call: &'a str,
        sdp: &'a str,
    },
    Key {
        call: &'a str,
        key: char,
    },
    Ended {
        call: &'a str,
        reason: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
    },
    TokenUpdated {
        expires_in_ms: u64,
        grants: &'a Grants,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        ice_servers: Vec<IceServer>,
    },
    TokenWillExpire {
        in_ms: u64,
    },
    #[serde(rename = "presence.changed")]
    PresenceChanged {
        identities: Vec<Seen>,
    },
    /// What the message of this number asked is done.
    Done {
        of: u64,
    },
    Error {
        code: &'a str,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        call: Option<&'a str>,
        /// The number of the message that is refused.
        #[serde(skip_serializing_if = "Option::is_none")]
        of: Option<u64>,
    },
    Pong {
        received: u64,
    },
}

/// How somebody is who is watched.
#[derive(Serialize)]
pub(super) struct Seen {
    identity: String,
    #[serde(flatten)]
    status: StatusBody,
}

impl From<&View> for Seen {
    fn from(it: &View) -> Self {
        Self {
            identity: it.name.to_string(),
            status: (&it.status).into(),
        }
    }
}

impl Say<'_> {
    /// Its text, with its number if it has one.
    pub(super) fn text(&self, seq: Option<u64>) -> String {
        #[derive(Serialize)]
        struct Numbered<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            seq: Option<u64>,
            #[serde(flatten)]
            what: &'a Say<'a>,
        }
        serde_json::to_string(&Numbered { seq, what: self }).expect("texts and numbers have a JSON")
    }
}

/// Why something that a client asked for is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Token(TokenError),
    Malformed,
    UnknownMessage,
    UnknownCall,
    CallExists,
    TooManyCalls,
    WrongState,
    BadName,
    BadParameters,
    BadKeys,
    TooLarge,
    ChangeDeclined,
    NotWatched,
    Presence(PresenceError),
}

impl Refused {
    /// What the client's token lacks, if that is why.
    pub(super) fn of_token(self) -> Option<TokenError> {
        match self {
            Self::Token(why) => Some(why),
            Self::NotWatched => Some(TokenError::MissingGrant(Grant::Watch)),
            _ => None,
        }
    }

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Token(why) => why.code(),
            Self::Malformed => "malformed",
            Self::UnknownMessage => "unknown-message",
            Self::UnknownCall => "unknown-call",
            Self::CallExists => "call-exists",
            Self::TooManyCalls => "too-many-calls",
            Self::WrongState => "wrong-state",
            Self::BadName => "bad-name",
            Self::BadParameters => "bad-parameters",
            Self::BadKeys => "bad-keys",
            Self::TooLarge => "too-large",
            Self::ChangeDeclined => "offer-refused",
            Self::NotWatched => "token-missing-grant",
            Self::Presence(_) => "bad-presence",
        }
    }

    pub(super) fn message(self) -> String {
        let text = match self {
            Self::Token(why) => return why.to_string(),
            Self::Malformed => "this is not a message of the protocol: a JSON object with a type and its fields",
            Self::UnknownMessage => "there is no message of this type",
            Self::UnknownCall => "there is no call of this name",
            Self::CallExists => "there is a call of this name: give another",
            Self::TooManyCalls => "there are as many calls as a client may have: 8",
            Self::WrongState => "the call is in no state for that",
            Self::BadName => {
                "a call's name is c and 1 to 31 letters, digits, - and _; what is dialled is 1 to 128 letters, digits, and + * _ - ."
            }
            Self::BadParameters => {
                "params are at most 16, with names of 1 to 64 letters, digits, - and _, and values of at most 256 bytes on one line"
            }
            Self::BadKeys => "keys are 1 to 32 of 0-9, *, # and A-D",
            Self::TooLarge => "the description is too long",
            Self::NotWatched => "the token does not allow to watch all of these",
            Self::Presence(why) => return why.to_string(),
            Self::ChangeDeclined => "the other side refused the change; the session stays as it was",
        };
        text.to_owned()
    }
}

/// Whether a client may give a call this name; ours begin otherwise.
pub(super) fn is_call_name(name: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    name.starts_with('c') && (2..=CALL_BYTES).contains(&name.len()) && name.bytes().all(fine)
}

/// Whether this can be dialled.
pub(super) fn is_dialled(to: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"+*_-.".contains(&byte);
    (1..=TO_BYTES).contains(&to.len()) && to.bytes().all(fine)
}

/// Whether a device may have this name.
pub(super) fn is_instance(name: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=INSTANCE_BYTES).contains(&name.len()) && name.bytes().all(fine)
}
