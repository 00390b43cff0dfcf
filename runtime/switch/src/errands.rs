//! What a handler has done elsewhere, on its way there and back: the shard knows whose answer is whose.

use crate::io::{Output, Query};
use crate::presence::action_of;
use crate::shard::Shard;
use patchcord_control::call::{Errand, HttpOrder, Input as CallInput};
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::limits::HTTP_ANSWER_BYTES;
use patchcord_control::private::Private;
use patchcord_control::tenancy::Refused;
use patchcord_control::words::{Error, HttpResponse, NoResponse, StoreAction, StoreReply};
use std::time::Instant;

/// Something to be done in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToStore {
    /// Whose entries.
    pub tenant: Tenant,
    /// Where.
    pub key: Private<String>,
    /// What.
    pub action: StoreAction,
}

/// A request to a web server that the handler's configuration allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToAsk {
    /// Whose handler asks.
    pub tenant: Tenant,
    /// What. Private, but for its server.
    pub order: Box<HttpOrder>,
}

/// The call that waits for an answer, and the number it has there.
pub(crate) type Waiting = (CallId, u32);

impl Shard {
    pub(crate) fn errand(&mut self, now: Instant, id: CallId, number: u32, errand: Errand) {
        if let Errand::Http(order) = &errand {
            let bytes = order.bytes();
            if let Err(refused) = self.live(id).seat.share().http_request(now, bytes) {
                return self.too_many_requests(now, (id, number), refused);
            }
            self.live(id).spent.http_bytes += bytes;
        }
        let errand = match action_of(errand) {
            Ok(action) => return self.presence_errand(id, number, action),
            Err(other) => other,
        };
        self.next_query += 1;
        let query = Query(self.next_query);
        self.errands.insert(query, (id, number));
        let tenant = self.live(id).tenant.clone();
        match errand {
            Errand::Http(order) => {
                self.live(id).http = Some((number, query));
                let wanted = ToAsk { tenant, order };
                self.outputs.push_back(Output::AskWeb { query, wanted });
            }
            Errand::Store { key, action } => {
                let wanted = ToStore { tenant, key, action };
                self.outputs.push_back(Output::Store { query, wanted });
            }
            Errand::Presence(_) => unreachable!("told apart above"),
        }
    }

    /// A request over the tenant's limit is not sent; the handler hears so at once.
    fn too_many_requests(&mut self, now: Instant, (id, number): Waiting, refused: Refused) {
        let tenant = self.live(id).tenant.clone();
        self.limited(now, &tenant, refused);
        let response = Err(NoResponse::Overloaded);
        self.tell(now, id, CallInput::Responded { number, response });
    }

    /// The store has done something, or will not. Its call may be over by now.
    pub(crate) fn stored(&mut self, now: Instant, query: Query, reply: Result<StoreReply, Error>) {
        if let Some((id, number)) = self.errands.remove(&query) {
            self.feed(now, id, CallInput::Stored { number, reply });
        }
    }

    /// A web server has answered, or did not. Its call may be over by now.
    pub(crate) fn responded(&mut self, now: Instant, query: Query, response: Result<HttpResponse, NoResponse>) {
        let Some((id, number)) = self.errands.remove(&query) else {
            return;
        };
        if let Some(live) = self.calls.get_mut(&id) {
            let bytes = received(&response);
            live.seat.share().http_bytes(now, bytes);
            live.spent.http_bytes += bytes;
        }
        self.feed(now, id, CallInput::Responded { number, response });
    }

    /// Nobody waits for an answer any more.
    pub(crate) fn cancel_errand(&mut self, id: CallId, number: u32) {
        let of = |(known, _): &mut (u32, Query)| *known == number;
        if let Some((_, query)) = self.live(id).http.take_if(of) {
            self.errands.remove(&query);
            self.outputs.push_back(Output::LeaveWeb { query });
        }
    }
}

/// How much came from a web server, about; of one that said too much, as much as was taken.
fn received(response: &Result<HttpResponse, NoResponse>) -> u64 {
    let bytes = match response {
        Ok(response) => {
            let headers = response.headers.iter();
            let headers = headers.map(|(name, value)| name.len() + value.reveal().len());
            headers.sum::<usize>() + response.body.reveal().len()
        }
        Err(NoResponse::TooLarge) => HTTP_ANSWER_BYTES,
        Err(_) => 0,
    };
    bytes as u64
}
