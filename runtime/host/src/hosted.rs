//! Web servers that do a piece of work for us: one POST each, of what they are to work on. The operator named them, so they may
//! be anywhere; no redirection is followed. Not here: what is posted, and what the answer means.

use crate::certificates::{CertificateError, Certificates, TlsFiles};
use crate::web::{self, WebAddress};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use patchcord_control::private::Private;
use patchcord_sip::identity::FetchFailure;
use rustls::ClientConfig;
use std::path::PathBuf;
use std::sync::Arc;

/// A server that speaks, or recognises.
#[derive(Debug, Clone)]
pub struct HostedServer {
    /// Where the work is posted.
    pub address: WebAddress,
    /// Further headers of every request: a key, or which kind of file is wanted.
    pub headers: Vec<(HeaderName, Private<HeaderValue>)>,
    /// Authorities one of which must have certified it; none: those of the system.
    pub roots: Option<PathBuf>,
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
        let most = posted.most;
        let request = self.request(posted).ok_or(FetchFailure::Unresolved)?;
        let answered = web::ask(address, self.tls.clone(), request, most).await?;
        Ok(answered.body)
    }

    fn request(&self, posted: Posted<'_>) -> Option<Request<Full<Bytes>>> {
        let address = &self.config.address;
        let mut request = Request::post(address.path())
            .header(header::HOST, address.authority())
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
