//! One exchange with a web server as a client of HTTP/1.1, over TLS or not, with a limit on everything a server can send. Not
//! here: which servers may be asked by name, and how long it may take: whoever asks sets the time.

use hickory_resolver::TokioResolver;
use http_body_util::{BodyExt, Limited};
use hyper::HeaderMap;
use hyper::body::{Body, Bytes};
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use patchcord_sip::identity::{FetchFailure, LiteralRule, is_public};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long one address of a server may take to connect; then the next one is tried.
const CONNECT_TIME: Duration = Duration::from_millis(1_500);
/// Addresses of a server that are tried.
pub(crate) const ADDRESSES: usize = 4;
/// Bytes of a response before its body; a server that sends more is hung up on.
pub(crate) const HEAD_BYTES: usize = 16 * 1024;
/// Header fields of a response; the same.
const HEAD_FIELDS: usize = 64;

/// An http or https address with a host.
#[derive(Debug, Clone)]
pub struct WebAddress {
    uri: Uri,
    scheme: Scheme,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl WebAddress {
    /// Reads an address; none if it is not of that kind, or holds a password.
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let scheme = match uri.scheme_str()? {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        let authority = uri.authority()?;
        let fits = !authority.host().is_empty() && !authority.as_str().contains('@');
        fits.then_some(Self { uri, scheme })
    }

    /// The address below which others lie, such as `https://cdn.example.org/prompts/`: the same server, and a path that begins
    /// so and leads nowhere back up.
    pub(crate) fn holds(&self, other: &WebAddress) -> bool {
        let same = self.scheme == other.scheme
            && self.host().eq_ignore_ascii_case(other.host())
            && self.port() == other.port();
        let (below, path) = (self.uri.path(), other.uri.path());
        let steps_up = path
            .to_ascii_lowercase()
            .replace("%2e", ".")
            .split('/')
            .any(|step| step == "..");
        let ends = below.ends_with('/') || path.len() == below.len();
        same && path.starts_with(below) && ends && !steps_up
    }

    /// The address less a slash at its end: what a path below it is put after.
    pub(crate) fn stem(&self) -> String {
        self.uri.to_string().trim_end_matches('/').to_owned()
    }

    /// Host and port as they stand in it.
    pub(crate) fn authority(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// Path and query.
    pub(crate) fn path(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }

    /// Whether it is one of https.
    pub(crate) fn is_secure(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// Connects to whoever it names.
    pub(crate) async fn connect(&self) -> Result<TcpStream, FetchFailure> {
        let found = tokio::net::lookup_host((bare(self.host()), self.port())).await;
        let addresses: Vec<SocketAddr> = found.map_err(|_| FetchFailure::Unresolved)?.collect();
        connect(&addresses).await
    }

    /// TLS with whoever it names.
    pub(crate) async fn secure(
        &self,
        tls: Arc<ClientConfig>,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, FetchFailure> {
        secure(tls, self.host(), stream).await
    }

    fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(match self.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        })
    }
}

/// Where a server may be asked: all that its name leads to is looked at before anything is connected to, since whoever keeps
/// the name chooses that. An IP address is itself; without a resolver nothing else is known.
pub(crate) async fn addresses(
    resolver: Option<&TokioResolver>,
    networks: LiteralRule,
    (host, port): (&str, u16),
) -> Vec<SocketAddr> {
    let found: Vec<IpAddr> = match (host.parse(), resolver) {
        (Ok(literal), _) => vec![literal],
        (Err(_), Some(resolver)) => {
            let found = resolver.lookup_ip(format!("{host}.")).await;
            found.map(|found| found.iter().collect()).unwrap_or_default()
        }
        (Err(_), None) => Vec::new(),
    };
    let may = |ip: &IpAddr| networks == LiteralRule::Any || is_public(ip.to_canonical());
    let allowed = found.into_iter().filter(may);
    allowed.map(|ip| SocketAddr::new(ip, port)).collect()
}

/// Connects to the first address that answers.
pub(crate) async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, FetchFailure> {
    for address in addresses.iter().take(ADDRESSES) {
        if let Ok(Ok(stream)) = tokio::time::timeout(CONNECT_TIME, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(FetchFailure::Unreachable)
}

/// TLS with a server that must be certified for `host`: a name, or an address with or without brackets.
pub(crate) async fn secure(
    tls: Arc<ClientConfig>,
    host: &str,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, FetchFailure> {
    let name = ServerName::try_from(bare(host).to_owned()).map_err(|_| FetchFailure::Unresolved)?;
    let secured = TlsConnector::from(tls).connect(name, stream).await;
    secured.map_err(|_| FetchFailure::Unreachable)
}

/// A host as it stands in an address, without the brackets of an IPv6 literal.
pub(crate) fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Sends a request to whoever an address names, over TLS if it says so, and reads the answer. Every status but 200 is a
/// failure: a redirection is not followed.
pub(crate) async fn ask<B>(
    address: &WebAddress,
    tls: Arc<ClientConfig>,
    request: Request<B>,
    most: usize,
) -> Result<Answered, FetchFailure>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    send(address, tls, request, (most, is_ok)).await.map(Answered::from)
}

/// The same, whatever the status: an answer that is no success has a body too.
pub(crate) async fn ask_any<B>(
    address: &WebAddress,
    tls: Arc<ClientConfig>,
    request: Request<B>,
    most: usize,
) -> Result<Response<Vec<u8>>, FetchFailure>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    send(address, tls, request, (most, |_| true)).await
}

/// How long a body may be, and of which status an answer is read.
type Wanted = (usize, fn(StatusCode) -> bool);

fn is_ok(status: StatusCode) -> bool {
    status == StatusCode::OK
}

async fn send<B>(
    address: &WebAddress,
    tls: Arc<ClientConfig>,
    request: Request<B>,
    wanted: Wanted,
) -> Result<Response<Vec<u8>>, FetchFailure>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let stream = address.connect().await?;
    match address.scheme {
        Scheme::Http => round(stream, request, wanted).await,
        Scheme::Https => round(address.secure(tls, stream).await?, request, wanted).await,
    }
}

/// What a server answered.
pub(crate) struct Answered {
    pub(crate) body: Vec<u8>,
    pub(crate) headers: HeaderMap,
}

impl From<Response<Vec<u8>>> for Answered {
    fn from(response: Response<Vec<u8>>) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            body,
            headers: parts.headers,
        }
    }
}

/// Sends a request and reads a body of at most `most` bytes. Every status but 200 is a failure: a redirection is not followed.
pub(crate) async fn exchange<S, B>(stream: S, request: Request<B>, most: usize) -> Result<Answered, FetchFailure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    round(stream, request, (most, is_ok)).await.map(Answered::from)
}

/// The same, whatever the status.
pub(crate) async fn exchange_any<S, B>(
    stream: S,
    request: Request<B>,
    most: usize,
) -> Result<Response<Vec<u8>>, FetchFailure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    round(stream, request, (most, |_| true)).await
}

/// The same, of which nothing but the status is read.
pub(crate) async fn status<S, B>(stream: S, request: Request<B>) -> Result<u16, FetchFailure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    match round(stream, request, (0, |_| false)).await {
        Ok(response) => Ok(response.status().as_u16()),
        Err(FetchFailure::Status(status)) => Ok(status),
        Err(why) => Err(why),
    }
}

async fn round<S, B>(stream: S, request: Request<B>, (most, fine): Wanted) -> Result<Response<Vec<u8>>, FetchFailure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEAD_FIELDS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| FetchFailure::Unreachable)?;
    let exchange = async move {
        let response = sender.send_request(request).await;
        let response = response.map_err(|_| FetchFailure::Unreachable)?;
        if !fine(response.status()) {
            return Err(FetchFailure::Status(response.status().as_u16()));
        }
        let (parts, incoming) = response.into_parts();
        Ok(Response::from_parts(parts, body(incoming, most).await?))
    };
    // The connection is worked on as long as the exchange lasts, and closed with it.
    tokio::pin!(connection);
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        body = &mut exchange => body,
        // It may end before the body was looked at, with all of it at hand.
        _ = &mut connection => exchange.await,
    }
}

async fn body(body: hyper::body::Incoming, most: usize) -> Result<Vec<u8>, FetchFailure> {
    match Limited::new(body, most).collect().await {
        Ok(whole) => Ok(whole.to_bytes().into()),
        Err(why) if why.is::<http_body_util::LengthLimitError>() => Err(FetchFailure::TooLong),
        Err(_) => Err(FetchFailure::Unreachable),
    }
}
