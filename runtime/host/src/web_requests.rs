//! Requests of handlers to web servers, on an async runtime of its own thread. Everything has a limit: requests under way, in all
//! and of one tenant, time, bytes of an answer; one that nobody waits for any more is dropped with its connection. A server's
//! name is resolved first, and only addresses that were looked at are connected to. No redirection is followed. Not here: what a
//! handler may ask (`control::call`). What is asked and answered is in no log.

use crate::async_thread::{self, AsyncThread};
use crate::certificates::{Certificates, TlsFiles};
use crate::dns;
use crate::figures::Figure;
use crate::orders::{Asker, answer};
use crate::shard_threads::Inbox;
use crate::start_error::StartError;
use crate::web;
use hickory_resolver::TokioResolver;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Request, Response};
use patchcord_control::call::HttpOrder;
use patchcord_control::http_urls::HttpUrl;
use patchcord_control::ids::Tenant;
use patchcord_control::limits::HTTP_ANSWER_BYTES;
use patchcord_control::words::{HttpResponse, NoResponse};
use patchcord_sip::identity::{FetchFailure, LiteralRule, is_public};
use patchcord_switch::ToAsk;
use rustls::ClientConfig;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::client::TlsStream;

/// Wishes on their way from the shards to the thread. One more is `overloaded`.
const QUEUE: usize = 256;

/// How handlers ask web servers.
#[derive(Debug, Clone)]
pub struct WebRequestsConfig {
    /// Whether servers outside the public network may be asked, where a handler's configuration names them.
    pub networks: LiteralRule,
    /// Authorities one of which must have certified servers; none: those of the system.
    pub roots: Option<PathBuf>,
    /// Requests under way at the same time. One more is refused.
    pub at_once: usize,
    /// Of these, of one tenant.
    pub at_once_of_tenant: usize,
}

impl Default for WebRequestsConfig {
    fn default() -> Self {
        Self {
            networks: LiteralRule::Public,
            roots: None,
            at_once: 256,
            at_once_of_tenant: 64,
        }
    }
}

/// What came of a request.
pub(crate) type Responded = Result<HttpResponse, NoResponse>;

/// What is counted about requests.
#[derive(Debug, Default)]
pub(crate) struct WebRequestFigures {
    /// Requests asked for.
    pub(crate) asked: Figure,
    /// Of these, not answered.
    pub(crate) failed: Figure,
    /// Of these, left before there was an answer.
    pub(crate) left: Figure,
    /// Requests refused because too many were under way.
    pub(crate) refused: Figure,
}

/// What the thread is told.
enum Wish {
    Ask(Asker, ToAsk),
    Leave(Asker),
}

/// The way from the shards to web servers.
#[derive(Clone)]
pub(crate) struct WebRequestQueue {
    wishes: mpsc::Sender<Wish>,
    figures: Arc<WebRequestFigures>,
}

/// There was no room; there will be no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRoom;

impl WebRequestQueue {
    /// Asks, or says at once that there is no room. Never waits.
    pub(crate) fn ask(&self, asker: Asker, wanted: ToAsk) -> Result<(), NoRoom> {
        self.wishes.try_send(Wish::Ask(asker, wanted)).map_err(|_| {
            self.figures.refused.one();
            NoRoom
        })
    }

    /// Nobody waits for an answer any more. Where there is no room to say so, the request ends by its own time.
    pub(crate) fn leave(&self, asker: Asker) {
        let _ = self.wishes.try_send(Wish::Leave(asker));
    }
}

/// Starts asking.
pub(crate) fn start(
    config: &WebRequestsConfig,
    name_server: Option<SocketAddr>,
    inboxes: &[Inbox],
    figures: &Arc<WebRequestFigures>,
) -> Result<(AsyncThread, WebRequestQueue), StartError> {
    let (wishes, waiting) = mpsc::channel(QUEUE);
    let desk = Desk {
        client: Arc::new(Client::new(config, name_server)?),
        config: config.clone(),
        under_way: HashMap::new(),
        requests: JoinSet::new(),
        inboxes: inboxes.to_vec(),
        figures: figures.clone(),
    };
    let thread = async_thread::start("web-requests", work(desk, waiting)).map_err(StartError::Thread)?;
    let figures = figures.clone();
    Ok((thread, WebRequestQueue { wishes, figures }))
}

struct Desk {
    client: Arc<Client>,
    config: WebRequestsConfig,
    /// Bounded by `at_once`.
    under_way: HashMap<Asker, (Tenant, AbortHandle)>,
    requests: JoinSet<(Asker, Responded)>,
    inboxes: Vec<Inbox>,
    figures: Arc<WebRequestFigures>,
}

async fn work(mut desk: Desk, mut wishes: mpsc::Receiver<Wish>) {
    loop {
        tokio::select! {
            wish = wishes.recv() => match wish {
                Some(Wish::Ask(asker, wanted)) => desk.ask(asker, wanted),
                Some(Wish::Leave(asker)) => desk.leave(asker),
                None => return,
            },
            Some(done) = desk.requests.join_next() => {
                // One that was left has nothing to tell.
                if let Ok((asker, response)) = done {
                    desk.done(asker, response);
                }
            }
        }
    }
}

impl Desk {
    fn ask(&mut self, asker: Asker, ToAsk { tenant, order }: ToAsk) {
        self.figures.asked.one();
        let of_tenant = self.under_way.values().filter(|(other, _)| *other == tenant).count();
        if self.under_way.len() >= self.config.at_once || of_tenant >= self.config.at_once_of_tenant {
            self.figures.refused.one();
            return self.tell(asker, Err(NoResponse::Overloaded));
        }
        let client = self.client.clone();
        let request = async move {
            // The call has this limit too; here it ends what the word to leave did not reach.
            let response = tokio::time::timeout(order.time, client.send(&order)).await;
            (asker, response.unwrap_or(Err(NoResponse::TimedOut)))
        };
        let handle = self.requests.spawn(request);
        self.under_way.insert(asker, (tenant, handle));
    }

    fn leave(&mut self, asker: Asker) {
        if let Some((_, request)) = self.under_way.remove(&asker) {
            self.figures.left.one();
            request.abort();
        }
    }

    fn done(&mut self, asker: Asker, response: Responded) {
        if self.under_way.remove(&asker).is_some() {
            self.tell(asker, response);
        }
    }

    fn tell(&self, (shard, query): Asker, response: Responded) {
        if response.is_err() {
            self.figures.failed.one();
        }
        answer(&self.inboxes[shard], move |inbox| inbox.responded(query, &response));
    }
}

/// Who connects to web servers.
pub(crate) struct Client {
    networks: LiteralRule,
    resolver: Option<TokioResolver>,
    tls: Arc<ClientConfig>,
}

impl Client {
    pub(crate) fn new(config: &WebRequestsConfig, name_server: Option<SocketAddr>) -> Result<Self, StartError> {
        let files = TlsFiles {
            roots: config.roots.clone(),
            ..TlsFiles::default()
        };
        let certificates = Certificates::load(files).map_err(StartError::Certificates)?;
        Ok(Self {
            networks: config.networks,
            resolver: dns::resolver(name_server),
            tls: certificates.client(),
        })
    }

    async fn send(&self, order: &HttpOrder) -> Responded {
        let request = request(order).ok_or(NoResponse::Failed)?;
        let stream = self.connect(&order.url).await?;
        let response = if order.url.is_secure() {
            web::exchange_any(self.secure(&order.url, stream).await?, request, HTTP_ANSWER_BYTES).await
        } else {
            web::exchange_any(stream, request, HTTP_ANSWER_BYTES).await
        };
        response.map(told).map_err(failed)
    }

    /// Whether a server may be asked. Of one with a name that is known only once its name is looked up.
    pub(crate) fn may_ask(&self, url: &HttpUrl) -> bool {
        let literal = url.host().parse::<IpAddr>();
        self.networks == LiteralRule::Any || literal.map_or(true, |ip| is_public(ip.to_canonical()))
    }

    /// Sends a request and gives the status of the answer. Nothing of its body is read.
    pub(crate) async fn status(&self, url: &HttpUrl, request: Request<Full<Bytes>>) -> Result<u16, NoResponse> {
        let stream = self.connect(url).await?;
        let status = if url.is_secure() {
            web::status(self.secure(url, stream).await?, request).await
        } else {
            web::status(stream, request).await
        };
        status.map_err(failed)
    }

    async fn connect(&self, url: &HttpUrl) -> Result<TcpStream, NoResponse> {
        let addresses = web::addresses(self.resolver.as_ref(), self.networks, (url.host(), url.port())).await;
        if addresses.is_empty() {
            return Err(NoResponse::Refused);
        }
        web::connect(&addresses).await.map_err(|_| NoResponse::Refused)
    }

    async fn secure(&self, url: &HttpUrl, stream: TcpStream) -> Result<TlsStream<TcpStream>, NoResponse> {
        let secured = web::secure(self.tls.clone(), url.host(), stream).await;
        secured.map_err(|_| NoResponse::Failed)
    }
}

fn failed(why: FetchFailure) -> NoResponse {
    match why {
        FetchFailure::TooLong => NoResponse::TooLarge,
        FetchFailure::TimedOut => NoResponse::TimedOut,
        FetchFailure::Unresolved | FetchFailure::Status(_) | FetchFailure::Unreachable | FetchFailure::Busy => {
            NoResponse::Failed
        }
    }
}

fn request(order: &HttpOrder) -> Option<Request<Full<Bytes>>> {
    let body = order
        .body
        .as_ref()
        .map(|body| body.reveal().clone())
        .unwrap_or_default();
    let mut request = Request::builder()
        .method(order.method.name())
        .uri(order.url.target())
        .header(header::HOST, order.url.authority())
        .header(header::CONNECTION, "close")
        .body(Full::new(Bytes::from(body)))
        .ok()?;
    let headers = request.headers_mut();
    for (name, value) in &order.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_str(value.reveal()).ok()?);
    }
    if !headers.contains_key(header::USER_AGENT) {
        headers.insert(header::USER_AGENT, HeaderValue::from_static("patchcord"));
    }
    Some(request)
}

fn told(response: Response<Vec<u8>>) -> HttpResponse {
    let (parts, body) = response.into_parts();
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value.into())
    };
    HttpResponse {
        status: parts.status.as_u16(),
        headers: parts.headers.iter().map(header).collect(),
        body: body.into(),
    }
}

#[cfg(test)]
mod tests;
