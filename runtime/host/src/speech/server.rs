//! A voice that is a web server: one POST of SSML for each piece of a text, answered with a sound file (WAV, MP3, FLAC, or
//! Ogg with Opus or Vorbis). The operator named the server, so it may be anywhere; no redirection is followed.

use super::SOUND_BYTES;
use crate::web;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Request, Uri};
use patchcord_control::private::Private;
use patchcord_sip::identity::FetchFailure;
use patchcord_switch::ToSpeak;
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// A server of hosted voices.
#[derive(Debug, Clone)]
pub struct SpeechServer {
    /// Where texts are posted.
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

pub(super) struct Server {
    config: SpeechServer,
    tls: Arc<ClientConfig>,
}

impl Server {
    pub(super) fn new(config: SpeechServer, tls: Arc<ClientConfig>) -> Self {
        Self { config, tls }
    }

    /// The sound file of a piece.
    pub(super) async fn speak(&self, wanted: &ToSpeak, language: &str) -> Result<Vec<u8>, String> {
        self.post(document(wanted, language)).await.map_err(|why| match why {
            FetchFailure::Unresolved => "the server of voices has no address".to_owned(),
            FetchFailure::Status(status) => format!("the server of voices answered with {status}"),
            FetchFailure::TooLong => format!("its sound is larger than {} MiB", SOUND_BYTES >> 20),
            FetchFailure::Unreachable | FetchFailure::TimedOut | FetchFailure::Busy => {
                "the server of voices cannot be reached, or broke off".to_owned()
            }
        })
    }

    async fn post(&self, document: String) -> Result<Vec<u8>, FetchFailure> {
        let address = &self.config.address;
        let host = web::bare(address.host());
        let found = tokio::net::lookup_host((host, address.port())).await;
        let addresses: Vec<SocketAddr> = found.map_err(|_| FetchFailure::Unresolved)?.collect();
        let stream = web::connect(&addresses).await?;
        let request = self.request(document).ok_or(FetchFailure::Unresolved)?;
        match address.scheme {
            Scheme::Http => web::exchange(stream, request, SOUND_BYTES).await,
            Scheme::Https => {
                let stream = web::secure(self.tls.clone(), host, stream).await?;
                web::exchange(stream, request, SOUND_BYTES).await
            }
        }
    }

    fn request(&self, document: String) -> Option<Request<Full<Bytes>>> {
        let uri = &self.config.address.uri;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::post(path)
            .header(header::HOST, uri.authority()?.as_str())
            .header(header::USER_AGENT, "patchcord")
            .header(header::CONTENT_TYPE, "application/ssml+xml")
            .header(header::ACCEPT, "audio/*")
            .header(header::CONNECTION, "close")
            .body(Full::new(Bytes::from(document)))
            .ok()?;
        for (name, value) in &self.config.headers {
            request.headers_mut().insert(name, value.reveal().clone());
        }
        Some(request)
    }
}

/// A whole SSML document. Language and voice were checked: nothing in them could be markup.
fn document(wanted: &ToSpeak, language: &str) -> String {
    let piece = wanted.piece.reveal();
    let said = match &wanted.voice {
        Some(voice) => format!("<voice name=\"{voice}\">{piece}</voice>"),
        None => piece.clone(),
    };
    format!(
        "<speak version=\"1.0\" xmlns=\"http://www.w3.org/2001/10/synthesis\" xml:lang=\"{language}\">{said}</speak>"
    )
}
