//! What every foreign test needs: a folder of its own, ports nobody else uses, programs that are there, and the order in
//! which loads and single calls share the machine.

use std::net::{TcpListener, UdpSocket};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{OnceLock, RwLock};

/// Held for writing while a load is measured, for reading by everything else: on a small machine a neighbour's work
/// would show as a late answer.
pub static MACHINE: RwLock<()> = RwLock::new(());

/// Ports of one test. Below the range from which the kernel gives ports away by itself (32768 on Linux).
pub struct Lane {
    /// For the server's RTP.
    pub media: Range<u16>,
    /// For the far end's RTP.
    pub far_media: Range<u16>,
}

/// How many ports each side of a lane has.
const LANE_PORTS: u16 = 92;
const FIRST_MEDIA_PORT: u16 = 20_000;
const FIRST_FAR_MEDIA_PORT: u16 = 14_000;
const LANES: u16 = 65;
/// How many ports a server for meetings has.
const MEETING_PORTS: u16 = 200;
const FIRST_MEETING_PORT: u16 = 31_000;
const MEETING_LANES: u16 = 8;
/// How many ports a far end alone has.
const FAR_END_PORTS: u16 = 20;
const FIRST_FAR_END_PORT: u16 = 6_000;
const FAR_ENDS: u16 = 200;
/// The last ports of a far end's side are for its SIP.
const SIP_PORTS: u16 = 10;
/// The one test that opens hundreds of calls has these to itself.
const LOAD_MEDIA: Range<u16> = 26_000..31_000;
const LOAD_FAR_MEDIA: Range<u16> = 10_000..13_000;

impl Lane {
    /// Ports for a few calls.
    pub fn take() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let lane = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(lane < LANES, "more than {LANES} lanes: give each fewer ports");
        let from = |first: u16| first + lane * LANE_PORTS..first + (lane + 1) * LANE_PORTS;
        Self {
            media: from(FIRST_MEDIA_PORT),
            far_media: from(FIRST_FAR_MEDIA_PORT),
        }
    }

    /// Ports for a server with many calls of several legs.
    pub fn for_meetings() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let lane = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(lane < MEETING_LANES, "more than {MEETING_LANES} servers for meetings");
        let first = FIRST_MEETING_PORT + lane * MEETING_PORTS;
        Self {
            media: first..first + MEETING_PORTS,
            far_media: 0..0,
        }
    }

    /// Ports for a far end alone with one call; there are more of these.
    pub fn far_end() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let lane = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(lane < FAR_ENDS, "more than {FAR_ENDS} far ends: give each fewer ports");
        let first = FIRST_FAR_END_PORT + lane * FAR_END_PORTS;
        Self {
            media: 0..0,
            far_media: first..first + FAR_END_PORTS,
        }
    }

    /// Of the far end's ports those for its SIP; its RTP has to stay below them. Over TCP some programs want two in a row.
    pub fn sip_ports(&self) -> Range<u16> {
        self.far_media.end - SIP_PORTS..self.far_media.end
    }

    /// Ports for hundreds of calls at once; for one test at a time.
    pub fn for_load() -> Self {
        Self {
            media: LOAD_MEDIA,
            far_media: LOAD_FAR_MEDIA,
        }
    }
}

/// A UDP and TCP port that was free a moment ago.
pub fn free_port() -> u16 {
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("the loopback interface has a free port");
        let address = socket.local_addr().expect("a bound socket has an address");
        if TcpListener::bind(address).is_ok() {
            return address.port();
        }
    }
}

/// An empty folder for a test's files, kept afterwards for whoever looks into a failure.
pub fn folder(test: &str) -> PathBuf {
    let folder = target().join("interop").join(test);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("the last run's files can be removed");
    }
    std::fs::create_dir_all(&folder).expect("a folder below the target folder can be made");
    folder
}

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ stands in the repository")
}

/// Cargo's target folder: this test runs in `<target>/debug/deps`.
pub fn target() -> PathBuf {
    let here = std::env::current_exe().expect("this test has a path");
    here.ancestors()
        .nth(3)
        .expect("a test stands three folders below the target folder")
        .to_owned()
}

/// Fails with what to do when a foreign program is missing.
pub fn need(program: &str) {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    assert!(
        found.is_ok_and(|output| output.status.success()),
        "{program} is not installed: run `make setup`"
    );
}

/// The server's program, built if need be, or the one that `PATCHCORD_PROGRAM` names.
pub fn patchcord() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        if let Some(built) = std::env::var_os("PATCHCORD_PROGRAM") {
            return built.into();
        }
        run(Command::new(env!("CARGO"))
            // As a test of the whole workspace: then every crate has the features that it was built with for this test itself, and
            // the engine is not compiled a second time.
            .args(["test", "-q", "--workspace", "--no-run", "--test", "cli"])
            .env("CARGO_TARGET_DIR", target()));
        target().join("debug/patchcord")
    })
}

/// A handler's module, built from its folder.
pub fn module(handler: &str) -> PathBuf {
    let name = handler.rsplit('/').next().expect("a path has a last part");
    run(Command::new(patchcord()).arg("build").arg(root().join(handler)));
    let module = root()
        .join(handler)
        .join("target/patchcord")
        .join(format!("{name}.wasm"));
    assert!(
        module.is_file(),
        "`patchcord build {handler}` made no {}",
        module.display()
    );
    module
}

/// Runs a command to its end and fails with what it said.
pub fn run(command: &mut Command) {
    if command.get_current_dir().is_none() {
        command.current_dir(root());
    }
    let output = command.output().expect("the program can be started");
    let said = || String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{}", said());
}
