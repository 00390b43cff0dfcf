//! sipp (Debian sip-tester 3.6) as the far end: runs a scenario file and reads sipp's own statistics. What a scenario
//! expects of each message stands in its XML; here are only the numbers over all calls.

use crate::lab::{Lane, root};
use crate::server::wait;
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// sipp as somebody who is called, waiting for one call (or one registration).
pub struct Callee {
    process: Child,
    scenario: &'static str,
    folder: PathBuf,
    pub address: SocketAddr,
}

/// One run of a scenario.
pub struct Run<'a> {
    /// The file's name below `tests/interop/sipp`, without its ending.
    pub scenario: &'a str,
    /// The called user.
    pub to: &'a str,
    pub calls: u32,
    pub calls_per_second: u32,
    /// sipp gives up, and fails, after this long.
    pub patience: Duration,
    /// Values of keywords that the scenario names, such as `[target]`.
    pub keys: &'a [(&'a str, &'a str)],
}

/// What sipp counted.
pub struct Counts {
    last: HashMap<String, String>,
    messages: HashMap<String, u64>,
}

impl Callee {
    /// Starts to wait in `folder`. Gives up, and fails, after `patience`.
    pub fn start(
        scenario: &'static str,
        folder: &Path,
        lane: &Lane,
        keys: &[(&str, &str)],
        patience: Duration,
    ) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], lane.sip_ports().start));
        let mut command = sipp(scenario, folder, lane, patience);
        command.args(["-p", &address.port().to_string(), "-m", "1"]);
        for (name, value) in keys {
            command.args(["-key", name, value]);
        }
        if scenario == "callee_repeats_its_200" {
            command.arg("-nr");
        }
        let process = command.spawn().expect("sipp can be started");
        while UdpSocket::bind(address).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Self {
            process,
            scenario,
            folder: folder.to_owned(),
            address,
        }
    }

    /// What to dial to reach it.
    pub fn uri(&self) -> String {
        format!("sip:callee@{}", self.address)
    }

    /// Waits for the end of its call; `Err` says what sipp reported.
    pub fn finish(mut self) -> Result<Counts, String> {
        let ended = wait(&mut self.process, Duration::from_secs(120));
        judge(self.scenario, &self.folder, ended, 1)
    }
}

impl Drop for Callee {
    fn drop(&mut self) {
        // Both fail when `finish` has seen its end already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a scenario wrote to its log, a line each.
pub fn said(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("said.log")).unwrap_or_default();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

/// What every run has in common.
fn sipp(scenario: &str, folder: &Path, lane: &Lane, patience: Duration) -> Command {
    let file = root().join("tests/interop/sipp").join(format!("{scenario}.xml"));
    let log = std::fs::File::create(folder.join("sipp.log")).expect("the test's folder can be written to");
    let mut command = Command::new("sipp");
    command
        .current_dir(folder)
        .arg("-sf")
        .arg(file)
        .args("-i 127.0.0.1 -mi 127.0.0.1 -nostdin -timeout_error -trace_counts".split(' '))
        .args("-trace_err -error_file errors.log -trace_stat -stf stat.csv -fd 1".split(' '))
        .args("-trace_logs -log_file said.log".split(' '))
        .args(["-mp", &lane.far_media.start.to_string()])
        .args(["-timeout", &format!("{}s", patience.as_secs())])
        .stdin(Stdio::null())
        .stdout(
            log.try_clone()
                .expect("a file can be shared by both outputs of a process"),
        )
        .stderr(log);
    command
}

/// Whether a run went well, by sipp's own word and its counters.
fn judge(scenario: &str, folder: &Path, ended: Option<ExitStatus>, calls: u32) -> Result<Counts, String> {
    let errors = std::fs::read_to_string(folder.join("errors.log")).unwrap_or_default();
    let counts = Counts::read(folder).map_err(|error| format!("{scenario}: {error}\n{errors}"))?;
    let good = ended.is_some_and(|status| status.success())
        && counts.get("SuccessfulCall(C)") == u64::from(calls)
        && counts.get("FailedCall(C)") == 0;
    if good {
        Ok(counts)
    } else {
        Err(format!("{scenario}: sipp ended with {ended:?}; {counts}\n{errors}"))
    }
}

impl Run<'_> {
    /// Runs the scenario against `server`; `Err` says what sipp reported.
    pub fn against(&self, server: SocketAddr, folder: &Path, lane: &Lane) -> Result<Counts, String> {
        let mut command = sipp(self.scenario, folder, lane, self.patience);
        command
            .arg(server.to_string())
            .args(["-s", self.to])
            .args(["-m", &self.calls.to_string(), "-l", &self.calls.to_string()])
            .args(["-r", &self.calls_per_second.to_string()]);
        for (name, value) in self.keys {
            command.args(["-key", name, value]);
        }
        if self.scenario.starts_with("register") {
            // Else its digest would be over the address it sends to, and not over the Request-URI.
            command.args(["-auth_uri", crate::office::DOMAIN]);
        }
        if self.scenario.starts_with("watch") {
            command.args(["-auth_uri", &format!("{}@{}", self.to, crate::office::DOMAIN)]);
        }
        let mut process = command.spawn().expect("sipp can be started");
        let ended = wait(&mut process, self.patience + Duration::from_secs(10));
        if ended.is_none() {
            // It may have ended between the wait and this; then there is nothing to kill.
            let _ = process.kill();
            let _ = process.wait();
        }
        judge(self.scenario, folder, ended, self.calls)
    }
}

impl Counts {
    /// A column of sipp's statistics at the end of the run, such as `FailedCall(C)`.
    pub fn get(&self, column: &str) -> u64 {
        let value = self
            .last
            .get(column)
            .unwrap_or_else(|| panic!("sipp's statistics have no column {column}"));
        value
            .parse()
            .unwrap_or_else(|_| panic!("{column} is {value}, not a number"))
    }

    /// How often messages were sent or received again, by message (`4_200_Retrans`), those that never were left out.
    pub fn repeated(&self) -> Vec<(&str, u64)> {
        let mut repeated: Vec<_> = self
            .messages
            .iter()
            .filter(|(name, count)| name.ends_with("_Retrans") && **count > 0)
            .map(|(name, count)| (name.as_str(), *count))
            .collect();
        repeated.sort_unstable();
        repeated
    }

    fn read(folder: &Path) -> Result<Self, String> {
        let stat =
            std::fs::read_to_string(folder.join("stat.csv")).map_err(|_| "sipp left no statistics".to_owned())?;
        let last = last_row(&stat).ok_or("sipp's statistics are empty")?;
        let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
        let is_counts = |path: &Path| path.to_string_lossy().ends_with("_counts.csv");
        let file = entries.flatten().map(|entry| entry.path()).find(|path| is_counts(path));
        let text = file
            .and_then(|path| std::fs::read_to_string(path).ok())
            .ok_or("sipp left no counts")?;
        let row = last_row(&text).ok_or("sipp's counts are empty")?;
        let messages = row
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
            .collect();
        Ok(Self { last, messages })
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} good, {} failed",
            self.get("SuccessfulCall(C)"),
            self.get("FailedCall(C)")
        )?;
        let mut failures = self.last.iter().filter(|(name, value)| {
            name.starts_with("Failed") && name.ends_with("(C)") && *name != "FailedCall(C)" && value.as_str() != "0"
        });
        failures.try_for_each(|(name, value)| write!(f, ", {name} {value}"))
    }
}

/// The last line of a table with a heading, by heading. sipp separates by semicolons and ends some lines with one.
pub fn last_row(table: &str) -> Option<HashMap<String, String>> {
    let mut lines = table.lines().filter(|line| !line.trim().is_empty());
    let heading = lines.next()?;
    let last = lines.next_back()?;
    let pairs = heading.split(';').zip(last.split(';'));
    Some(
        pairs
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect(),
    )
}
