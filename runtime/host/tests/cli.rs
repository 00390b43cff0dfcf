//! The binary as its users run it: a project from nothing to a call, and the sentence and exit code of every mistake. The
//! commands' parts have their own tests beside them; the machine under `dev` has `node.rs`.

#![allow(clippy::unwrap_used, reason = "what the helpers of a test cannot do fails the test")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

/// The longest anything may take: the first build of a handler on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);
/// Lines of a running `dev` that may wait to be looked at.
const LINES: usize = 10_000;

/// A folder outside the repository, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("patchcord-cli-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The command, run in a folder. Handlers share one target folder, so that what the SDK needs is built once. Cargo puts
/// every module there under its project's name: tests run side by side, so each has names of its own.
fn patchcord(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchcord"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("handlers");
    command
        .args(args)
        .current_dir(dir)
        .env("CARGO_TARGET_DIR", target)
        .stdin(Stdio::null());
    command
}

fn run(dir: &Path, args: &[&str]) -> Output {
    patchcord(dir, args).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn succeed(dir: &Path, args: &[&str]) -> String {
    let output = run(dir, args);
    assert!(
        output.status.success(),
        "{args:?} ended with {}: {}\n{}",
        output.status,
        out(&output),
        err(&output)
    );
    out(&output)
}

/// Runs, expects exit code 1 and gives the one sentence.
#[track_caller]
fn fail(dir: &Path, args: &[&str]) -> String {
    let output = run(dir, args);
    assert_eq!(
        output.status.code(),
        Some(1),
        "{args:?}: {}\n{}",
        out(&output),
        err(&output)
    );
    let text = err(&output);
    let sentence = text.lines().last().unwrap_or_default();
    assert!(sentence.starts_with("error: "), "{text}");
    sentence.to_owned()
}

/// A running `dev`; ended with Ctrl-C's signal, or killed if a test fails first.
struct Dev {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Dev {
    fn start(dir: &Path, what: &str) -> Dev {
        let free = "127.0.0.1:0";
        let args = ["dev", what, "--sip", free, "--http", free, "--api", free];
        let mut child = patchcord(dir, &args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = sync_channel(LINES);
        let errors = sender.clone();
        let output = BufReader::new(child.stdout.take().unwrap());
        let complaints = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .all(|line| sender.send(line).is_ok())
        });
        std::thread::spawn(move || {
            complaints
                .lines()
                .map_while(Result::ok)
                .all(|line| errors.send(line).is_ok())
        });
        Dev {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Waits for a line that contains `part`.
    #[track_caller]
    fn wait_for(&mut self, part: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with {part:?} came; these did:\n{}", self.seen.join("\n"));
            };
            self.seen.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Its SIP address, from the line for programs.
    #[track_caller]
    fn sip(&mut self) -> String {
        let line = self.wait_for("ready sip=");
        let word = line.split(' ').find_map(|word| word.strip_prefix("sip=")).unwrap();
        format!("sip:anybody@{word}")
    }

    /// Ctrl-C; gives the exit code.
    fn interrupt(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("dev goes on after Ctrl-C; it said:\n{}", self.seen.join("\n"));
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Replaces a piece of a file, which must be there.
fn edit(file: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(old), "{old:?} is not in {}", file.display());
    fs::write(file, text.replace(old, new)).unwrap();
}

#[test]
fn a_new_project_builds_anywhere_and_is_called() {
    let folder = Folder::new("menu");
    let made = succeed(&folder.0, &["new", "support-line"]);
    assert!(made.contains("patchcord dev"), "{made}");
    let project = folder.0.join("support-line");
    let built = succeed(&project, &["build"]);
    assert!(built.contains("patchcord:handler/gather@0.1.0"), "{built}");
    let module = "target/patchcord/support-line.wasm";
    let checked = succeed(&project, &["check", module]);
    for part in [
        "gather",
        "menu.wav",
        "memory 32.0 MiB",
        "ok: an upload would take this module",
    ] {
        assert!(checked.contains(part), "{part} in {checked}");
    }
    let again = fail(&folder.0, &["new", "support-line"]);
    assert!(again.contains("support-line exists already"), "{again}");

    let mut dev = Dev::start(&project, module);
    let uri = dev.sip();
    let heard = succeed(&folder.0, &["call", &uri, "--keys", "2", "--record", "heard.wav"]);
    for part in ["<- 200 answered", "-> key 2", "tone 620 Hz", "ended by the other side"] {
        assert!(heard.contains(part), "{part} in {heard}");
    }
    let recorded = fs::read(folder.0.join("heard.wav")).unwrap();
    assert!(
        recorded.starts_with(b"RIFF") && recorded.len() > 4 * 16_000,
        "{} bytes",
        recorded.len()
    );
    dev.wait_for("gather(");
    dev.wait_for("ended  handler done");
    assert_eq!(dev.interrupt(), Some(0));
}

#[test]
fn the_scenarios_of_a_new_project_pass() {
    let folder = Folder::new("scenarios");
    for (name, template) in [("played-menu", "menu"), ("played-hello", "hello")] {
        succeed(&folder.0, &["new", name, "--template", template]);
        let tested = succeed(&folder.0, &["test", name]);
        assert!(tested.contains("scenarios passed"), "{tested}");
    }
    let both = ["test", "played-menu", "played-hello", "--junit", "outcome.xml"];
    assert!(succeed(&folder.0, &both).contains("scenarios passed"));
    let xml = fs::read_to_string(folder.0.join("outcome.xml")).unwrap();
    let suites = [
        "<testsuite name=\"played-menu\"",
        "<testsuite name=\"played-hello\"",
        "failures=\"0\"",
    ];
    assert!(suites.iter().all(|part| xml.contains(part)), "{xml}");
    // A scenario that expects something else fails, says so, and the exit code too.
    let scenarios = folder.0.join("played-hello/scenarios");
    let file = fs::read_dir(&scenarios)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .next()
        .unwrap();
    edit(&file, "440", "1234");
    let output = run(&folder.0, &["test", "played-hello"]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(
        out(&output).contains("FAIL") && out(&output).contains("scenarios failed"),
        "{}",
        out(&output)
    );
    assert!(
        out(&output).contains("expected: a tone of 1234 Hz") && out(&output).contains("happened: "),
        "{}",
        out(&output)
    );
}

#[test]
fn random_callers_find_a_defect_and_leave_a_scenario_that_fails_alike() {
    let folder = Folder::new("explored");
    succeed(&folder.0, &["new", "explored", "--template", "hello"]);
    let fuzz = ["test", "explored", "--fuzz", "40", "--seed", "3"];
    assert!(succeed(&folder.0, &fuzz).contains("40 random scenarios with seed 3 broke no rule"));
    let source = folder.0.join("explored/src/lib.rs");
    edit(
        &source,
        "caller.answer()?;",
        "caller.answer()?;\n    let pressed = caller.gather(Gather::keys(1).first_key_within(secs(5)))?;\n    assert!(pressed.keys.is_empty(), \"no keys\");",
    );
    let first = run(&folder.0, &fuzz);
    assert_eq!(first.status.code(), Some(1), "{}", err(&first));
    let told = out(&first);
    assert!(told.contains("breaks a rule") && told.contains("no keys"), "{told}");
    let scenarios = || {
        fs::read_dir(folder.0.join("explored/scenarios"))
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
    };
    let found = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("fuzz_3_");
    let written = scenarios().find(found).expect("the scenario is written");
    assert!(
        told.contains(&written.file_name().unwrap().to_string_lossy().into_owned()),
        "{told}"
    );
    // The file that is there now changes nothing of what is found.
    assert_eq!(out(&run(&folder.0, &fuzz)), told);
    for other in scenarios().filter(|path| !found(path)) {
        fs::remove_file(other).unwrap();
    }
    let replayed = run(&folder.0, &["test", "explored"]);
    assert_eq!(replayed.status.code(), Some(1), "{}", err(&replayed));
    assert!(out(&replayed).contains("1 of 1 scenarios failed") && out(&replayed).contains("no keys"));
}

#[test]
fn a_save_brings_a_new_version_and_a_mistake_does_not() {
    let folder = Folder::new("hello");
    succeed(&folder.0, &["new", "saved", "--template", "hello"]);
    let source = folder.0.join("saved/src/lib.rs");
    let mut dev = Dev::start(&folder.0, "saved");
    let uri = dev.sip();
    let first = succeed(&folder.0, &["call", &uri]);
    assert!(first.contains("tone 440 Hz"), "{first}");

    edit(&source, "tone(440", "no_such_function(440");
    dev.wait_for("cannot find function");
    dev.wait_for("the version before goes on answering calls");
    let still = succeed(&folder.0, &["call", &uri]);
    assert!(still.contains("tone 440 Hz"), "{still}");

    edit(&source, "no_such_function(440", "tone(750");
    dev.wait_for("version module=");
    let second = succeed(&folder.0, &["call", &uri]);
    assert!(second.contains("tone 750 Hz") && !second.contains("440 Hz"), "{second}");
    assert_eq!(dev.interrupt(), Some(0));
}

#[test]
fn ctrl_c_hangs_up_and_shows_how_the_call_ended() {
    let folder = Folder::new("ctrl-c");
    succeed(&folder.0, &["new", "interrupted"]);
    let mut dev = Dev::start(&folder.0, "interrupted");
    let uri = dev.sip();
    let phone = patchcord(&folder.0, &["call", &uri])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    dev.wait_for("call.answer");
    let pid = dev.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    dev.wait_for("ended by the platform");
    let heard = phone.wait_with_output().unwrap();
    assert!(
        heard.status.success() && out(&heard).contains("ended by the other side"),
        "{}",
        out(&heard)
    );
    assert_eq!(dev.child.wait().unwrap().code(), Some(0));
}

#[test]
fn mistakes_get_one_sentence_and_an_exit_code() {
    let folder = Folder::new("mistakes");
    fs::write(folder.0.join("not.wasm"), b"hello").unwrap();
    fs::create_dir(folder.0.join("ruled")).unwrap();
    fs::write(folder.0.join("ruled/Cargo.toml"), "[package]\nname = \"ruled\"\n").unwrap();
    fs::write(folder.0.join("ruled/rules.toml"), "consent = \"1\"\n").unwrap();
    for (args, says) in [
        (&["new", "Bad_Name"][..], "small letters"),
        (&["build", "nowhere"], "patchcord new"),
        (&["check", "missing.wasm"], "missing.wasm"),
        (&["check", "not.wasm"], "this is not WebAssembly"),
        (
            &["dev", "not.wasm", "--sip", "127.0.0.1:0", "--http", "127.0.0.1:0"],
            "this is not WebAssembly",
        ),
        (&["test", "nowhere"], "patchcord new"),
        (&["test", "ruled"], "rules.toml:1: "),
        (&["call", "menu"], "sip:<user>@<host>"),
        (
            &["call", "sip:menu@127.0.0.1:9", "--record", "no/such/folder.wav"],
            "no/such/folder.wav",
        ),
        (&["call", "sip:menu@127.0.0.1:9", "--say", "not.wasm"], "cannot be said"),
        (&["serve", "--config", "missing.toml"], "missing.toml"),
    ] {
        let sentence = fail(&folder.0, args);
        assert!(sentence.contains(says), "{args:?}: {sentence}");
    }
    for args in [
        &["fly"][..],
        &[],
        &["call"],
        &["test", "--seed", "1"],
        &["test", "--fuzz", "0"],
        &["call", "sip:a@127.0.0.1", "--keys", "xyz"],
    ] {
        assert_eq!(run(&folder.0, args).status.code(), Some(2), "{args:?}");
    }
    assert!(out(&run(&folder.0, &["--help"])).contains("First steps"));
}

#[test]
fn a_port_in_use_is_named_before_anything_is_built() {
    let folder = Folder::new("port");
    let owner = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = owner.local_addr().unwrap().to_string();
    fs::write(folder.0.join("not.wasm"), b"hello").unwrap();
    let sentence = fail(&folder.0, &["dev", "not.wasm", "--sip", &address]);
    assert!(sentence.contains(&address) && sentence.contains("--sip"), "{sentence}");
}

#[test]
fn nobody_there_is_said_within_seconds() {
    let folder = Folder::new("nobody");
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let began = Instant::now();
    let sentence = fail(&folder.0, &["call", &format!("sip:menu@{address}")]);
    assert!(
        sentence.contains("nobody answers") && sentence.contains(&address.to_string()),
        "{sentence}"
    );
    assert!(began.elapsed() < Duration::from_secs(10));
}
