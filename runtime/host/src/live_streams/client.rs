//! Opening a WebSocket to a server that the operator allows (RFC 6455 section 4.1), plain or by TLS. Its answer is a
//! stranger's all the same: bounded in bytes and time.

use crate::transports::websocket::{accept_value, base64};
use crate::web::connect;
use hickory_resolver::TokioResolver;
use hyper::header::{HeaderName, HeaderValue};
use patchcord_control::private::Private;
use patchcord_control::stream_urls::StreamUrl;
use patchcord_switch::stream::{Failure, MAX_TEXT_BYTES};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// How long a connection may take from the name to the server's answer.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// Addresses of a server that are tried.
const ADDRESSES: usize = 4;
/// Bytes of the server's answer before the first frame.
const ANSWER_BYTES: usize = 8 * 1024;
/// Header fields of it.
const ANSWER_FIELDS: usize = 64;
/// What a connection reads at a time.
const READ_BYTES: usize = 16 * 1024;
/// What waits to be written at most; a frame more than that breaks the connection. Frames are handed over one by one, once
/// the one before was written.
const WRITE_BYTES: usize = 1024 * 1024;

/// Further headers of a request.
pub(crate) type Headers = [(HeaderName, Private<HeaderValue>)];

/// A stream of bytes, plain or protected.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// A connection that is open.
pub(crate) type Socket = WebSocketStream<Box<dyn Wire>>;

/// What connections are opened with.
pub(crate) struct Client {
    resolver: Option<TokioResolver>,
    tls: Arc<ClientConfig>,
}

impl Client {
    pub(super) fn new(resolver: Option<TokioResolver>, tls: Arc<ClientConfig>) -> Self {
        Self { resolver, tls }
    }

    /// Opens a connection, with these headers in the request beside its own.
    pub(super) async fn open(&self, url: &StreamUrl, headers: &Headers) -> Result<Socket, Failure> {
        let opened = tokio::time::timeout(CONNECT_TIME, self.try_open(url, headers)).await;
        opened.unwrap_or(Err(Failure::Unreachable))
    }

    async fn try_open(&self, url: &StreamUrl, headers: &Headers) -> Result<Socket, Failure> {
        let addresses = self.addresses(url).await;
        let stream = connect(&addresses).await.map_err(|_| Failure::Unreachable)?;
        // Small frames are worth nothing late.
        let _ = stream.set_nodelay(true);
        if !url.is_secure() {
            return handshake(Box::new(stream), url, headers).await;
        }
        let name = ServerName::try_from(url.host().to_owned()).map_err(|_| Failure::Unreachable)?;
        let secured = TlsConnector::from(self.tls.clone()).connect(name, stream).await;
        let secured = secured.map_err(|_| Failure::Unreachable)?;
        handshake(Box::new(secured), url, headers).await
    }

    async fn addresses(&self, url: &StreamUrl) -> Vec<SocketAddr> {
        let found: Vec<IpAddr> = match (url.host().parse(), &self.resolver) {
            (Ok(literal), _) => vec![literal],
            (Err(_), Some(resolver)) => {
                let found = resolver.lookup_ip(url.host()).await;
                found.map(|found| found.iter().collect()).unwrap_or_default()
            }
            (Err(_), None) => Vec::new(),
        };
        let first = found.into_iter().take(ADDRESSES);
        first.map(|ip| SocketAddr::new(ip, url.port())).collect()
    }
}

async fn handshake(mut stream: Box<dyn Wire>, url: &StreamUrl, headers: &Headers) -> Result<Socket, Failure> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|_| Failure::Unreachable)?;
    let key = base64(&nonce);
    let mut request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {key}\r\nUser-Agent: patchcord\r\n",
        url.target(),
        url.authority()
    )
    .into_bytes();
    for (name, value) in headers {
        request.extend_from_slice(format!("{name}: ").as_bytes());
        request.extend_from_slice(value.reveal().as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    let written = stream.write_all(&request).await;
    written.map_err(|_| Failure::Unreachable)?;
    stream.flush().await.map_err(|_| Failure::Unreachable)?;
    let mut answer = Vec::new();
    let head = loop {
        if let Some(judged) = judge(&answer, &key) {
            break judged?;
        }
        let came = stream.read_buf(&mut answer).await;
        if answer.len() > ANSWER_BYTES || !came.is_ok_and(|bytes| bytes > 0) {
            return Err(Failure::Unreachable);
        }
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BYTES)
        .max_message_size(Some(MAX_TEXT_BYTES))
        .max_frame_size(Some(MAX_TEXT_BYTES));
    let behind = answer.split_off(head);
    Ok(WebSocketStream::from_partially_read(stream, behind, Role::Client, Some(config)).await)
}

/// What the server answered once its head is there, and how long that is.
fn judge(bytes: &[u8], key: &str) -> Option<Result<usize, Failure>> {
    let mut fields = [httparse::EMPTY_HEADER; ANSWER_FIELDS];
    let mut answer = httparse::Response::new(&mut fields);
    let head = match answer.parse(bytes) {
        Ok(httparse::Status::Partial) => return None,
        Ok(httparse::Status::Complete(head)) => head,
        Err(_) => return Some(Err(Failure::Unreachable)),
    };
    let is = |name: &str, wanted: &str| {
        let mut named = answer
            .headers
            .iter()
            .filter(|field| field.name.eq_ignore_ascii_case(name));
        named.any(|field| field.value.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    let accepted = answer.headers.iter().any(|field| {
        field.name.eq_ignore_ascii_case("Sec-WebSocket-Accept") && field.value == accept_value(key).as_bytes()
    });
    Some(match answer.code {
        Some(101) if is("Upgrade", "websocket") && is("Connection", "upgrade") && accepted => Ok(head),
        Some(101) | None => Err(Failure::Unreachable),
        Some(status) => Err(Failure::Refused(status)),
    })
}
