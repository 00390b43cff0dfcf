//! Journals in files: appended as they come, private to their owner, broken off where a part is missing, and not for ever.

use super::{JournalFolder, JournalQueue, JournalThread, file, module_file, start};
use patchcord_control::ids::CallId;
use patchcord_switch::{JournalPart, Last, broken_off};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

struct Rig {
    folder: PathBuf,
    thread: Option<JournalThread>,
    queue: JournalQueue,
}

impl Rig {
    fn new(name: &str, with: impl FnOnce(JournalFolder) -> JournalFolder) -> Self {
        let folder = std::env::temp_dir().join(format!("patchcord-journals-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        Self::again(folder, with)
    }

    fn again(folder: PathBuf, with: impl FnOnce(JournalFolder) -> JournalFolder) -> Self {
        let to = with(JournalFolder::at(folder.clone()));
        let (thread, queue) = start(to, Arc::default()).unwrap();
        Self {
            folder,
            thread: Some(thread),
            queue,
        }
    }

    fn part(&self, call: u128, at: u64, bytes: &[u8], last: Last) {
        self.queue.part(JournalPart {
            call: CallId(call),
            at,
            bytes: bytes.to_vec(),
            last,
        });
    }

    fn finish(&mut self) {
        drop(self.thread.take());
    }

    fn read(&self, call: u128) -> Option<Vec<u8>> {
        fs::read(file(&self.folder, CallId(call))).ok()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.finish();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn parts_of_many_calls_become_files_of_their_own() {
    let mut rig = Rig::new("many", |to| to);
    // More than are held open.
    for round in 0..3_u64 {
        for call in 0..600 {
            let last = if round == 2 { Last::Yes } else { Last::No };
            rig.part(call, round * 4, &[round as u8; 4], last);
        }
    }
    rig.finish();
    for call in 0..600 {
        assert_eq!(rig.read(call).unwrap(), [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    }
    let figures = &rig.queue.figures;
    assert_eq!(
        (figures.begun.get(), figures.whole.get(), figures.broken.get()),
        (600, 600, 0)
    );
    assert_eq!(figures.bytes.get(), 600 * 12);
    assert_eq!(mode(&rig.folder), 0o700);
    assert_eq!(mode(&file(&rig.folder, CallId(1))), 0o600);
}

#[test]
fn a_journal_breaks_off_where_a_part_is_missing() {
    let mut rig = Rig::new("hole", |to| to);
    rig.part(1, 0, b"first", Last::No);
    rig.part(1, 9, b"third", Last::No);
    rig.part(1, 14, b"fourth", Last::Yes);
    rig.part(2, 7, b"no beginning", Last::No);
    rig.finish();
    assert_eq!(rig.read(1).unwrap(), [&b"first"[..], &broken_off()].concat());
    assert_eq!(rig.read(2), None);
    assert_eq!(rig.queue.figures.broken.get(), 1);
}

#[test]
fn what_finds_no_room_is_lost_and_never_waits() {
    let mut rig = Rig::new("full", |to| to);
    let large = vec![0; super::QUEUE_BYTES + 1];
    rig.part(1, 0, &large, Last::No);
    rig.part(2, 0, b"small", Last::Yes);
    rig.finish();
    assert_eq!((rig.read(1), rig.queue.figures.lost.get()), (None, 1));
    assert_eq!(rig.read(2).unwrap(), b"small");
}

#[test]
fn the_oldest_go_first_by_size_and_by_age() {
    let mut rig = Rig::new("tidy", |to| JournalFolder { bytes: 10, ..to });
    for call in 1..=4 {
        rig.part(call, 0, b"four", Last::Yes);
    }
    rig.finish();
    let there: Vec<bool> = (1..=4).map(|call| rig.read(call).is_some()).collect();
    assert_eq!(there, [false, false, true, true], "two fit into ten bytes");
    let long_ago = SystemTime::now() - Duration::from_secs(7_200);
    let old = fs::File::options()
        .write(true)
        .open(file(&rig.folder, CallId(3)))
        .unwrap();
    old.set_modified(long_ago).unwrap();
    let mut next = Rig::again(rig.folder.clone(), |to| JournalFolder {
        keep: Duration::from_secs(3_600),
        ..to
    });
    next.finish();
    assert_eq!((next.read(3), next.read(4).is_some()), (None, true));
}

#[test]
fn modules_are_kept_beside_the_journals() {
    let rig = Rig::new("modules", |to| to);
    let to = JournalFolder::at(rig.folder.clone());
    to.keep_module("ab12", b"a module").unwrap();
    to.keep_module("ab12", b"a module").unwrap();
    let copy = module_file(&rig.folder, "ab12");
    assert_eq!(fs::read(&copy).unwrap(), b"a module");
    assert_eq!(mode(&copy), 0o600);
}
