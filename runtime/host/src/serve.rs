//! `patchcord serve`: a node from a configuration file, until a signal ends it. SIGTERM or SIGINT lets calls finish until
//! the drain's deadline; a second one ends them at once.

use crate::config::Config;
use crate::node::Node;
use crate::{log, programs};
use anyhow::{Context, Result, anyhow, bail};
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
/// One sentence: what is wrong and where. Then nothing is left running.
pub fn serve_file(file: &Path, database: Option<&str>) -> Result<()> {
    let mut config = Config::read(file)?;
    if let Some(url) = database {
        let api = config.node.api.as_mut();
        let api = api.with_context(|| format!("a database is of no use without [api] listen in {}", file.display()))?;
        api.database.url = url.to_owned();
    }
    serve(config)
}

/// Serves until a signal.
///
/// # Errors
/// One sentence: what could not be loaded, bound or opened. Then nothing is left running.
pub fn serve(config: Config) -> Result<()> {
    log::init(config.log_format, config.log_level);
    let signals = Signals::catch()?;
    let runtime = Runtime::new(config.node.runtime()).map_err(|why| anyhow!("the wasm engine cannot start: {why}"))?;
    let directory = directory(&runtime, &config)?;
    let node = Node::start(config.node.clone(), runtime)?;
    node.set_directory(directory);
    announce(&node);
    signals.wait();
    tracing::info!(
        calls = node.calls(),
        seconds = config.drain.as_secs(),
        "draining: no new calls; a second signal ends all"
    );
    let ended = node.drain(Instant::now() + config.drain, || signals.count() > 1);
    drop(node);
    tracing::info!(ended, "stopped");
    Ok(())
}

/// Loads every handler, each module once per name.
fn directory(runtime: &Runtime, config: &Config) -> Result<Directory> {
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
        .with_outgoing(config.calling.outgoing(Instant::now(), into_day()));
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
    println!("ready sip={} http={http}{api}{doors}", node.local_sip());
    tracing::info!(sip = %node.local_sip(), http, doors = doors.trim_start(), "ready");
}

/// SIGTERM and SIGINT, counted by a thread from the moment they are caught; dropping this ends the thread.
struct Signals {
    count: Arc<AtomicUsize>,
    came: Receiver<()>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    fn catch() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("signals cannot be waited for")?;
        let (mut terminate, mut interrupt) = {
            let _inside = runtime.enter();
            let catch = |kind| signal(kind).context("signals cannot be caught");
            (catch(SignalKind::terminate())?, catch(SignalKind::interrupt())?)
        };
        // One place is enough: only the first signal is waited for, the others are counted.
        let (told, came) = sync_channel(1);
        let (stop, mut stopped) = oneshot::channel();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let listen = async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    // Either the word, or its sender is gone.
                    _ = &mut stopped => return,
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = told.try_send(());
            }
        };
        let thread = std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(listen))
            .context("no thread could be started for signals")?;
        Ok(Self {
            count,
            came,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    fn wait(&self) {
        // An error is the thread's end by a panic, printed when it happened: then it is time to stop, too.
        let _ = self.came.recv();
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
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
