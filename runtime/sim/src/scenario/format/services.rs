//! What stands in a scenario file beside callers: what web servers answer, secrets, and what the store holds.

use patchcord_control::grants::{Grants, SECRET_BYTES_MIN};
use patchcord_control::http_urls::{HttpAllow, HttpUrl};
use patchcord_control::presence::{Availability, Reason, Status, TEXT_BYTES};
use patchcord_control::words::NoResponse;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is said of an identity, or by a telephone of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PresenceBlock {
    /// Whether it can be reached.
    pub availability: AvailabilityWord,
    /// Why not.
    pub reason: Option<ReasonWord>,
    /// In words.
    #[serde(default)]
    pub text: String,
}

/// Whether somebody can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AvailabilityWord {
    /// It rings.
    Available,
    /// Occupied.
    Busy,
    /// Does not want to be called.
    DoNotDisturb,
    /// Nobody is there.
    Unavailable,
}

/// Why somebody cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonWord {
    /// In a call.
    OnACall,
    /// For minutes.
    AwayShort,
    /// For long.
    AwayLong,
}

impl PresenceBlock {
    /// The same as presence knows it.
    pub fn status(&self) -> Status {
        Status {
            availability: match self.availability {
                AvailabilityWord::Available => Availability::Available,
                AvailabilityWord::Busy => Availability::Busy,
                AvailabilityWord::DoNotDisturb => Availability::DoNotDisturb,
                AvailabilityWord::Unavailable => Availability::Unavailable,
            },
            reason: self.reason.map(|reason| match reason {
                ReasonWord::OnACall => Reason::OnACall,
                ReasonWord::AwayShort => Reason::AwayShort,
                ReasonWord::AwayLong => Reason::AwayLong,
            }),
            text: self.text.clone().into(),
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match self.text.len() {
            0..=TEXT_BYTES => Ok(()),
            bytes => Err(format!(
                "the `text` of a presence has {bytes} bytes, at most {TEXT_BYTES} are allowed"
            )),
        }
    }
}

/// Answers of web servers in one scenario.
pub const HTTP_MAX: usize = 256;

/// What a web server answers to one request. The first block that fits a request is its answer, each time. What a handler asks
/// that no block fits makes the scenario fail.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HttpBlock {
    /// How it is asked.
    #[serde(default = "get")]
    pub method: String,
    /// Where, query included.
    pub url: String,
    /// What the body of the request must hold; anything without it.
    pub body_holds: Option<String>,
    /// 200 to 599.
    #[serde(default = "ok")]
    pub status: u16,
    /// By their names in lower case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What comes with it.
    #[serde(default)]
    pub body: String,
    /// When it comes.
    #[serde(default)]
    pub delay_ms: u64,
    /// No answer comes, and this is why.
    pub fails: Option<HttpFails>,
}

/// Why no answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpFails {
    /// Nothing ever comes: the handler's time runs out.
    NeverAnswers,
    /// It is larger than allowed.
    TooLarge,
    /// Nobody takes the connection.
    Refused,
    /// The connection breaks.
    Breaks,
    /// There are too many requests under way.
    Overloaded,
}

impl HttpFails {
    /// What the handler is told; none if nothing is.
    pub fn told(self) -> Option<NoResponse> {
        match self {
            Self::NeverAnswers => None,
            Self::TooLarge => Some(NoResponse::TooLarge),
            Self::Refused => Some(NoResponse::Refused),
            Self::Breaks => Some(NoResponse::Failed),
            Self::Overloaded => Some(NoResponse::Overloaded),
        }
    }
}

fn get() -> String {
    "GET".to_owned()
}

fn ok() -> u16 {
    200
}

impl Default for HttpBlock {
    /// What a block without a word means.
    fn default() -> Self {
        Self {
            method: get(),
            url: String::new(),
            body_holds: None,
            status: ok(),
            headers: BTreeMap::new(),
            body: String::new(),
            delay_ms: 0,
            fails: None,
        }
    }
}

impl HttpBlock {
    pub(super) fn check(&self) -> Result<(), String> {
        const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
        if !METHODS.contains(&self.method.as_str()) {
            return Err(format!(
                "http: `method` is {:?}, it must be one of {}",
                self.method,
                METHODS.join(", ")
            ));
        }
        HttpUrl::parse(&self.url).map_err(|why| format!("http: `url` is {:?}: {why}", self.url))?;
        match (200..=599).contains(&self.status) {
            true => Ok(()),
            false => Err(format!("http: `status` is {}, it must be 200 to 599", self.status)),
        }
    }
}

/// What the handler of a scenario is granted: these secrets, and every web server, because none is asked in truth.
pub(super) fn grants(secrets: &BTreeMap<String, String>) -> Result<Grants, String> {
    let mut grants = Grants::default().with_http(HttpAllow::Everywhere);
    for (name, value) in secrets {
        let right = format!("secret {name:?}: give {SECRET_BYTES_MIN} to 4,096 signs of ASCII");
        grants = grants.with_secret(name, value).map_err(|_| right)?;
    }
    Ok(grants)
}
