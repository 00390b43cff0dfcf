//! The epoch ticker: a thread that tells the wasm engine every [`EPOCH_MS`] that time passed, so that a handler in an
//! endless loop is stopped. Not a clock for anything else.

use crate::start_error::StartError;
use patchcord_guest::{EPOCH_MS, Runtime};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// The thread; dropping it stops and joins it.
pub(crate) struct Ticker {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Starts ticking.
    pub(crate) fn start(runtime: Runtime) -> Result<Self, StartError> {
        let (stop, stopped) = sync_channel(1);
        let tick = Duration::from_millis(u64::from(EPOCH_MS));
        let thread = std::thread::Builder::new()
            .name("epoch".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(tick) == Err(RecvTimeoutError::Timeout) {
                    runtime.tick();
                }
            })
            .map_err(StartError::Thread)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}
