//! What a call has done elsewhere.

use crate::http_urls::HttpUrl;
use crate::private::Private;
use crate::words::{HttpMethod, PresenceAction, StoreAction};
use std::time::Duration;

/// What is done elsewhere for a handler that waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// In the store of the call's tenant; [`super::Input::Stored`] follows.
    Store {
        /// Where.
        key: Private<String>,
        /// What.
        action: StoreAction,
    },
    /// Something about who can be reached; [`super::Input::Presence`] follows.
    Presence(PresenceAction),
    /// A request to a web server; [`super::Input::Responded`] follows.
    Http(Box<HttpOrder>),
}

/// A request that may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpOrder {
    /// How.
    pub method: HttpMethod,
    /// To whom.
    pub url: HttpUrl,
    /// With their secrets.
    pub headers: Vec<(String, Private<String>)>,
    /// What is sent with it.
    pub body: Option<Private<Vec<u8>>>,
    /// The longest it may take.
    pub time: Duration,
}

impl HttpOrder {
    /// How much is sent, about: address, headers and body.
    pub fn bytes(&self) -> u64 {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.reveal().len());
        let body = self.body.as_ref().map_or(0, |body| body.reveal().len());
        (self.url.target().len() + headers.sum::<usize>() + body) as u64
    }
}
