//! `patchcord serve`: a node from a configuration file, until a signal ends it. SIGTERM or SIGINT lets calls finish until
//! the drain's deadline; a second one ends them at once. SIGHUP reads the file again.

use crate::config::{Config, waits_for_restart};
use crate::node::Node;
use crate::{log, programs};
use anyhow::{Context, Result, anyhow, bail};
use patchcord_control::ledger::Ledger;
use patchcord_control::route::Routes;
use patchcord_guest::{ModuleKind, Runtime};
use patchcord_switch::{Candidate, Directory, Sink};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Reads a configuration file and serves until a signal; another database takes the place of the one in the file.
///
/// # Errors
/// One sentence: what is wrong and where, could not be loaded, bound or opened. Then nothing is left running.
pub fn serve_file(file: &Path, database: Option<&str>) -> Result<()> {
    let mut served = Served::read(file, database)?;
    let config = &served.config;
    log::init(config.log_format, config.log_level);
    let signals = Signals::catch()?;
    let runtime = Runtime::new(config.node.runtime()).map_err(|why| anyhow!("the wasm engine cannot start: {why}"))?;
    let ledger = config.calling.ledger(Instant::now(), into_day());
    let mut directory = directory(&runtime, config, ledger)?;
    let node = Node::start(config.node.clone(), runtime)?;
    // Ends after the node, with the last of its calls.
    let telemetry = config
        .node
        .telemetry
        .as_ref()
        .map(|to| node.send_traces(to))
        .transpose()?;
    node.set_directory(directory.clone());
    announce(&node);
    while signals.wait() == Wanted::Reload {
        match served.read_again((file, database), &node, &directory) {
            Ok(now) => directory = now,
            Err(why) => tracing::error!(
                why = format!("{why:#}"),
                "the configuration is not taken over; all stays as it was"
            ),
        }
    }
    let drain = served.config.drain;
    tracing::info!(
        calls = node.calls(),
        seconds = drain.as_secs(),
        "draining: no new calls; a second signal ends all"
    );
    let ended = node.drain(Instant::now() + drain, || signals.count() > 1);
    drop(node);
    drop(telemetry);
    tracing::info!(ended, "stopped");
    Ok(())
}

/// A configuration that is served, and the text it was read from.
struct Served {
    config: Config,
    text: String,
}

impl Served {
    fn read(file: &Path, database: Option<&str>) -> Result<Self> {
        let text = Config::text(file)?;
        let mut config = Config::parse(file, &text)?;
        if let Some(url) = database {
            let api = config.node.api.as_mut();
            let api =
                api.with_context(|| format!("a database is of no use without [api] listen in {}", file.display()))?;
            api.database.url = url.to_owned();
        }
        Ok(Self { config, text })
    }

    /// Takes over handlers, routes, users and trunks as the file has them now. Calls that run go on with what they began with, and the
    /// books of what was spent go on.
    fn read_again(
        &mut self,
        (file, database): (&Path, Option<&str>),
        node: &Node,
        before: &Directory,
    ) -> Result<Directory> {
        let mut now = Self::read(file, database)?;
        // Whoever is told has threads and queues from the start, and so have journals.
        now.config.subscriptions.clone_from(&self.config.subscriptions);
        now.config.event_sinks.clone_from(&self.config.event_sinks);
        now.config.node.journals.clone_from(&self.config.node.journals);
        let ledger = before.ledger().context("a node that serves has books")?;
        let ledger = now.config.calling.renewed(ledger);
        let directory = directory(node.runtime(), &now.config, ledger)?;
        node.reload(&now.config.node)?;
        node.set_directory(directory.clone());
        let waiting = waits_for_restart(&self.text, &now.text);
        if !waiting.is_empty() {
            tracing::warn!(
                sections = waiting.join(", "),
                "these have changed and count after a restart"
            );
        }
        let config = &now.config;
        tracing::info!(
            handlers = config.handlers.len(),
            routes = config.routes.len(),
            users = config.calling.gate.users.len(),
            trunks = config.node.trunks.len(),
            "the configuration was read again"
        );
        // What waits for a restart waits when it is read once more, too.
        let text = std::mem::take(&mut self.text);
        *self = Self { text, ..now };
        Ok(directory)
    }
}

/// Loads every handler, each module once per name.
fn directory(runtime: &Runtime, config: &Config, ledger: Ledger) -> Result<Directory> {
    let load = |handler: &crate::config::Handler| {
        let program = programs::load(runtime, &handler.name, &handler.module, config.node.journals.as_ref())
            .with_context(|| format!("handler {:?}", handler.name))?;
        if program.module().kind() != ModuleKind::CallHandler {
            bail!(
                "handler {:?}: {} is an event sink",
                handler.name,
                handler.module.display()
            );
        }
        Ok((handler.tenant.clone(), program))
    };
    let programs = config.handlers.iter().map(load).collect::<Result<_>>()?;
    let tried = |handler: &crate::config::Handler| {
        let version = handler.candidate.as_ref()?;
        let program = programs::load(runtime, &handler.name, &version.module, config.node.journals.as_ref())
            .with_context(|| format!("the candidate of handler {:?}", handler.name));
        Some(program.map(|program| Candidate::new(handler.tenant.clone(), program, version.trial)))
    };
    let candidates = config.handlers.iter().filter_map(tried).collect::<Result<_>>()?;
    let directory = Directory::new(Routes::new(config.routes.clone()), programs, programs::announcement())
        .with_candidates(candidates)
        .with_users(config.calling.users.clone())
        .with_outgoing(config.calling.outgoing(ledger));
    let directory = directory
        .with_subscriptions(config.subscriptions.clone())
        .with_sinks(sinks(runtime, config)?);
    Ok(config.handlers.iter().fold(directory, |directory, handler| {
        directory.with_grants(&handler.tenant, &handler.name, handler.grants.clone())
    }))
}

/// Loads every event sink.
fn sinks(runtime: &Runtime, config: &Config) -> Result<Vec<Sink>> {
    let load = |sink: &crate::config::EventSink| {
        let program = programs::load(runtime, &sink.name, &sink.module, None);
        let program = program.with_context(|| format!("event sink {:?}", sink.name))?;
        if program.module().kind() != ModuleKind::EventSink {
            bail!(
                "event sink {:?}: {} is a call handler",
                sink.name,
                sink.module.display()
            );
        }
        Ok(Sink {
            tenant: sink.tenant.clone(),
            program,
            grants: Arc::new(sink.grants.clone()),
        })
    };
    config.event_sinks.iter().map(load).collect()
}

/// How long the day has lasted (UTC).
fn into_day() -> std::time::Duration {
    // A clock before 1970 is one that was never set.
    let since_1970 = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    std::time::Duration::from_secs(since_1970.as_secs() % 86_400)
}

/// Says on standard output where the node is; the line that starts with `ready` is for programs that wait for it.
fn announce(node: &Node) {
    let http = node
        .local_http()
        .map_or("none".to_owned(), |address| address.to_string());
    // Datagrams stand first, as `sip`; the doors for connections follow by their transports.
    let doors = node.doors().iter().skip(1);
    let doors: String = doors
        .map(|door| format!(" {}={}", door.transport.via().to_ascii_lowercase(), door.address))
        .collect();
    let api = node
        .local_api()
        .map_or_else(String::new, |address| format!(" api={address}"));
    let nodes = node
        .door_for_nodes()
        .map_or_else(String::new, |address| format!(" nodes={address}"));
    println!("ready sip={} http={http}{api}{doors}{nodes}", node.local_sip());
    tracing::info!(sip = %node.local_sip(), http, doors = doors.trim_start(), "ready");
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Stop,
    /// SIGHUP.
    Reload,
}

/// SIGTERM, SIGINT and SIGHUP, counted by a thread from the moment they are caught; dropping this ends the thread.
struct Signals {
    counts: Arc<Counts>,
    came: Receiver<()>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    stop: AtomicUsize,
    /// Those nobody has acted on.
    reload: AtomicUsize,
}

impl Signals {
    fn catch() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("signals cannot be waited for")?;
        let (mut terminate, mut interrupt, mut hang_up) = {
            let _inside = runtime.enter();
            let catch = |kind| signal(kind).context("signals cannot be caught");
            (
                catch(SignalKind::terminate())?,
                catch(SignalKind::interrupt())?,
                catch(SignalKind::hangup())?,
            )
        };
        // One place is enough: it says that something came, and the counts what.
        let (told, came) = sync_channel(1);
        let (stop, mut stopped) = oneshot::channel();
        let counts = Arc::new(Counts::default());
        let counted = counts.clone();
        let listen = async move {
            loop {
                let count = tokio::select! {
                    _ = terminate.recv() => &counted.stop,
                    _ = interrupt.recv() => &counted.stop,
                    _ = hang_up.recv() => &counted.reload,
                    // Either the word, or its sender is gone.
                    _ = &mut stopped => return,
                };
                count.fetch_add(1, Ordering::SeqCst);
                let _ = told.try_send(());
            }
        };
        let thread = std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(listen))
            .context("no thread could be started for signals")?;
        Ok(Self {
            counts,
            came,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The next that is asked for; several to read again are one.
    fn wait(&self) -> Wanted {
        // An error is the thread's end by a panic, printed when it happened: then it is time to stop, too.
        while self.came.recv().is_ok() {
            if self.count() > 0 {
                return Wanted::Stop;
            }
            if self.counts.reload.swap(0, Ordering::SeqCst) > 0 {
                return Wanted::Reload;
            }
        }
        Wanted::Stop
    }

    /// How often it was told to stop.
    fn count(&self) -> usize {
        self.counts.stop.load(Ordering::SeqCst)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}
