//! Journals of real calls: sipp calls `patchcord serve` with `[journal]`, and `patchcord replay` runs the handlers again,
//! identical. That of a process that was killed in the middle of a call is readable.

use crate::MENU;
use crate::lab::{self, Lane, MACHINE};
use crate::server::{Route, Server, Setup};
use crate::sipp::Run;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

const CALLS: u32 = 20;
/// How long a call may take to have said something.
const SOON: Duration = Duration::from_secs(20);

fn start(name: &str) -> (Server, PathBuf, Lane) {
    lab::need("sipp");
    let (folder, lane) = (lab::folder(name), Lane::take());
    let _ = std::fs::remove_dir_all(folder.join("journals"));
    let sections = format!("[journal]\nfolder = \"{}\"\n", folder.join("journals").display());
    let setup = Setup {
        sip: "strangers = \"answer\"",
        sections: &sections,
        ..Setup::default()
    };
    let routes = [Route { to: "*", handler: MENU }];
    let server = Server::start_with(&folder, &lane, &routes, &setup);
    (server, folder, lane)
}

fn menu_keys(calls: u32) -> Run<'static> {
    Run {
        scenario: "menu_keys",
        to: "menu",
        calls,
        calls_per_second: 10,
        patience: Duration::from_secs(60),
        keys: &[],
    }
}

/// What `patchcord replay` says, and whether it exits as it should.
fn replay(arguments: &[&str], folder: &Path, code: i32) -> String {
    let mut command = Command::new(lab::patchcord());
    let output: Output = command
        .current_dir(folder)
        .arg("replay")
        .args(arguments)
        .output()
        .expect("the program can be started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "replay {arguments:?}:\n{said}");
    said
}

fn journals(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("journals")).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    paths
        .filter(|path| path.extension().is_some_and(|it| it == "journal"))
        .collect()
}

#[test]
fn journals_of_real_calls_replay_identically() {
    let (server, folder, lane) = start("journals");
    {
        let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
        menu_keys(CALLS)
            .against(server.sip, &folder, &lane)
            .unwrap_or_else(|error| panic!("{error}"));
    }
    let records = server.expect_records(CALLS as usize);
    server.stop();
    let all = replay(&["--all", "journals"], &folder, 0);
    assert!(all.contains(&format!("{CALLS} journals: {CALLS} same")), "{all}");
    let id = records[0]["call"].as_str().expect("a record names its call");
    let one = replay(&[id], &folder, 0);
    assert!(one.contains("identical:") && one.contains("(recorded "), "{one}");
    let walked = {
        let path = folder.join("steps");
        std::fs::write(&path, "n\nn\np\ng 1\nq\n").expect("the test's folder can be written to");
        let mut command = Command::new(lab::patchcord());
        let steps = std::fs::File::open(&path).expect("it was just written");
        let output = command
            .current_dir(&folder)
            .args(["replay", id, "--step"])
            .stdin(steps)
            .output();
        String::from_utf8_lossy(&output.expect("the program can be started").stdout).into_owned()
    };
    let first = walked
        .lines()
        .filter(|line| line.contains("asks Ring { leg: 0 }"))
        .count();
    assert_eq!(first, 2, "at the beginning, and gone back to:\n{walked}");
    damaged_files_have_a_row(&folder);
}

fn damaged_files_have_a_row(folder: &Path) {
    let some = journals(folder);
    let whole = std::fs::read(&some[0]).expect("a journal can be read");
    std::fs::write(&some[0], b"not a journal").expect("it can be written");
    std::fs::write(&some[1], &whole[..whole.len() / 2]).expect("it can be written");
    let all = replay(&["--all", "journals"], folder, 2);
    assert!(all.contains("it is not the journal of a call"), "{all}");
    assert!(all.contains("1 same so far") && all.contains("1 problem"), "{all}");
}

#[test]
fn a_killed_process_leaves_journals_that_can_be_read() {
    let (server, folder, lane) = start("journals_killed");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let address = server.sip;
    std::thread::scope(|scope| {
        // Its calls fail when the server is gone, which is what happens here.
        scope.spawn(|| menu_keys(1).against(address, &folder, &lane));
        let end = Instant::now() + SOON;
        while journals(&folder).is_empty() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        // The menu plays its prompt now. SIGKILL: the server learns nothing of it.
        std::thread::sleep(Duration::from_millis(500));
        drop(server);
    });
    assert_eq!(journals(&folder).len(), 1);
    let all = replay(&["--all", "journals"], &folder, 0);
    assert!(all.contains("1 journals: 1 same so far"), "{all}");
}
