//! Web servers that do a piece of work for us: one POST each, of what they are to work on. The operator named them, so they may
//! be anywhere; no redirection is followed. Not here: what is posted, and what the answer means.

use crate::certificates::{CertificateError, Certificates, TlsFiles};
use crate::web;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Request, Uri};
use patchcord_control::private::Private;
use patchcord_sip::identity::FetchFailure;
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// A server that speaks, or recognises.
#[derive(Debug, Clone)]
pub struct HostedServer {
    /// Where the work is posted.
    pub address: ServerAddress,
    /// Further headers of every request: a key, or which kind of file is wanted.
    pub headers: Vec<(HeaderName, Private<HeaderValue>)>,
    /// Authorities one of which must have certified it; none: those of the system.
    pub roots: Option<PathBuf>,
}

/// An http or https address with a host.
#[derive(Debug, Clone)]
pub struct ServerAddress {
    uri: Uri,
    scheme: Scheme,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl ServerAddress {
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

/// What is posted.
pub(crate) struct Posted<'a> {
    pub(crate) content_type: &'a str,
    pub(crate) accept: &'static str,
    pub(crate) body: Vec<u8>,
    /// Bytes of the answer.
    pub(crate) most: usize,
}

/// The way to a server.
pub(crate) struct Hosted {
    config: HostedServer,
    tls: Arc<ClientConfig>,
}

impl Hosted {
    /// # Errors
    /// Authorities that cannot be read.
    pub(crate) fn new(config: HostedServer) -> Result<Self, CertificateError> {
        let files = TlsFiles {
            roots: config.roots.clone(),
            ..TlsFiles::default()
        };
        let tls = Certificates::load(files)?.client();
        Ok(Self { config, tls })
    }

    pub(crate) async fn post(&self, posted: Posted<'_>) -> Result<Vec<u8>, FetchFailure> {
        let address = &self.config.address;
        let host = web::bare(address.host());
        let found = tokio::net::lookup_host((host, address.port())).await;
        let addresses: Vec<SocketAddr> = found.map_err(|_| FetchFailure::Unresolved)?.collect();
        let stream = web::connect(&addresses).await?;
        let most = posted.most;
        let request = self.request(posted).ok_or(FetchFailure::Unresolved)?;
        match address.scheme {
            Scheme::Http => web::exchange(stream, request, most).await,
            Scheme::Https => {
                let stream = web::secure(self.tls.clone(), host, stream).await?;
                web::exchange(stream, request, most).await
            }
        }
    }

    fn request(&self, posted: Posted<'_>) -> Option<Request<Full<Bytes>>> {
        let uri = &self.config.address.uri;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::post(path)
            .header(header::HOST, uri.authority()?.as_str())
            .header(header::USER_AGENT, "patchcord")
            .header(header::CONTENT_TYPE, posted.content_type)
            .header(header::ACCEPT, posted.accept)
            .header(header::CONNECTION, "close")
            .body(Full::new(Bytes::from(posted.body)))
            .ok()?;
        for (name, value) in &self.config.headers {
            request.headers_mut().insert(name, value.reveal().clone());
        }
        Some(request)
    }
}

/// A failure for a person to read; `server` is what it is, as in "the server of voices".
pub(crate) fn reason(why: FetchFailure, server: &str, too_long: String) -> String {
    match why {
        FetchFailure::Unresolved => format!("{server} has no address"),
        FetchFailure::Status(status) => format!("{server} answered with {status}"),
        FetchFailure::TooLong => too_long,
        FetchFailure::Unreachable | FetchFailure::TimedOut | FetchFailure::Busy => {
            format!("{server} cannot be reached, or broke off")
        }
    }
}
