//! What callers say in place of keys, recognised for the shards: by a program beside us, a web server, or a
//! server that listens all the time, on an async runtime of its own thread. Everything has a limit: what waits, in all and of one tenant, how much is recognised at once, time,
//! bytes. Not here: where something said begins and ends, and who waits for it. What was said never reaches a log or an error;
//! a word of the phrases that is not known does, for whoever wrote them.

mod dictionary;
mod live;
mod matching;
mod pocketsphinx;
mod server;

pub use pocketsphinx::PocketsphinxConfig;
pub use server::Fields;

use crate::async_thread::{self, AsyncThread};
use crate::dns;
use crate::figures::Figure;
use crate::hosted::{Hosted, HostedServer};
use crate::live_streams::LiveRecogniser;
use crate::orders::{Asker, Order, answer, put};
use crate::shard_threads::Inbox;
use crate::start_error::StartError;
use hyper::header::{HeaderName, HeaderValue};
use patchcord_control::call::Listens;
use patchcord_control::ids::Tenant;
use patchcord_control::private::Private;
use patchcord_control::stream_urls::StreamUrl;
use patchcord_control::words::Heard;
use patchcord_switch::ToRecognise;
use pocketsphinx::Pocketsphinx;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Sounds on their way from the shards to the thread. One more is not recognised. Each may be half a megabyte.
const QUEUE: usize = 64;
/// Sounds that wait to be recognised. One more is not.
const WAITING: usize = 256;
/// The share of one tenant in them.
const WAITING_OF_TENANT: usize = WAITING / 2;
const BUSY: &str = "too much that was said is being recognised; try again";
const NOBODY: &str = "this node has nobody who recognises: [recognition] provider of its configuration is \"none\"";

/// What was said, or why that is not known, for a person to read.
pub(crate) type Recognised = Result<Heard, String>;

/// How what is said is recognised.
#[derive(Debug, Clone)]
pub struct RecognitionConfig {
    /// Who does it.
    pub recogniser: RecogniserConfig,
    /// The language of speech that names none, as a tag; of a program, the only one.
    pub language: String,
    /// How long it may take to recognise something.
    pub time: Duration,
    /// Sounds recognised at the same time; others wait, as long as one may take.
    pub at_once: usize,
}

/// Who recognises.
#[derive(Debug, Clone)]
pub enum RecogniserConfig {
    /// Nobody: everything is refused.
    Nobody,
    /// pocketsphinx, started anew for each sound, with limits, and killed when it takes too long.
    Pocketsphinx(PocketsphinxConfig),
    /// A server that answers a sound file with a text.
    Server(HostedServer, Fields),
    /// A server that listens all the time, over a WebSocket.
    WebSocket(RecogniserServer),
}

/// A recogniser over a WebSocket.
#[derive(Debug, Clone)]
pub struct RecogniserServer {
    /// Where it is.
    pub url: StreamUrl,
    /// Further headers of the request for a connection: a key.
    pub headers: Vec<(HeaderName, Private<HeaderValue>)>,
    /// Authorities one of which must have certified it; none: those of the system.
    pub roots: Option<PathBuf>,
}

impl RecognitionConfig {
    /// How the recogniser listens.
    pub(crate) fn listens(&self) -> Listens {
        match self.recogniser {
            RecogniserConfig::Nobody => Listens::Never,
            RecogniserConfig::Pocketsphinx(_) | RecogniserConfig::Server(..) => Listens::OnceAtATime,
            RecogniserConfig::WebSocket(_) => Listens::Continuously,
        }
    }

    /// The way to the recogniser that listens all the time, if it does.
    ///
    /// # Errors
    /// Authorities that cannot be read.
    pub(crate) fn live(&self, name_server: Option<SocketAddr>) -> Result<Option<LiveRecogniser>, StartError> {
        let RecogniserConfig::WebSocket(server) = &self.recogniser else {
            return Ok(None);
        };
        let live = LiveRecogniser::new(server.clone(), &self.language, dns::resolver(name_server));
        live.map(Some).map_err(StartError::Certificates)
    }
}

impl Default for RecognitionConfig {
    fn default() -> Self {
        Self {
            recogniser: RecogniserConfig::Pocketsphinx(PocketsphinxConfig::default()),
            language: "en".to_owned(),
            time: Duration::from_secs(10),
            at_once: 4,
        }
    }
}

/// What is counted about what is said.
#[derive(Debug, Default)]
pub(crate) struct RecognitionFigures {
    /// Sounds to be recognised.
    pub(crate) sounds: Figure,
    /// Of these, none of the phrases.
    pub(crate) unmatched: Figure,
    /// Of these, not recognised.
    pub(crate) failed: Figure,
    /// Sounds not recognised because too many waited.
    pub(crate) dropped: Figure,
}

/// The way from the shards to whoever recognises.
#[derive(Clone)]
pub(crate) struct RecognitionQueue {
    orders: mpsc::Sender<Order<ToRecognise>>,
    figures: Arc<RecognitionFigures>,
}

/// Asks what was said, or tells at once why that will not be known. Never waits.
pub(crate) fn recognise(
    queue: Option<&RecognitionQueue>,
    asker: Asker,
    wanted: ToRecognise,
) -> Result<(), &'static str> {
    let queue = queue.ok_or(NOBODY)?;
    put(&queue.orders, Order { asker, wanted }, (&queue.figures.dropped, BUSY))
}

/// Starts recognising; nothing if nobody does.
pub(crate) fn start(
    config: &RecognitionConfig,
    name_server: Option<SocketAddr>,
    inboxes: &[Inbox],
    figures: &Arc<RecognitionFigures>,
) -> Result<Option<(AsyncThread, RecognitionQueue)>, StartError> {
    let recogniser = match &config.recogniser {
        RecogniserConfig::Nobody => return Ok(None),
        RecogniserConfig::Pocketsphinx(program) => {
            let recogniser = Pocketsphinx::new(program, &config.language);
            if let Err(why) = &recogniser {
                tracing::warn!(%why, "what callers say will not be recognised");
            }
            Recogniser::Pocketsphinx(recogniser)
        }
        RecogniserConfig::Server(server, fields) => {
            let server = Hosted::new(server.clone()).map_err(StartError::Certificates)?;
            Recogniser::Server(server, fields.clone())
        }
        RecogniserConfig::WebSocket(_) => match config.live(name_server)? {
            Some(live) => Recogniser::Live(live),
            None => unreachable!("it is one that listens all the time"),
        },
    };
    let (orders, waiting) = mpsc::channel(QUEUE);
    let desk = Desk {
        recogniser: Arc::new(recogniser),
        config: config.clone(),
        waiting: VecDeque::new(),
        working: JoinSet::new(),
        inboxes: inboxes.to_vec(),
        figures: figures.clone(),
    };
    let thread = async_thread::start("recognition", work(desk, waiting)).map_err(StartError::Thread)?;
    let figures = figures.clone();
    Ok(Some((thread, RecognitionQueue { orders, figures })))
}

enum Recogniser {
    /// Or why there is none.
    Pocketsphinx(Result<Pocketsphinx, String>),
    Server(Hosted, Fields),
    Live(LiveRecogniser),
}

struct Desk {
    recogniser: Arc<Recogniser>,
    config: RecognitionConfig,
    /// What is not being recognised yet, since when. Bounded by [`WAITING`].
    waiting: VecDeque<(Order<ToRecognise>, Instant)>,
    working: JoinSet<(Asker, Recognised)>,
    inboxes: Vec<Inbox>,
    figures: Arc<RecognitionFigures>,
}

async fn work(mut desk: Desk, mut orders: mpsc::Receiver<Order<ToRecognise>>) {
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => desk.ask(order),
                None => return,
            },
            Some(done) = desk.working.join_next() => {
                let (asker, recognised) = done.expect("recognising contains whatever can break in it");
                desk.tell(asker, recognised);
            }
        }
        desk.begin_next();
    }
}

impl Desk {
    fn ask(&mut self, order: Order<ToRecognise>) {
        self.figures.sounds.one();
        let of = |tenant: &Tenant| {
            let same = self.waiting.iter().filter(|(other, _)| other.wanted.tenant == *tenant);
            same.count()
        };
        if self.waiting.len() >= WAITING || of(&order.wanted.tenant) >= WAITING_OF_TENANT {
            self.figures.dropped.one();
            return self.tell(order.asker, Err(BUSY.to_owned()));
        }
        self.waiting.push_back((order, Instant::now()));
    }

    /// Begins as many as there are places for. One that has waited too long is not begun any more.
    fn begin_next(&mut self) {
        while self.working.len() < self.config.at_once
            && let Some((Order { asker, wanted }, since)) = self.waiting.pop_front()
        {
            if since.elapsed() > self.config.time {
                self.tell(asker, Err(BUSY.to_owned()));
                continue;
            }
            let (recogniser, config) = (self.recogniser.clone(), self.config.clone());
            self.working
                .spawn(async move { (asker, recogniser.recognise(&wanted, &config).await) });
        }
    }

    fn tell(&self, (shard, query): Asker, recognised: Recognised) {
        match recognised {
            Ok(Heard::Said(_)) => {}
            Ok(Heard::NoMatch) => self.figures.unmatched.one(),
            Err(_) => self.figures.failed.one(),
        }
        answer(&self.inboxes[shard], move |inbox| inbox.recognised(query, &recognised));
    }
}

impl Recogniser {
    async fn recognise(&self, wanted: &ToRecognise, config: &RecognitionConfig) -> Recognised {
        let language = wanted.language.as_deref().unwrap_or(&config.language);
        let recognised = tokio::time::timeout(config.time, async {
            match self {
                Recogniser::Pocketsphinx(Ok(program)) => program.recognise(wanted, language).await,
                Recogniser::Pocketsphinx(Err(why)) => Err(why.clone()),
                Recogniser::Server(server, fields) => server::recognise(server, fields, wanted, language).await,
                Recogniser::Live(server) => live::recognise(server, wanted, language).await,
            }
        });
        let late = format!("it was not recognised within {} ms", config.time.as_millis());
        recognised.await.unwrap_or(Err(late))
    }
}

#[cfg(test)]
mod tests;
