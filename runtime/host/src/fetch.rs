//! Files of signers' certificates for the shards (RFC 8224): one HTTPS GET each, on an async runtime of its own thread. A
//! stranger chose the address, so everything has a limit: time, bytes, how many at once, which networks, and no
//! redirect. Not here: which addresses may be asked at all, and what the file means.

use crate::async_thread::{self, AsyncThread};
use crate::dns;
use crate::figures::Figure;
use crate::orders::until_taken;
use crate::shard_threads::Inbox;
use crate::web;
use hickory_resolver::TokioResolver;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::{Request, header};
use patchcord_sip::identity::{CHAIN_BYTES, CertificateUrl, FetchFailure, LiteralRule};
use patchcord_switch::Query;
use rustls::ClientConfig;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

/// Files that may wait to be fetched. One more is answered at once as one that was not asked for, and counted.
const WAITING: usize = 256;
/// Files fetched at the same time; others wait.
const AT_ONCE: usize = 64;
/// How long one file may take, from the name to the last byte. Longer than a call waits: what comes late is kept for the
/// next one.
const FILE_TIME: Duration = Duration::from_secs(5);

/// What is counted about files.
#[derive(Debug, Default)]
pub(crate) struct FetchFigures {
    /// Files asked for.
    pub(crate) files: Figure,
    /// Of these, not had.
    pub(crate) failures: Figure,
    /// Files not asked for because too many waited.
    pub(crate) dropped: Figure,
}

/// A file to fetch for a shard.
pub(crate) struct Wanted {
    pub(crate) shard: usize,
    pub(crate) query: Query,
    pub(crate) url: CertificateUrl,
}

/// The way from the shards to the web.
#[derive(Clone)]
pub(crate) struct FetchQueue {
    orders: mpsc::Sender<Wanted>,
    figures: Arc<FetchFigures>,
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ordered {
    Yes,
    /// There will be no answer: take it as [`FetchFailure::Busy`].
    Dropped,
}

impl FetchQueue {
    /// Asks for a file, or says that there is no room. Never waits.
    pub(crate) fn fetch(&self, wanted: Wanted) -> Ordered {
        match self.orders.try_send(wanted) {
            Ok(()) => Ordered::Yes,
            Err(_) => {
                self.figures.dropped.one();
                Ordered::Dropped
            }
        }
    }
}

/// How files are fetched.
#[derive(Debug, Clone)]
pub(crate) struct FetchSetup {
    /// The name server that is asked; none: those of the system.
    pub(crate) server: Option<SocketAddr>,
    /// Whether servers outside the public network may be asked.
    pub(crate) networks: LiteralRule,
    /// Whom servers must be certified by.
    pub(crate) tls: Arc<ClientConfig>,
    /// How long one file may take.
    pub(crate) time: Duration,
}

impl FetchSetup {
    /// The usual time for a file.
    pub(crate) fn new(server: Option<SocketAddr>, networks: LiteralRule, tls: Arc<ClientConfig>) -> Self {
        Self {
            server,
            networks,
            tls,
            time: FILE_TIME,
        }
    }
}

/// Starts fetching.
pub(crate) fn start(
    setup: FetchSetup,
    inboxes: Vec<Inbox>,
    figures: Arc<FetchFigures>,
) -> io::Result<(AsyncThread, FetchQueue)> {
    let (orders, waiting) = mpsc::channel(WAITING);
    let desk = Arc::new(Desk {
        resolver: dns::resolver(setup.server),
        setup,
        inboxes,
        figures: figures.clone(),
        at_once: Arc::new(Semaphore::new(AT_ONCE)),
    });
    let thread = async_thread::start("fetch", work(desk, waiting))?;
    Ok((thread, FetchQueue { orders, figures }))
}

struct Desk {
    setup: FetchSetup,
    resolver: Option<TokioResolver>,
    inboxes: Vec<Inbox>,
    figures: Arc<FetchFigures>,
    at_once: Arc<Semaphore>,
}

async fn work(desk: Arc<Desk>, mut waiting: mpsc::Receiver<Wanted>) {
    while let Some(wanted) = waiting.recv().await {
        let place = desk.at_once.clone().acquire_owned().await;
        let desk = desk.clone();
        tokio::spawn(async move {
            let file = tokio::time::timeout(desk.setup.time, desk.get(&wanted.url)).await;
            let file = file.unwrap_or(Err(FetchFailure::TimedOut));
            desk.figures.files.one();
            if file.is_err() {
                desk.figures.failures.one();
            }
            drop(place);
            desk.tell(&wanted, &file).await;
        });
    }
}

impl Desk {
    async fn get(&self, url: &CertificateUrl) -> Result<Vec<u8>, FetchFailure> {
        let host = web::bare(url.host());
        let addresses = web::addresses(self.resolver.as_ref(), self.setup.networks, (host, url.port())).await;
        if addresses.is_empty() {
            return Err(FetchFailure::Unresolved);
        }
        let stream = web::connect(&addresses).await?;
        let stream = web::secure(self.setup.tls.clone(), url.host(), stream).await?;
        let request = request(url).ok_or(FetchFailure::Unresolved)?;
        let answered = web::exchange(stream, request, CHAIN_BYTES).await?;
        Ok(answered.body)
    }

    /// The shard waits for it, so it is never dropped: a busy shard gets it later.
    async fn tell(&self, wanted: &Wanted, file: &Result<Vec<u8>, FetchFailure>) {
        let inbox = &self.inboxes[wanted.shard];
        until_taken(|| inbox.fetched(wanted.query, file)).await;
    }
}

/// `GET` of an address that [`CertificateUrl`] has checked.
fn request(url: &CertificateUrl) -> Option<Request<Empty<Bytes>>> {
    let rest = url.as_str().split_once("://")?.1;
    let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    let path = &rest[authority.len()..];
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    Request::get(path)
        .header(header::HOST, authority)
        .header(header::USER_AGENT, "patchcord")
        .header(
            header::ACCEPT,
            "application/pem-certificate-chain, application/pkix-cert, */*",
        )
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .ok()
}

#[cfg(test)]
pub(crate) mod tests;
