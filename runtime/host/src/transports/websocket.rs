//! WebSockets of browsers and apps on a plain or secure stream: the opening handshake (RFC 6455 4.2), with the token that a client may
//! prove itself with, and SIP over WebSocket (RFC 7118): one SIP message for each WebSocket message. Peers open these connections, never
//! we. Where a page comes from (Origin) says nothing about who uses it: a SIP client proves itself with a token here, or with digest
//! authentication like every other.

use super::carry::{Came, Pipe};
use super::connections::Ended;
use super::desk::Desk;
use super::figures::StreamFigures;
use crate::clients::gateway;
use crate::clients::gateway::task::{Socket, Stream};
use crate::clients::token::{TOKEN_BYTES, Token, TokenError};
use aws_lc_rs::digest;
use futures_util::{Sink, Stream as _};
use patchcord_sip::limits::MESSAGE_BYTES;
use patchcord_sip::stream::PING;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// Bytes of the HTTP request that opens a WebSocket. A longer one is refused.
const REQUEST_BYTES: usize = 2 * TOKEN_BYTES;
/// Header fields of that request. One more and it is refused.
const REQUEST_FIELDS: usize = 64;
/// The subprotocol (RFC 7118 4.1).
const SUBPROTOCOL: &str = "sip";
/// What stands before a token that is offered as if it were a subprotocol: a page can set no other header.
const BEARER: &str = "bearer.";
/// The parameter of the address that has a token.
const ACCESS_TOKEN: &str = "access_token=";
/// What a key is joined with (RFC 6455 1.3).
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// What a connection reads at a time; messages are short, and idle connections many.
const READ_BYTES: usize = 1_024;

/// A WebSocket that a peer opened.
pub(super) enum WebSocket<S> {
    /// For SIP; with a token, which is good, if it gave one.
    Sip(WebSocketPipe<S>, Option<Token>),
    /// For the client protocol; with a token that nobody has looked at, if one was offered.
    Client(Socket, Option<String>),
}

/// The handshake of a peer that opened a connection. None if it is none for us, or has a token that is not good; the peer is told in
/// HTTP.
pub(super) async fn accept<S>(mut stream: S, desk: &Desk) -> Option<WebSocket<S>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut request = Vec::new();
    let (head, answer) = loop {
        match answer(&request) {
            Some((head, answer)) => break (head, answer),
            None if request.len() >= REQUEST_BYTES => break (request.len(), Err(Refusal::TooLong)),
            None => {}
        }
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    };
    let opening = match answer {
        Ok(opening) => checked(opening, desk).await,
        Err(refusal) => Err(refusal),
    };
    let opening = match opening {
        Ok(opening) => opening,
        Err(refusal) => {
            // It is refused whether it hears it or not.
            let _ = stream.write_all(refusal.text().as_bytes()).await;
            let _ = stream.shutdown().await;
            return None;
        }
    };
    stream.write_all(opening.answer.as_bytes()).await.ok()?;
    stream.flush().await.ok()?;
    let behind = request.split_off(head);
    Some(match opening.what {
        For::Sip(token) => {
            let config = config(MESSAGE_BYTES);
            let socket = WebSocketStream::from_partially_read(stream, behind, Role::Server, config).await;
            let figures = desk.figures.clone();
            WebSocket::Sip(WebSocketPipe { socket, figures }, token)
        }
        For::Client(token) => {
            let (stream, config) = (Box::new(stream) as Box<dyn Stream>, config(gateway::MESSAGE_BYTES));
            let socket = WebSocketStream::from_partially_read(stream, behind, Role::Server, config).await;
            WebSocket::Client(socket, token)
        }
    })
}

fn config(message_bytes: usize) -> Option<WebSocketConfig> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(message_bytes))
        .max_frame_size(Some(message_bytes));
    Some(config)
}

/// A request whose token, if it is for SIP and has one, is good.
struct Checked {
    answer: String,
    what: For,
}

enum For {
    Sip(Option<Token>),
    Client(Option<String>),
}

async fn checked(opening: Opening, desk: &Desk) -> Result<Checked, Refusal> {
    let answer = opening.answer();
    let what = match (opening.protocol, opening.token) {
        // A client is told in its own protocol what is wrong: a page hears nothing of an answer in HTTP.
        (Protocol::Client, token) => For::Client(token),
        (Protocol::Sip, None) => For::Sip(None),
        (Protocol::Sip, Some(token)) => match desk.gateway.signing.check(&token).await {
            Ok(token) => For::Sip(Some(token)),
            Err(why) => {
                desk.figures.tokens_refused.one();
                desk.figures.tokens.refused(why);
                return Err(Refusal::Token(why));
            }
        },
    };
    Ok(Checked { answer, what })
}

/// Why a request opens no WebSocket for SIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    NotHttp,
    TooLong,
    NotWebSocket,
    Version,
    Key,
    Subprotocol,
    Token(TokenError),
}

/// A request that opens a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Opening {
    key: String,
    protocol: Protocol,
    token: Option<String>,
}

/// What is spoken on a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Sip,
    Client,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::Sip => SUBPROTOCOL,
            Self::Client => gateway::SUBPROTOCOL,
        }
    }
}

impl Opening {
    fn answer(&self) -> String {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: {}\r\n\r\n",
            accept_value(&self.key),
            self.protocol.name()
        )
    }
}

impl Refusal {
    fn text(self) -> String {
        let of_token;
        let (status, field, why) = match self {
            Self::Token(why) => {
                of_token = format!("{}: {why}", why.code());
                ("401 Unauthorized", "WWW-Authenticate: Bearer\r\n", of_token.as_str())
            }
            Self::NotHttp => ("400 Bad Request", "", "this is not HTTP/1.1"),
            Self::TooLong => ("431 Request Header Fields Too Large", "", "the request is too long"),
            Self::NotWebSocket => (
                "426 Upgrade Required",
                "Upgrade: websocket\r\n",
                "only WebSocket is spoken here",
            ),
            Self::Version => (
                "426 Upgrade Required",
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
                "only version 13 is spoken here",
            ),
            Self::Key => ("400 Bad Request", "", "Sec-WebSocket-Key is not 16 bytes in base64"),
            Self::Subprotocol => (
                "400 Bad Request",
                "",
                "offer a subprotocol in Sec-WebSocket-Protocol: sip, or patchcord.client.v1 at /client",
            ),
        };
        let length = why.len() + 1;
        format!(
            "HTTP/1.1 {status}\r\n{field}Connection: close\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{why}\n"
        )
    }
}

/// What to answer to a request once its head is there, and how long that head is.
fn answer(bytes: &[u8]) -> Option<(usize, Result<Opening, Refusal>)> {
    let mut fields = [httparse::EMPTY_HEADER; REQUEST_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(httparse::Status::Partial) => None,
        Ok(httparse::Status::Complete(head)) => Some((head, judge(&request))),
        Err(httparse::Error::TooManyHeaders) => Some((bytes.len(), Err(Refusal::TooLong))),
        Err(_) => Some((bytes.len(), Err(Refusal::NotHttp))),
    }
}

fn judge(request: &httparse::Request<'_, '_>) -> Result<Opening, Refusal> {
    if request.method != Some("GET") || request.version != Some(1) {
        return Err(Refusal::NotHttp);
    }
    let has = |name, word: &str| words(request, name).any(|one| one.eq_ignore_ascii_case(word));
    if !has("Upgrade", "websocket") || !has("Connection", "upgrade") {
        return Err(Refusal::NotWebSocket);
    }
    if !has("Sec-WebSocket-Version", "13") {
        return Err(Refusal::Version);
    }
    let mut keys = words(request, "Sec-WebSocket-Key");
    let key = match (keys.next(), keys.next()) {
        (Some(key), None) if is_key(key) => key,
        _ => return Err(Refusal::Key),
    };
    let path = request.path.unwrap_or_default();
    let is_client = path.split_once('?').map_or(path, |(path, _)| path) == gateway::PATH;
    let protocol = if is_client { Protocol::Client } else { Protocol::Sip };
    if !has("Sec-WebSocket-Protocol", protocol.name()) {
        return Err(Refusal::Subprotocol);
    }
    let offered = words(request, "Sec-WebSocket-Protocol").find_map(|word| word.strip_prefix(BEARER));
    let token = offered.or_else(|| token_of(path));
    Ok(Opening {
        key: key.to_owned(),
        protocol,
        token: token.map(str::to_owned),
    })
}

/// The token in an address. Its signs are such that none is written otherwise in a query.
fn token_of(path: &str) -> Option<&str> {
    let (_, query) = path.split_once('?')?;
    query.split('&').find_map(|one| one.strip_prefix(ACCESS_TOKEN))
}

/// The values of a list header, which may stand in several fields.
fn words<'a>(request: &'a httparse::Request<'_, '_>, name: &'a str) -> impl Iterator<Item = &'a str> {
    let fields = request
        .headers
        .iter()
        .filter(move |field| field.name.eq_ignore_ascii_case(name));
    fields
        .filter_map(|field| std::str::from_utf8(field.value).ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

/// 16 bytes in base64.
pub(crate) fn is_key(key: &str) -> bool {
    let digit = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    key.len() == 24 && key.ends_with("==") && key[..22].chars().all(digit)
}

/// What a key is answered with (RFC 6455 section 4.2.2).
pub(crate) fn accept_value(key: &str) -> String {
    let mut joined = key.as_bytes().to_vec();
    joined.extend_from_slice(KEY_SUFFIX);
    base64(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &joined).as_ref())
}

/// Base64 with padding (RFC 4648 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let joined = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit <= three.len() {
                text.push(char::from(DIGITS[(joined >> (18 - 6 * digit) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// Messages on a WebSocket.
pub(super) struct WebSocketPipe<S> {
    socket: WebSocketStream<S>,
    figures: Arc<StreamFigures>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocketPipe<S> {
    fn came(&self, message: Result<Message, Error>) -> Result<Came, Ended> {
        match message {
            Ok(Message::Text(text)) => Ok(sip(text.as_bytes())),
            Ok(Message::Binary(bytes)) => Ok(sip(&bytes)),
            // The answer to a ping is written with the next read.
            Ok(Message::Ping(_) | Message::Pong(_)) => Ok(Came::Other),
            Ok(Message::Frame(_)) => Ok(Came::Piece),
            Ok(Message::Close(_)) | Err(Error::Io(_) | Error::ConnectionClosed | Error::AlreadyClosed) => {
                Err(Ended::ByPeer)
            }
            Err(_) => {
                self.figures.websocket_errors.one();
                Err(Ended::Framing)
            }
        }
    }
}

/// A WebSocket message is a SIP message, except that some clients ask with line ends whether we live (RFC 5626 3.5.1).
fn sip(bytes: &[u8]) -> Came {
    if bytes == PING {
        Came::Ping
    } else if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
        Came::Other
    } else {
        Came::Message(bytes.to_vec())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Pipe for WebSocketPipe<S> {
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Came, Ended>> {
        let message = ready!(Pin::new(&mut self.socket).poll_next(context));
        Poll::Ready(message.map_or(Err(Ended::ByPeer), |message| self.came(message)))
    }

    /// Pieces are not seen here; they do not count as use of the connection either.
    fn is_mid_message(&self) -> bool {
        false
    }

    fn begin(&mut self, message: Arc<[u8]>) -> Result<(), Ended> {
        let message = match Utf8Bytes::try_from(message.to_vec()) {
            Ok(text) => Message::Text(text),
            Err(_) => Message::Binary(message.to_vec().into()),
        };
        Pin::new(&mut self.socket)
            .start_send(message)
            .map_err(|_| Ended::ByPeer)
    }

    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let flushed = ready!(Pin::new(&mut self.socket).poll_flush(context));
        Poll::Ready(flushed.map_err(|_| Ended::ByPeer))
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.socket).poll_close(context).map(drop)
    }
}

#[cfg(test)]
mod tests;
