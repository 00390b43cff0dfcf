//! The pretend web servers that handlers ask: declared answers, in virtual time. What is not declared is nowhere, and is noted.

use super::answers::Answers;
use crate::scenario::HttpBlock;
use patchcord_control::http_urls::HttpUrl;
use patchcord_control::words::{HttpResponse, NoResponse};
use patchcord_switch::{Query, ToAsk};
use std::time::{Duration, Instant};

/// What a server answers.
type Response = Result<HttpResponse, NoResponse>;

/// The servers of a world, and the answers that are not due yet.
#[derive(Debug, Default)]
pub(super) struct Servers {
    pub(super) declared: Vec<HttpBlock>,
    pub(super) asked: Vec<ToAsk>,
    pub(super) undeclared: Vec<String>,
    pub(super) answers: Answers<Response>,
}

impl Servers {
    pub(super) fn ask(&mut self, now: Instant, query: Query, wanted: ToAsk) {
        let (response, after) = match self.declared.iter().find(|block| fits(block, &wanted)) {
            Some(block) => (answer(block), Duration::from_millis(block.delay_ms)),
            None => {
                let order = &wanted.order;
                let (method, at, target) = (order.method.name(), &order.url, order.url.target());
                self.undeclared.push(format!("{method} {at:?} {target}"));
                (Some(Err(NoResponse::Failed)), Duration::ZERO)
            }
        };
        if let Some(response) = response {
            self.answers.give(now + after, query, response);
        }
        self.asked.push(wanted);
    }

    /// Nobody waits for it any more.
    pub(super) fn leave(&mut self, query: Query) {
        self.answers.take_back(query);
    }
}

fn fits(block: &HttpBlock, wanted: &ToAsk) -> bool {
    let order = &wanted.order;
    let body = order.body.as_ref().map_or(&[][..], |body| body.reveal());
    let body = String::from_utf8_lossy(body);
    block.method == order.method.name()
        && HttpUrl::parse(&block.url).is_ok_and(|url| url == order.url)
        && block
            .body_holds
            .as_ref()
            .is_none_or(|part| body.contains(part.as_str()))
}

fn answer(block: &HttpBlock) -> Option<Response> {
    if let Some(fails) = block.fails {
        return fails.told().map(Err);
    }
    let headers = block.headers.iter();
    Some(Ok(HttpResponse {
        status: block.status,
        headers: headers
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect(),
        body: block.body.clone().into_bytes().into(),
    }))
}
