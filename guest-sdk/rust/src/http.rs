//! Requests to web servers, from where the operator lets this handler ask. Sound, keys and everything else that was started go on
//! meanwhile.
//!
//! ```no_run
//! # use patchcord::prelude::*;
//! # fn handle(caller: Leg) -> Result<()> {
//! let waiting = caller.start_play(file("one-moment.wav"))?;
//! let answer = http::get("https://crm.example.com/customers/17")
//!     .secret("Authorization", "Bearer ", "crm-token")
//!     .within(secs(3))
//!     .send();
//! match answer {
//!     Ok(answer) if answer.status == 200 => info!("{} bytes", answer.body.len()),
//!     Ok(answer) => warn!("the server said {}", answer.status),
//!     // The call goes on without it; only what ended the call is passed on.
//!     Err(Error::NoResponse(why)) => warn!("no answer: {why:?}"),
//!     Err(other) => return Err(other),
//! }
//! # let _ = waiting;
//! # Ok(())
//! # }
//! ```

use crate::Result;
use crate::bindings::patchcord::handler::http::{self, Header, Method, Request as Raw};
use crate::prompt::ms;
use std::time::Duration;

pub use crate::bindings::patchcord::handler::http::{Response, ResponseHeader};
pub use crate::bindings::patchcord::handler::types::NoResponse;

const USUAL_TIME: Duration = Duration::from_secs(5);

/// A request that is not sent yet. Without more words: no headers, no body, and five seconds for an answer.
#[derive(Debug, Clone)]
pub struct Request(Raw);

/// Gets what is at an address.
pub fn get(url: impl Into<String>) -> Request {
    Request::new(Method::Get, url.into())
}

/// Gets what a GET would have before its body.
pub fn head(url: impl Into<String>) -> Request {
    Request::new(Method::Head, url.into())
}

/// Gives something to an address.
pub fn post(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Request {
    Request::new(Method::Post, url.into()).body(body)
}

/// Puts something at an address.
pub fn put(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Request {
    Request::new(Method::Put, url.into()).body(body)
}

/// Changes what is at an address.
pub fn patch(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Request {
    Request::new(Method::Patch, url.into()).body(body)
}

/// Removes what is at an address.
pub fn delete(url: impl Into<String>) -> Request {
    Request::new(Method::Delete, url.into())
}

impl Request {
    fn new(method: Method, url: String) -> Request {
        Request(Raw {
            method,
            url,
            headers: Vec::new(),
            body: None,
            timeout_ms: ms(USUAL_TIME),
        })
    }

    /// With a header.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Request {
        self.with(name.into(), value.into(), None)
    }

    /// With a header that ends with a secret of this name, such as "Authorization", "Bearer " and "token". This code never has
    /// the secret.
    pub fn secret(self, name: impl Into<String>, before: impl Into<String>, secret: impl Into<String>) -> Request {
        self.with(name.into(), before.into(), Some(secret.into()))
    }

    /// With a body of up to 65,536 bytes.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.0.body = Some(body.into());
        self
    }

    /// The longest it may take, 100 ms to 30 s.
    pub fn within(mut self, time: Duration) -> Request {
        self.0.timeout_ms = ms(time);
        self
    }

    /// Sends it and waits for the answer.
    pub fn send(self) -> Result<Response> {
        http::send(&self.0)
    }

    fn with(mut self, name: String, value: String, secret: Option<String>) -> Request {
        self.0.headers.push(Header { name, value, secret });
        self
    }
}

impl Response {
    /// The first header of a name, case ignored.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |header: &&ResponseHeader| header.name.eq_ignore_ascii_case(name);
        self.headers.iter().find(named).map(|header| header.value.as_str())
    }

    /// The body as a text; none if it is no UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.body).ok()
    }
}
