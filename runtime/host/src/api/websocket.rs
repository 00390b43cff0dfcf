//! Events by WebSocket (RFC 6455): the opening handshake of a request that came to the API, and the connection from there on. One
//! text message of JSON is one event. What a client says is read, for pongs and its goodbye, and counts for nothing.

use super::endpoint::{Asked, Outcome, Reply};
use super::problem::{Code, Problem};
use super::readers::Place;
use crate::transports::websocket::{accept_value, is_key};
use futures_util::{Sink, SinkExt, StreamExt};
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, interval_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// The subprotocol.
const SUBPROTOCOL: &str = "patchcord.events.v1";
/// What a subprotocol begins with that is an API key: a page in a browser cannot set other headers.
const BEARER: &str = "bearer.";
/// How long one message may wait until the client has room for it.
const WRITE_TIME: Duration = Duration::from_secs(60);
/// How long the connection may take to change over once the handshake was answered, and to close.
const TURN_TIME: Duration = Duration::from_secs(10);
/// Bytes of anything that a client says.
const HEARD_BYTES: usize = 4 * 1024;
/// Bytes that are read at a time.
const READ_BYTES: usize = 1_024;

/// How it is found out that a client is gone.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// How often it is pinged.
    ping: Duration,
    /// One that says nothing for so long, not even a pong, is gone.
    silence: Duration,
}

impl Pace {
    const USUAL: Pace = Pace {
        ping: Duration::from_secs(15),
        silence: Duration::from_secs(60),
    };
}

/// Somebody who is told something, one text after the other.
pub(super) trait Tells: Send + 'static {
    /// The next text; none at the end. One that is dropped while it waits has lost nothing.
    fn next_text(&mut self) -> impl Future<Output = Option<String>> + Send;
}

/// Whether a request asks to go on as a WebSocket.
pub(super) fn is_asked(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::GET && has(headers, &UPGRADE, "websocket")
}

/// The API key that a request names as a subprotocol.
pub(super) fn key(headers: &HeaderMap) -> Option<&str> {
    words(headers, &SEC_WEBSOCKET_PROTOCOL).find_map(|word| word.strip_prefix(BEARER))
}

/// Answers the handshake; from then on the events go out.
pub(super) fn open(asked: Asked, reader: impl Tells, place: Place) -> Outcome {
    let key = shaken(&asked.headers)?;
    let upgrade = asked.upgrade.ok_or_else(|| {
        let detail = "this connection cannot go on as a WebSocket: ask by HTTP/1.1";
        Problem::new(Code::InvalidRequest, detail)
    })?;
    let mut headers = vec![
        (UPGRADE, "websocket".to_owned()),
        (CONNECTION, "Upgrade".to_owned()),
        (SEC_WEBSOCKET_ACCEPT, accept_value(key)),
    ];
    if words(&asked.headers, &SEC_WEBSOCKET_PROTOCOL).next().is_some() {
        headers.push((SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL.to_owned()));
    }
    // Ends with the client, with the call, or with the thread of the API.
    tokio::spawn(upgraded(upgrade, reader, place));
    let mut reply = Reply::nothing();
    reply.status = StatusCode::SWITCHING_PROTOCOLS;
    reply.headers = headers;
    Ok(reply)
}

/// What has to be answered, of a handshake that is right (RFC 6455 section 4.2.1).
fn shaken(headers: &HeaderMap) -> Result<&str, Problem> {
    let wrong = |name: &HeaderName, right: &str| {
        let detail = format!("{name}: {right}");
        Err(Problem::of_field(Code::InvalidRequest, name.as_str(), detail))
    };
    if !has(headers, &CONNECTION, "upgrade") {
        return wrong(&CONNECTION, "give Upgrade");
    }
    if !has(headers, &SEC_WEBSOCKET_VERSION, "13") {
        return wrong(&SEC_WEBSOCKET_VERSION, "give 13");
    }
    let mut offered = words(headers, &SEC_WEBSOCKET_PROTOCOL).peekable();
    if offered.peek().is_some() && !offered.any(|word| word == SUBPROTOCOL) {
        return wrong(&SEC_WEBSOCKET_PROTOCOL, &format!("offer {SUBPROTOCOL}, or none"));
    }
    let mut keys = words(headers, &SEC_WEBSOCKET_KEY);
    match (keys.next(), keys.next()) {
        (Some(key), None) if is_key(key) => Ok(key),
        _ => wrong(&SEC_WEBSOCKET_KEY, "give 16 bytes in base64, once"),
    }
}

/// The words of a list, which may stand in several fields.
fn words<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let texts = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

fn has(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    words(headers, name).any(|one| one.eq_ignore_ascii_case(word))
}

async fn upgraded(upgrade: OnUpgrade, reader: impl Tells, place: Place) {
    if let Ok(Ok(connection)) = tokio::time::timeout(TURN_TIME, upgrade).await {
        serve(TokioIo::new(connection), reader, Pace::USUAL).await;
    }
    drop(place);
}

/// Serves a client until it is gone or there is nothing more to tell.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, mut reader: impl Tells, pace: Pace) {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(HEARD_BYTES))
        .max_frame_size(Some(HEARD_BYTES));
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let (mut out, mut heard) = socket.split();
    let mut pings = interval_at(Instant::now() + pace.ping, pace.ping);
    let mut last_heard = Instant::now();
    loop {
        let sent = tokio::select! {
            told = reader.next_text() => match told {
                Some(text) => send(&mut out, Message::text(text)).await,
                None => break,
            },
            // Its goodbye is answered by the socket itself.
            came = heard.next() => match came {
                Some(Ok(_)) => {
                    last_heard = Instant::now();
                    Sent::Yes
                }
                Some(Err(_)) | None => return,
            },
            _ = pings.tick() => match last_heard.elapsed() > pace.silence {
                true => return,
                false => send(&mut out, Message::Ping(Vec::new().into())).await,
            },
        };
        if sent == Sent::No {
            return;
        }
    }
    let goodbye = CloseFrame {
        code: CloseCode::Normal,
        reason: "there is nothing more to tell".into(),
    };
    send(&mut out, Message::Close(Some(goodbye))).await;
    // Until the client has said goodbye too, or takes too long for it.
    let last_words = async { while let Some(Ok(_)) = heard.next().await {} };
    let _ = tokio::time::timeout(TURN_TIME, last_words).await;
}

/// Whether a message went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Yes,
    No,
}

async fn send(out: &mut (impl Sink<Message, Error = Error> + Unpin), message: Message) -> Sent {
    match tokio::time::timeout(WRITE_TIME, out.send(message)).await {
        Ok(Ok(())) => Sent::Yes,
        _ => Sent::No,
    }
}

#[cfg(test)]
mod tests;
