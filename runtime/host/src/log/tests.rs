//! What others write into the log is kept out of it where it could hold what nodes tell each other.

use super::*;
use std::io::Write;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_client_of_nats_says_no_more_than_at_info_however_much_is_wanted() {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = human(LevelFilter::TRACE, move || writer.clone());
    tracing::subscriber::with_default(log, || {
        tracing::info!(target: "async_nats", "connected");
        tracing::debug!(target: "async_nats::connection", "payload");
        tracing::debug!("ours");
    });
    let text = String::from_utf8(lines.0.lock().expect("nobody panics with it").clone()).expect("it is text");
    assert!(text.contains("connected") && text.contains("ours"), "{text}");
    assert!(!text.contains("payload"), "{text}");
}
