//! Sound files of the web that prompts play: one GET each, from where the operator allows. They are remembered as long as the
//! server says (RFC 9111 section 4.2.1), by tenant and address, in the form they are played in. No redirection is followed,
//! since it could lead to where nobody is allowed. Not here: waiting, limits and memory (`sounds`).

use crate::async_thread::AsyncThread;
use crate::certificates::{Certificates, TlsFiles};
use crate::orders::Asker;
use crate::shard_threads::Inbox;
use crate::sounds::{self, Made, Maker, SOUND_BYTES, SoundFigures, SoundLimits, SoundQueue, Wanted};
use crate::start_error::StartError;
use crate::web::{self, Answered, WebAddress};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::{HeaderMap, Request, header};
use patchcord_control::ids::Tenant;
use patchcord_sip::identity::FetchFailure;
use patchcord_switch::ToFetch;
use rustls::ClientConfig;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a file is remembered whose server says nothing.
const USUAL_FRESH: Duration = Duration::from_secs(60);
/// The longest that any is remembered without being asked for again.
const LONGEST_FRESH: Duration = Duration::from_secs(24 * 60 * 60);

const NOWHERE: &str =
    "this node fetches no sound files: [web_files] allow of its configuration names where they may come from";
const ELSEWHERE: &str = "its address is not below one that [web_files] allow of the node's configuration names";

/// Where sound files may come from, and how much at a time.
#[derive(Debug, Clone)]
pub struct WebFilesConfig {
    /// Addresses below which files lie; none: nothing is fetched.
    pub allow: Vec<WebAddress>,
    /// Authorities one of which must have certified their servers; none: those of the system.
    pub roots: Option<PathBuf>,
    /// How long one file may take, from the name to the last byte.
    pub time: Duration,
    /// Files fetched at the same time.
    pub at_once: usize,
    /// Bytes of sound that are remembered; 0 remembers nothing.
    pub cache_bytes: usize,
}

impl Default for WebFilesConfig {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            roots: None,
            time: Duration::from_secs(10),
            at_once: 32,
            cache_bytes: 128 * 1024 * 1024,
        }
    }
}

/// The way from the shards to the web.
pub(crate) type WebFilesQueue = SoundQueue<ToFetch>;

impl Wanted for ToFetch {
    fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    fn memory(&self) -> usize {
        self.url.reveal().len()
    }
}

/// Asks for a file, or says at once why there will be none. Never waits.
pub(crate) fn fetch(queue: Option<&WebFilesQueue>, asker: Asker, wanted: ToFetch) -> Result<(), &'static str> {
    queue.ok_or(NOWHERE)?.ask(asker, wanted)
}

/// Starts fetching; nothing if files may come from nowhere.
pub(crate) fn start(
    config: &WebFilesConfig,
    inboxes: &[Inbox],
    figures: &Arc<SoundFigures>,
) -> Result<Option<(AsyncThread, WebFilesQueue)>, StartError> {
    if config.allow.is_empty() {
        return Ok(None);
    }
    let files = TlsFiles {
        roots: config.roots.clone(),
        ..TlsFiles::default()
    };
    let certificates = Certificates::load(files).map_err(StartError::Certificates)?;
    let limits = SoundLimits {
        time: config.time,
        at_once: config.at_once,
        cache_bytes: config.cache_bytes,
    };
    let web = Web {
        allow: config.allow.clone(),
        tls: certificates.client(),
    };
    sounds::start("web-files", web, limits, inboxes, figures)
        .map(Some)
        .map_err(StartError::Thread)
}

struct Web {
    allow: Vec<WebAddress>,
    tls: Arc<ClientConfig>,
}

impl Maker<ToFetch> for Web {
    const BUSY: &'static str = "too many files are being fetched; try again";

    async fn make(&self, wanted: &ToFetch) -> Result<Made, String> {
        let address = WebAddress::parse(wanted.url.reveal()).ok_or("its address cannot be read")?;
        if !self.allow.iter().any(|below| below.holds(&address)) {
            return Err(ELSEWHERE.to_owned());
        }
        let answered = self.get(&address).await.map_err(|why| match why {
            FetchFailure::Unresolved => "its server has no address".to_owned(),
            FetchFailure::Status(status) => format!("its server answered with {status}"),
            FetchFailure::TooLong => format!("it is larger than {} MiB", SOUND_BYTES >> 20),
            FetchFailure::Unreachable | FetchFailure::TimedOut | FetchFailure::Busy => {
                "its server cannot be reached, or broke off".to_owned()
            }
        })?;
        if answered.body.is_empty() {
            return Err("it is empty".to_owned());
        }
        Ok(Made {
            fresh: Some(fresh(&answered.headers)),
            file: answered.body,
        })
    }

    fn late(time: Duration) -> String {
        format!("it was not there within {} ms", time.as_millis())
    }
}

impl Web {
    async fn get(&self, address: &WebAddress) -> Result<Answered, FetchFailure> {
        let request = Request::get(address.path())
            .header(header::HOST, address.authority())
            .header(header::USER_AGENT, "patchcord")
            .header(header::ACCEPT, "audio/*")
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|_| FetchFailure::Unresolved)?;
        web::ask(address, self.tls.clone(), request, SOUND_BYTES).await
    }
}

/// How long a file may be remembered.
fn fresh(headers: &HeaderMap) -> Duration {
    let fields = headers.get_all(header::CACHE_CONTROL);
    let orders: Vec<String> = fields
        .iter()
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(','))
        .map(|order| order.trim().to_ascii_lowercase())
        .collect();
    if orders.iter().any(|order| order == "no-store" || order == "no-cache") {
        return Duration::ZERO;
    }
    let seconds = orders
        .iter()
        .find_map(|order| order.strip_prefix("max-age=")?.parse().ok());
    seconds.map_or(USUAL_FRESH, Duration::from_secs).min(LONGEST_FRESH)
}

#[cfg(test)]
mod tests;
