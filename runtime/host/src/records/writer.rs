//! The writer's loop: many records to one write, each exactly once and whole, also when a write fails half-way.

use super::{ToWriter, json};
use crate::figures::Figures;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// Records in one write.
const BATCH: usize = 256;
/// Pause before a failed write is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// Tries before records are given up, once the node is coming down: it cannot wait for ever.
const LAST_TRIES: u32 = 4;

/// What the writer's thread owns.
pub(super) struct Writer {
    pub(super) place: Box<dyn Write + Send>,
    pub(super) figures: Arc<Figures>,
    /// Set once nobody hands in more.
    pub(super) stopping: Arc<AtomicBool>,
}

impl Writer {
    /// Writes until it is told to stop; everything handed in before is written then.
    pub(super) fn run(mut self, queue: &Receiver<ToWriter>) {
        let mut bytes = Vec::new();
        while let Ok(first) = queue.recv() {
            let (mut next, mut records) = (text(&first), 0);
            let mut stop = next.is_none();
            while let Some(line) = next.take() {
                bytes.extend_from_slice(line.as_bytes());
                bytes.push(b'\n');
                records += 1;
                if records == BATCH {
                    break;
                }
                if let Ok(told) = queue.try_recv() {
                    next = text(&told);
                    stop = next.is_none();
                }
            }
            if self.write_all(&mut bytes) {
                self.figures.records.add(records as u64);
            }
            if stop {
                return;
            }
        }
    }

    /// Writes everything; what was written does not go out again after an error. False when given up.
    fn write_all(&mut self, bytes: &mut Vec<u8>) -> bool {
        let mut tries_left = LAST_TRIES;
        while !bytes.is_empty() {
            let written = self.place.write(bytes).and_then(|written| match written {
                0 => Err(io::Error::from(io::ErrorKind::WriteZero)),
                written => Ok(written),
            });
            match written {
                Ok(written) => drop(bytes.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.figures.record_retries.one();
                    tracing::error!(%error, bytes = bytes.len(), "end records cannot be written; trying again");
                    if self.stopping.load(Ordering::Relaxed) {
                        tries_left -= 1;
                    }
                    if tries_left == 0 {
                        tracing::error!(bytes = bytes.len(), "end records are lost: they cannot be written");
                        bytes.clear();
                        return false;
                    }
                    std::thread::sleep(RETRY);
                }
            }
        }
        if let Err(error) = self.place.flush() {
            tracing::error!(%error, "end records may not have been written");
        }
        true
    }
}

/// What is to be written; none for the word to stop.
fn text(told: &ToWriter) -> Option<String> {
    match told {
        ToWriter::Record(record) => Some(json::line(record)),
        ToWriter::Interrupted(interrupted) => Some(json::interrupted(interrupted)),
        ToWriter::Stop => None,
    }
}

#[cfg(test)]
mod tests;
