//! A place that fails half-way still gets every byte once.

use super::super::tests::record;
use super::*;
use crate::layout::Layout;
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;

/// Takes at most 100 bytes at a time, and fails at times before it takes any.
struct Flaky {
    got: Arc<Mutex<Vec<u8>>>,
    calls: u32,
    fails_for_ever: bool,
}

impl Write for Flaky {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.fails_for_ever || self.calls == 2 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let taken = &bytes[..bytes.len().min(100)];
        self.got.lock().unwrap().extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write(count: u128, fails_for_ever: bool) -> (String, Arc<Figures>) {
    let got = Arc::new(Mutex::new(Vec::new()));
    let figures = Arc::new(Figures::new(Layout {
        shards: 1,
        media_threads: 1,
    }));
    let place = Box::new(Flaky {
        got: got.clone(),
        calls: 0,
        fails_for_ever,
    });
    let stopping = Arc::new(AtomicBool::new(true));
    let writer = Writer {
        place,
        figures: figures.clone(),
        stopping,
    };
    let (sender, receiver) = sync_channel(1_000);
    for id in 0..count {
        sender.send(ToWriter::Record(Arc::new(record(id)))).unwrap();
    }
    sender.send(ToWriter::Stop).unwrap();
    writer.run(&receiver);
    let text = String::from_utf8(got.lock().unwrap().clone()).unwrap();
    (text, figures)
}

#[test]
fn every_record_is_one_whole_line_once_in_order() {
    let (text, figures) = write(600, false);
    let expected: String = (0..600).map(|id| json::line(&record(id)) + "\n").collect();
    assert!(text == expected, "the lines differ from the records");
    assert_eq!((figures.records.get(), figures.record_retries.get()), (600, 1));
}

#[test]
fn a_place_that_never_takes_anything_does_not_stop_the_end() {
    let (text, figures) = write(1, true);
    assert_eq!((text.as_str(), figures.records.get()), ("", 0));
    assert_eq!(figures.record_retries.get(), u64::from(LAST_TRIES));
}
