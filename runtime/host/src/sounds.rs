//! Sounds that prompts wait for, on their way from whoever makes or has them to the shards: remembered, or made anew on an
//! async runtime of its own thread. Everything has a limit: sounds that wait, in all and of one tenant, how many are made at
//! once, time, bytes. The same sound that several ask for is made once. Not here: where sounds come from ([`Maker`]), and who
//! waits for them.

mod cache;

use crate::async_thread::{self, AsyncThread};
use crate::figures::Figure;
use crate::orders::{Asker, Order, answer, put};
use crate::shard_threads::Inbox;
use cache::Cache;
use patchcord_control::ids::Tenant;
use patchcord_media::{Clip, SoundError, SoundProblem, WavError, WavProblem};
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Wishes on their way from the shards to the thread. One more is refused.
const QUEUE: usize = 256;
/// Sounds that are made or wait for it. One more is refused.
const WAITING: usize = 1_024;
/// The share of one tenant in them.
pub(crate) const WAITING_OF_TENANT: usize = WAITING / 2;
/// Bytes of one sound as it comes, as a file: six minutes of what espeak-ng makes.
pub(crate) const SOUND_BYTES: usize = 16 * 1024 * 1024;

/// A sound, or why there is none, for a person to read.
pub(crate) type Sound = Result<Arc<Clip>, String>;

/// All that a sound depends on: the same gives the same sound.
pub(crate) trait Wanted: Eq + Hash + Send + Sync + 'static {
    /// Who asks: nobody else is given what is remembered of it.
    fn tenant(&self) -> &Tenant;
    /// Memory it takes, beside its own size.
    fn memory(&self) -> usize;
}

/// Where sounds come from.
pub(crate) trait Maker<W>: Send + Sync + 'static {
    /// What is said when there is no room.
    const BUSY: &'static str;

    /// Makes or gets one. It is dropped when it takes too long.
    fn make(&self, wanted: &W) -> impl Future<Output = Result<Made, String>> + Send;

    /// What is said when it took longer than this.
    fn late(time: Duration) -> String;
}

/// A sound as it comes.
pub(crate) struct Made {
    /// A sound file of any kind that prompts may have; an empty one is no sound.
    pub(crate) file: Vec<u8>,
    /// How long it may be remembered; none: for ever.
    pub(crate) fresh: Option<Duration>,
}

/// How much at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SoundLimits {
    /// How long one sound may take to be made.
    pub(crate) time: Duration,
    /// Sounds made at the same time; others wait, as long as one may take.
    pub(crate) at_once: usize,
    /// Bytes of sound that are remembered, the last used longest; 0 remembers nothing.
    pub(crate) cache_bytes: usize,
}

/// What is counted about sounds.
#[derive(Debug, Default)]
pub(crate) struct SoundFigures {
    /// Sounds asked for.
    pub(crate) asked: Figure,
    /// Of these, remembered or just being made.
    pub(crate) remembered: Figure,
    /// Of these, not had.
    pub(crate) failed: Figure,
    /// Sounds refused because too many waited.
    pub(crate) dropped: Figure,
}

/// The way from the shards to whoever makes sounds.
pub(crate) struct SoundQueue<W> {
    orders: mpsc::Sender<Order<W>>,
    figures: Arc<SoundFigures>,
    busy: &'static str,
}

impl<W> Clone for SoundQueue<W> {
    fn clone(&self) -> Self {
        Self {
            orders: self.orders.clone(),
            figures: self.figures.clone(),
            busy: self.busy,
        }
    }
}

impl<W> SoundQueue<W> {
    /// Asks for a sound, or says at once why there will be none. Never waits.
    pub(crate) fn ask(&self, asker: Asker, wanted: W) -> Result<(), &'static str> {
        put(
            &self.orders,
            Order { asker, wanted },
            (&self.figures.dropped, self.busy),
        )
    }
}

/// Starts a thread of this name that has sounds made.
pub(crate) fn start<W: Wanted, M: Maker<W>>(
    name: &'static str,
    maker: M,
    limits: SoundLimits,
    inboxes: &[Inbox],
    figures: &Arc<SoundFigures>,
) -> io::Result<(AsyncThread, SoundQueue<W>)> {
    let (orders, waiting) = mpsc::channel(QUEUE);
    let desk = Desk {
        maker: Arc::new(maker),
        limits,
        cache: Cache::new(limits.cache_bytes),
        askers: HashMap::new(),
        waiting: VecDeque::new(),
        making: JoinSet::new(),
        inboxes: inboxes.to_vec(),
        figures: figures.clone(),
    };
    let thread = async_thread::start(name, work(desk, waiting))?;
    let queue = SoundQueue {
        orders,
        figures: figures.clone(),
        busy: M::BUSY,
    };
    Ok((thread, queue))
}

/// A sound that was made, and how long it may be remembered.
type Ready<W> = (Arc<W>, Result<(Arc<Clip>, Option<Duration>), String>);

struct Desk<W, M> {
    maker: Arc<M>,
    limits: SoundLimits,
    cache: Cache<W>,
    /// Who waits for which sound. Bounded by [`WAITING`] askers.
    askers: HashMap<Arc<W>, Vec<Asker>>,
    /// Sounds that are not being made yet, since when. Each is among those somebody waits for.
    waiting: VecDeque<(Arc<W>, Instant)>,
    making: JoinSet<Ready<W>>,
    inboxes: Vec<Inbox>,
    figures: Arc<SoundFigures>,
}

async fn work<W: Wanted, M: Maker<W>>(mut desk: Desk<W, M>, mut orders: mpsc::Receiver<Order<W>>) {
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => desk.ask(order),
                None => return,
            },
            Some(made) = desk.making.join_next() => {
                let (wanted, sound) = made.expect("making a sound contains whatever can break in it");
                desk.made(&wanted, sound);
            }
        }
        desk.make_next();
    }
}

impl<W: Wanted, M: Maker<W>> Desk<W, M> {
    fn ask(&mut self, Order { asker, wanted }: Order<W>) {
        self.figures.asked.one();
        if let Some(clip) = self.cache.get(&wanted, Instant::now()) {
            self.figures.remembered.one();
            return self.tell(asker, Ok(clip));
        }
        let all: usize = self.askers.values().map(Vec::len).sum();
        let same_tenant = self
            .askers
            .iter()
            .filter(|(other, _)| other.tenant() == wanted.tenant());
        let of_tenant: usize = same_tenant.map(|(_, askers)| askers.len()).sum();
        if all >= WAITING || of_tenant >= WAITING_OF_TENANT {
            self.figures.dropped.one();
            return self.tell(asker, Err(M::BUSY.to_owned()));
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
        while self.making.len() < self.limits.at_once
            && let Some((wanted, since)) = self.waiting.pop_front()
        {
            if since.elapsed() > self.limits.time {
                self.made(&wanted, Err(M::BUSY.to_owned()));
                continue;
            }
            let (maker, time) = (self.maker.clone(), self.limits.time);
            self.making.spawn(async move {
                let sound = make(&*maker, &*wanted, time).await;
                (wanted, sound)
            });
        }
    }

    fn made(&mut self, wanted: &Arc<W>, sound: Result<(Arc<Clip>, Option<Duration>), String>) {
        match &sound {
            Ok((clip, fresh)) => {
                let until = fresh.map(|fresh| Instant::now() + fresh);
                self.cache.put(wanted, clip, until);
            }
            Err(_) => self.figures.failed.one(),
        }
        let sound = sound.map(|(clip, _)| clip);
        for asker in self.askers.remove(wanted).unwrap_or_default() {
            self.tell(asker, sound.clone());
        }
    }

    fn tell(&self, (shard, query): Asker, sound: Sound) {
        answer(&self.inboxes[shard], move |inbox| inbox.spoken(query, &sound));
    }
}

async fn make<W: Wanted, M: Maker<W>>(
    maker: &M,
    wanted: &W,
    time: Duration,
) -> Result<(Arc<Clip>, Option<Duration>), String> {
    let made = tokio::time::timeout(time, maker.make(wanted)).await;
    let Made { file, fresh } = made.unwrap_or_else(|_| Err(M::late(time)))?;
    // Milliseconds a second of sound: other sounds must not wait for it.
    let decoded = tokio::task::spawn_blocking(move || clip(&file)).await;
    let clip = decoded.unwrap_or_else(|_| Err("what came as its sound broke the decoder".to_owned()))?;
    Ok((clip, fresh))
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
