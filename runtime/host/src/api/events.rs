//! What happens in calls as server-sent events (WHATWG HTML section 9.2): of the tenant, or of one call until it is over. Who reads
//! too slowly is told how much was lost.

use super::calls::call_id;
use super::endpoint::{AnswerBody, Asked, Outcome, Reply};
use super::problem::Problem;
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
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Events of all calls of the tenant.
pub(crate) async fn of_tenant(asked: Asked) -> Outcome {
    let tenant = asked.key.tenant.clone();
    Ok(stream(Reader {
        events: asked.office.events.subscribe(),
        tenant,
        call: None,
        over: Over::No,
    }))
}

/// Events of one live call.
pub(crate) async fn of_call(asked: Asked) -> Outcome {
    let call = call_id(&asked)?;
    let tenant = asked.key.tenant.clone();
    // From before it is looked for: nothing is missed then.
    let events = asked.office.events.subscribe();
    let live = asked.office.live.describe(&tenant, call).await;
    if !matches!(live, Ok(Some(_))) {
        return Err(Problem::not_found("live call"));
    }
    Ok(stream(Reader {
        events,
        tenant,
        call: Some(call),
        over: Over::No,
    }))
}

/// Whether there is more to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    No,
    Yes,
}

struct Reader {
    events: Receiver<Arc<Event>>,
    tenant: Tenant,
    call: Option<CallId>,
    over: Over,
}

impl Reader {
    fn wants(&self, event: &Event) -> bool {
        event.tenant == self.tenant && self.call.is_none_or(|call| call == event.call)
    }

    /// What is sent next; none at the end.
    async fn next(&mut self) -> Option<String> {
        if self.over == Over::Yes {
            return None;
        }
        loop {
            match tokio::time::timeout(HEARTBEAT, self.events.recv()).await {
                Err(_) => return Some(": nothing yet\n\n".to_owned()),
                Ok(Err(RecvError::Closed)) => return None,
                Ok(Err(RecvError::Lagged(lost))) => {
                    return Some(format!("event: lost\ndata: {{\"events\":{lost}}}\n\n"));
                }
                Ok(Ok(event)) if self.wants(&event) => {
                    if self.call.is_some() && event.what.kind() == EventKind::CallEnded {
                        self.over = Over::Yes;
                    }
                    return Some(written(&event));
                }
                Ok(Ok(_)) => {}
            }
        }
    }
}

fn stream(reader: Reader) -> Reply {
    let texts = unfold(reader, |mut reader| async move {
        let text = reader.next().await?;
        Some((text, reader))
    });
    server_sent(texts)
}

/// Events as they come, each with its blank line.
pub(super) fn server_sent(texts: impl Stream<Item = String> + Send + 'static) -> Reply {
    let frames = texts.map(|text| Ok::<_, Infallible>(Frame::data(Bytes::from(text))));
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

/// One event: its kind, and names and values as webhooks have them, numbers as numbers.
fn written(event: &Event) -> String {
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
    format!("event: {}\ndata: {}\n\n", event.what.kind(), Value::Object(data))
}
