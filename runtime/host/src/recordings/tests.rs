//! Files on a real disk: what is in them, who may read them, what a broken or killed one becomes.

use super::*;
use crate::figures::Figures;
use crate::layout::Layout;
use crate::records::{self, RecordsTo};
use crate::shard_threads::{Heard, Outbox};
use crate::tapped_frame;
use patchcord_control::call::Saved;
use patchcord_control::ids::{CallId, RecordingId, Tenant};
use patchcord_control::words::{NotRecorded, RecordFormat};
use patchcord_media::{Clip, FRAME_SAMPLES, TapId, Trim};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

pub(super) const KEY: RecordingKey = RecordingKey(7);
const WAIT: Duration = Duration::from_secs(20);

pub(super) struct Bench {
    root: PathBuf,
    outbox: Outbox,
    frames: FrameQueue,
    pub(super) queue: RecordingQueue,
    pub(super) figures: Arc<RecordingFigures>,
    threads: Option<(RecordingThreads, records::RecordsThread)>,
    /// Of what is recorded.
    format: RecordFormat,
}

pub(super) fn root(name: &str) -> PathBuf {
    let root = std::env::temp_dir().join(format!("patchcord-recordings-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&root).unwrap();
    root
}

impl Bench {
    fn new(root: PathBuf) -> Self {
        Self::with(root, None)
    }

    pub(super) fn with(root: PathBuf, store: Option<Setup>) -> Self {
        let layout = Layout {
            shards: 1,
            media_threads: 1,
        };
        let to = RecordsTo::File(root.join("cdr.jsonl"));
        let (records, record_queue) = records::start(&to, Arc::new(Figures::new(layout))).unwrap();
        let (inbox, outbox) = Inbox::new();
        let figures = Arc::new(RecordingFigures::default());
        let started = start(
            (&root.join("recordings"), store),
            vec![inbox],
            record_queue,
            figures.clone(),
        );
        let (threads, frames, queue) = started.unwrap();
        Self {
            root,
            outbox,
            frames,
            queue,
            figures,
            threads: Some((threads, records)),
            format: RecordFormat::Wav,
        }
    }

    pub(super) fn begin(&self, key: RecordingKey, number: u32, channels: u8) -> RecordingId {
        let call = CallId(0xabc);
        let id = RecordingId { call, number };
        let order = RecordingOrder::Begin {
            key,
            tenant: Tenant("acme".to_owned()),
            id,
            channels,
            trim: Trim::Keep,
            format: self.format,
        };
        assert_eq!(self.queue.order(0, order), Ordered::Yes);
        id
    }

    pub(super) fn frames(&self, key: RecordingKey, channel: u8, positions: std::ops::Range<u64>) {
        for position in positions {
            let tapped = Tapped {
                tap: TapId { number: key.0, channel },
                position,
                rate: 8_000,
                samples: &[1_000 + i16::from(channel); FRAME_SAMPLES],
            };
            assert_eq!(self.frames.put(&tapped), TapTaken::Yes);
        }
    }

    pub(super) fn finish(&self, key: RecordingKey) -> Result<Saved, NotRecorded> {
        assert_eq!(self.queue.order(0, RecordingOrder::Finish { key }), Ordered::Yes);
        self.answer(key)
    }

    fn answer(&self, of: RecordingKey) -> Result<Saved, NotRecorded> {
        match self.outbox.heard(WAIT) {
            Some(Heard::Recorded(key, stored)) if key == of => stored,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join("recordings").join(name)
    }

    fn names(&self) -> Vec<String> {
        self.names_in("")
    }

    pub(super) fn names_in(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != LOCK).collect();
        names.sort();
        names
    }

    /// Ends the threads; the end records written.
    pub(super) fn stop(&mut self) -> String {
        self.threads = None;
        fs::read_to_string(self.root.join("cdr.jsonl")).unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.threads = None;
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().try_into().unwrap()
}

#[test]
fn a_recording_is_a_file_of_its_name_that_only_its_owner_reads() {
    let bench = Bench::new(root("kept"));
    let id = bench.begin(KEY, 1, 2);
    for at in [0, 10, 20, 30, 40] {
        bench.frames(KEY, 0, at..at + 10);
        bench.frames(KEY, 1, at..at + 10);
    }
    let saved = bench.finish(KEY).expect("the disk takes it");
    assert_eq!(bench.names(), [format!("{id}.wav")]);
    let path = bench.path(&format!("{id}.wav"));
    let file = fs::read(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!((saved.length_ms, saved.bytes), (1_000, file.len() as u64));
    assert_eq!(saved.sha256, sha256(&file));
    assert_eq!(file.len(), 44 + 2 * 2 * 8_000);
    assert_eq!(file[44..48], [0xe8, 0x03, 0xe9, 0x03]);
    assert_eq!(Clip::from_wav(&file).unwrap().samples().len(), 8_000);
    assert_eq!((bench.figures.kept.get(), bench.figures.active.get()), (1, 0));
}

#[test]
fn one_without_sound_is_an_empty_file() {
    let bench = Bench::new(root("empty"));
    bench.begin(KEY, 1, 1);
    let saved = bench.finish(KEY).expect("the disk takes it");
    assert_eq!((saved.length_ms, saved.bytes), (0, 44));
}

#[test]
fn what_is_written_stands_in_the_header_while_it_runs() {
    let bench = Bench::new(root("header"));
    let id = bench.begin(KEY, 1, 1);
    let path = bench.path(&format!("{id}.wav.part"));
    let mut at = 0;
    // However slow the machine: some time it has more than half a second in it, and is playable then.
    for _ in 0..1_000 {
        bench.frames(KEY, 0, at..at + 5);
        at += 5;
        std::thread::sleep(Duration::from_millis(10));
        let file = fs::read(&path).unwrap_or_default();
        if file.len() > 44 + 8_000 {
            let data = u32::from_le_bytes(file[40..44].try_into().unwrap());
            assert!(data > 0 && file.len() >= 44 + data as usize);
            assert!(Clip::from_wav(&file[..44 + data as usize]).is_ok());
            return;
        }
    }
    panic!("nothing was written");
}

#[test]
fn a_name_that_is_taken_and_a_folder_that_is_gone_fail_as_storage() {
    let bench = Bench::new(root("gone"));
    bench.begin(KEY, 1, 1);
    bench.begin(RecordingKey(8), 1, 1);
    assert_eq!(bench.answer(RecordingKey(8)), Err(NotRecorded::Storage));
    fs::remove_dir_all(bench.root.join("recordings")).unwrap();
    bench.frames(KEY, 0, 0..5);
    assert_eq!(bench.finish(KEY), Err(NotRecorded::Storage));
    bench.begin(RecordingKey(9), 2, 1);
    assert_eq!(bench.answer(RecordingKey(9)), Err(NotRecorded::Storage));
    assert_eq!((bench.figures.failed.get(), bench.figures.active.get()), (3, 0));
}

#[test]
fn one_more_than_there_may_be_is_refused_at_once() {
    let bench = Bench::new(root("full"));
    bench.queue.active.store(RECORDINGS, Ordering::Relaxed);
    let order = RecordingOrder::Begin {
        key: KEY,
        tenant: Tenant("acme".to_owned()),
        id: RecordingId {
            call: CallId(1),
            number: 1,
        },
        channels: 1,
        trim: Trim::Keep,
        format: RecordFormat::Wav,
    };
    assert_eq!(
        bench.queue.order(0, order),
        Ordered::Refused(KEY, NotRecorded::Overloaded)
    );
    assert_eq!(bench.figures.refused.get(), 1);
    bench.queue.active.store(0, Ordering::Relaxed);
}

#[test]
fn frames_without_room_are_refused_and_the_media_thread_does_not_wait() {
    let (sender, _receiver) = sync_channel(1);
    let figures = Arc::new(RecordingFigures::default());
    let queue = FrameQueue {
        sender,
        figures: figures.clone(),
    };
    let tapped = tapped_frame::silence();
    assert_eq!(queue.put(&tapped), TapTaken::Yes);
    assert_eq!(queue.put(&tapped), TapTaken::Dropped);
    assert_eq!(figures.frames_dropped.get(), 1);
}

#[test]
fn a_node_that_stops_finishes_what_still_runs() {
    let mut bench = Bench::new(root("stop"));
    let id = bench.begin(KEY, 1, 1);
    bench.frames(KEY, 0, 0..25);
    bench.stop();
    assert_eq!(bench.names(), [format!("{id}.wav")]);
    assert_eq!(fs::read(bench.path(&format!("{id}.wav"))).unwrap().len(), 44 + 8_000);
}

#[test]
fn what_a_killed_process_left_is_repaired_and_told() {
    let root = root("left");
    let folder = root.join("recordings");
    fs::create_dir_all(&folder).unwrap();
    let header = patchcord_media::recording_wav_header(8_000, 1, 0);
    // Its header says nothing yet, and its last sample was cut in two.
    let left = [header.as_slice(), &[7; 16_001]].concat();
    fs::write(folder.join("rec_1_1.wav.part"), &left).unwrap();
    fs::write(folder.join("rec_2_1.wav.part"), b"RIF").unwrap();
    fs::write(folder.join("rec_3_1.wav.part"), [b'x'; 100]).unwrap();
    fs::write(folder.join("other.wav.part"), b"not ours").unwrap();
    let mut bench = Bench::new(root);
    let told = bench.stop();
    let names = ["other.wav.part", "rec_1_1.wav", "rec_2_1.wav", "rec_3_1.wav.part"];
    assert_eq!(bench.names(), names);
    let file = fs::read(bench.path("rec_1_1.wav")).unwrap();
    assert_eq!(Clip::from_wav(&file).unwrap().samples().len(), 8_000);
    let lines: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert_eq!(lines[0]["interrupted_recording"], "rec_1_1");
    assert_eq!(lines[0]["length_ms"], 1_000);
    assert_eq!(lines[0]["bytes"], file.len());
    let hash: String = sha256(&file).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(lines[0]["sha256"], hash);
    assert_eq!(lines[1]["length_ms"], 0);
    assert_eq!(bench.figures.interrupted.get(), 2);
}

#[test]
fn a_folder_that_another_node_writes_in_is_refused() {
    let bench = Bench::new(root("locked"));
    let (inbox, _outbox) = Inbox::new();
    let (_records, queue) = records::start(
        &RecordsTo::Nowhere,
        Arc::new(Figures::new(Layout {
            shards: 1,
            media_threads: 1,
        })),
    )
    .unwrap();
    let second = start(
        (&bench.root.join("recordings"), None),
        vec![inbox],
        queue,
        Arc::new(RecordingFigures::default()),
    );
    assert!(second.is_err());
}

#[test]
fn opus_is_as_long_as_what_was_recorded_and_playable_while_it_is_written() {
    let mut bench = Bench::new(root("opus"));
    bench.format = RecordFormat::Opus;
    for (key, channels) in [(KEY, 1), (RecordingKey(8), 2)] {
        let id = bench.begin(key, u32::from(channels), channels);
        for channel in 0..channels {
            bench.frames(key, channel, 0..175);
        }
        // Written twice a second.
        let part = bench.path(&format!("{id}.ogg.part"));
        let end = std::time::Instant::now() + WAIT;
        while fs::metadata(&part).map_or(0, |file| file.len()) < 1_000 {
            assert!(std::time::Instant::now() < end, "nothing is written");
            std::thread::sleep(Duration::from_millis(20));
        }
        let saved = bench.finish(key).unwrap();
        assert_eq!(saved.length_ms, 3_500);
        let file = fs::read(bench.path(&format!("{id}.ogg"))).unwrap();
        assert_eq!((saved.bytes, saved.sha256), (file.len() as u64, sha256(&file)));
        assert!(
            file.len() < 44 + 28_000 * usize::from(channels) * 2 / 4,
            "{}",
            file.len()
        );
        assert_eq!(Clip::from_file(&file).unwrap().samples().len(), 28_000);
    }
    bench.stop();
}

#[test]
fn opus_that_a_killed_process_left_is_repaired_to_its_last_whole_page() {
    let root = root("left_opus");
    let folder = root.join("recordings");
    fs::create_dir_all(&folder).unwrap();
    let mut bytes = Vec::new();
    let mut pages = patchcord_media::OggOpus::new(1, 1, &mut bytes);
    for _ in 0..4 {
        pages.push(std::iter::repeat_n(3_000, 4_000), &mut bytes);
        pages.flush(&mut bytes);
    }
    // The last page was cut off.
    fs::write(folder.join("rec_1_1.ogg.part"), &bytes[..bytes.len() - 9]).unwrap();
    fs::write(folder.join("rec_2_1.ogg.part"), b"").unwrap();
    fs::write(folder.join("rec_3_1.ogg.part"), [b'x'; 100]).unwrap();
    let mut bench = Bench::new(root);
    let told = bench.stop();
    assert_eq!(bench.names(), ["rec_1_1.ogg", "rec_2_1.ogg", "rec_3_1.ogg.part"]);
    let file = fs::read(bench.path("rec_1_1.ogg")).unwrap();
    let samples = Clip::from_file(&file).unwrap().samples().len();
    assert!((11_800..=12_000).contains(&samples), "{samples}");
    let lines: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["length_ms"].as_u64().unwrap(), samples as u64 / 8);
    assert_eq!(lines[0]["bytes"], file.len());
    assert_eq!(lines[1]["length_ms"], 0);
}
