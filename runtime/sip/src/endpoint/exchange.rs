//! Requests outside dialogs, both ways: REGISTER, OPTIONS, MESSAGE and kin out; REGISTER in, and what else we take.
//! RFC 3261 8.1, 8.2, 10, 11. Who may send one is the gate's business, what it means the user's.

use std::sync::Arc;
use std::time::Instant;

use super::calling::{check_routes, is_field_name, set_tag};
use super::reply::Refusal;
use super::{DialogError, Endpoint, ExchangeId};
use crate::address::NameAddr;
use crate::dialog::draft::Draft;
use crate::dialog::head::{HOPS, Head};
use crate::event::Event;
use crate::flow::Flow;
use crate::headers::is_header;
use crate::limits::{EXTRA_HEADERS, REGISTRATIONS};
use crate::message::{Request, Response};
use crate::method::Method;
use crate::notifier::Notice;
use crate::outside::{Origin, OutgoingRequest, Reply};
use crate::transaction::client::Purpose;
use crate::transaction::key::Key;
use crate::transaction::server::Server;
use crate::transaction::table::TxId;
use crate::uri::Uri;

/// What the requests of one registration share.
#[derive(Clone)]
pub(super) struct Series {
    call_id: String,
    tag: String,
    cseq: u32,
}

/// What the endpoint writes itself.
const OWN_HEADERS: [&str; 9] = [
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Max-Forwards",
    "Content-Length",
    "User-Agent",
    "Route",
];

impl Endpoint {
    /// Sends a request outside dialogs; exactly one [`Event::Response`] follows. A REGISTER for the same address at
    /// the same registrar as one before keeps its Call-ID and counts on (RFC 3261 10.2).
    ///
    /// # Errors
    /// `WrongState` for a method that makes or ends a dialog, `BadHeader`, `TooLarge`, `Full`.
    pub fn request(&mut self, now: Instant, request: OutgoingRequest) -> Result<ExchangeId, DialogError> {
        let OutgoingRequest {
            method,
            uri,
            target,
            mut from,
            to,
            headers,
            body,
            credentials,
            routes,
        } = request;
        if matches!(
            method,
            Method::Invite | Method::Ack | Method::Cancel | Method::Bye | Method::Prack | Method::Update
        ) {
            return Err(DialogError::WrongState);
        }
        if self.is_full() {
            return Err(DialogError::Full);
        }
        self.check_size(Some(&body))?;
        check_fields(&headers)?;
        check_routes(&routes)?;
        let mut to = to.unwrap_or_else(|| NameAddr::new(uri.clone()));
        set_tag(&mut to, None);
        let to = to.to_string();
        let Series { call_id, tag, cseq } = self.series(&method, &uri, &to);
        set_tag(&mut from, Some(tag));
        let head = Head {
            uri: uri.to_string(),
            via: String::new(),
            routes,
            hops: HOPS,
            from: from.to_string(),
            to,
            call_id,
            cseq,
        };
        let mut draft = Draft::new(method, head);
        let mut kind = None;
        for (name, value) in headers {
            match is_header(name.as_bytes(), "Content-Type") {
                true => kind = Some(value),
                false => draft.fields.push((name.into(), value)),
            }
        }
        if !body.is_empty() {
            draft = draft.with_body(kind.unwrap_or_else(|| "application/octet-stream".to_owned()), body);
        }
        if self.size_of(&draft) > self.config.limits.message_bytes {
            return Err(DialogError::TooLarge);
        }
        let id = ExchangeId(self.new_id());
        let tx = self.begin(now, Purpose::Outside(id), None, draft, target);
        if let Some(client) = self.clients.get_mut(tx) {
            client.credentials = credentials.map(Arc::new);
        }
        Ok(id)
    }

    /// The identifiers of a request: those of the registration it renews, or fresh ones.
    fn series(&mut self, method: &Method, uri: &Uri, to: &str) -> Series {
        let key = (uri.to_string(), to.to_owned());
        let is_register = *method == Method::Register;
        if is_register && let Some(known) = self.registrations.get_mut(&key) {
            known.cseq += 1;
            return known.clone();
        }
        let fresh = Series {
            call_id: self.new_call_id(),
            tag: self.tokens.token(),
            cseq: 1,
        };
        if is_register && self.registrations.len() < REGISTRATIONS {
            self.registrations.insert(key, fresh.clone());
        }
        fresh
    }

    /// A request was sent again under another number: whoever knows it by the old one learns the new one.
    pub(super) fn renumber(&mut self, purpose: Purpose, new: TxId) {
        let Some(client) = self.clients.get(new) else { return };
        let (head, method) = (&client.draft.head, &client.draft.method);
        match purpose {
            Purpose::Outside(_) if *method == Method::Register => {
                if let Some(known) = self.registrations.get_mut(&(head.uri.clone(), head.to.clone())) {
                    known.cseq = known.cseq.max(head.cseq);
                }
            }
            Purpose::Refer(id) => {
                let cseq = head.cseq;
                self.refer_renumbered(id, cseq);
            }
            Purpose::Notify(id) => self.notify_resent(id, new),
            _ => {}
        }
    }

    /// Answers a request of a peer outside dialogs.
    ///
    /// # Errors
    /// `BadStatus` outside 200..=699, `BadHeader`, `TooLarge`, `Unknown` if it is answered already or its sender has
    /// given up (64*T1).
    pub fn reply(&mut self, now: Instant, exchange: ExchangeId, reply: Reply) -> Result<(), DialogError> {
        if !(200..=699).contains(&reply.status) {
            return Err(DialogError::BadStatus);
        }
        check_fields(&reply.headers)?;
        self.check_size(Some(&reply.body))?;
        let tx = self.exchanges.remove(&exchange).ok_or(DialogError::Unknown)?;
        self.respond(now, tx, &Refusal::from(&reply));
        Ok(())
    }

    /// The tag that answers to a request carry, until it is answered.
    pub fn tag_of(&self, exchange: ExchangeId) -> Option<&str> {
        let tx = self.exchanges.get(&exchange)?;
        self.servers.get(*tx).map(|server| server.tag.as_str())
    }

    /// Sends a NOTIFY in the dialog of a subscription; exactly one [`Event::Response`] follows.
    ///
    /// # Errors
    /// `TooLarge`, `Full`.
    pub fn tell_subscriber(&mut self, now: Instant, notice: Notice) -> Result<ExchangeId, DialogError> {
        if self.is_full() {
            return Err(DialogError::Full);
        }
        self.check_size(Some(&notice.body))?;
        let head = Head {
            uri: notice.uri,
            via: String::new(),
            routes: notice.routes,
            hops: HOPS,
            from: notice.from,
            to: notice.to,
            call_id: notice.call_id,
            cseq: notice.cseq,
        };
        let draft = Draft::new(Method::Notify, head)
            .with("Event", notice.event)
            .with("Subscription-State", notice.state)
            .with_body(notice.kind, notice.body);
        if self.size_of(&draft) > self.config.limits.message_bytes {
            return Err(DialogError::TooLarge);
        }
        let id = ExchangeId(self.new_id());
        self.begin(now, Purpose::Outside(id), None, draft, notice.flow.into());
        Ok(id)
    }

    /// A request of a peer that the user answers.
    pub(super) fn ask_user(&mut self, now: Instant, flow: Flow, request: Request, key: Key, origin: Origin) {
        if self.is_full() {
            self.counters.overload_refusals += 1;
            return self.refuse_stateless(flow, &request, &Refusal::full());
        }
        let timers = self.config.timers;
        let (request, tag) = (Arc::new(request), self.tokens.token());
        let exchange = ExchangeId(self.new_id());
        let mut server = Server::new(request.clone(), flow, tag, None);
        server.exchange = Some(exchange);
        server.wait_for_user(now, &timers);
        let tx = self.add_server(server, vec![key]);
        self.set_server_timer(tx);
        self.exchanges.insert(exchange, tx);
        self.tell(Event::Request {
            exchange,
            request,
            flow,
            origin,
        });
    }

    pub(super) fn exchange_answered(&mut self, id: ExchangeId, response: Option<Arc<Response>>) {
        self.tell(Event::Response { exchange: id, response });
    }
}

/// Fields a user adds to a request or response outside dialogs.
fn check_fields(headers: &[(String, String)]) -> Result<(), DialogError> {
    if headers.len() > EXTRA_HEADERS {
        return Err(DialogError::TooLarge);
    }
    let is_own = |name: &str| OWN_HEADERS.iter().any(|own| is_header(name.as_bytes(), own));
    let allowed = |name: &str| is_field_name(name) && !is_own(name);
    if headers.iter().all(|(name, _)| allowed(name)) {
        Ok(())
    } else {
        Err(DialogError::BadHeader)
    }
}
