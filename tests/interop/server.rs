//! The real server in its own process: `patchcord serve` with a configuration of its own, its metrics, its end records.

use crate::certificates::Certificates;
use crate::lab::{self, Lane};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Compiling the modules is part of it.
const START_MAX: Duration = Duration::from_secs(60);
/// The longest SIP timers (64*T1, RFC 3261 section 17) and a little more.
const SETTLE_MAX: Duration = Duration::from_secs(45);
const STOP_MAX: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(100);

/// What must be zero when nobody calls any more.
const LEFT_OVERS: &[&str] = &[
    "patchcord_calls_active",
    "patchcord_instances",
    "patchcord_media_ports_in_use",
    "patchcord_dialogs",
    "patchcord_transactions",
];

/// A handler and the called user that reaches it; `*` for everything else.
pub struct Route<'a> {
    pub to: &'a str,
    /// Its folder, relative to the repository.
    pub handler: &'a str,
}

/// What a server is told beside the handlers of its routes.
#[derive(Default)]
pub struct Setup<'a> {
    /// Further keys of `[sip]`, a line each; without any, it answers strangers.
    pub sip: &'a str,
    /// Further keys of `[media]`.
    pub media: &'a str,
    /// Further sections.
    pub sections: &'a str,
    /// For TLS; without, there are no connections at all.
    pub certificates: Option<&'a Certificates>,
}

/// A running server; killed when dropped.
pub struct Server {
    process: Child,
    pub sip: SocketAddr,
    /// Where it takes connections, if it has certificates.
    pub tcp: SocketAddr,
    pub tls: SocketAddr,
    http: SocketAddr,
    folder: PathBuf,
}

impl Server {
    /// Starts a server in `folder` and waits until it answers its health check.
    pub fn start(folder: &Path, lane: &Lane, routes: &[Route]) -> Self {
        let setup = Setup {
            sip: "strangers = \"answer\"",
            ..Setup::default()
        };
        Self::start_with(folder, lane, routes, &setup)
    }

    /// The same with more than handlers.
    pub fn start_with(folder: &Path, lane: &Lane, routes: &[Route], setup: &Setup) -> Self {
        let modules: Vec<_> = routes.iter().map(|route| lab::module(route.handler)).collect();
        let address = || SocketAddr::from(([127, 0, 0, 1], lab::free_port()));
        let (sip, tcp, tls, http) = (address(), address(), address(), address());
        let doors = setup.certificates.map_or_else(String::new, |files| {
            format!(
                "tcp = \"{tcp}\"\ntls = \"{tls}\"\ncertificate = \"{}\"\nkey = \"{}\"\n",
                files.certificate.display(),
                files.key.display()
            )
        });
        let mut config = format!(
            "[sip]\nlisten = \"{sip}\"\n{doors}{}\n\n[http]\nlisten = \"{http}\"\n\n[media]\nports = \"{}-{}\"\n{}\n\n\
             [records]\ncdr = \"{}\"\n\n[trace]\nfolder = \"{}\"\n\n[limits]\ncalls = {}\n\n{}\n",
            setup.sip,
            lane.media.start,
            lane.media.end - 1,
            setup.media,
            folder.join("cdr.jsonl").display(),
            folder.join("traces").display(),
            lane.media.len() / 2, // a port for RTP and one for RTCP each
            setup.sections,
        );
        for (route, module) in routes.iter().zip(&modules) {
            let name = route.handler.rsplit('/').next().expect("a path has a last part");
            config += &format!("\n[[route]]\nto = \"{}\"\nhandler = \"{name}\"\n", route.to);
            let section = format!("\n[[handler]]\nname = \"{name}\"\nmodule = \"{}\"\n", module.display());
            if !config.contains(&section) {
                config += &section;
            }
        }
        let file = folder.join("patchcord.toml");
        std::fs::write(&file, config).expect("the test's folder can be written to");
        let log = std::fs::File::create(folder.join("server.log")).expect("the test's folder can be written to");
        let same_log = log
            .try_clone()
            .expect("a file can be shared by both outputs of a process");
        let process = Command::new(lab::patchcord())
            .args(["serve", "--config"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(same_log)
            .stderr(log)
            .spawn()
            .expect("the server can be started");
        let mut server = Self {
            process,
            sip,
            tcp,
            tls,
            http,
            folder: folder.to_owned(),
        };
        server.wait_until_healthy();
        server
    }

    /// One number of the metrics page: the sum over its labels. `None` if the page does not have it.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let page = http_get(self.http, "/metrics").expect("a running server shows its metrics");
        metric_sum(&page, name)
    }

    /// Waits until every timer of past calls has run out, and fails if anything is left over.
    pub fn settle(&self) {
        let end = Instant::now() + SETTLE_MAX;
        loop {
            let left: Vec<_> = LEFT_OVERS
                .iter()
                .map(|name| {
                    (
                        *name,
                        self.metric(name).unwrap_or_else(|| panic!("/metrics has no {name}")),
                    )
                })
                .filter(|(_, value)| *value != 0.0)
                .collect();
            if left.is_empty() {
                return;
            }
            assert!(
                Instant::now() < end,
                "left over {} s after the last call: {left:?}",
                SETTLE_MAX.as_secs()
            );
            std::thread::sleep(POLL);
        }
    }

    /// The end records so far, one JSON object each.
    pub fn records(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.folder.join("cdr.jsonl")).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).expect("an end record is a line of JSON"))
            .collect()
    }

    /// Waits for the number of end records to become `count`, and a little longer for one too many.
    pub fn expect_records(&self, count: usize) -> Vec<serde_json::Value> {
        let end = Instant::now() + Duration::from_secs(5);
        while self.records().len() < count && Instant::now() < end {
            std::thread::sleep(POLL);
        }
        std::thread::sleep(5 * POLL);
        let records = self.records();
        assert_eq!(records.len(), count, "exactly one end record for each call");
        records
    }

    /// Ends it without a warning.
    pub fn kill(&mut self) {
        self.process.kill().expect("it runs");
        wait(&mut self.process, STOP_MAX).expect("nobody survives that");
    }

    /// Asks the server to end, as the system would, and expects it to do so cleanly.
    pub fn stop(mut self) {
        lab::run(Command::new("kill").args(["-TERM", &self.process.id().to_string()]));
        let status = wait(&mut self.process, STOP_MAX).expect("the server ends when asked to");
        assert!(status.success(), "the server ended with {status}:\n{}", self.log());
    }

    fn wait_until_healthy(&mut self) {
        let end = Instant::now() + START_MAX;
        loop {
            if let Some(status) = self.process.try_wait().expect("a child can be asked for its state") {
                panic!("the server ended with {status} before it was ready:\n{}", self.log());
            }
            if http_get(self.http, "/health").is_some() {
                return;
            }
            assert!(
                Instant::now() < end,
                "the server was not ready in {START_MAX:?}:\n{}",
                self.log()
            );
            std::thread::sleep(POLL);
        }
    }

    /// Waits until a metric is what it should be.
    pub fn expect_metric(&self, name: &str, what: impl Fn(f64) -> bool) {
        let end = Instant::now() + START_MAX;
        loop {
            let value = self.metric(name).unwrap_or_else(|| panic!("/metrics has no {name}"));
            if what(value) {
                return;
            }
            assert!(Instant::now() < end, "{name} is {value}:\n{}", self.log());
            std::thread::sleep(POLL);
        }
    }

    /// What it has written to its log since its start.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when `stop` has ended it already, which is what is wanted here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits for a child; `None` when it takes longer than `patience`.
pub fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let end = Instant::now() + patience;
    while Instant::now() < end {
        if let Some(status) = child.try_wait().expect("a child can be asked for its state") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

/// The body of a page, if it was answered with 200.
fn http_get(server: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&server, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.split_whitespace()
        .nth(1)
        .filter(|status| *status == "200")
        .map(|_| body.to_owned())
}

/// The sum of a metric over its labels, from a page in the Prometheus text format.
pub fn metric_sum(page: &str, name: &str) -> Option<f64> {
    let value = |line: &str| {
        let rest = line.strip_prefix(name)?;
        let rest = rest
            .strip_prefix('{')
            .map_or(Some(rest), |labels| labels.split_once('}').map(|(_, rest)| rest))?;
        rest.strip_prefix(' ')?.split_whitespace().next()?.parse::<f64>().ok()
    };
    let values: Vec<f64> = page.lines().filter_map(value).collect();
    if values.is_empty() {
        None
    } else {
        Some(values.iter().sum())
    }
}
