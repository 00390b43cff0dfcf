//! What is answered when something cannot be done: problem details (RFC 9457) with a code that programs can tell apart, a sentence
//! for a person, and, where one field is at fault, its name.

use hyper::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why something was not done. The code decides the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) detail: String,
    pub(crate) field: Option<String>,
}

/// Everything that can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Code {
    /// The query, a header or the path has a value that cannot be.
    InvalidRequest,
    /// The body is no JSON, or not of the form that is asked for.
    InvalidBody,
    /// There is no key, or none that is known.
    NotAuthenticated,
    /// The key may not do this.
    OutOfScope,
    /// The key is older than access tokens, so it can make none.
    KeyWithoutTokens,
    /// A link that is not ours, or has expired.
    BadLink,
    /// There is no such thing, or it is another tenant's.
    NotFound,
    /// The method is not possible here.
    NotPossible,
    /// The state of the thing does not allow it.
    WrongState,
    /// The same idempotency key was used with another request.
    KeyReused,
    /// There is one of this name already.
    Exists,
    /// Something else needs it.
    InUse,
    /// It is not what `If-Match` names any more.
    ChangedMeanwhile,
    /// It asks for permissions that nobody granted.
    PermissionsHeld,
    /// The module does not fit the contract.
    BadModule,
    /// The body has another media type than the one that is asked for.
    WrongMediaType,
    /// The body is too large.
    TooLarge,
    /// What is asked for is outside its range, or policy forbids it.
    Refused,
    /// A limit is reached; later it may be possible.
    TooMany,
    /// The node is full, draining, or slow.
    Unavailable,
}

impl Code {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid-request",
            Self::InvalidBody => "invalid-body",
            Self::NotAuthenticated => "not-authenticated",
            Self::OutOfScope => "out-of-scope",
            Self::KeyWithoutTokens => "key-without-tokens",
            Self::BadLink => "bad-link",
            Self::NotFound => "not-found",
            Self::NotPossible => "not-possible",
            Self::WrongState => "wrong-state",
            Self::KeyReused => "key-reused",
            Self::Exists => "exists",
            Self::InUse => "in-use",
            Self::ChangedMeanwhile => "changed-meanwhile",
            Self::PermissionsHeld => "permissions-held",
            Self::BadModule => "bad-module",
            Self::WrongMediaType => "wrong-media-type",
            Self::TooLarge => "too-large",
            Self::Refused => "refused",
            Self::TooMany => "too-many",
            Self::Unavailable => "unavailable",
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest | Self::InvalidBody => StatusCode::BAD_REQUEST,
            Self::NotAuthenticated => StatusCode::UNAUTHORIZED,
            Self::OutOfScope | Self::KeyWithoutTokens | Self::BadLink => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotPossible => StatusCode::METHOD_NOT_ALLOWED,
            Self::WrongState | Self::KeyReused | Self::Exists | Self::InUse | Self::PermissionsHeld => {
                StatusCode::CONFLICT
            }
            Self::ChangedMeanwhile => StatusCode::PRECONDITION_FAILED,
            Self::WrongMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused | Self::BadModule => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What it means, for the document.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The path, the query or a header has a value that cannot be.",
            Self::InvalidBody => "The body is no JSON, or not of the form that is asked for.",
            Self::NotAuthenticated => "There is no API key, or none that is known.",
            Self::OutOfScope => "The API key may not do this.",
            Self::KeyWithoutTokens => "The API key is older than access tokens and can make none.",
            Self::BadLink => "The link is not one of ours, or has expired.",
            Self::NotFound => "There is no such thing.",
            Self::NotPossible => "The method is not possible here.",
            Self::WrongState => "The state it is in does not allow this.",
            Self::KeyReused => "The idempotency key was used with another request.",
            Self::Exists => "There is one of this name already.",
            Self::InUse => "Something else needs it.",
            Self::ChangedMeanwhile => "It was changed since the revision that If-Match names.",
            Self::PermissionsHeld => "It asks for permissions that nobody granted.",
            Self::BadModule => "The module does not fit the contract.",
            Self::WrongMediaType => "The body has another media type than the one that is asked for.",
            Self::TooLarge => "The body is too large.",
            Self::Refused => "What is asked for is out of its range, or not allowed.",
            Self::TooMany => "A limit is reached; later it may be possible.",
            Self::Unavailable => "The node cannot do it now.",
        }
    }
}

/// Problem details (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemDetails {
    /// A URI that names the kind: `urn:patchcord:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// What the kind means.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What was wrong here and what would be right, for a person to read.
    detail: String,
    /// The kind again, for programs.
    code: &'static str,
    /// The parameter or the field of the body that is at fault, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            field: None,
        }
    }

    /// A parameter or a field is at fault.
    pub(crate) fn of_field(code: Code, field: &str, detail: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(code, detail)
        }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }

    pub(crate) fn details(self) -> ProblemDetails {
        ProblemDetails {
            kind: format!("urn:patchcord:problem:{}", self.code.name()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: self.detail,
            code: self.code.name(),
            field: self.field,
        }
    }
}
