//! One thing that can be asked of the API: the row of a table that drives the router and the OpenAPI document alike, so that the
//! two agree.

use super::Office;
use super::keys::{ApiKey, Scope};
use super::problem::{Code, Problem};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

/// The body of an answer: whole, or as it comes.
pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, Infallible>;

/// What comes of something asked.
pub(crate) type Outcome = Result<Reply, Problem>;

/// Does what is asked.
pub(crate) type Handle = fn(Asked) -> Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// The schema of a type.
pub(crate) type Described = fn(&mut SchemaGenerator) -> Schema;

/// The schema of a type, for a row of the table.
pub(crate) fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A row of the table.
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    /// With names in braces, such as `/v1/calls/{call}`.
    pub(crate) path: &'static str,
    /// What a key needs; none: no key is needed.
    pub(crate) scope: Option<Scope>,
    /// Its name in generated clients.
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    /// What else is to be said of it, in whole sentences.
    pub(crate) about: &'static str,
    pub(crate) query: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    pub(crate) answer: Answer,
    /// Problems of its own, beside those that all have.
    pub(crate) problems: &'static [Code],
    /// Whether it stands in the tenant's audit log once it was done.
    pub(crate) audited: bool,
    pub(crate) handle: Handle,
}

/// A parameter of the query.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) schema: Described,
}

/// A body that is asked for.
pub(crate) enum Body {
    /// A value.
    Json { schema: Described, example: Value },
    /// Bytes of this media type, and how many at most.
    Bytes { media_type: &'static str, most: usize },
}

impl Body {
    /// The media type that is asked for.
    pub(crate) fn media_type(&self) -> &'static str {
        match self {
            Self::Json { .. } => "application/json",
            Self::Bytes { media_type, .. } => media_type,
        }
    }

    /// Bytes at most.
    pub(crate) fn most(&self) -> usize {
        match self {
            Self::Json { .. } => super::server::BODY_BYTES,
            Self::Bytes { most, .. } => *most,
        }
    }

    /// Whether these headers say that the body is of the media type that is asked for.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let wanted = self.media_type();
        let is = |value: &hyper::header::HeaderValue| {
            let essence = value.to_str().unwrap_or_default().split(';').next();
            essence.unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
        };
        if headers.get(hyper::header::CONTENT_TYPE).is_some_and(is) {
            return Ok(());
        }
        let right = format!("give the body as {wanted}, and say so in Content-Type");
        Err(Problem::new(Code::WrongMediaType, right))
    }
}

/// What is answered if all is well.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) about: &'static str,
    /// None: no body.
    pub(crate) content: Option<(&'static str, Described)>,
    pub(crate) example: Option<Value>,
    /// Other answers with which all is well, and what they mean.
    pub(crate) also: &'static [(StatusCode, &'static str)],
    pub(crate) secrecy: Secrecy,
}

/// What is in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrecy {
    /// Nothing that whoever has the database may not read.
    Open,
    /// A secret that is shown this once: it is never kept in clear.
    Secret,
}

/// Something asked, with all that came.
pub(crate) struct Asked {
    pub(crate) office: Arc<Office>,
    /// Whose key it was.
    pub(crate) key: ApiKey,
    /// What stood in the place of the names in the path, in order; decoded.
    pub(crate) path: Vec<String>,
    /// Only parameters of the table; decoded.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The way to the bare connection, if the request asks to go on otherwise than by HTTP.
    pub(crate) upgrade: Option<OnUpgrade>,
}

impl Asked {
    /// The value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let mut named = self.query.iter().filter(|(known, _)| known == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// The same, read; `right` says what would be right.
    pub(crate) fn parsed<T>(
        &self,
        name: &str,
        right: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.parameter(name) else {
            return Ok(None);
        };
        match parse(text) {
            Some(value) => Ok(Some(value)),
            None => Err(Problem::of_field(
                Code::InvalidRequest,
                name,
                format!("{name}: give {right}"),
            )),
        }
    }

    /// The body as what is asked for. What is wrong with it is told with the field, where there is one.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        // Else the fields could come without their names, in a list.
        if self.body.trim_ascii_start().first() != Some(&b'{') {
            return Err(Problem::new(Code::InvalidBody, "give the body as a JSON object"));
        }
        serde_json::from_slice(&self.body).map_err(|error| Problem::new(Code::InvalidBody, error.to_string()))
    }
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(hyper::header::HeaderName, String)>,
    pub(crate) body: AnswerBody,
}

impl Reply {
    /// A value as JSON.
    pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Self {
        let text =
            serde_json::to_vec(value).expect("values of ours have texts for names, and no number that JSON lacks");
        Self {
            status,
            headers: vec![(hyper::header::CONTENT_TYPE, "application/json".to_owned())],
            body: whole(text),
        }
    }

    /// Done, and nothing to say.
    pub(crate) fn nothing() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            headers: Vec::new(),
            body: whole(Vec::new()),
        }
    }

    /// With a header.
    pub(crate) fn with(mut self, name: hyper::header::HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// Whether a client has what has this tag already (RFC 9110 section 13.1.2).
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(hyper::header::IF_NONE_MATCH);
    let known = known.and_then(|value| value.to_str().ok());
    known.is_some_and(|known| known.split(',').any(|one| one.trim() == etag))
}

/// A body that is there.
pub(crate) fn whole(bytes: Vec<u8>) -> AnswerBody {
    Full::new(Bytes::from(bytes)).boxed_unsync()
}
