//! A thread with an async runtime of its own, for one kind of work: it ends when its handle is dropped.

use std::io;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long work that cannot be forgotten may go on, such as the look-up of a name or the reading of a file.
const BLOCKING: Duration = Duration::from_secs(5);

/// The thread; dropping it forgets the work and joins it.
pub(crate) struct AsyncThread {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl AsyncThread {
    /// Waits until the work is done: for work that ends by itself once it is told to.
    pub(crate) fn wait(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for AsyncThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.wait();
    }
}

/// Starts a thread of this name and works on it until the work is done or the handle is dropped.
pub(crate) fn start(name: &str, work: impl Future<Output = ()> + Send + 'static) -> io::Result<AsyncThread> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                () = work => {}
                // Either the word, or its sender is gone.
                _ = stopped => {}
            }
        });
        // A name server that says nothing would hold up the end of a node for as long as the system likes.
        runtime.shutdown_timeout(BLOCKING);
    })?;
    Ok(AsyncThread {
        stop: Some(stop),
        thread: Some(thread),
    })
}
