//! The node's own log: what happens in calls as structured lines on standard error. No number, address or key of a
//! person is in it; those are in the end records. The lines a handler logs are the customer's own words and are passed on
//! as they are.

use crate::records::ended_by;
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::record::{CallRecord, HandlerEnd};
use patchcord_control::tenancy::Refused;
use patchcord_control::words::LogLevel;
use patchcord_switch::{Notice, TrialNews};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

/// Hexadecimal digits of a module's hash that name it in logs.
const MODULE_DIGITS: usize = 12;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Sends everything logged from now on to standard error. The second and later calls change nothing.
pub fn init(format: Format, level: LevelFilter) {
    // Somebody has set up logging already: then it is theirs.
    let _ = match format {
        Format::Human => tracing::subscriber::set_global_default(human(level, std::io::stderr)),
        Format::Json => tracing::subscriber::set_global_default(json(level, std::io::stderr)),
    };
}

/// Lines for people.
pub fn human<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_writer(writer)
        .finish()
        .with(quiet(level))
}

/// One JSON object a line.
pub fn json<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(level)
        .with_writer(writer)
        .finish()
        .with(quiet(level))
}

/// The client of NATS writes what nodes tell each other into its own finer lines.
fn quiet(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(level)
        .with_target("async_nats", level.min(LevelFilter::INFO))
}

/// The part of a module's hash that names it.
pub fn module_short(hash: &str) -> &str {
    hash.get(..MODULE_DIGITS).unwrap_or(hash)
}

/// Something happened in a call.
pub(crate) fn notice(call: CallId, notice: &Notice) {
    match notice {
        Notice::Started {
            handler,
            module,
            continues,
            ..
        } => {
            let continues = continues.map(tracing::field::display);
            tracing::info!(%call, handler, module = module_short(module), continues, "call started");
        }
        Notice::Turn(turn) => {
            let (at, waited) = (turn.at.as_millis() as u64, turn.waited.as_millis() as u64);
            tracing::debug!(%call, at_ms = at, waited_ms = waited, ask = turn.ask, answer = turn.answer, "turn");
        }
        Notice::Trial { handler, module, news } => {
            let module = module_short(module);
            match news {
                TrialNews::TakenOut { .. } => tracing::error!(%call, handler, module, "{news}"),
                TrialNews::Differs { .. } => tracing::warn!(%call, handler, module, "the shadow {news}"),
                TrialNews::Same { .. } => tracing::info!(%call, handler, module, "the shadow {news}"),
            }
        }
        Notice::Fault(text) => tracing::warn!(%call, fault = text, "handler failed"),
        Notice::Log { level, message } => handler_line(call, *level, message),
    }
}

fn handler_line(call: CallId, level: LogLevel, line: &str) {
    match level {
        LogLevel::Debug => tracing::debug!(%call, line, "handler"),
        LogLevel::Info => tracing::info!(%call, line, "handler"),
        LogLevel::Warn => tracing::warn!(%call, line, "handler"),
        LogLevel::Error => tracing::error!(%call, line, "handler"),
    }
}

/// A tenant has reached a limit, so often since that was said last.
pub(crate) fn limited(tenant: &Tenant, refused: Refused, times: u64) {
    let limit = refused.limit().name();
    tracing::warn!(%tenant, limit, times, "{refused}");
}

/// A call is over.
pub(crate) fn ended(record: &CallRecord) {
    let call = record.id;
    let why = record.legs.first().map_or("", |leg| ended_by(leg.ended_by));
    let fault = match &record.handler_end {
        HandlerEnd::Done | HandlerEnd::NotRun => "",
        HandlerEnd::Faulted(fault) => fault.kind.name(),
    };
    let (handler, turns, fuel) = (&record.handler, record.turns, record.usage.fuel);
    tracing::info!(%call, handler, why, fault, turns, fuel, "call ended");
}

#[cfg(test)]
mod tests;
