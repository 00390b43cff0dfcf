//! sipp (Debian sip-tester 3.6) as the far end: runs a scenario file and reads sipp's own statistics. What a scenario
//! expects of each message stands in its XML; here are only the numbers over all calls.

use crate::lab::{Lane, root};
use crate::server::wait;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

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
}

/// What sipp counted.
pub struct Counts {
    last: HashMap<String, String>,
    messages: HashMap<String, u64>,
}

impl Run<'_> {
    /// Runs the scenario against `server`; `Err` says what sipp reported.
    pub fn against(&self, server: SocketAddr, folder: &Path, lane: &Lane) -> Result<Counts, String> {
        let scenario = root().join("tests/interop/sipp").join(format!("{}.xml", self.scenario));
        let log = std::fs::File::create(folder.join("sipp.log")).expect("the test's folder can be written to");
        let mut sipp = Command::new("sipp")
            .current_dir(folder)
            .arg(server.to_string())
            .arg("-sf")
            .arg(scenario)
            .args(["-s", self.to, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin"])
            .args(["-mp", &lane.far_media.start.to_string()])
            .args(["-m", &self.calls.to_string(), "-l", &self.calls.to_string()])
            .args(["-r", &self.calls_per_second.to_string()])
            .args(["-timeout", &format!("{}s", self.patience.as_secs()), "-timeout_error"])
            .args([
                "-trace_err",
                "-error_file",
                "errors.log",
                "-trace_stat",
                "-stf",
                "stat.csv",
                "-fd",
                "1",
            ])
            .arg("-trace_counts")
            .stdin(Stdio::null())
            .stdout(
                log.try_clone()
                    .expect("a file can be shared by both outputs of a process"),
            )
            .stderr(log)
            .spawn()
            .expect("sipp can be started");
        let ended = wait(&mut sipp, self.patience + Duration::from_secs(10));
        if ended.is_none() {
            // It may have ended between the wait and this; then there is nothing to kill.
            let _ = sipp.kill();
            let _ = sipp.wait();
        }
        let errors = std::fs::read_to_string(folder.join("errors.log")).unwrap_or_default();
        let counts = Counts::read(folder).map_err(|error| format!("{}: {error}\n{errors}", self.scenario))?;
        let good = ended.is_some_and(|status| status.success())
            && counts.get("SuccessfulCall(C)") == u64::from(self.calls)
            && counts.get("FailedCall(C)") == 0;
        if good {
            Ok(counts)
        } else {
            Err(format!(
                "{}: sipp ended with {ended:?}; {counts}\n{errors}",
                self.scenario
            ))
        }
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
