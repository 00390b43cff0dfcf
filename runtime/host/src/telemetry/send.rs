//! Sending: one batch after the other to the server, tried again where OTLP says so. Not here: what is in a batch.

use super::spans::Span;
use super::{TelemetryConfig, TelemetryFigures, otlp};
use crate::web::{self, WebAddress};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, header};
use rustls::ClientConfig;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How often a batch is tried, and the pause before each try after the first, times its number.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);
/// How long one try may take.
const TRY_TIME: Duration = Duration::from_secs(5);
/// How long what is left may take once the node is gone.
const LAST_TIME: Duration = Duration::from_secs(3);
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 16 * 1024;
/// How often a server that does not take spans is told of in the log.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// The sending thread.
pub(super) struct Sender {
    runtime: Runtime,
    to: WebAddress,
    path: String,
    service: String,
    tls: Arc<ClientConfig>,
    batches: Receiver<Vec<Span>>,
    /// The node is gone: there is no time for a second try.
    closing: Arc<AtomicBool>,
    figures: Arc<TelemetryFigures>,
    told: Option<Instant>,
}

/// Why a batch was not taken.
#[derive(Debug, PartialEq, Eq)]
enum NotTaken {
    /// It may be later.
    Again(String),
    /// It never will be.
    ForGood(String),
}

impl Sender {
    pub(super) fn new(
        config: &TelemetryConfig,
        tls: Arc<ClientConfig>,
        (batches, closing): (Receiver<Vec<Span>>, Arc<AtomicBool>),
        figures: Arc<TelemetryFigures>,
    ) -> io::Result<Self> {
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            path: format!("{}/v1/traces", config.otlp.path().trim_end_matches('/')),
            to: config.otlp.clone(),
            service: config.service.clone(),
            tls,
            batches,
            closing,
            figures,
            told: None,
        })
    }

    /// Until nobody collects any more and everything is sent, or there is no time for it.
    pub(super) fn run(mut self) {
        let mut last = None;
        while let Ok(batch) = self.batches.recv() {
            if self.closing.load(Ordering::Acquire) {
                let until = *last.get_or_insert_with(|| Instant::now() + LAST_TIME);
                if Instant::now() >= until {
                    self.figures.dropped.add(batch.len() as u64);
                    continue;
                }
            }
            self.send(&batch);
        }
    }

    fn send(&mut self, batch: &[Span]) {
        let body = Bytes::from(otlp::body(&self.service, batch));
        let mut number = 1;
        loop {
            match self.runtime.block_on(self.once(body.clone())) {
                Ok(()) => return self.figures.sent.add(batch.len() as u64),
                Err(NotTaken::Again(_)) if number < TRIES && !self.closing.load(Ordering::Acquire) => {
                    let pause = PAUSE * number;
                    self.runtime.block_on(async { tokio::time::sleep(pause).await });
                    number += 1;
                }
                Err(NotTaken::Again(why) | NotTaken::ForGood(why)) => {
                    self.figures.failed.add(batch.len() as u64);
                    return self.tell(&why);
                }
            }
        }
    }

    async fn once(&self, body: Bytes) -> Result<(), NotTaken> {
        let request = Request::post(&self.path)
            .header(header::HOST, self.to.authority())
            .header(header::CONNECTION, "close")
            .header(header::USER_AGENT, "patchcord")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|_| NotTaken::ForGood("its address makes no request".to_owned()))?;
        let asked = web::ask_any(&self.to, self.tls.clone(), request, ANSWER_BYTES);
        let answer = match tokio::time::timeout(TRY_TIME, asked).await {
            Err(_) => return Err(NotTaken::Again("it did not answer in time".to_owned())),
            Ok(Err(why)) => return Err(NotTaken::Again(format!("it did not answer: {why:?}"))),
            Ok(Ok(answer)) => answer.status().as_u16(),
        };
        match answer {
            200..=299 => Ok(()),
            // Those that OTLP names as worth another try.
            429 | 502 | 503 | 504 => Err(NotTaken::Again(format!("it answered {answer}"))),
            _ => Err(NotTaken::ForGood(format!("it answered {answer}"))),
        }
    }

    fn tell(&mut self, why: &str) {
        if self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
            self.told = Some(Instant::now());
            tracing::warn!(why, "the telemetry server takes no spans");
        }
    }
}
