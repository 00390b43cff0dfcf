//! Recordings into a store that takes, refuses, or says nothing, from a real disk.

use super::*;
use crate::recordings::tests::{Bench, KEY, root};
use crate::recordings::{Ordered, RecordingOrder};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path as StorePath;
use object_store::{
    Attribute, CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result as StoreResult, UploadPart,
};
use patchcord_control::ids::{CallId, RecordingId};
use patchcord_control::words::{NotRecorded, RecordFormat};
use patchcord_media::Trim;
use patchcord_switch::RecordingKey;
use std::fmt;
use std::fs;
use std::sync::Mutex;

const WAIT: Duration = Duration::from_secs(20);

/// How a store does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Takes,
    Refuses,
    /// It never answers.
    Hangs,
    /// It takes beginnings of large files.
    LosesParts,
}

/// The library's store in memory, in a mood.
#[derive(Debug)]
struct Moody {
    inner: InMemory,
    mood: Arc<Mutex<Mood>>,
    /// Of each request, and what became of uploads in parts.
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    largest: usize,
    puts: usize,
    parts: usize,
    aborted: usize,
}

impl Moody {
    fn new(mood: Mood) -> Arc<Self> {
        Arc::new(Self {
            inner: InMemory::new(),
            mood: Arc::new(Mutex::new(mood)),
            seen: Arc::default(),
        })
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn names(&self) -> Vec<String> {
        let names = futures_util::StreamExt::collect::<Vec<_>>(self.inner.list(None));
        let mut names: Vec<_> = block_on(names)
            .into_iter()
            .map(|meta| meta.unwrap().location.to_string())
            .collect();
        names.sort();
        names
    }

    /// An object, its type and the hash it is said to have.
    fn object(&self, name: &str) -> (Vec<u8>, String, String) {
        let got = block_on(self.inner.get(&StorePath::from(name))).unwrap();
        let told = |which: &Attribute| {
            got.attributes
                .get(which)
                .map(|value| value.to_string())
                .unwrap_or_default()
        };
        let (content_type, hash) = (
            told(&Attribute::ContentType),
            told(&Attribute::Metadata("sha256".into())),
        );
        (block_on(got.bytes()).unwrap().to_vec(), content_type, hash)
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(work)
}

async fn answer(mood: Mood) -> StoreResult<()> {
    match mood {
        Mood::Takes | Mood::LosesParts => Ok(()),
        Mood::Hangs => std::future::pending().await,
        Mood::Refuses => Err(refused()),
    }
}

fn refused() -> object_store::Error {
    object_store::Error::Generic {
        store: "moody",
        source: "not today".into(),
    }
}

impl fmt::Display for Moody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("moody")
    }
}

#[async_trait]
impl ObjectStore for Moody {
    async fn put_opts(&self, to: &StorePath, payload: PutPayload, options: PutOptions) -> StoreResult<PutResult> {
        let mood = *self.mood.lock().unwrap();
        {
            let mut seen = self.seen.lock().unwrap();
            seen.puts += 1;
            seen.largest = seen.largest.max(payload.content_length());
        }
        answer(mood).await?;
        self.inner.put_opts(to, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        to: &StorePath,
        options: PutMultipartOptions,
    ) -> StoreResult<Box<dyn MultipartUpload>> {
        let mood = *self.mood.lock().unwrap();
        answer(mood).await?;
        Ok(Box::new(Parts {
            inner: self.inner.put_multipart_opts(to, options).await?,
            mood: self.mood.clone(),
            seen: self.seen.clone(),
        }))
    }

    async fn get_opts(&self, from: &StorePath, options: GetOptions) -> StoreResult<GetResult> {
        self.inner.get_opts(from, options).await
    }

    fn delete_stream(
        &self,
        names: BoxStream<'static, StoreResult<StorePath>>,
    ) -> BoxStream<'static, StoreResult<StorePath>> {
        self.inner.delete_stream(names)
    }

    fn list(&self, prefix: Option<&StorePath>) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&StorePath>) -> StoreResult<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &StorePath, to: &StorePath, options: CopyOptions) -> StoreResult<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct Parts {
    inner: Box<dyn MultipartUpload>,
    mood: Arc<Mutex<Mood>>,
    seen: Arc<Mutex<Seen>>,
}

#[async_trait]
impl MultipartUpload for Parts {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let mut seen = self.seen.lock().unwrap();
        seen.parts += 1;
        seen.largest = seen.largest.max(payload.content_length());
        if *self.mood.lock().unwrap() == Mood::LosesParts && seen.parts == 2 {
            return Box::pin(async { Err(refused()) });
        }
        self.inner.put_part(payload)
    }

    async fn complete(&mut self) -> StoreResult<PutResult> {
        self.inner.complete().await
    }

    async fn abort(&mut self) -> StoreResult<()> {
        self.seen.lock().unwrap().aborted += 1;
        self.inner.abort().await
    }
}

/// A store whose requests may take a tenth of a second, and is let alone as long.
fn setup(store: &Arc<Moody>) -> Setup {
    Setup {
        store: store.clone(),
        prefix: StorePath::from("office"),
        name: "s3://moody/office".to_owned(),
        bytes_max: 64 << 20,
        time: Duration::from_millis(500),
        schedule: Schedule::with_pause(Duration::from_millis(100)),
    }
}

fn until(what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + WAIT;
    while !done() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file that lies there from before.
fn leave(root: &Path, name: &str, bytes: &[u8]) {
    let file = root.join("recordings/to-send").join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_recording_is_told_as_kept_then_sent_under_its_tenant_then_removed() {
    let store = Moody::new(Mood::Takes);
    let bench = Bench::with(root("sent"), Some(setup(&store)));
    let id = bench.begin(KEY, 1, 1);
    let part = bench.path(&format!("to-send/acme/{id}.wav.part"));
    until("it is written there", || part.exists());
    bench.frames(KEY, 0, 0..50);
    let saved = bench.finish(KEY).expect("the disk takes it");
    until("it is sent", || bench.figures.sent.get() == 1);
    let name = format!("office/acme/{id}.wav");
    assert_eq!(store.names(), std::slice::from_ref(&name));
    let (bytes, content_type, hash) = store.object(&name);
    assert_eq!((bytes.len() as u64, content_type.as_str()), (saved.bytes, "audio/wav"));
    assert_eq!(hash, hex(&saved.sha256));
    until("it is not here any more", || bench.names_in("to-send/acme").is_empty());
    until("nothing waits", || bench.figures.waiting.get() == 0);
    assert_eq!(
        (bench.figures.waiting_bytes.get(), bench.figures.not_sent.get()),
        (0, 0)
    );
}

#[test]
fn a_store_that_refuses_or_says_nothing_delays_no_recording_and_gets_all_of_them_later() {
    for mood in [Mood::Refuses, Mood::Hangs] {
        let store = Moody::new(mood);
        let bench = Bench::with(root("later"), Some(setup(&store)));
        // More than are sent at the same time.
        for number in 1..=AT_ONCE as u32 + 2 {
            let key = RecordingKey(u64::from(number));
            bench.begin(key, number, 1);
            bench.frames(key, 0, 0..5);
            bench.finish(key).expect("it is kept all the same");
        }
        until("it was tried", || bench.figures.not_sent.get() >= 2);
        assert_eq!(bench.figures.waiting.get(), AT_ONCE as u64 + 2);
        assert_eq!(bench.names_in("to-send/acme").len(), AT_ONCE + 2);
        store.set(Mood::Takes);
        until("all are sent", || bench.figures.sent.get() == AT_ONCE as u64 + 2);
        assert_eq!(store.names().len(), AT_ONCE + 2);
        until("nothing waits", || bench.figures.waiting.get() == 0);
    }
}

#[test]
fn what_an_earlier_process_left_is_sent_whole_or_repaired_first() {
    let (root, store) = (root("left_to_send"), Moody::new(Mood::Takes));
    leave(&root, "acme/rec_1_1.ogg", b"complete");
    // It was killed between the store's word and the removal.
    let before = StorePath::from("office/acme/rec_1_1.ogg");
    block_on(store.inner.put(&before, PutPayload::from_static(b"complete"))).unwrap();
    let header = patchcord_media::recording_wav_header(8_000, 1, 0);
    leave(
        &root,
        "acme/rec_2_1.wav.part",
        &[header.as_slice(), &[7; 16_001]].concat(),
    );
    leave(&root, "other-tenant/rec_3_1.wav", b"complete too");
    leave(&root, "acme/notes.txt", b"none of ours");
    // From a time without a store.
    fs::write(root.join("recordings/rec_4_1.wav.part"), header).unwrap();
    let mut bench = Bench::with(root, Some(setup(&store)));
    until("all are sent", || bench.figures.sent.get() == 3);
    let names = [
        "office/acme/rec_1_1.ogg",
        "office/acme/rec_2_1.wav",
        "office/other-tenant/rec_3_1.wav",
    ];
    assert_eq!(store.names(), names);
    let (bytes, content_type, _) = store.object(names[0]);
    assert_eq!(
        (bytes.as_slice(), content_type.as_str()),
        (b"complete".as_slice(), "audio/ogg")
    );
    let told = bench.stop();
    let lines: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = lines
        .iter()
        .find(|line| line["interrupted_recording"] == "rec_2_1")
        .unwrap();
    assert_eq!(line["sha256"], store.object(names[1]).2.as_str());
    assert_eq!(bench.names_in("to-send/acme"), ["notes.txt"]);
    assert!(bench.path("rec_4_1.wav").exists(), "it stays where it was");
}

#[test]
fn a_large_file_is_sent_in_parts_and_from_the_beginning_when_one_is_lost() {
    let (root, store) = (root("large"), Moody::new(Mood::LosesParts));
    let bytes: Vec<u8> = (0..2 * upload::PART as u32 + 1_000).map(|at| (at / 7) as u8).collect();
    leave(&root, "acme/rec_1_1.wav", &bytes);
    let bench = Bench::with(root, Some(setup(&store)));
    until("it is sent", || bench.figures.sent.get() == 1);
    let (sent, _, hash) = store.object("office/acme/rec_1_1.wav");
    assert!(sent == bytes);
    assert_eq!(
        hash,
        hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes).as_ref())
    );
    let seen = store.seen.lock().unwrap();
    assert_eq!((seen.largest, seen.aborted), (upload::PART as usize, 1));
    assert_eq!((seen.puts, seen.parts), (0, 2 + 3));
    assert_eq!(bench.figures.not_sent.get(), 1);
}

#[test]
fn recordings_are_refused_while_too_much_waits() {
    let (root, store) = (root("no_room"), Moody::new(Mood::Refuses));
    leave(&root, "acme/rec_1_1.wav", &[0; 1_000]);
    let few = Setup {
        bytes_max: 1_000,
        ..setup(&store)
    };
    let bench = Bench::with(root, Some(few));
    let begin = || {
        let order = RecordingOrder::Begin {
            key: KEY,
            tenant: patchcord_control::ids::Tenant("acme".to_owned()),
            id: RecordingId {
                call: CallId(1),
                number: 1,
            },
            channels: 1,
            trim: Trim::Keep,
            format: RecordFormat::Wav,
        };
        bench.queue.order(0, order)
    };
    assert_eq!(begin(), Ordered::Refused(KEY, NotRecorded::Storage));
    assert_eq!((bench.figures.no_room.get(), bench.figures.active.get()), (1, 0));
    store.set(Mood::Takes);
    until("there is room again", || bench.figures.waiting.get() == 0);
    assert_eq!(begin(), Ordered::Yes);
}

#[test]
fn one_that_somebody_removes_is_not_waited_for() {
    let (root, store) = (root("removed"), Moody::new(Mood::Refuses));
    leave(&root, "acme/rec_1_1.wav", &[0; 1_000]);
    let bench = Bench::with(root, Some(setup(&store)));
    until("it was tried", || bench.figures.not_sent.get() >= 1);
    fs::remove_file(bench.path("to-send/acme/rec_1_1.wav")).unwrap();
    until("it is forgotten", || bench.figures.waiting.get() == 0);
    assert_eq!((bench.figures.waiting_bytes.get(), store.names().len()), (0, 0));
}

#[test]
fn a_node_that_stops_sends_what_it_can_and_does_not_wait_for_a_store_that_is_down() {
    let store = Moody::new(Mood::Takes);
    let mut bench = Bench::with(root("goodbye"), Some(setup(&store)));
    let id = bench.begin(KEY, 1, 1);
    bench.frames(KEY, 0, 0..5);
    bench.stop();
    assert_eq!(store.names(), [format!("office/acme/{id}.wav")]);
    for mood in [Mood::Refuses, Mood::Hangs] {
        let store = Moody::new(mood);
        let mut bench = Bench::with(root("goodbye_down"), Some(setup(&store)));
        let id = bench.begin(KEY, 1, 1);
        bench.stop();
        assert_eq!(bench.names_in("to-send/acme"), [format!("{id}.wav")]);
    }
}

#[test]
fn without_a_store_what_waits_for_one_stays() {
    let root = root("no_store");
    leave(&root, "acme/rec_1_1.wav", b"complete");
    leave(&root, "acme/rec_2_1.wav.part", b"RIF");
    let mut bench = Bench::with(root, None);
    let told = bench.stop();
    assert!(told.contains("rec_2_1"), "{told}");
    assert_eq!(bench.names_in("to-send/acme"), ["rec_1_1.wav", "rec_2_1.wav"]);
}

#[test]
fn a_tenant_whose_name_is_no_folder_has_no_recordings() {
    let places = Places::new(Path::new("/nowhere"), crate::recordings::places::Stay::UntilSent);
    for name in ["", "..", ".hidden", "a/b", "ä", &"x".repeat(65)] {
        assert!(
            places.of(&patchcord_control::ids::Tenant(name.to_owned())).is_err(),
            "{name}"
        );
    }
}
