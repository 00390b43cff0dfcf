//! Reading scenario files, and the last line.

use super::*;

#[test]
fn a_wrong_scenario_names_file_and_line() {
    let file = std::env::temp_dir().join(format!("patchcord-scenario-{}.toml", std::process::id()));
    fs::write(&file, "about = \"x\"\nsede = 1\n").unwrap();
    let why = format!("{:#}", read(&file).unwrap_err());
    fs::remove_file(&file).unwrap();
    assert!(
        why.contains("patchcord-scenario") && why.contains('2') && why.contains("sede"),
        "{why}"
    );
}

#[test]
fn the_summary_counts() {
    assert_eq!(summary(4, 0, "12.0 ms", Paint::Plain), "4 scenarios passed in 12.0 ms");
    assert_eq!(summary(4, 1, "12.0 ms", Paint::Plain), "1 of 4 scenarios failed");
}
