//! Recordings on their way to an object store. A recording is kept once it is durable on this disk, and told so; then it lies
//! in a folder of its tenant's below `to-send`, and a thread here sends it and removes it. That folder is the queue: nothing is
//! remembered elsewhere, so a process killed at any point finds at its next start what the store may not have, and sends it
//! under the same name, which makes it one object however often it was sent.
//!
//! A store that is down, slow or refuses delays nobody: calls and recordings never wait for this thread. At most
//! [`AT_ONCE`] files are on their way, each a part of [`upload::PART`] bytes in memory; each request has a limit of time. After
//! a failure nothing is sent for a second, doubling up to a minute. One warning is written when an outage begins, one line
//! when it is over. When more waits than the configuration allows, new recordings are refused.
//!
//! Not here: which file is next, and when ([`schedule`]); how one is sent ([`upload`]); the store's requests ([`s3`]).

mod config;
mod remote;
mod s3;
mod schedule;
mod upload;
mod web;

pub use config::StoreConfig;
pub(super) use remote::Remote;

use super::places::{Places, tenants};
use super::{PART, RecordingFigures};
use crate::async_thread::{self, AsyncThread};
use crate::start_error::StartError;
use object_store::ObjectStore;
use schedule::{Next, Outage, Schedule, Went};
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use upload::NotSent;

/// Recordings sent at the same time.
const AT_ONCE: usize = 4;
/// Recordings that may wait, however small.
const WAITING_MAX: u64 = 100_000;
/// Names that are held in memory; the folder is read again when they are through.
const LISTED: usize = 4_096;
/// How long a node that stops goes on sending, while the store takes it.
const GOODBYE: Duration = Duration::from_secs(5);

/// A kept recording on this disk, to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Parcel {
    file: PathBuf,
    tenant: String,
    bytes: u64,
}

/// What waits, as everybody sees it.
pub(super) struct Waiting {
    files: AtomicU64,
    bytes: AtomicU64,
    bytes_max: u64,
    /// There may be something new in the folder.
    new: Notify,
    closing: AtomicBool,
    /// Whether it was said that there is no room.
    said_full: AtomicBool,
    figures: Arc<RecordingFigures>,
}

impl Waiting {
    /// Counts a recording that is kept, and wakes whoever sends.
    pub(super) fn add(&self, bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.publish();
        self.new.notify_one();
    }

    /// Whether another recording may begin. What runs already is kept whatever waits, so the disk may get that much more.
    pub(super) fn has_room(&self) -> bool {
        let (files, bytes) = (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        let room = files < WAITING_MAX && bytes < self.bytes_max;
        if !room && !self.said_full.swap(true, Ordering::Relaxed) {
            tracing::error!(
                files,
                mib = bytes >> 20,
                "recordings are refused: too much waits to be sent; see to the store, or raise [recordings] waiting_mib"
            );
        }
        room
    }

    /// One is not here any more.
    fn less(&self, bytes: u64) {
        let less = |of: &AtomicU64, by: u64| {
            // A file that somebody put here by hand was not counted.
            let _ = of.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(now.saturating_sub(by)));
        };
        less(&self.files, 1);
        less(&self.bytes, bytes);
        self.publish();
        if self.bytes.load(Ordering::Relaxed) < self.bytes_max {
            self.said_full.store(false, Ordering::Relaxed);
        }
    }

    fn publish(&self) {
        self.figures.waiting.set(self.files.load(Ordering::Relaxed));
        self.figures.waiting_bytes.set(self.bytes.load(Ordering::Relaxed));
    }
}

/// A store, and how it is used.
pub(crate) struct Setup {
    store: Arc<dyn ObjectStore>,
    /// What all names in it begin with.
    prefix: object_store::path::Path,
    /// The store in sentences; it holds no secret.
    name: String,
    /// How much may wait on this disk.
    bytes_max: u64,
    /// How long each request may take.
    time: Duration,
    schedule: Schedule,
}

impl Setup {
    /// The store that a configuration names.
    pub(crate) fn new(config: &StoreConfig) -> Result<Self, StartError> {
        Ok(Self {
            store: s3::open(config)?,
            prefix: config.prefix.clone(),
            name: config.to_string(),
            bytes_max: config.waiting_bytes,
            time: upload::REQUEST_TIME,
            schedule: Schedule::default(),
        })
    }
}

/// The thread that sends; dropping this lets it send what waits for a few seconds, if the store takes it, and joins it.
pub(super) struct Sender {
    waiting: Arc<Waiting>,
    thread: AsyncThread,
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.waiting.closing.store(true, Ordering::Relaxed);
        self.waiting.new.notify_one();
        self.thread.wait();
    }
}

/// Counts what lies there and starts sending it.
pub(super) fn start(
    setup: Setup,
    places: &Places,
    figures: Arc<RecordingFigures>,
) -> io::Result<(Sender, Arc<Waiting>)> {
    let waiting = Arc::new(Waiting {
        files: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
        bytes_max: setup.bytes_max,
        new: Notify::new(),
        closing: AtomicBool::new(false),
        said_full: AtomicBool::new(false),
        figures: figures.clone(),
    });
    let found = complete_in(&places.to_send())?;
    for (parcel, _) in &found {
        waiting.add(parcel.bytes);
    }
    if !found.is_empty() {
        tracing::info!(
            recordings = found.len(),
            store = setup.name,
            "recordings wait to be sent"
        );
    }
    let work = Work {
        setup,
        to_send: places.to_send(),
        waiting: waiting.clone(),
        figures,
        known: HashSet::new(),
        on_the_way: JoinSet::new(),
    };
    let thread = async_thread::start("recordings-send", work.run())?;
    let sender = Sender {
        waiting: waiting.clone(),
        thread,
    };
    Ok((sender, waiting))
}

/// How many recordings lie there.
pub(super) fn count(places: &Places) -> io::Result<usize> {
    Ok(complete_in(&places.to_send())?.len())
}

/// What came of a parcel.
type Sent = (Parcel, Result<(), NotSent>);

/// What the sending thread owns.
struct Work {
    setup: Setup,
    to_send: PathBuf,
    waiting: Arc<Waiting>,
    figures: Arc<RecordingFigures>,
    /// In the schedule, or on their way.
    known: HashSet<PathBuf>,
    on_the_way: JoinSet<Sent>,
}

impl Work {
    async fn run(mut self) {
        // At the start there may be something from before.
        let (mut look, mut end) = (true, None);
        loop {
            let now = Instant::now();
            if look && self.setup.schedule.is_short(AT_ONCE) {
                look = self.look().await;
            }
            let wait = self.begin(now);
            if self.waiting.closing.load(Ordering::Relaxed) {
                let end = *end.get_or_insert(now + GOODBYE);
                let nothing = self.on_the_way.is_empty() && !look && wait == Next::Nothing;
                if nothing || self.setup.schedule.is_down() || now >= end {
                    return;
                }
            }
            let until = match wait {
                Next::At(at) => Some(at),
                _ => None,
            };
            let until = [until, end].into_iter().flatten().min();
            tokio::select! {
                Some(sent) = self.on_the_way.join_next() => {
                    // A panic of a task was printed; what it sent is found again at the next start.
                    if let Ok(sent) = sent {
                        self.went(sent);
                    }
                }
                () = self.waiting.new.notified() => look = true,
                () = sleep_until(until) => {}
            }
        }
    }

    /// Lists what is new in the folder; whether there may be more.
    async fn look(&mut self) -> bool {
        let folder = self.to_send.clone();
        let found = tokio::task::spawn_blocking(move || complete_in(&folder)).await;
        let mut found = match found {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::error!(%error, "the folder of recordings that wait cannot be read");
                return false;
            }
            // The runtime ends.
            Err(_) => return false,
        };
        found.retain(|(parcel, _)| !self.known.contains(&parcel.file));
        // The oldest first.
        found.sort_by(|a, b| (a.1, &a.0.file).cmp(&(b.1, &b.0.file)));
        let more = found.len() > LISTED;
        for (parcel, _) in found.into_iter().take(LISTED) {
            self.known.insert(parcel.file.clone());
            self.setup.schedule.add(parcel);
        }
        more
    }

    /// Sends what may be sent now; what to wait for.
    fn begin(&mut self, now: Instant) -> Next {
        loop {
            let next = self.setup.schedule.next(now, self.on_the_way.len(), AT_ONCE);
            let Next::Send(parcel) = next else {
                return next;
            };
            let (store, time) = (self.setup.store.clone(), self.setup.time);
            let to = name(&self.setup.prefix, &parcel);
            self.on_the_way.spawn(async move {
                let sent = upload::send(store.as_ref(), &to, &parcel.file, time).await;
                (parcel, sent)
            });
        }
    }

    fn went(&mut self, (parcel, sent): Sent) {
        let recording = parcel
            .file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let store = &self.setup.name;
        let (went, why) = match sent {
            Ok(()) => {
                self.figures.sent.one();
                self.known.remove(&parcel.file);
                self.waiting.less(parcel.bytes);
                (Went::Sent, String::new())
            }
            Err(NotSent::Gone) => {
                tracing::warn!(recording, "a recording was removed before it was sent");
                self.known.remove(&parcel.file);
                self.waiting.less(parcel.bytes);
                return;
            }
            Err(NotSent::File(why)) => {
                self.figures.not_sent.one();
                (Went::Unreadable, why.to_string())
            }
            Err(why) => {
                self.figures.not_sent.one();
                (Went::Refused, why.to_string())
            }
        };
        match self.setup.schedule.went(Instant::now(), parcel, went) {
            Outage::Begins => tracing::warn!(
                recording,
                store,
                why,
                "the store does not take recordings; they wait on this disk and are sent when it does"
            ),
            Outage::Over => tracing::info!(store, "the store takes recordings again"),
            Outage::OfOne => tracing::error!(
                recording,
                why,
                "a recording cannot be read to be sent; it is tried again"
            ),
            Outage::Same => {}
        }
    }
}

/// The name of a recording in the store: tenants are the first key.
fn name(prefix: &object_store::path::Path, parcel: &Parcel) -> object_store::path::Path {
    let file = parcel.file.file_name().unwrap_or_default().to_string_lossy();
    name_of(prefix, &parcel.tenant, &file)
}

fn name_of(prefix: &object_store::path::Path, tenant: &str, file: &str) -> object_store::path::Path {
    prefix.clone().join(tenant).join(file)
}

/// The recordings that lie in the folders of tenants complete, with the time of their last change.
fn complete_in(to_send: &Path) -> io::Result<Vec<(Parcel, SystemTime)>> {
    let mut found = Vec::new();
    for (tenant, folder) in tenants(to_send)? {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let file = entry.path();
            let name = entry.file_name();
            let complete = name.to_string_lossy().starts_with("rec_")
                && file.extension().is_some_and(|extension| extension != PART);
            // One that was sent a moment ago is gone.
            if let (true, Ok(metadata)) = (complete, entry.metadata()) {
                let parcel = Parcel {
                    file,
                    tenant: tenant.clone(),
                    bytes: metadata.len(),
                };
                found.push((parcel, metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH)));
            }
        }
    }
    Ok(found)
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
