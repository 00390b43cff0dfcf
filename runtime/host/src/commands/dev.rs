//! `patchcord dev`: a node on this machine that answers every number with one handler, builds it again when it is saved,
//! and shows each call as it happens. Running calls keep the version they began with.

mod builder;
mod office;
mod page;
mod ports;
mod saves;
mod view;

use super::terminal::{self, Paint};
use anyhow::{Context, Result};
use builder::{Builder, Source};
use office::Office;
use page::Page;
use patchcord_control::ids::Tenant;
use patchcord_control::route::{Pattern, Route, Routes};
use patchcord_control::stream_urls::{StreamAllow, StreamUrl};
use patchcord_guest::Runtime;
use patchcord_host::{BrowserDoor, Door, Ice, Node, NodeConfig, Seen, StartError, programs};
use patchcord_sip::Transport;
use patchcord_switch::{Directory, Program};
use ports::Use;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// What may wait to be shown. When it is full the watching thread waits, and the node drops and counts what it is then
/// too slow for; calls never wait.
const HAPPENED_QUEUE: usize = 256;
/// How many ports for audio `dev` takes unless told otherwise: room for 100 calls.
const MEDIA_PORTS: u16 = 200;
/// Where they begin, and where the last block that is tried ends.
const MEDIA_FIRST: u16 = 20_000;
const MEDIA_LAST: u16 = 29_999;
/// How often the end of the watching thread is looked for when all is over.
const REST_LOOK: Duration = Duration::from_millis(5);
/// Whose handler it is; there is only one in `dev`.
const TENANT: &str = "default";

/// Answers calls with a handler on this machine, builds it again on save, and shows each call as it happens.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every number on the SIP address leads to the handler. Call it with
  patchcord call sip:anything@127.0.0.1:5060 --keys 1
or with any SIP phone, no account needed. Phones may register as alice, bob and carol, with the password that is
printed, and be dialled by the handler as users of these names; calls to other SIP addresses are allowed too. The page
\"phone\" is a telephone in the browser, under whatever name you give it. A build that fails changes nothing: the last good version goes on.
Standard output has one line that begins with `ready` (sip=, http=, handler=, module=), then the calls. Ctrl-C ends.")]
pub(crate) struct Options {
    /// The handler's folder, or a finished .wasm file
    #[arg(default_value = ".")]
    what: PathBuf,
    /// Address for SIP over UDP [default: 127.0.0.1:5060, or the next free port]
    #[arg(long, value_name = "ADDRESS")]
    sip: Option<SocketAddr>,
    /// Address for metrics and health [default: 127.0.0.1:9060, or the next free port]
    #[arg(long, value_name = "ADDRESS")]
    http: Option<SocketAddr>,
    /// Address for the pages that show calls, and the API [default: 127.0.0.1:8080, or the next free port]
    #[arg(long, value_name = "ADDRESS")]
    api: Option<SocketAddr>,
    /// Show the calls in the browser
    #[arg(long)]
    open: bool,
    /// Ports for audio, two for each call [default: 20000-20199, or the next free ones]
    #[arg(long, value_name = "FIRST-LAST", value_parser = ports::parse_range)]
    media_ports: Option<(u16, u16)>,
    /// WebSocket server that the handler may stream calls to; give it again for each [default: none]
    #[arg(long, value_name = "URL", value_parser = StreamUrl::parse)]
    stream_to: Vec<StreamUrl>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let source = Source::of(&options.what)?;
    let sip = ports::choose(Use::Sip, options.sip, ports::USUAL_SIP)?;
    let http = ports::choose(Use::Http, options.http, ports::USUAL_HTTP)?;
    let api = ports::choose(Use::Api, options.api, ports::USUAL_API)?;
    for (what, choice) in [("SIP", sip), ("HTTP", http), ("API", api)] {
        if let Some(usual) = choice.instead_of {
            terminal::step(&format!(
                "{what} port {usual} is in use, taking {} instead",
                choice.address.port()
            ));
        }
    }
    let mut config = NodeConfig::local(sip.address, MEDIA_FIRST..=MEDIA_LAST);
    let_browsers_in(&mut config, api.address.ip());
    config.http = Some(http.address);
    config.streams.allow = StreamAllow::new(options.stream_to.clone());
    let recordings = source.recordings(sip.address.port());
    config.recordings = Some(recordings.clone());
    let journals = source.journals();
    config.journals = Some(journals.clone());
    config.traces = Some(source.traces());
    let (page, served) = Page::new(api.address, &source.database(sip.address.port()))?;
    config.api = Some(served);
    let mut random = [0; 6];
    getrandom::fill(&mut random).map_err(|why| anyhow::anyhow!("the system gives no random bytes: {why}"))?;
    let office = Office::at(sip.address.ip(), TENANT, random);
    config.gate = Some(office.gate());
    let runtime = Runtime::new(config.runtime())
        .map_err(anyhow::Error::msg)
        .context("the wasm engine cannot start")?;
    let first = source.program(&runtime)?;
    let node = start(&config, options.media_ports, &runtime)?;
    node.set_directory(directory(first.clone(), &office));
    let page = match node.local_api() {
        Some(address) => page.at(address),
        None => page,
    };
    announce(&node, &first, &office, &page);
    terminal::say(&format!(
        "{}  in {}",
        Paint::stdout().bold("record"),
        recordings.display()
    ));
    terminal::say(&format!(
        "{}  patchcord replay <call-id> --folder {}",
        Paint::stdout().bold("replay"),
        journals.folder.display()
    ));
    let (happened, mut to_show) = channel(HAPPENED_QUEUE);
    let watcher = forward(&node, happened.clone())?;
    let builder = Builder::start(source, runtime, happened)?;
    if options.open
        && let Err(why) = page.open()
    {
        terminal::error(&format!("{why:#}"));
    }
    let shown = show(&node, first, (&office, &page), &mut to_show);
    terminal::step("ending: calls are hung up");
    node.drain(Instant::now(), || true);
    // The node's end closes the watched queue, and so ends the thread that reads it.
    drop(node);
    show_the_rest(&watcher, to_show);
    builder.stop();
    // A panic of the thread was printed when it happened.
    let _ = watcher.join();
    shown.map(|()| ExitCode::SUCCESS)
}

/// Shows what the calls that were just ended left: their end records. Dropping the queue frees a builder that waits.
fn show_the_rest(watcher: &JoinHandle<()>, mut to_show: Receiver<Happened>) {
    loop {
        // Looked at first: what the thread sent before its end is found below.
        let is_finished = watcher.is_finished();
        while let Ok(happened) = to_show.try_recv() {
            if let Happened::Seen(seen) = happened {
                terminal::say(&view::line(&seen, Paint::stdout()));
            }
        }
        if is_finished {
            return;
        }
        std::thread::sleep(REST_LOOK);
    }
}

/// Something to tell the developer.
enum Happened {
    /// In a call.
    Seen(Box<Seen>),
    /// Something was saved; a build has begun.
    Saved,
    /// It was built, or the reason why not.
    Built(Result<Arc<Program>>),
}

/// The doors of the telephone in the page: wherever the page is, on ports that nobody has to know.
fn let_browsers_in(config: &mut NodeConfig, page: IpAddr) {
    config.sip.doors.push(Door {
        transport: Transport::Ws,
        listen: SocketAddr::new(page, 0),
        advertise: None,
    });
    config.media.browsers = Some(BrowserDoor {
        port: 0,
        ice: Ice::Lite,
    });
}

/// Starts the node on the audio ports asked for, or on the first free block.
fn start(config: &NodeConfig, asked: Option<(u16, u16)>, runtime: &Runtime) -> Result<Node> {
    let begin = |first: u16, last: u16| {
        let mut config = config.clone();
        config.media.ports = first..=last;
        Node::start(config, runtime.clone())
    };
    if let Some((first, last)) = asked {
        return begin(first, last).map_err(|why| explain(why, first, last));
    }
    for first in (MEDIA_FIRST..MEDIA_LAST).step_by(usize::from(MEDIA_PORTS)) {
        let last = first + MEDIA_PORTS - 1;
        match begin(first, last) {
            Err(why) if why.is_port_in_use() && matches!(why, StartError::MediaPort { .. }) => {}
            started => return started.map_err(|why| explain(why, first, last)),
        }
    }
    anyhow::bail!(
        "no {MEDIA_PORTS} ports in a row are free for audio between {MEDIA_FIRST} and {MEDIA_LAST}; name some with --media-ports"
    )
}

/// The options of `dev` in place of the configuration's keys.
fn explain(why: StartError, first: u16, last: u16) -> anyhow::Error {
    match why {
        StartError::MediaPort { address, why } => {
            anyhow::anyhow!(
                "the audio port {address} of {first}-{last} cannot be used: {why}; name others with --media-ports"
            )
        }
        StartError::NoMediaPorts { .. } => {
            anyhow::anyhow!(
                "the audio ports {first}-{last} hold no pair of an even port and the next; name others with --media-ports"
            )
        }
        StartError::Sip { address, why } => {
            anyhow::anyhow!("the SIP address {address} cannot be used: {why}; name another with --sip")
        }
        StartError::Api { address, why } => {
            anyhow::anyhow!("the address {address} for the API cannot be used: {why}; name another with --api")
        }
        StartError::Http { address, why } => {
            anyhow::anyhow!("the address {address} for metrics cannot be used: {why}; name another with --http")
        }
        other => other.into(),
    }
}

/// Every number leads to this version.
fn directory(program: Arc<Program>, office: &Office) -> Directory {
    let tenant = Tenant(TENANT.to_owned());
    let route = Route::new(Pattern::Any, tenant.clone(), program.name());
    Directory::new(
        Routes::new(vec![route]),
        vec![(tenant, program)],
        programs::announcement(),
    )
    .with_users(office.users())
    .with_outgoing(office.outgoing())
}

/// The line for programs that wait, then words for people.
fn announce(node: &Node, program: &Program, office: &Office, page: &Page) {
    let paint = Paint::stdout();
    let sip = node.local_sip();
    let http = node
        .local_http()
        .map_or_else(|| "none".to_owned(), |address| address.to_string());
    let name = program.name();
    terminal::say(&format!(
        "ready sip={sip} http={http} api={} handler={name} module={}",
        page.address(),
        program.module().hash()
    ));
    terminal::say(&format!(
        "{}  sip:{name}@{sip}  (every number leads to {name})",
        paint.bold("call")
    ));
    terminal::say(&format!(
        "      {}",
        paint.dim(format!("patchcord call sip:{name}@{sip} --keys 1"))
    ));
    terminal::say(&format!(
        "{} as {}, password {}, at {sip}; the handler dials them by these names",
        paint.bold("register"),
        office::USERS.join(", "),
        office.password
    ));
    terminal::say(&format!(
        "{}  http://{http}/metrics  http://{http}/health",
        paint.bold("look")
    ));
    terminal::say(&format!("{}  {}", paint.bold("page"), page.link()));
    terminal::say(&format!("{}  {}", paint.bold("phone"), page.phone()));
}

/// Moves what the node tells to the terminal's queue, on a thread of its own.
fn forward(node: &Node, happened: Sender<Happened>) -> Result<JoinHandle<()>> {
    let seen = node.watch();
    std::thread::Builder::new()
        .name("watch".to_owned())
        .spawn(move || {
            for seen in seen {
                if happened.blocking_send(Happened::Seen(Box::new(seen))).is_err() {
                    return;
                }
            }
        })
        .context("no thread could be started to watch calls")
}

/// Shows what happens until a signal says to stop.
fn show(
    node: &Node,
    first: Arc<Program>,
    (office, page): (&Office, &Page),
    happened: &mut Receiver<Happened>,
) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("signals cannot be waited for")?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).context("Ctrl-C cannot be caught")?;
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
        let mut current = first;
        loop {
            tokio::select! {
                _ = interrupt.recv() => return Ok(()),
                _ = terminate.recv() => return Ok(()),
                next = happened.recv() => match next {
                    Some(happened) => tell(node, &mut current, (office, page), happened),
                    None => return Ok(()),
                },
            }
        }
    })
}

fn tell(node: &Node, current: &mut Arc<Program>, (office, page): (&Office, &Page), happened: Happened) {
    let paint = Paint::stdout();
    match happened {
        Happened::Seen(seen) => {
            terminal::say(&view::line(&seen, paint));
            if let Some(call) = view::started(&seen) {
                terminal::say(&paint.dim(format!("  {}", page.of(call))));
            }
        }
        Happened::Saved => terminal::step("saved, building again"),
        Happened::Built(Err(why)) => {
            terminal::error(&format!("{why:#}"));
            terminal::step("the version before goes on answering calls");
        }
        Happened::Built(Ok(program)) if program.module().hash() == current.module().hash() => {
            terminal::step("the module is the same as before");
        }
        Happened::Built(Ok(program)) => {
            *current = program.clone();
            let hash = program.module().hash().to_owned();
            node.set_directory(directory(program, office));
            terminal::say(&format!("version module={hash}"));
            terminal::step("new calls get the new version; running ones keep theirs");
        }
    }
}

#[cfg(test)]
mod tests;
