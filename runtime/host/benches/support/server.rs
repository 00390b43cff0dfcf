//! The server under load: `patchcord serve`, as it is shipped, in a process of its own with the handlers it is to run, and what
//! the system says that process uses.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const PATCHCORD: &str = env!("CARGO_BIN_EXE_patchcord");
/// Audio ports, two for each call; none that the tests use, and below those the kernel gives away by itself.
const FIRST_PORT: u16 = 6_000;
/// Of browsers' media, below those.
const BROWSER_PORT: u16 = FIRST_PORT - 1;
/// How long a server may take to end its calls and itself.
const STOP_MAX: Duration = Duration::from_secs(20);

/// A running server; killed when dropped.
pub struct Server {
    process: Child,
    pub sip: SocketAddr,
    /// Where clients sign in, if it takes any.
    pub ws: Option<SocketAddr>,
    /// If it has one.
    pub api: Option<SocketAddr>,
    http: SocketAddr,
    /// Kept open: what the server prints later must have somewhere to go.
    _output: BufReader<ChildStdout>,
}

/// What is to be served.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The handler's folder.
    pub handler: &'a str,
    /// At once.
    pub calls: u16,
    /// Port pairs, one for each leg.
    pub pairs: u16,
    /// More of the configuration file; its routes come before ours, which takes everything.
    pub more: &'a str,
    pub cores: Cores,
    pub reached: Reached,
}

/// Who can reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    ByPhones,
    ByBrowsersToo,
}

impl Reached {
    /// What the sections of the configuration say of it: of SIP, and of media.
    fn lines(self) -> [String; 2] {
        match self {
            Self::ByPhones => [String::new(), String::new()],
            Self::ByBrowsersToo => [
                "ws = \"127.0.0.1:0\"\n".to_owned(),
                format!("browser_port = {BROWSER_PORT}\n"),
            ],
        }
    }
}

/// Where the server may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cores {
    All,
    /// The first one alone, and we on the others.
    First,
}

impl Cores {
    /// The server alone on a core, if there are several and the system's tool for it is there.
    pub fn apart() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        if cores < 2 {
            return Self::All;
        }
        let others = Command::new("taskset")
            .args(["--all-tasks", "--cpu-list", "--pid", &format!("1-{}", cores - 1)])
            .arg(std::process::id().to_string())
            .stdout(Stdio::null())
            .status();
        match others {
            Ok(status) if status.success() => Self::First,
            _ => Self::All,
        }
    }

    /// For the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "shares all cores with its callers",
            Self::First => "on one core, callers on the others",
        }
    }

    fn command(self) -> Command {
        match self {
            Self::All => Command::new(PATCHCORD),
            Self::First => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", "0", PATCHCORD]);
                command
            }
        }
    }
}

/// What a process has used so far.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    pub cpu: Duration,
    /// Time its threads could have run but had no core.
    pub waited: Duration,
    pub resident_bytes: u64,
}

impl Server {
    /// Builds a handler (its folder, relative to the repository) and serves it to whoever calls, so many at once.
    pub fn start(handler: &str, calls: u16) -> Self {
        let plan = Plan {
            handler,
            calls,
            pairs: calls,
            more: "",
            cores: Cores::All,
            reached: Reached::ByPhones,
        };
        Self::start_as(&plan)
    }

    /// The same with all there is to say about it.
    pub fn start_as(plan: &Plan<'_>) -> Self {
        let Plan {
            handler,
            calls,
            pairs,
            more,
            cores,
            reached,
        } = *plan;
        let [of_sip, of_media] = reached.lines();
        let module = build(handler);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
        fs::create_dir_all(&folder).expect("a folder for the server's files can be made");
        let file = folder.join("patchcord.toml");
        let config = format!(
            "[sip]\nlisten = \"127.0.0.1:0\"\nstrangers = \"answer\"\n{of_sip}[http]\nlisten = \"127.0.0.1:0\"\n\
             [media]\n{of_media}ports = \"{FIRST_PORT}-{}\"\n[records]\ncdr = \"calls.jsonl\"\n\
             [gate]\nrequests_per_minute = 1000000\nrequests_burst = 1000000\n\
             [limits]\ncalls = {calls}\ndrain_s = 0\n{more}\
             [[handler]]\nname = \"bench\"\nmodule = {module:?}\n[[route]]\nto = \"*\"\nhandler = \"bench\"\n",
            FIRST_PORT + 2 * pairs - 1
        );
        fs::write(&file, config).expect("the configuration can be written");
        let log = File::create(folder.join("server.log")).expect("the log can be written");
        let mut process = cores
            .command()
            .args(["serve", "--config"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server can be started");
        let output = process.stdout.take().expect("standard output was asked to be a pipe");
        let (mut output, mut ready) = (BufReader::new(output), String::new());
        output.read_line(&mut ready).expect("the server's output is text");
        let address = |name: &str| {
            let word = ready.split_whitespace().find_map(|word| word.strip_prefix(name));
            word.and_then(|word| word.parse().ok())
        };
        let (Some(sip), Some(http)) = (address("sip="), address("http=")) else {
            let log = fs::read_to_string(folder.join("server.log")).unwrap_or_default();
            panic!("the server did not start: {ready}{log}");
        };
        Self {
            process,
            sip,
            ws: address("ws="),
            api: address("api="),
            http,
            _output: output,
        }
    }

    /// What the server has used so far, all its threads together.
    pub fn usage(&self) -> Usage {
        let proc = PathBuf::from(format!("/proc/{}", self.process.id()));
        let status = fs::read_to_string(proc.join("status")).expect("the server runs");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        let threads = fs::read_dir(proc.join("task")).expect("the server runs");
        let ran_and_waited = |thread: PathBuf| {
            let schedstat = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
            let mut ns = schedstat.split_whitespace().map(|ns| ns.parse().unwrap_or(0));
            (ns.next().unwrap_or(0), ns.next().unwrap_or(0))
        };
        let (cpu_ns, waited_ns) = threads
            .flatten()
            .map(|thread| ran_and_waited(thread.path()))
            .fold((0, 0), |(ran, waited), (more_ran, more_waited)| {
                (ran + more_ran, waited + more_waited)
            });
        Usage {
            cpu: Duration::from_nanos(cpu_ns),
            waited: Duration::from_nanos(waited_ns),
            resident_bytes: kib.expect("a process has a resident size") * 1024,
        }
    }

    /// One number of the metrics page: the sum over its labels. A name that is not there is a mistake of the bench, not zero.
    pub fn metric(&self, name: &str) -> f64 {
        let page = self.page().expect("a running server shows its metrics");
        let values: Vec<f64> = page
            .lines()
            .filter_map(|line| {
                let rest = line.strip_prefix(name)?;
                let (labels, value) = rest.split_once(' ')?;
                (labels.is_empty() || labels.starts_with('{')).then(|| value.trim().parse::<f64>().ok())?
            })
            .collect();
        assert!(!values.is_empty(), "no metric {name}");
        values.iter().sum()
    }

    /// Ends the server as the system would and expects it to go cleanly.
    pub fn stop(mut self) {
        let told = Command::new("kill")
            .args(["-TERM", &self.process.id().to_string()])
            .status();
        assert!(told.is_ok_and(|told| told.success()), "a child can be sent a signal");
        let end = Instant::now() + STOP_MAX;
        while Instant::now() < end {
            if let Some(status) = self.process.try_wait().expect("a child can be asked for its state") {
                assert!(status.success(), "the server ended with {status}");
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the server did not end within {} s", STOP_MAX.as_secs());
    }

    fn page(&self) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.http)?;
        write!(
            stream,
            "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.http
        )?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        Ok(page)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when `stop` has ended it already, which is what is wanted here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Builds a handler's module with the command a customer uses.
pub fn build(handler: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().expect("the repository is there");
    let folder = root.join(handler);
    let built = Command::new(PATCHCORD).arg("build").arg(&folder).output();
    let built = built.expect("patchcord can be started");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{handler} cannot be built:\n{said}");
    let name = handler.rsplit('/').next().expect("a path has a last part");
    folder.join("target/patchcord").join(format!("{name}.wasm"))
}
