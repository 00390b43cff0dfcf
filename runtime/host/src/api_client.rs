//! The API from the other side: what the command line asks of a node. One request on one connection, over TLS where the address says
//! https; problems come back as the sentence they carry.

use crate::certificates::{Certificates, TlsFiles};
use crate::web::{self, WebAddress};
use anyhow::{Context, Result, anyhow, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use patchcord_sip::identity::FetchFailure;
use serde_json::Value;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;

/// How long an answer may take; an upload is compiled before it is answered.
const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes of an answer at most: a recording, say.
const ANSWER_BYTES: usize = 1 << 30;
/// Bytes of a line of an event at most.
const LINE_BYTES: usize = 1 << 20;

/// The API of a node, with a key.
pub struct ApiClient {
    address: WebAddress,
    key: String,
    certificates: Certificates,
    runtime: Runtime,
}

/// What is sent with a request.
pub enum Sent {
    /// Nothing.
    Nothing,
    /// A value.
    Json(Value),
    /// Bytes of a media type.
    Bytes(&'static str, Vec<u8>),
}

impl ApiClient {
    /// The node at an address such as `https://pbx.example.com`; `roots` has the authority that certified it, if the system does not
    /// know it.
    ///
    /// # Errors
    /// An address that is none, or authorities that cannot be read.
    pub fn new(server: &str, key: &str, roots: Option<PathBuf>) -> Result<Self> {
        let address = WebAddress::parse(server);
        let address =
            address.with_context(|| format!("{server:?} is no address such as \"https://pbx.example.com\""))?;
        let files = TlsFiles {
            roots,
            ..TlsFiles::default()
        };
        let certificates = Certificates::load(files).map_err(|why| anyhow!("{why}"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self {
            address,
            key: key.to_owned(),
            certificates,
            runtime,
        })
    }

    /// Asks, and gives what was answered as JSON; null if nothing was.
    ///
    /// # Errors
    /// The node cannot be reached, or what it said about the problem.
    pub fn ask(&self, method: Method, path: &str, sent: Sent) -> Result<Value> {
        let bytes = self.bytes(method, path, sent)?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).context("the node answered with something else than JSON: is this its API?")
    }

    /// The same, whatever the answer is.
    ///
    /// # Errors
    /// The node cannot be reached, or what it said about the problem.
    pub fn bytes(&self, method: Method, path: &str, sent: Sent) -> Result<Vec<u8>> {
        let request = self.request(method, path, sent, "application/json")?;
        let asked = web::ask_any(&self.address, self.certificates.client(), request, ANSWER_BYTES);
        let answer = self
            .runtime
            .block_on(async { tokio::time::timeout(PATIENCE, asked).await });
        let answer = answer.map_err(|_| anyhow!("{} does not answer", self.address.authority()))?;
        let answer = answer.map_err(|why| self.unreachable(why))?;
        let (head, body) = answer.into_parts();
        if head.status.is_success() {
            return Ok(body);
        }
        Err(problem(head.status.as_u16(), &head.headers, &body))
    }

    /// Server-sent events, each with its name and data, until the node or the reader ends it.
    ///
    /// # Errors
    /// The node cannot be reached, or what it said about the problem.
    pub fn events(&self, path: &str, on_event: impl FnMut(&str, &str) -> ControlFlow<()>) -> Result<()> {
        let request = self.request(Method::GET, path, Sent::Nothing, "text/event-stream")?;
        self.runtime.block_on(self.read_events(request, on_event))
    }

    async fn read_events(
        &self,
        request: Request<Full<Bytes>>,
        on_event: impl FnMut(&str, &str) -> ControlFlow<()>,
    ) -> Result<()> {
        let connected = self.address.connect().await.map_err(|why| self.unreachable(why))?;
        if !self.address.is_secure() {
            return self.read_from(connected, request, on_event).await;
        }
        let secured = self.address.secure(self.certificates.client(), connected).await;
        let secured = secured.map_err(|why| self.unreachable(why))?;
        self.read_from(secured, request, on_event).await
    }

    async fn read_from<S>(
        &self,
        stream: S,
        request: Request<Full<Bytes>>,
        mut on_event: impl FnMut(&str, &str) -> ControlFlow<()>,
    ) -> Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let worked_on = tokio::spawn(connection);
        let response: Response<Incoming> = sender.send_request(request).await?;
        let (head, mut body) = response.into_parts();
        if !head.status.is_success() {
            let body = body.collect().await?.to_bytes();
            return Err(problem(head.status.as_u16(), &head.headers, &body));
        }
        let mut lines = Lines::default();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            if lines.read(&data, &mut on_event)?.is_break() {
                break;
            }
        }
        worked_on.abort();
        Ok(())
    }

    fn request(&self, method: Method, path: &str, sent: Sent, accept: &'static str) -> Result<Request<Full<Bytes>>> {
        let (media_type, body) = match sent {
            Sent::Nothing => (None, Vec::new()),
            Sent::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
            Sent::Bytes(media_type, bytes) => (Some(media_type), bytes),
        };
        let below = self.address.path().trim_end_matches('/');
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{below}{path}"))
            .header(HOST, self.address.authority())
            .header(USER_AGENT, concat!("patchcord/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, accept)
            .header(CONNECTION, "close")
            .header(AUTHORIZATION, format!("Bearer {}", self.key));
        if let Some(media_type) = media_type {
            request = request.header(CONTENT_TYPE, media_type);
        }
        Ok(request.body(Full::new(Bytes::from(body)))?)
    }

    fn unreachable(&self, why: FetchFailure) -> anyhow::Error {
        let server = self.address.authority();
        match why {
            FetchFailure::Unresolved => anyhow!("{server} has no address: is its name right?"),
            FetchFailure::TooLong => anyhow!("{server} answered with more than {ANSWER_BYTES} bytes"),
            _ => anyhow!("{server} cannot be reached, or broke off: does it run, and is its certificate known here?"),
        }
    }
}

/// What a node said about a problem.
fn problem(status: u16, headers: &HeaderMap, body: &[u8]) -> anyhow::Error {
    let is_problem = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/problem+json"));
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    match value["detail"].as_str().filter(|_| is_problem) {
        Some(detail) if status == 401 => anyhow!("{detail}; `patchcord login` keeps one"),
        Some(detail) => anyhow!("{detail}"),
        None => anyhow!("the node answered with status {status} and no problem: is this its API?"),
    }
}

/// The lines of server-sent events as they come (HTML, section 9.2.6).
#[derive(Debug, Default)]
struct Lines {
    rest: Vec<u8>,
    event: String,
    data: String,
}

impl Lines {
    fn read(
        &mut self,
        bytes: &[u8],
        on_event: &mut impl FnMut(&str, &str) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            if self.line(line.trim_end_matches(['\r', '\n']), on_event).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        if self.rest.len().max(self.data.len()) > LINE_BYTES {
            bail!("the node sent an event of more than {LINE_BYTES} bytes");
        }
        Ok(ControlFlow::Continue(()))
    }

    fn line(&mut self, line: &str, on_event: &mut impl FnMut(&str, &str) -> ControlFlow<()>) -> ControlFlow<()> {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            "" if line.is_empty() && !self.data.is_empty() => {
                let (event, data) = (std::mem::take(&mut self.event), std::mem::take(&mut self.data));
                return on_event(&event, &data);
            }
            // Comments keep the connection alive.
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_put_together_from_whatever_pieces_come() {
        let text = ": hello\r\n\r\nevent: one\ndata: {\"a\":\ndata: 1}\n\ndata:two\n\nevent: no data\n\n";
        for size in 1..text.len() {
            let mut seen = Vec::new();
            let mut lines = Lines::default();
            for piece in text.as_bytes().chunks(size) {
                let read = lines.read(piece, &mut |event, data| {
                    seen.push((event.to_owned(), data.to_owned()));
                    ControlFlow::Continue(())
                });
                assert!(read.is_ok());
            }
            let wanted = [("one", "{\"a\":\n1}"), ("", "two")];
            let wanted = wanted.map(|(event, data)| (event.to_owned(), data.to_owned()));
            assert_eq!(seen, wanted, "in pieces of {size}");
        }
        let mut lines = Lines::default();
        let huge = vec![b'x'; LINE_BYTES + 1];
        assert!(lines.read(&huge, &mut |_, _| ControlFlow::Continue(())).is_err());
    }
}
