//! Texts that become sound for the shards: remembered, or made by a program beside us or by a server of hosted voices, on an
//! async runtime of its own thread. Everything has a limit: texts that wait, in all and of one tenant, how many are made at
//! once, time, bytes. The same text that several ask for is made once. Not here: how a text is cut into pieces, and who waits
//! for them. What is said never reaches a log or an error.

mod cache;
mod program;
mod server;

use crate::async_thread::{self, AsyncThread};
use crate::figures::Figure;
use crate::hosted::{Hosted, HostedServer};
use crate::orders::{Asker, Order, answer, put};
use crate::shard_threads::Inbox;
use crate::start_error::StartError;
use cache::Cache;
use patchcord_media::{Clip, SoundError, SoundProblem, WavError, WavProblem};
use patchcord_switch::ToSpeak;
use program::Program;
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Texts on their way from the shards to the thread. One more is not spoken.
const QUEUE: usize = 256;
/// Texts that are made or wait for it. One more is not spoken.
const WAITING: usize = 1_024;
/// The share of one tenant in them.
const WAITING_OF_TENANT: usize = WAITING / 2;
/// Bytes of the sound of one piece of a text, as it comes: six minutes of what espeak-ng makes.
const SOUND_BYTES: usize = 16 * 1024 * 1024;
const BUSY: &str = "too many texts are being spoken; try again";
const NOBODY: &str = "this node has nobody who speaks: [speech] provider of its configuration is \"none\"";

/// A text's sound, or why there is none, for a person to read.
pub(crate) type Sound = Result<Arc<Clip>, String>;

/// How texts are spoken.
#[derive(Debug, Clone)]
pub struct SpeechConfig {
    /// Who speaks.
    pub voice: VoiceConfig,
    /// The language of texts without one, as a tag.
    pub language: String,
    /// How long one piece of a text may take to be made.
    pub time: Duration,
    /// Pieces made at the same time; others wait, as long as one may take.
    pub at_once: usize,
    /// Bytes of sound that are remembered, the last used longest; 0 remembers nothing.
    pub cache_bytes: usize,
}

/// Who speaks.
#[derive(Debug, Clone)]
pub enum VoiceConfig {
    /// Nobody: every text is refused.
    Nobody,
    /// espeak-ng, or a program that takes the same arguments: started anew for each piece, with limits, and killed when it
    /// takes too long.
    Program(PathBuf),
    /// A server that answers SSML with a sound file.
    Server(HostedServer),
}

impl Default for SpeechConfig {
    fn default() -> Self {
        Self {
            voice: VoiceConfig::Program("espeak-ng".into()),
            language: "en".to_owned(),
            time: Duration::from_secs(10),
            at_once: 4,
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}

/// What is counted about texts.
#[derive(Debug, Default)]
pub(crate) struct SpeechFigures {
    /// Texts asked for.
    pub(crate) texts: Figure,
    /// Of these, remembered or just being made.
    pub(crate) remembered: Figure,
    /// Of these, not spoken.
    pub(crate) failed: Figure,
    /// Texts not spoken because too many waited.
    pub(crate) dropped: Figure,
}

/// The way from the shards to whoever speaks.
#[derive(Clone)]
pub(crate) struct SpeechQueue {
    orders: mpsc::Sender<Order<ToSpeak>>,
    figures: Arc<SpeechFigures>,
}

/// Asks for a text, or says at once why it will not be spoken. Never waits.
pub(crate) fn speak(queue: Option<&SpeechQueue>, asker: Asker, wanted: ToSpeak) -> Result<(), &'static str> {
    let queue = queue.ok_or(NOBODY)?;
    put(&queue.orders, Order { asker, wanted }, (&queue.figures.dropped, BUSY))
}

/// Starts speaking; nothing if nobody does.
pub(crate) fn start(
    config: &SpeechConfig,
    inboxes: &[Inbox],
    figures: &Arc<SpeechFigures>,
) -> Result<Option<(AsyncThread, SpeechQueue)>, StartError> {
    let voice = match &config.voice {
        VoiceConfig::Nobody => return Ok(None),
        VoiceConfig::Program(path) => {
            let program = Program::new(path.clone());
            if !program.is_there() {
                let program = path.display();
                tracing::warn!(%program, "texts in prompts will not be spoken: the program is not there");
            }
            Voice::Program(program)
        }
        VoiceConfig::Server(server) => {
            let server = Hosted::new(server.clone()).map_err(StartError::Certificates)?;
            Voice::Server(server)
        }
    };
    let (orders, waiting) = mpsc::channel(QUEUE);
    let desk = Desk {
        voice: Arc::new(voice),
        config: config.clone(),
        cache: Cache::new(config.cache_bytes),
        askers: HashMap::new(),
        waiting: VecDeque::new(),
        making: JoinSet::new(),
        inboxes: inboxes.to_vec(),
        figures: figures.clone(),
    };
    let thread = async_thread::start("speech", work(desk, waiting)).map_err(StartError::Thread)?;
    let figures = figures.clone();
    Ok(Some((thread, SpeechQueue { orders, figures })))
}

enum Voice {
    Program(Program),
    Server(Hosted),
}

struct Desk {
    voice: Arc<Voice>,
    config: SpeechConfig,
    cache: Cache,
    /// Who waits for which text. Bounded by [`WAITING`] askers.
    askers: HashMap<Arc<ToSpeak>, Vec<Asker>>,
    /// Texts that are not being made yet, since when. Each is among those somebody waits for.
    waiting: VecDeque<(Arc<ToSpeak>, Instant)>,
    making: JoinSet<(Arc<ToSpeak>, Sound)>,
    inboxes: Vec<Inbox>,
    figures: Arc<SpeechFigures>,
}

async fn work(mut desk: Desk, mut orders: mpsc::Receiver<Order<ToSpeak>>) {
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => desk.ask(order),
                None => return,
            },
            Some(made) = desk.making.join_next() => {
                let (wanted, sound) = made.expect("making a text contains whatever can break in it");
                desk.made(&wanted, sound);
            }
        }
        desk.make_next();
    }
}

impl Desk {
    fn ask(&mut self, Order { asker, wanted }: Order<ToSpeak>) {
        self.figures.texts.one();
        if let Some(clip) = self.cache.get(&wanted) {
            self.figures.remembered.one();
            return self.tell(asker, Ok(clip));
        }
        let all: usize = self.askers.values().map(Vec::len).sum();
        let same_tenant = self.askers.iter().filter(|(other, _)| other.tenant == wanted.tenant);
        let of_tenant: usize = same_tenant.map(|(_, askers)| askers.len()).sum();
        if all >= WAITING || of_tenant >= WAITING_OF_TENANT {
            self.figures.dropped.one();
            return self.tell(asker, Err(BUSY.to_owned()));
        }
        if let Some(askers) = self.askers.get_mut(&wanted) {
            self.figures.remembered.one();
            return askers.push(asker);
        }
        let wanted = Arc::new(wanted);
        self.askers.insert(wanted.clone(), vec![asker]);
        self.waiting.push_back((wanted, Instant::now()));
    }

    /// Begins as many as there are places for. One that has waited too long is not begun any more.
    fn make_next(&mut self) {
        while self.making.len() < self.config.at_once
            && let Some((wanted, since)) = self.waiting.pop_front()
        {
            if since.elapsed() > self.config.time {
                self.made(&wanted, Err(BUSY.to_owned()));
                continue;
            }
            let (voice, config) = (self.voice.clone(), self.config.clone());
            self.making.spawn(async move {
                let sound = voice.make(&wanted, &config).await;
                (wanted, sound)
            });
        }
    }

    fn made(&mut self, wanted: &Arc<ToSpeak>, sound: Sound) {
        match &sound {
            Ok(clip) => self.cache.put(wanted, clip),
            Err(_) => self.figures.failed.one(),
        }
        for asker in self.askers.remove(wanted).unwrap_or_default() {
            self.tell(asker, sound.clone());
        }
    }

    fn tell(&self, (shard, query): Asker, sound: Sound) {
        answer(&self.inboxes[shard], move |inbox| inbox.spoken(query, &sound));
    }
}

impl Voice {
    async fn make(&self, wanted: &ToSpeak, config: &SpeechConfig) -> Sound {
        let language = wanted.language.as_deref().unwrap_or(&config.language);
        let made = tokio::time::timeout(config.time, async {
            match self {
                Voice::Program(program) => program.speak(wanted, language).await,
                Voice::Server(server) => server::speak(server, wanted, language).await,
            }
        });
        let late = format!("it was not spoken within {} ms", config.time.as_millis());
        let file = made.await.unwrap_or(Err(late))?;
        // Milliseconds a second of sound: other texts must not wait for it.
        let decoded = tokio::task::spawn_blocking(move || clip(&file)).await;
        decoded.unwrap_or_else(|_| Err("what came as its sound broke the decoder".to_owned()))
    }
}

/// The clip of a sound file. One without sound is a clip of no length: a text of nothing but marks, say.
fn clip(file: &[u8]) -> Sound {
    let decoded = if file.is_empty() {
        Ok(Clip::from_samples(&[]))
    } else {
        Clip::from_file(file)
    };
    match decoded {
        Ok(clip) => Ok(Arc::new(clip)),
        Err(SoundError {
            what:
                SoundProblem::NoSound
                | SoundProblem::Wav(WavError {
                    what: WavProblem::NoSound,
                    ..
                }),
            ..
        }) => Ok(Arc::new(Clip::from_samples(&[]))),
        Err(why) => Err(format!("what came as its sound is not one: {why}")),
    }
}

#[cfg(test)]
mod tests;
