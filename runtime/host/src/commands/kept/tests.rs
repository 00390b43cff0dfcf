//! Which file is meant, and the sentence if none is.

use super::{JOURNAL, TRACE, find};
use std::fs;
use std::path::Path;

#[test]
fn a_call_is_found_by_the_beginning_of_its_id() {
    let folder = std::env::temp_dir().join(format!("patchcord-find-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let ids = ["00ab0000000000000000000000000001", "00ac0000000000000000000000000002"];
    for id in ids {
        fs::write(folder.join(format!("call_{id}.trace")), "").unwrap();
    }
    let first = folder.join(format!("call_{}.trace", ids[0]));
    for name in ["00ab", "call_00AB", ids[0], &format!("call_{}", ids[0])] {
        assert_eq!(find(&TRACE, &folder, name).unwrap(), first, "{name}");
    }
    assert_eq!(
        find(&TRACE, &folder, "elsewhere/x.trace").unwrap(),
        Path::new("elsewhere/x.trace")
    );
    for (name, sentence) in [
        ("00a", "2 traces"),
        ("00ff", "no trace in"),
        ("hello", "is no id of a call"),
        ("", "is no id of a call"),
        ("../00ab", "is no id of a call"),
        ("00ab0000000000000000000000000009", "there is no trace of this call"),
    ] {
        let error = find(&TRACE, &folder, name).unwrap_err().to_string();
        assert!(error.contains(sentence), "{name}: {error}");
    }
    fs::remove_dir_all(&folder).unwrap();
    assert!(
        find(&TRACE, &folder, "00")
            .unwrap_err()
            .to_string()
            .contains("name that of [trace] with --folder")
    );
}

#[test]
fn a_journal_is_looked_for_by_its_own_ending() {
    let folder = std::env::temp_dir().join(format!("patchcord-find-journal-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let trace = folder.join("call_00ab0000000000000000000000000001.trace");
    let journal = trace.with_extension("journal");
    fs::write(&trace, "").unwrap();
    let error = find(&JOURNAL, &folder, "00ab").unwrap_err().to_string();
    assert!(error.contains("no journal in"), "{error}");
    fs::write(&journal, "").unwrap();
    assert_eq!(find(&JOURNAL, &folder, "00ab").unwrap(), journal);
    fs::remove_dir_all(&folder).unwrap();
}
