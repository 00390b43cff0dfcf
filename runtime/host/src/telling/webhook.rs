//! A webhook, and sending it one event: the status of its answer counts, and nothing else of it is read.

use super::{Failed, signature};
use crate::node::time_of_day;
use crate::web_requests::Client;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, header};
use patchcord_control::events::{Event, SubscribedWebhook};
use patchcord_control::http_urls::HttpUrl;
use patchcord_control::private::Private;
use std::sync::Arc;

/// The status that says that nobody is there any more (410 Gone).
const GONE: u16 = 410;

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name, unique in the node.
    pub name: Arc<str>,
    /// Where it is.
    pub url: HttpUrl,
    /// The same as it was written: what is signed.
    pub written: Private<String>,
    /// What signs.
    pub secret: Private<String>,
}

impl Webhook {
    /// One that a call names with all that it takes; its name is that of its server.
    pub(super) fn subscribed(webhook: &SubscribedWebhook) -> Self {
        Self {
            name: webhook.url.host().into(),
            url: webhook.url.clone(),
            written: webhook.written.clone(),
            secret: webhook.secret.clone(),
        }
    }
}

/// Sends an event once; the status of the answer.
pub(super) async fn send(client: &Client, webhook: &Webhook, event: &Event, sequence: u32) -> Result<u16, Failed> {
    let parameters = event.parameters(sequence);
    let (secret, url) = (webhook.secret.reveal(), webhook.written.reveal());
    let signed = signature::sign(secret, url, &parameters, time_of_day().seconds);
    let request = Request::post(webhook.url.target())
        .header(header::HOST, webhook.url.authority())
        .header(header::CONNECTION, "close")
        .header(header::USER_AGENT, "patchcord")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(signature::HEADER, signed.signature)
        .body(Full::new(Bytes::from(signed.body)))
        .map_err(|_| Failed::ForGood("its address makes no request".to_owned()))?;
    let answered = client.status(&webhook.url, request).await;
    answered.map_err(|why| Failed::Again(format!("it did not answer: {why}")))
}

/// What the status of an answer means.
pub(super) fn judged(status: u16) -> Result<(), Failed> {
    match status {
        200..=299 => Ok(()),
        GONE => Err(Failed::ForGood("it answered 410: nobody is there any more".to_owned())),
        status => Err(Failed::Again(format!("it answered {status}"))),
    }
}
