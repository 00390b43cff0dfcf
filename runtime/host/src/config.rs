//! The configuration file of `patchcord serve`: from TOML to what a node is made from. A key that is not known is an
//! error; so is every value that could not work. Not the defaults of a call's own limits: those are the crates'.
//!
//! ```toml
//! [sip]
//! listen = "203.0.113.5:5060"      # or "0.0.0.0:5060" with advertise; or a list, one IPv4 and one IPv6 for instance
//! tcp = "203.0.113.5:5060"         # the same for tls, ws and wss
//! tls = "203.0.113.5:5061"
//! certificate = "chain.pem"        # with key, for tls and wss; loaded again when they change
//! key = "key.pem"
//! [[handler]]
//! name = "menu"
//! module = "menu.wasm"
//! [[route]]
//! to = "*"                         # or the user part of the called address
//! handler = "menu"
//! fallback = [{ handler = "plain", on = ["trap", "budget"] }]   # who has the call if it breaks; without `on` for all
//! ```

mod api;
mod calling;
mod changed;
mod check;
mod cluster;
mod database;
mod identity;
mod journal;
mod media;
mod phones;
mod provider;
mod reader;
mod receivers;
mod recognition;
mod recordings;
mod secrets;
mod sip;
mod speech;
mod store;
mod telemetry;
mod tenancy;
mod trunks;
mod turn;
mod web_files;
mod web_requests;

pub use calling::Calling;
pub(crate) use changed::waits_for_restart;
pub use reader::ConfigError;
pub use receivers::EventSink;

use crate::api::ApiConfig;
use crate::log::Format;
use crate::node::{NodeConfig, Streams};
use crate::records::RecordsTo;
use crate::telling::TellingConfig;
use crate::trace::store::TraceFolder;
use check::Placed;
use patchcord_control::call::Trace;
use patchcord_control::events::Subscription;
use patchcord_control::grants::Grants;
use patchcord_control::ids::Tenant;
use patchcord_control::route::{FALLBACKS_MAX, Fallback, Pattern, Route};
use patchcord_control::stream_urls::{StreamAllow, StreamUrl};
use patchcord_control::words::Breakage;
use patchcord_switch::{TakeOut, Trial};
use reader::{Source, Table};
use receivers::Receivers;
use secrets::Secrets;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tracing::level_filters::LevelFilter;

/// What stands at the top of a file.
const SECTIONS: &[&str] = &[
    "sip",
    "dns",
    "http",
    "media",
    "turn",
    "records",
    "recordings",
    "speech",
    "web_files",
    "recognition",
    "store",
    "web_requests",
    "secret",
    "streams",
    "trace",
    "journal",
    "limits",
    "log",
    "handler",
    "route",
    "gate",
    "identity",
    "registration",
    "user",
    "trunk",
    "tenant",
    "tenants",
    "telemetry",
    "api",
    "api_key",
    "database",
    "cluster",
    "outbound",
    "caller_ids",
    "webhook",
    "event_sink",
];
/// Threads of a kind at most.
const THREADS_MAX: u64 = 64;
/// Calls of one node at most: as many as there are port pairs.
const CALLS_MAX: u64 = 32_767;
/// Calls at the same time where nothing is said and there are ports enough.
const CALLS: usize = 1_000;
/// Linear memory of an instance at most: what 32-bit wasm can have.
const MEMORY_MIB_MAX: u64 = 4_096;
/// A handler may compute at most so long at a time; other calls wait meanwhile.
const TURN_CPU_MS_MAX: u64 = 10_000;
/// The longest time-out that can be asked for: a day.
const SECONDS_MAX: u64 = 86_400;
/// Traces kept at most: a folder of more is no longer looked through by hand.
const TRACES_MAX: u64 = 1_000_000;
/// Space for traces at most: a tebibyte.
const TRACE_MIB_MAX: u64 = 1_048_576;
/// How long calls may go on once the node is to stop, where nothing is said.
const DRAIN: Duration = Duration::from_secs(60);
/// Whose calls they are where nothing is said.
const TENANT: &str = "default";

/// A handler to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub tenant: Tenant,
    /// Its module's file.
    pub module: PathBuf,
    /// A version that is tried.
    pub candidate: Option<Version>,
    /// What it is granted.
    pub grants: Grants,
}

/// A version of a handler that is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its module's file.
    pub module: PathBuf,
    /// How.
    pub trial: Trial,
}

/// What the file says.
#[derive(Debug, Clone)]
pub struct Config {
    /// What the node is made from.
    pub node: NodeConfig,
    /// Who may call in, and what may be called.
    pub calling: Calling,
    /// What it runs.
    pub handlers: Vec<Handler>,
    /// Who gets which call, in order.
    pub routes: Vec<Route>,
    /// Components that are told what happens.
    pub event_sinks: Vec<EventSink>,
    /// Who is told, and of what.
    pub subscriptions: Vec<Subscription>,
    /// How long calls may go on once the node is to stop.
    pub drain: Duration,
    /// How the log looks.
    pub log_format: Format,
    /// What is logged.
    pub log_level: LevelFilter,
}

impl Config {
    /// Reads a file. Relative paths in it start at its folder.
    ///
    /// # Errors
    /// One sentence: where, which key, what would be right.
    pub fn read(file: &Path) -> Result<Config, ConfigError> {
        Config::parse(file, &Config::text(file)?)
    }

    /// The text of a file.
    pub(crate) fn text(file: &Path) -> Result<String, ConfigError> {
        std::fs::read_to_string(file).map_err(|why| ConfigError::unreadable(file, &why))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// One sentence: where, which key, what would be right.
    pub fn parse(file: &Path, text: &str) -> Result<Config, ConfigError> {
        let source = Source { file, text };
        let document = source.document()?;
        let root = source.root(&document, SECTIONS)?;
        let sip_table = root.section("sip", &[sip::KEYS, phones::SIP_KEYS].concat())?;
        let sip = sip::read(&sip_table, file)?;
        let (log_format, log_level) = log(&root.section("log", &["format", "level"])?)?;
        let media = root.section("media", media::KEYS)?;
        let limits = root.section("limits", &["calls", "memory_mib", "turn_cpu_ms", "call_s", "drain_s"])?;
        let identity = identity::read(&root.section("identity", identity::KEYS)?, file)?;
        let records = records(&root.section("records", &["cdr"])?, file)?;
        let recordings = root.section("recordings", recordings::KEYS)?;
        let (recordings, recording_store) = recordings::read(&recordings, &records, file)?;
        let mut node = NodeConfig {
            shards: sip.threads,
            media: media::read(&media, &root.section("turn", turn::KEYS)?, &sip.sip)?,
            sip: sip.sip,
            dns: address(&root, "dns", "server")?,
            http: address(&root, "http", "listen")?,
            api: api::read(&root, file)?,
            cluster: cluster::read(&root, file)?,
            recordings: Some(recordings),
            recording_store,
            records,
            speech: speech::read(&root.section("speech", speech::KEYS)?, file)?,
            web_files: web_files::read(&root.section("web_files", web_files::KEYS)?, file)?,
            recognition: recognition::read(&root.section("recognition", recognition::KEYS)?, file)?,
            store: store::read(&root.section("store", store::KEYS)?, file)?,
            web_requests: web_requests::read(&root.section("web_requests", web_requests::KEYS)?, file)?,
            telling: TellingConfig::default(),
            telemetry: telemetry::read(&root.section("telemetry", telemetry::KEYS)?)?,
            streams: streams(&root.section("streams", &["allow", "roots"])?, file)?,
            calls: CALLS,
            instance: instance(&limits)?,
            tenancy: Arc::new(tenancy::read(&root, &instance(&limits)?)?),
            call: call(&limits)?,
            trace: Trace::Off,
            traces: traces(&root.section("trace", &["folder", "keep", "mib"])?, file)?,
            journals: journal::read(&root.section("journal", journal::KEYS)?, file)?,
            gate: None,
            registrar: patchcord_sip::RegistrarConfig::default(),
            domain: None,
            identity: identity.config,
            identity_servers: identity.servers,
            trunks: Vec::new(),
        };
        node.calls = check::calls(&node, &limits)?;
        let secrets = Secrets::read(&root)?;
        let (handlers, routes) = (handlers(&root, file, &secrets)?, routes(&root)?);
        check::routes_lead_somewhere(&root, (&handlers, &routes), node.api.is_some())?;
        check::caller_ids(&root, &handlers, node.api.as_mut())?;
        let receivers = Receivers::read(&root, file, &secrets, &handlers)?;
        node.telling = receivers.telling;
        let tenants = tenants(&handlers, node.api.as_ref());
        let calling = calling::read(&root, &sip_table, &node, &tenants)?;
        (node.gate, node.registrar) = (Some(calling.gate.clone()), calling.registrar.clone());
        node.domain.clone_from(&calling.domain);
        node.trunks = calling.trunks();
        Ok(Config {
            subscriptions: [api::readers(node.api.as_ref()), receivers.subscriptions].concat(),
            node,
            calling,
            handlers: handlers.into_iter().map(|placed| placed.value).collect(),
            routes: routes.into_iter().map(|placed| placed.value).collect(),
            event_sinks: receivers.sinks,
            drain: limits.seconds("drain_s", 0..=SECONDS_MAX)?.unwrap_or(DRAIN),
            log_format,
            log_level,
        })
    }
}

/// Whose handlers there are, or can be deployed.
fn tenants<'t>(handlers: &'t [Placed<'_, Handler>], api: Option<&'t ApiConfig>) -> Vec<&'t Tenant> {
    let deploying = api.into_iter().flat_map(ApiConfig::tenants);
    handlers
        .iter()
        .map(|placed| &placed.value.tenant)
        .chain(deploying)
        .collect()
}

/// The one address of a section.
fn address(root: &Table<'_>, section: &str, key: &str) -> Result<Option<SocketAddr>, ConfigError> {
    let table = root.section(section, &[key])?;
    table.parsed(key, ADDRESS, |text| text.parse().ok())
}

const ADDRESS: &str = "an address and port such as \"192.0.2.10:5060\"";
const HOST: &str = "an IP address such as \"192.0.2.10\"";

fn records(section: &Table<'_>, file: &Path) -> Result<RecordsTo, ConfigError> {
    let cdr = section.parsed(
        "cdr",
        "a file such as \"calls.jsonl\", or \"stdout\"",
        |text| match text {
            "" => None,
            "stdout" => Some(RecordsTo::Stdout),
            path => Some(RecordsTo::File(beside(file, path))),
        },
    )?;
    Ok(cdr.unwrap_or_else(|| RecordsTo::File(beside(file, "calls.jsonl"))))
}

/// Nothing is allowed that is not named.
fn streams(section: &Table<'_>, file: &Path) -> Result<Streams, ConfigError> {
    let right = "an address such as \"wss://agents.example.com/talk/\", which allows all below it";
    let allowed = section.parsed_list("allow", right, |text| StreamUrl::parse(text).ok())?;
    let roots = section.parsed("roots", "a file such as \"agents.pem\"", |path| {
        (!path.is_empty()).then(|| beside(file, path))
    })?;
    Ok(Streams {
        allow: StreamAllow::new(allowed),
        roots,
    })
}

/// Traces are written only if a folder is named.
fn traces(section: &Table<'_>, file: &Path) -> Result<Option<TraceFolder>, ConfigError> {
    let folder = section.parsed("folder", "a folder such as \"traces\"", |path| {
        (!path.is_empty()).then(|| beside(file, path))
    })?;
    let keep = section.number("keep", 1..=TRACES_MAX)?.unwrap_or(1_000);
    let mib = section.number("mib", 1..=TRACE_MIB_MAX)?.unwrap_or(1_024);
    if folder.is_none() && (section.has("keep") || section.has("mib")) {
        return Err(section.wrong("folder", "it is missing: give the folder that traces are written to"));
    }
    Ok(folder.map(|folder| TraceFolder {
        folder,
        keep: keep as usize,
        bytes: mib * 1024 * 1024,
    }))
}

/// A path of the file, which starts at its folder.
fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(path)
}

fn call(limits: &Table<'_>) -> Result<patchcord_control::limits::Limits, ConfigError> {
    let usual = patchcord_control::limits::Limits::default();
    let longest = limits.seconds("call_s", 1..=SECONDS_MAX)?;
    Ok(patchcord_control::limits::Limits {
        call_duration: longest.unwrap_or(usual.call_duration),
        ..usual
    })
}

fn instance(limits: &Table<'_>) -> Result<patchcord_guest::Limits, ConfigError> {
    let mut instance = patchcord_guest::Limits::default();
    if let Some(mib) = limits.number("memory_mib", 1..=MEMORY_MIB_MAX)? {
        instance.memory_bytes = mib * 1024 * 1024;
    }
    if let Some(ms) = limits.number("turn_cpu_ms", 1..=TURN_CPU_MS_MAX)? {
        let default = patchcord_guest::Limits::default();
        instance.turn_cpu_ms = ms as u32;
        // Fuel is the twin of CPU time and keeps its distance to it.
        instance.turn_fuel = default.turn_fuel / u64::from(default.turn_cpu_ms) * ms;
    }
    Ok(instance)
}

fn log(section: &Table<'_>) -> Result<(Format, LevelFilter), ConfigError> {
    let format = section.parsed("format", "\"human\" or \"json\"", format)?;
    let level = section.parsed("level", "\"error\", \"warn\", \"info\" or \"debug\"", level)?;
    Ok((format.unwrap_or_default(), level.unwrap_or(LevelFilter::INFO)))
}

fn format(text: &str) -> Option<Format> {
    match text {
        "human" => Some(Format::Human),
        "json" => Some(Format::Json),
        _ => None,
    }
}

fn level(text: &str) -> Option<LevelFilter> {
    match text {
        "error" => Some(LevelFilter::ERROR),
        "warn" => Some(LevelFilter::WARN),
        "info" => Some(LevelFilter::INFO),
        "debug" => Some(LevelFilter::DEBUG),
        _ => None,
    }
}

/// When a version that is tried is taken out, unless the file says otherwise: a tenth of at least twenty calls.
const FAILING_PERCENT: u8 = 10;
const FAILING_CALLS: u32 = 20;
const FAILING_CALLS_MAX: u64 = 1_000_000;
const NAME: &str = "a name of letters, digits, `-` and `_`, at most 64 of them";

fn name(text: &str) -> Option<String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=64)
        .contains(&text.len())
        .then(|| text.to_owned())
        .filter(|text| text.chars().all(fine))
}

fn tenant(table: &Table<'_>) -> Result<Tenant, ConfigError> {
    Ok(Tenant(
        table.parsed("tenant", NAME, name)?.unwrap_or_else(|| TENANT.to_owned()),
    ))
}

fn handlers<'a>(root: &Table<'a>, file: &Path, secrets: &Secrets) -> Result<Vec<Placed<'a, Handler>>, ConfigError> {
    let known = ["name", "module", "tenant", "candidate", "secrets", "http"];
    let tables = root.sections("handler", &known)?;
    let read = |table: Table<'a>| {
        let tenant = tenant(&table)?;
        let handler = Handler {
            name: table.required("name", NAME, name)?,
            module: module(&table, file)?,
            candidate: version(&table, file)?,
            grants: secrets
                .granted(&table, &tenant)?
                .with_http(web_requests::allowed(&table)?),
            tenant,
        };
        Ok(Placed { value: handler, table })
    };
    tables.into_iter().map(read).collect()
}

fn module(table: &Table<'_>, file: &Path) -> Result<PathBuf, ConfigError> {
    table.required("module", "the file that `patchcord build` wrote", |path| {
        (!path.is_empty()).then(|| beside(file, path))
    })
}

/// The version of a handler that is tried.
fn version(handler: &Table<'_>, file: &Path) -> Result<Option<Version>, ConfigError> {
    if !handler.has("candidate") {
        return Ok(None);
    }
    let known = ["module", "percent", "failing_percent", "failing_calls"];
    let table = handler.section("candidate", &known)?;
    let percent = |key: &str| Ok(table.number(key, 1..=100)?.map(|percent| percent as u8));
    let calls = table.number("failing_calls", 1..=FAILING_CALLS_MAX)?;
    let trial = match percent("percent")? {
        Some(share) => Trial::Share {
            percent: share,
            take_out: TakeOut {
                failing_percent: percent("failing_percent")?.unwrap_or(FAILING_PERCENT),
                calls: calls.map_or(FAILING_CALLS, |calls| calls as u32),
            },
        },
        None => Trial::Shadow,
    };
    let module = module(&table, file)?;
    Ok(Some(Version { module, trial }))
}

fn routes<'a>(root: &Table<'a>) -> Result<Vec<Placed<'a, Route>>, ConfigError> {
    let tables = root.sections("route", &["to", "handler", "tenant", "fallback"])?;
    let read = |table: Table<'a>| {
        let right = "\"*\" for every call, or the user part of the called address such as \"100\"";
        let route = Route {
            to: table.required("to", right, |text| match text {
                "" => None,
                "*" => Some(Pattern::Any),
                user => (!user.contains(['@', ' ', ':'])).then(|| Pattern::User(user.to_owned())),
            })?,
            handler: table.required("handler", "the name of a [[handler]]", name)?,
            tenant: tenant(&table)?,
            fallbacks: fallbacks(&table)?.into(),
        };
        Ok(Placed { value: route, table })
    };
    tables.into_iter().map(read).collect()
}

/// Who takes over from the handler of a route.
fn fallbacks(route: &Table<'_>) -> Result<Vec<Fallback>, ConfigError> {
    let tables = route.sections("fallback", &["handler", "on"])?;
    if tables.len() > FALLBACKS_MAX {
        return Err(route.wrong("fallback", &format!("a route has at most {FALLBACKS_MAX} of them")));
    }
    let read = |table: Table<'_>| {
        let right = "\"trap\", \"budget\", \"start\" or \"returned\"";
        let kind = |text: &str| Breakage::ALL.into_iter().find(|kind| kind.name() == text);
        let on = table.parsed_list("on", right, kind)?;
        Ok(Fallback {
            handler: table.required("handler", "the name of a [[handler]]", name)?,
            on: if on.is_empty() { Breakage::ALL.to_vec() } else { on },
        })
    };
    tables.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests;
