//! Traces for OpenTelemetry: one for each call, made when the call is over from what watchers see and sent by OTLP over
//! HTTP. Not here: metrics, which are pulled ([`crate::metrics`]), and the SIP of calls ([`crate::trace`]).
//!
//! A thread collects and a thread sends. No call waits for either: what finds a queue full is left out and counted
//! (`patchcord_watch_dropped_total` for what happened, `patchcord_telemetry_spans_total` for spans).

mod collect;
mod otlp;
mod send;
mod spans;
#[cfg(test)]
mod tests;

use crate::certificates::{CertificateError, Certificates, TlsFiles};
use crate::figures::Figure;
use crate::watch::Seen;
use crate::web::WebAddress;
use collect::Collector;
use send::Sender;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

/// Batches that wait to be sent; the spans of one more are left out.
const BATCHES: usize = 16;

/// Where traces are sent.
#[derive(Debug, Clone)]
pub struct TelemetryConfig {
    /// The server, such as `http://127.0.0.1:4318`; traces go to `/v1/traces` below it.
    pub otlp: WebAddress,
    /// What the node is called there.
    pub service: String,
    /// Of a hundred calls so many have a trace, told by the call's id: the same calls on every node.
    pub sample_percent: u8,
}

/// What became of spans.
#[derive(Debug, Default)]
pub(crate) struct TelemetryFigures {
    /// Taken by the server.
    pub(crate) sent: Figure,
    /// Left out because a queue or a trace was full.
    pub(crate) dropped: Figure,
    /// Not taken by the server.
    pub(crate) failed: Figure,
}

/// Why no traces can be sent.
#[derive(Debug)]
pub enum TelemetryError {
    /// The certificates that servers are judged by.
    Certificates(CertificateError),
    /// A thread.
    Thread(io::Error),
}

impl fmt::Display for TelemetryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificates(why) => write!(f, "telemetry: {why}"),
            Self::Thread(why) => write!(f, "telemetry: no thread could be started: {why}"),
        }
    }
}

impl std::error::Error for TelemetryError {}

/// The threads. They end with the node that is watched, or with this; dropping it waits for what they still send, for some
/// seconds at most.
#[derive(Debug)]
pub struct Telemetry {
    closing: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Telemetry {
    /// Sends traces of what is seen from now on, until the node is gone.
    pub(crate) fn start(
        config: &TelemetryConfig,
        seen: Receiver<Seen>,
        figures: Arc<TelemetryFigures>,
    ) -> Result<Self, TelemetryError> {
        let certificates = Certificates::load(TlsFiles::default()).map_err(TelemetryError::Certificates)?;
        let (batches, waiting) = sync_channel(BATCHES);
        let closing = Arc::new(AtomicBool::new(false));
        let collector = Collector::new(config, seen, (batches, closing.clone()), figures.clone());
        let sender = Sender::new(config, certificates.client(), (waiting, closing.clone()), figures);
        let sender = sender.map_err(TelemetryError::Thread)?;
        let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let collecting = named("telemetry").spawn(move || collector.run());
        let collecting = collecting.map_err(TelemetryError::Thread)?;
        // If this one cannot be started, the other ends with the watched node: nobody takes its batches.
        let sending = named("telemetry-out").spawn(move || sender.run());
        let sending = sending.map_err(TelemetryError::Thread)?;
        Ok(Self {
            closing,
            threads: vec![collecting, sending],
        })
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}
