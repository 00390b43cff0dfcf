//! What can be seen of a call beside its state: its SIP messages and turns, its handler's log, its journal, and how its legs sound.
//! Not here: the call itself and what is done with it (`calls`).

mod rows;
mod words;

pub(crate) use rows::rows;

use super::bytes::{self, Content};
use super::calls;
use super::endpoint::{Asked, Outcome, Reply};
use super::events;
use super::kept;
use super::problem::{Code, Problem};
use crate::sightings::LogLine;
use futures_util::stream::unfold;
use hyper::StatusCode;
use patchcord_control::ids::{CallId, Tenant};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use words::{CallLog, CallQuality, LogLineResource, TraceResource};

/// How often something is sent while nothing is logged, so that nobody on the way takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How much of a journal is read at a time.
const PIECE: u64 = 128 * 1024;

/// A call of the key's tenant, whether it waits, goes on or is over.
async fn ours(asked: &Asked) -> Result<CallId, Problem> {
    let id = calls::call_id(asked)?;
    let call = calls::find(asked, id).await?;
    call.map(|_| id).ok_or_else(|| Problem::not_found("call"))
}

async fn trace(asked: Asked) -> Outcome {
    let id = ours(&asked).await?;
    let traces = asked.office.kept.traces.as_ref();
    let traces = traces.ok_or_else(|| {
        Problem::new(
            Code::NotFound,
            "calls are not traced here: give a folder in the section [trace] of the configuration",
        )
    })?;
    let found = traces.find(id).await?;
    let none = || {
        Problem::new(
            Code::NotFound,
            "nothing of this call was traced yet, or its trace was removed to make room",
        )
    };
    let trace = found.ok_or_else(none)?;
    Ok(Reply::json(StatusCode::OK, &TraceResource::from(&trace)))
}

async fn log(asked: Asked) -> Outcome {
    let id = ours(&asked).await?;
    let log = asked.office.history.sightings.log(&asked.key.tenant, id);
    Ok(Reply::json(StatusCode::OK, &CallLog::from(&log.unwrap_or_default())))
}

async fn quality(asked: Asked) -> Outcome {
    let id = ours(&asked).await?;
    let legs = asked.office.history.sightings.legs(&asked.key.tenant, id);
    Ok(Reply::json(
        StatusCode::OK,
        &CallQuality::from(&legs.unwrap_or_default()[..]),
    ))
}

async fn journal(asked: Asked) -> Outcome {
    let id = ours(&asked).await?;
    let Some(folder) = &asked.office.kept.journals else {
        let right = "no journals are kept here: give a folder in the section [journal] of the configuration";
        return Err(Problem::new(Code::NotFound, right));
    };
    let found = kept::open(crate::journals::file(folder, id)).await?;
    let none = || {
        Problem::new(
            Code::NotFound,
            "this call has no journal yet, or it was removed to make room",
        )
    };
    let (file, bytes) = found.ok_or_else(none)?;
    let file = Arc::new(file);
    let content = Content {
        media_type: "application/octet-stream",
        name: format!("{id}.journal"),
        bytes,
        pieces: Arc::new(move |at, end| {
            let file = file.clone();
            Box::pin(async move {
                let read = move || {
                    let mut piece = vec![0; (end - at).min(PIECE) as usize];
                    file.read_exact_at(&mut piece, at)?;
                    Ok(piece.into())
                };
                kept::blocking(read).await.ok().flatten()
            })
        }),
    };
    Ok(bytes::reply(&content, &asked.headers))
}

/// Lines of all calls of the tenant as they come.
async fn logs(asked: Asked) -> Outcome {
    let call = asked.parsed("call", "the id of a call", calls::read_id)?;
    let place = asked.office.readers.enter(&asked.key.tenant)?;
    let reader = LogReader {
        lines: asked.office.history.sightings.read(),
        tenant: asked.key.tenant.clone(),
        call,
        handler: asked.parameter("handler").map(str::to_owned),
    };
    let texts = unfold(reader, |mut reader| async move {
        let text = reader.next().await?;
        Some((text, reader))
    });
    Ok(events::server_sent(texts, place))
}

struct LogReader {
    lines: Receiver<Arc<LogLine>>,
    tenant: Tenant,
    call: Option<CallId>,
    handler: Option<String>,
}

impl LogReader {
    fn wants(&self, line: &LogLine) -> bool {
        line.tenant == self.tenant
            && self.call.is_none_or(|call| call == line.call)
            && self.handler.as_deref().is_none_or(|handler| handler == &*line.handler)
    }

    /// What is sent next; none at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            match tokio::time::timeout(HEARTBEAT, self.lines.recv()).await {
                Err(_) => return Some(": nothing yet\n\n".to_owned()),
                Ok(Err(RecvError::Closed)) => return None,
                Ok(Err(RecvError::Lagged(lost))) => {
                    return Some(format!("event: lost\ndata: {{\"lines\":{lost}}}\n\n"));
                }
                Ok(Ok(line)) if self.wants(&line) => {
                    let data = serde_json::to_string(&LogLineResource::from(&*line)).unwrap_or_default();
                    return Some(format!("event: log\ndata: {data}\n\n"));
                }
                Ok(Ok(_)) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
