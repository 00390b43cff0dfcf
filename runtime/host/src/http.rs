//! Metrics and health over HTTP/1.1 on a port of the operator: `GET /metrics`, `GET /health` (200, or 503 before it knows what is
//! deployed and while draining). One thread with an async runtime of its own; it reads figures and owns nothing. Not the
//! product's API.

use crate::async_thread::{self, AsyncThread};
use crate::figures::Figures;
use crate::metrics;
use crate::start_error::StartError;
use crate::watch::Watchers;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Connections at the same time; further ones wait to be accepted.
const CONNECTIONS: usize = 32;
/// How long a client may take for its request, and keep an idle connection.
const REQUEST_TIME: Duration = Duration::from_secs(10);
/// How long a connection may last, whatever the client does.
const CONNECTION_TIME: Duration = Duration::from_secs(60);
/// Pause when no connection can be accepted, for want of files for instance.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What the pages are made from.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    pub(crate) figures: Arc<Figures>,
    pub(crate) watchers: Arc<Watchers>,
}

/// Binds the port.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let open = || -> io::Result<TcpListener> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    open().map_err(|why| StartError::Http { address, why })
}

/// Starts serving; the port is closed when the thread's handle is dropped.
pub(crate) fn start(listener: TcpListener, sources: Sources) -> Result<AsyncThread, StartError> {
    async_thread::start("http", accept(listener, sources)).map_err(StartError::Thread)
}

async fn accept(listener: TcpListener, sources: Sources) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime of this thread drives sockets");
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = places
            .clone()
            .acquire_owned()
            .await
            .expect("nobody closes the semaphore");
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted for metrics");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let sources = sources.clone();
        // Ends with the runtime at the latest, which ends with its thread.
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let response = respond(&request, &sources);
                async move { Ok::<_, Infallible>(response) }
            });
            let serving = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(REQUEST_TIME)
                .serve_connection(TokioIo::new(stream), service);
            // What a client does wrong ends its connection and nothing else.
            let _ = tokio::time::timeout(CONNECTION_TIME, serving).await;
            drop(place);
        });
    }
}

fn respond(request: &Request<Incoming>, sources: &Sources) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET is possible here\n".to_owned());
    }
    match request.uri().path() {
        "/metrics" => text(StatusCode::OK, metrics::page(&sources.figures, &sources.watchers)),
        "/health" if sources.figures.draining.get() == 1 => {
            text(StatusCode::SERVICE_UNAVAILABLE, "draining\n".to_owned())
        }
        "/health" if !sources.figures.open.load(Ordering::Relaxed) => {
            text(StatusCode::SERVICE_UNAVAILABLE, "starting\n".to_owned())
        }
        "/health" => text(StatusCode::OK, "ok\n".to_owned()),
        _ => text(StatusCode::NOT_FOUND, "there are /metrics and /health\n".to_owned()),
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let plain = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

#[cfg(test)]
mod tests;
