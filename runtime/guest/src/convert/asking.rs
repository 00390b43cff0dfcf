//! Conversions of requests to web servers.

use super::{list, same};
use crate::bindings::patchcord::handler::{http, types};
use patchcord_control::private::Private;
use patchcord_control::words;

same!(http::Method => words::HttpMethod: Get, Head, Post, Put, Patch, Delete);
same!(types::NoResponse => words::NoResponse: TimedOut, TooLarge, Refused, Failed, Overloaded);
same!(words::NoResponse => types::NoResponse: TimedOut, TooLarge, Refused, Failed, Overloaded);

impl From<http::Header> for words::HttpHeader {
    fn from(it: http::Header) -> Self {
        Self {
            name: it.name,
            value: it.value.into(),
            secret: it.secret,
        }
    }
}

impl From<http::Request> for words::HttpRequest {
    fn from(it: http::Request) -> Self {
        Self {
            method: it.method.into(),
            url: it.url.into(),
            headers: list(it.headers),
            body: it.body.map(Private::new),
            timeout_ms: it.timeout_ms,
        }
    }
}

impl From<words::HttpResponse> for http::Response {
    fn from(it: words::HttpResponse) -> Self {
        let header = |(name, value): (String, Private<String>)| http::ResponseHeader {
            name,
            value: value.into_inner(),
        };
        Self {
            status: it.status,
            headers: it.headers.into_iter().map(header).collect(),
            body: it.body.into_inner(),
        }
    }
}
