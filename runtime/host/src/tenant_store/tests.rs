//! The store over restarts and kills: what was told is there, what was not told is cut off, and nobody waits for long.

use super::*;
use crate::shard_threads::{Heard, Outbox};
use crate::testing::Folder;
use patchcord_control::ids::Tenant;
use patchcord_control::words::{StoreAction, StoreEntry};
use patchcord_switch::Query;
use std::fs;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

struct Rig {
    outbox: Outbox,
    queue: TenantStoreQueue,
    figures: Arc<TenantStoreFigures>,
    asked: u64,
    // Ends before the shard's end of its queue.
    _thread: AsyncThread,
}

fn config(folder: Option<&Path>) -> TenantStoreConfig {
    TenantStoreConfig {
        folder: folder.map(Path::to_owned),
        limits: StoreLimits::default(),
    }
}

fn open(folder: Option<&Path>) -> Result<Rig, StartError> {
    let (inbox, outbox) = Inbox::new();
    let figures = Arc::new(TenantStoreFigures::default());
    let (thread, queue) = start(&config(folder), &[inbox], &figures)?;
    Ok(Rig {
        outbox,
        queue,
        figures,
        asked: 0,
        _thread: thread,
    })
}

impl Rig {
    fn ask(&mut self, key: &str, action: StoreAction) -> Stored {
        self.asked += 1;
        let wanted = ToStore {
            tenant: Tenant("t".to_owned()),
            key: key.to_owned().into(),
            action,
        };
        self.queue.ask((0, Query(self.asked)), wanted).unwrap();
        match self.outbox.heard(PATIENCE) {
            Some(Heard::KeptFor(Query(number), reply)) if number == self.asked => reply,
            other => panic!("{other:?} is no reply"),
        }
    }

    fn set(&mut self, key: &str, value: &[u8]) {
        let value = value.to_vec().into();
        let reply = self.ask(key, StoreAction::Set { value, ttl_ms: None });
        assert!(matches!(reply, Ok(StoreReply::Version(_))), "{reply:?}");
    }

    fn get(&mut self, key: &str) -> Option<StoreEntry> {
        match self.ask(key, StoreAction::Get) {
            Ok(StoreReply::Entry(entry)) => entry,
            other => panic!("{other:?} is no entry"),
        }
    }

    fn value(&mut self, key: &str) -> Option<Vec<u8>> {
        self.get(key).map(|entry| entry.value.into_inner())
    }
}

#[test]
fn in_memory_it_is_gone_with_its_node() {
    let mut rig = open(None).unwrap();
    rig.set("k", b"v");
    assert_eq!(rig.value("k").as_deref(), Some(&b"v"[..]));
    assert_eq!((rig.figures.entries.get(), rig.figures.bytes.get()), (1, 2));
    assert_eq!(open(None).unwrap().value("k"), None);
}

#[test]
fn in_a_folder_it_is_there_after_a_restart_and_versions_go_on() {
    let folder = Folder::new("store");
    let path = folder.path().join("store");
    let mut rig = open(Some(&path)).unwrap();
    rig.set("kept", b"one");
    rig.set("kept", b"two");
    rig.set("gone", b"three");
    assert_eq!(rig.ask("gone", StoreAction::Delete), Ok(StoreReply::Deleted(true)));
    let short = StoreAction::Set {
        value: b"soon".to_vec().into(),
        ttl_ms: Some(1),
    };
    rig.ask("expired", short).unwrap();
    let before = rig.get("kept").unwrap();
    drop(rig);
    std::thread::sleep(Duration::from_millis(5));
    let mut rig = open(Some(&path)).unwrap();
    assert_eq!(rig.get("kept"), Some(before.clone()));
    assert_eq!((rig.value("gone"), rig.value("expired")), (None, None));
    rig.set("kept", b"three");
    assert!(rig.get("kept").unwrap().version > before.version);
}

#[test]
fn what_a_kill_cut_short_is_cut_off_wherever_that_was() {
    let folder = Folder::new("store");
    let path = folder.path().join("store");
    let mut rig = open(Some(&path)).unwrap();
    rig.set("first", b"one");
    let whole = fs::metadata(path.join("store.log")).unwrap().len() as usize;
    rig.set("second", b"two");
    drop(rig);
    let text = fs::read(path.join("store.log")).unwrap();
    for end in whole..text.len() {
        fs::write(path.join("store.log"), &text[..end]).unwrap();
        let mut rig = open(Some(&path)).unwrap();
        assert_eq!(rig.value("first").as_deref(), Some(&b"one"[..]), "cut at {end}");
        assert_eq!(rig.value("second"), None, "cut at {end}");
        rig.set("third", b"three");
        drop(rig);
        assert_eq!(
            open(Some(&path)).unwrap().value("third").as_deref(),
            Some(&b"three"[..])
        );
    }
    // A bit that fell over is no change either.
    let mut damaged = text.clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(path.join("store.log"), &damaged).unwrap();
    assert_eq!(open(Some(&path)).unwrap().value("second"), None);
    assert_eq!(fs::read(path.join("store.log.cut")).unwrap(), &damaged[whole..]);
}

#[test]
fn a_log_does_not_grow_without_end() {
    let folder = Folder::new("store");
    let path = folder.path().join("store");
    let mut rig = open(Some(&path)).unwrap();
    let value = vec![7; 60_000];
    for number in 0..60_u8 {
        rig.set("same", &[&value[..], &[number]].concat());
    }
    let size = fs::metadata(path.join("store.log")).unwrap().len();
    assert!(size < 1_500_000, "{size} bytes for one entry of 60,000");
    let last = rig.get("same").unwrap();
    drop(rig);
    assert_eq!(open(Some(&path)).unwrap().get("same"), Some(last));
}

#[test]
fn two_processes_do_not_share_a_folder_and_other_files_are_left_alone() {
    let folder = Folder::new("store");
    let path = folder.path().join("store");
    let rig = open(Some(&path)).unwrap();
    let refused = open(Some(&path)).err().map(|why| why.to_string()).unwrap();
    assert!(refused.contains("another process"), "{refused}");
    drop(rig);
    fs::write(path.join("store.log"), "a letter to my aunt").unwrap();
    let refused = open(Some(&path)).err().map(|why| why.to_string()).unwrap();
    assert!(refused.contains("no log of a store"), "{refused}");
    assert_eq!(
        fs::read_to_string(path.join("store.log")).unwrap(),
        "a letter to my aunt"
    );
}

#[test]
fn nobody_waits_for_a_keeper_that_hangs() {
    struct Hangs;
    impl Keeper for Hangs {
        async fn work(&mut self, _: &[Order<ToStore>]) -> Vec<Stored> {
            std::future::pending().await
        }
    }
    let (inbox, _outbox) = Inbox::new();
    let figures = Arc::new(TenantStoreFigures::default());
    let (_thread, queue) = start_with(Hangs, &[inbox], &figures).unwrap();
    let wanted = ToStore {
        tenant: Tenant("t".to_owned()),
        key: "k".to_owned().into(),
        action: StoreAction::Get,
    };
    let refused = (0..2 * QUEUE as u64).filter(|number| queue.ask((0, Query(*number)), wanted.clone()).is_err());
    assert!(refused.count() >= QUEUE - AT_ONCE);
    assert!(figures.dropped.get() > 0);
}
