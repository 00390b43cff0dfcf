//! What is kept of a call and of all calls, and which files stay.

use super::*;
use crate::trace::tests::{CALL, call, doors, other};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("patchcord-traces-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn limits(&self, keep: usize, bytes: u64) -> TraceFolder {
        TraceFolder {
            folder: self.0.clone(),
            keep,
            bytes,
        }
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn note(call: u128, text: String) -> TraceRecord {
    TraceRecord {
        call: CallId(call),
        ..other(1, What::Note(text))
    }
}

#[test]
fn a_call_becomes_a_file_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("file");
    let figures = Arc::new(TraceFigures::default());
    let (thread, queue) = start(folder.limits(10, 1 << 20), doors(), figures.clone()).unwrap();
    for record in call().records {
        queue.record(record);
    }
    queue.record(note(9, "another call, still running".to_owned()));
    queue.ended(CALL);
    queue.ended(CallId(77));
    drop(thread);
    assert_eq!(folder.names(), [format!("{}.trace", CallId(9)), format!("{CALL}.trace")]);
    let path = file(&folder.0, CALL);
    assert_eq!(format::decode(&fs::read(&path).unwrap()).unwrap(), call());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&folder.0).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!((figures.written.get(), figures.left_out.get(), figures.failed.get()), (2, 0, 0));
    // A store that has stopped holds nobody up.
    queue.ended(CALL);
}

#[test]
fn of_a_long_call_the_beginning_and_the_end_are_kept() {
    let mut kept = Kept::default();
    for number in 0..10_000 {
        kept.add(note(1, number.to_string()));
    }
    assert_eq!((kept.first.len(), kept.last.len()), (FIRST, LAST));
    assert_eq!(kept.left_out, 10_000 - (FIRST + LAST) as u64);
    let text = |record: &TraceRecord| match &record.what {
        What::Note(note) => note.clone(),
        _ => unreachable!(),
    };
    assert_eq!(text(&kept.first[0]), "0");
    assert_eq!(text(kept.last.back().unwrap()), "9999");
}

#[test]
fn long_messages_take_the_room_of_many() {
    let mut kept = Kept::default();
    for _ in 0..1_000 {
        kept.add(note(1, "x".repeat(RECORD_BYTES)));
        assert!(kept.bytes <= CALL_BYTES + RECORD_BYTES + RECORD_COST);
    }
    assert!(kept.left_out > 900);
    let real: usize = kept.first.iter().chain(&kept.last).map(cost).sum();
    assert_eq!(real, kept.bytes);
}

#[test]
fn a_record_is_cut_at_a_letter() {
    let mut record = note(1, "\u{20ac}".repeat(RECORD_BYTES));
    cut(&mut record);
    assert!(cost(&record) <= RECORD_BYTES + RECORD_COST);
}

#[test]
fn all_calls_together_have_an_end() {
    let folder = Folder::new("all");
    let figures = Arc::new(TraceFigures::default());
    let mut store = Store {
        doors: Vec::new(),
        files: Files::open(folder.limits(1, 1)).unwrap(),
        calls: HashMap::new(),
        bytes: 0,
        figures: figures.clone(),
    };
    let text = "x".repeat(RECORD_BYTES);
    let mut call = 0;
    while figures.left_out.get() == 0 {
        store.keep(note(call, text.clone()));
        call += 1;
        assert!(store.bytes <= ALL_BYTES + RECORD_BYTES + RECORD_COST);
    }
    let all: usize = store.calls.values().map(|kept| kept.bytes).sum();
    assert_eq!(all, store.bytes);
    let left = store.bytes - store.calls[&CallId(0)].bytes;
    store.write(CallId(0));
    assert_eq!(store.bytes, left);
}

#[test]
fn the_oldest_files_go() {
    let folder = Folder::new("oldest");
    let name = |call| format!("{}.trace", CallId(call));
    let mut files = Files::open(folder.limits(3, 1_000)).unwrap();
    for call in 1..=5 {
        files.write(CallId(call), &[0; 100]).unwrap();
    }
    fs::write(folder.0.join("notes.txt"), "not ours").unwrap();
    assert_eq!(folder.names(), [name(3), name(4), name(5), "notes.txt".to_owned()]);
    // By bytes, too; the newest stays.
    files.write(CallId(6), &[0; 950]).unwrap();
    assert_eq!(folder.names(), [name(6), "notes.txt".to_owned()]);
    files.write(CallId(7), &[0; 5_000]).unwrap();
    assert_eq!(folder.names(), [name(7), "notes.txt".to_owned()]);
    drop(files);
    // Those of an earlier run count.
    let mut files = Files::open(folder.limits(1, 1 << 20)).unwrap();
    files.write(CallId(8), &[0; 10]).unwrap();
    assert_eq!(folder.names(), [name(8), "notes.txt".to_owned()]);
}

#[test]
fn a_folder_that_cannot_be_is_an_error() {
    let folder = Folder::new("wrong");
    fs::write(&folder.0, "a file").unwrap();
    let limits = folder.limits(1, 1);
    assert!(start(limits, Vec::new(), Arc::default()).is_err());
    fs::remove_file(&folder.0).unwrap();
}
