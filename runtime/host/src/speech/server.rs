//! A voice that is a web server: one POST of SSML for each piece of a text, answered with a sound file (WAV, MP3, FLAC, or
//! Ogg with Opus or Vorbis). The operator named the server, so it may be anywhere; no redirection is followed.

use crate::sounds::SOUND_BYTES;
use crate::web::{self, Answered, WebAddress};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use patchcord_control::private::Private;
use patchcord_sip::identity::FetchFailure;
use patchcord_switch::ToSpeak;
use rustls::ClientConfig;
use std::path::PathBuf;
use std::sync::Arc;

/// A server of hosted voices.
#[derive(Debug, Clone)]
pub struct SpeechServer {
    /// Where texts are posted.
    pub address: WebAddress,
    /// Further headers of every request: a key, or which kind of file is wanted.
    pub headers: Vec<(HeaderName, Private<HeaderValue>)>,
    /// Authorities one of which must have certified it; none: those of the system.
    pub roots: Option<PathBuf>,
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
        let answered = self.post(document(wanted, language)).await;
        answered.map(|answered| answered.body).map_err(|why| match why {
            FetchFailure::Unresolved => "the server of voices has no address".to_owned(),
            FetchFailure::Status(status) => format!("the server of voices answered with {status}"),
            FetchFailure::TooLong => format!("its sound is larger than {} MiB", SOUND_BYTES >> 20),
            FetchFailure::Unreachable | FetchFailure::TimedOut | FetchFailure::Busy => {
                "the server of voices cannot be reached, or broke off".to_owned()
            }
        })
    }

    async fn post(&self, document: String) -> Result<Answered, FetchFailure> {
        let address = &self.config.address;
        let request = self.request(document).ok_or(FetchFailure::Unresolved)?;
        web::ask(address, self.tls.clone(), request, SOUND_BYTES).await
    }

    fn request(&self, document: String) -> Option<Request<Full<Bytes>>> {
        let address = &self.config.address;
        let mut request = Request::post(address.path())
            .header(header::HOST, address.authority())
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
