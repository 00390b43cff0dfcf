//! What a program says while it runs, read by a thread of its own, and waited for sign by sign.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(20);

/// Everything said so far, and how much of it has been waited for.
pub struct Transcript {
    said: Arc<Mutex<Vec<u8>>>,
    taken: usize,
}

impl Transcript {
    /// Begins to listen; ends when the other side does. What is said is written down in `log` too.
    pub fn of(mut source: impl Read + Send + 'static, log: &Path) -> Self {
        let mut log = std::fs::File::create(log).expect("the test's folder can be written to");
        let said = Arc::new(Mutex::new(Vec::new()));
        let into = said.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = source.read(&mut bytes) {
                // Only for whoever looks into a failure.
                let _ = log.write_all(&bytes[..count]);
                let mut said = into.lock().unwrap_or_else(PoisonError::into_inner);
                said.extend_from_slice(&bytes[..count]);
            }
        });
        Self { said, taken: 0 }
    }

    /// Waits until `sign` is said after what was waited for before, and takes everything up to it. Fails, naming the
    /// folder where the program's log is, when it is not said in time.
    pub fn expect(&mut self, sign: &str, patience: Duration, log: &Path) {
        let end = Instant::now() + patience;
        loop {
            let text = self.rest();
            if let Some(at) = text.find(sign) {
                self.taken += at + sign.len();
                return;
            }
            assert!(
                Instant::now() < end,
                "{}: no `{sign}` within {patience:?}; after what was expected before, it said: {text}",
                log.display()
            );
            std::thread::sleep(POLL);
        }
    }

    /// The number that stands next, once its end is there.
    pub fn number(&mut self, patience: Duration, log: &Path) -> u32 {
        let end = Instant::now() + patience;
        loop {
            let text = self.rest();
            let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
            if digits < text.len() {
                let number = text[..digits].parse();
                return number
                    .unwrap_or_else(|_| panic!("{}: no number where one was expected: {text}", log.display()));
            }
            assert!(Instant::now() < end, "{}: no number came", log.display());
            std::thread::sleep(POLL);
        }
    }

    /// What was said and not waited for yet.
    pub fn rest(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        // Replacing bad bytes would move the places; what these programs say is ASCII but for names.
        said[self.taken..].iter().map(|byte| char::from(*byte & 0x7f)).collect()
    }
}
