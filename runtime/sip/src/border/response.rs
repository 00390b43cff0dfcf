//! Responses at the border: back to where our Via says the request came from. RFC 3261 16.7, 16.11: a stateless proxy
//! passes on every response, 100 included, and keeps none.

use std::borrow::Cow;

use super::assertion::ORIGIN_HEADER;
use super::edit::Edit;
use super::request::{token_of_branch, vias};
use super::token::Token;
use super::{Arrival, Border, Hop, NotPassed, Passed};
use crate::message::Response;

impl Border {
    pub(super) fn response<'a>(&self, from: Arrival<'_>, bytes: &'a [u8], response: &Response) -> Passed<'a> {
        let mut edit = Edit::new(bytes, &response.headers, &response.body);
        edit.remove(ORIGIN_HEADER);
        let Some(text) = response.headers.list("Via").next().and_then(token_of_branch) else {
            let bytes = match response.headers.raw(ORIGIN_HEADER).next() {
                None => Cow::Borrowed(bytes),
                Some(_) => Cow::Owned(edit.finish()),
            };
            return Passed::Ours { bytes, asserted: None };
        };
        let call_id = response.call_id().unwrap_or_default();
        let Some(Token::Back { hop, .. }) = self.mint.read(text, call_id) else {
            return Passed::Drop(NotPassed::ForgedBranch);
        };
        // A request goes from one side to the other, so its response comes from that one.
        match (from, &hop) {
            (Arrival::Node(_), Hop::Flow(_)) | (Arrival::Device(_), Hop::Node(_)) => {}
            _ => return Passed::Drop(NotPassed::WrongSide),
        }
        match vias(&response.headers) {
            Ok(vias) if vias.len() > 1 => {}
            Ok(_) => return Passed::Drop(NotPassed::NoWayBack),
            Err(why) => return Passed::Drop(why),
        }
        edit.pop("Via", 1);
        let bytes = edit.finish();
        if bytes.len() > self.longest(&hop) {
            return Passed::Drop(NotPassed::TooLong);
        }
        Passed::Send { to: hop, bytes }
    }
}
