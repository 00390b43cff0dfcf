//! The store's requests over the node's own HTTP/1.1 and TLS, a connection each. How long one may take, whoever asks decides:
//! it is given up with its future.

use crate::web::{self, WebAddress};
use async_trait::async_trait;
use http_body_util::BodyExt;
use hyper::header::{self, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use patchcord_sip::identity::FetchFailure;
use rustls::ClientConfig;
use std::io;
use std::sync::Arc;

/// Bytes of an answer: what it says of an object or an error is far less.
const ANSWER_BYTES: usize = 256 * 1024;

/// Whom a store must be certified by.
#[derive(Debug, Clone)]
pub(super) struct Web(Arc<ClientConfig>);

impl Web {
    pub(super) fn new(tls: Arc<ClientConfig>) -> Self {
        Self(tls)
    }
}

impl HttpConnector for Web {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Web {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let no_address = || failed(HttpErrorKind::Unknown, "the request has no address");
        let address = WebAddress::parse(&request.uri().to_string()).ok_or_else(no_address)?;
        let (mut parts, body) = request.into_parts();
        parts.uri = address.path().parse::<Uri>().map_err(|_| no_address())?;
        let host = HeaderValue::from_str(address.authority()).map_err(|_| no_address())?;
        parts.headers.insert(header::HOST, host);
        parts
            .headers
            .insert(header::USER_AGENT, HeaderValue::from_static("patchcord"));
        parts
            .headers
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
        let request = Request::from_parts(parts, body.map_err(io::Error::other));
        let answered = web::ask_any(&address, self.0.clone(), request, ANSWER_BYTES).await;
        let mut answered = answered.map_err(|why| match why {
            FetchFailure::Unresolved => failed(HttpErrorKind::Connect, "its name has no address"),
            FetchFailure::TooLong => failed(HttpErrorKind::Decode, "its answer is too long"),
            FetchFailure::Unreachable => failed(HttpErrorKind::Connect, "it cannot be reached, or broke off"),
            FetchFailure::TimedOut | FetchFailure::Busy | FetchFailure::Status(_) => {
                failed(HttpErrorKind::Unknown, "the request failed")
            }
        })?;
        // Some stores give the part that was asked for and do not say so in the status (RFC 9110 section 15.3.7).
        if answered.status() == StatusCode::OK && answered.headers().contains_key(header::CONTENT_RANGE) {
            *answered.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        Ok(Response::map(answered, Into::into))
    }
}

fn failed(kind: HttpErrorKind, what: &'static str) -> HttpError {
    HttpError::new(kind, io::Error::other(what))
}
