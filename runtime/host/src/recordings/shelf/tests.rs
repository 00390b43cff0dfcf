//! Recordings found where they lie: on this disk, on their way, or in a store in memory; and those of nobody else.

use super::*;
use object_store::memory::InMemory;
use object_store::{ObjectStoreExt, PutPayload};
use patchcord_control::ids::CallId;

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(work)
}

fn tenant(name: &str) -> Tenant {
    Tenant(name.to_owned())
}

fn recording(number: u32) -> RecordingId {
    RecordingId {
        call: CallId(7),
        number,
    }
}

/// An empty folder, and a shelf over it with a store in memory or none.
fn shelf(name: &str, store: Option<Arc<InMemory>>) -> (PathBuf, Shelf) {
    let folder = std::env::temp_dir().join(format!("patchcord-shelf-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let stay = if store.is_some() { Stay::UntilSent } else { Stay::Here };
    let shelf = Shelf {
        places: Some(Places::new(&folder, stay)),
        remote: store.map(|store| Remote::over(store, "office".into())),
    };
    (folder, shelf)
}

async fn all(sound: &Sound) -> Vec<u8> {
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < sound.bytes {
        bytes.extend(sound.piece(bytes.len() as u64, sound.bytes).await.unwrap());
    }
    bytes
}

#[test]
fn a_file_is_found_by_its_id_read_in_pieces_and_removed() {
    let (folder, shelf) = shelf("here", None);
    let content: Vec<u8> = (0..PIECE * 2 + 5).map(|n| n as u8).collect();
    let path = folder.join(format!("{}.ogg", recording(1)));
    std::fs::write(&path, &content).unwrap();
    std::fs::write(folder.join(format!("{}.wav.part", recording(2))), b"RIFF").unwrap();
    run(async {
        let sound = shelf.find(&tenant("acme"), recording(1)).await.unwrap();
        assert_eq!((sound.media_type, sound.bytes), ("audio/ogg", content.len() as u64));
        assert_eq!(sound.piece(3, 7).await.unwrap(), &content[3..7]);
        assert_eq!(all(&sound).await, content);
        assert_eq!(
            shelf.find(&tenant("acme"), recording(2)).await.unwrap_err(),
            NotHad::Running
        );
        assert_eq!(
            shelf.find(&tenant("acme"), recording(3)).await.unwrap_err(),
            NotHad::Gone
        );
        shelf.remove(&tenant("acme"), recording(1)).await.unwrap();
        assert!(!path.exists());
        assert_eq!(shelf.remove(&tenant("acme"), recording(1)).await, Err(NotHad::Gone));
    });
}

#[test]
fn a_recording_is_found_on_its_way_and_in_the_store_of_its_tenant_alone() {
    let store = Arc::new(InMemory::new());
    let (folder, shelf) = shelf("there", Some(store.clone()));
    let waiting = folder.join("to-send/acme");
    std::fs::create_dir_all(&waiting).unwrap();
    std::fs::write(waiting.join(format!("{}.wav", recording(1))), b"RIFF-waiting").unwrap();
    run(async {
        let name = object_store::path::Path::from(format!("office/acme/{}.wav", recording(2)));
        store.put(&name, PutPayload::from_static(b"RIFF-sent")).await.unwrap();
        for (number, content) in [(1, &b"RIFF-waiting"[..]), (2, b"RIFF-sent")] {
            let sound = shelf.find(&tenant("acme"), recording(number)).await.unwrap();
            assert_eq!((sound.media_type, &all(&sound).await[..]), ("audio/wav", content));
            let theirs = shelf.find(&tenant("other"), recording(number)).await;
            assert_eq!(theirs.unwrap_err(), NotHad::Gone);
            shelf.remove(&tenant("acme"), recording(number)).await.unwrap();
            let gone = shelf.find(&tenant("acme"), recording(number)).await;
            assert_eq!(gone.unwrap_err(), NotHad::Gone);
        }
    });
}

#[test]
fn without_a_folder_there_is_nothing() {
    let found = run(Shelf::default().find(&tenant("acme"), recording(1)));
    assert_eq!(found.unwrap_err(), NotHad::Gone);
}
