//! What happens in calls as it happens: of the tenant, or of one call until it is over; as server-sent events (WHATWG HTML section
//! 9.2), or by WebSocket (`websocket`). Who reads too slowly is told how much was lost.

use super::calls::call_id;
use super::endpoint::{AnswerBody, Asked, Outcome, Reply};
use super::problem::Problem;
use super::readers::Place;
use super::websocket::{self, Tells};
use futures_util::stream::{Stream, StreamExt, unfold};
use http_body_util::{BodyExt, StreamBody};
use hyper::StatusCode;
use hyper::body::{Bytes, Frame};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use patchcord_control::events::{Event, EventKind};
use patchcord_control::ids::{CallId, Tenant};
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// How often something is sent while nothing happens, so that nobody on the way takes the connection for dead.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);

/// Events of all calls of the tenant.
pub(crate) async fn of_tenant(asked: Asked) -> Outcome {
    let place = asked.office.readers.enter(&asked.key.tenant)?;
    let reader = Reader::new(asked.office.events.subscribe(), &asked.key.tenant, None);
    answer(asked, reader, place)
}

/// Events of one live call.
pub(crate) async fn of_call(asked: Asked) -> Outcome {
    let call = call_id(&asked)?;
    let tenant = asked.key.tenant.clone();
    let place = asked.office.readers.enter(&tenant)?;
    // From before it is looked for: nothing is missed then.
    let events = asked.office.events.subscribe();
    let live = asked.office.live.describe(&tenant, call).await;
    if !matches!(live, Ok(Some(_))) {
        return Err(Problem::not_found("live call"));
    }
    answer(asked, Reader::new(events, &tenant, Some(call)), place)
}

/// By WebSocket if that is asked for.
fn answer(asked: Asked, reader: Reader, place: Place) -> Outcome {
    match websocket::is_asked(&asked.method, &asked.headers) {
        true => websocket::open(asked, reader, place),
        false => Ok(stream(reader, place)),
    }
}

/// Whether there is more to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    No,
    Yes,
}

/// What a reader is told.
pub(super) enum Told {
    Event(Arc<Event>),
    /// So many were lost, because it read too slowly.
    Lost(u64),
}

/// Somebody who reads events.
pub(super) struct Reader {
    events: Receiver<Arc<Event>>,
    tenant: Tenant,
    call: Option<CallId>,
    over: Over,
}

impl Reader {
    /// Of a tenant's calls, or of one of them alone.
    pub(super) fn new(events: Receiver<Arc<Event>>, tenant: &Tenant, call: Option<CallId>) -> Self {
        Self {
            events,
            tenant: tenant.clone(),
            call,
            over: Over::No,
        }
    }

    fn wants(&self, event: &Event) -> bool {
        event.tenant == self.tenant && self.call.is_none_or(|call| call == event.call)
    }

    /// What it is told next; none at the end. One that is dropped while it waits has lost nothing.
    pub(super) async fn next(&mut self) -> Option<Told> {
        if self.over == Over::Yes {
            return None;
        }
        loop {
            match self.events.recv().await {
                Err(RecvError::Closed) => return None,
                Err(RecvError::Lagged(lost)) => return Some(Told::Lost(lost)),
                Ok(event) if self.wants(&event) => {
                    if self.call.is_some() && event.what.kind() == EventKind::CallEnded {
                        self.over = Over::Yes;
                    }
                    return Some(Told::Event(event));
                }
                Ok(_) => {}
            }
        }
    }
}

impl Tells for Reader {
    async fn next_text(&mut self) -> Option<String> {
        Some(match self.next().await? {
            Told::Event(event) => data(&event).to_string(),
            Told::Lost(events) => serde_json::json!({ "event": "lost", "events": events }).to_string(),
        })
    }
}

fn stream(reader: Reader, place: Place) -> Reply {
    let texts = unfold(reader, |mut reader| async move {
        let text = match tokio::time::timeout(HEARTBEAT, reader.next()).await {
            Err(_) => ": nothing yet\n\n".to_owned(),
            Ok(told) => written(&told?),
        };
        Some((text, reader))
    });
    server_sent(texts, place)
}

/// Events as they come, each with its blank line, as long as somebody reads them from this place.
pub(super) fn server_sent(texts: impl Stream<Item = String> + Send + 'static, place: Place) -> Reply {
    let frames = texts.map(move |text| {
        // It goes with the stream.
        let _ = &place;
        Ok::<_, Infallible>(Frame::data(Bytes::from(text)))
    });
    let body: AnswerBody = BodyExt::boxed_unsync(StreamBody::new(frames));
    Reply {
        status: StatusCode::OK,
        headers: vec![
            (CONTENT_TYPE, "text/event-stream".to_owned()),
            (CACHE_CONTROL, "no-store".to_owned()),
        ],
        body,
    }
}

/// One that is told, as a server-sent event.
fn written(told: &Told) -> String {
    match told {
        Told::Event(event) => format!("event: {}\ndata: {}\n\n", event.what.kind(), data(event)),
        Told::Lost(lost) => format!("event: lost\ndata: {{\"events\":{lost}}}\n\n"),
    }
}

/// One event: its kind, and names and values as webhooks have them, numbers as numbers.
pub(super) fn data(event: &Event) -> Value {
    let mut data = Map::new();
    for (name, value) in event.parameters(0) {
        let value = match name {
            "sequence" => continue,
            "at-ms" => Value::from(event.at.millis()),
            "leg" | "legs" | "status" | "connected-ms" | "duration-ms" => {
                value.parse::<u64>().map_or(Value::String(value), Value::from)
            }
            _ => Value::String(value),
        };
        data.insert(name.replace('-', "_"), value);
    }
    Value::Object(data)
}
