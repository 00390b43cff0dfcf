//! A NATS server of the tests' own in a temporary folder, with certificates made for it. A shell holds it: as soon as the other end of
//! its input is gone, by a panic or a kill, it kills the server at once and removes the folder.

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{env, fs, process};

/// The configuration that operators are told to use.
pub(crate) const CONFIGURATION: &str = include_str!("../../docs/nats.conf");

static FOLDERS: AtomicU64 = AtomicU64::new(0);

pub(crate) struct Bus {
    folder: PathBuf,
    port: u16,
    shell: Option<Child>,
}

const SCRIPT: &str = r#"
trap '' TERM INT HUP
"$1" -c nats.conf -l log -P pid &
server=$!
read -r end
told=$?
kill -9 $server
wait $server 2>/dev/null
[ $told = 0 ] || rm -rf "$PWD"
"#;

/// Where it is below the repository, of which the tests that use it are at different depths.
const PROGRAM: &str = "target/python/bin/nats-server";

/// None: it is not installed.
pub(crate) fn program() -> Option<PathBuf> {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.find_map(|folder| Some(folder.join(PROGRAM)).filter(|file| file.exists()))
}

impl Bus {
    /// With docs/nats.conf.
    pub(crate) fn start() -> Self {
        Self::start_with(CONFIGURATION)
    }

    pub(crate) fn start_with(configuration: &str) -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("patchcord-cluster-{}-{number}", process::id()));
        fs::create_dir_all(folder.join("tls")).expect("a new folder");
        fs::write(folder.join("nats.conf"), configuration).expect("the configuration");
        certificates(&folder.join("tls"));
        let port = free_port();
        let mut bus = Self {
            folder,
            port,
            shell: None,
        };
        bus.restart();
        bus
    }

    /// As if its machine lost power.
    pub(crate) fn kill(&mut self) {
        let Some(mut shell) = self.shell.take() else { return };
        if let Some(mut input) = shell.stdin.take() {
            let _ = input.write_all(b"keep the folder\n");
        }
        let _ = shell.wait();
    }

    /// At the same place with the same store.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let program = program().expect("nats-server: tests/setup test installs it");
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(program)
            .current_dir(&self.folder)
            .env("NATS_LISTEN", self.address())
            .env("EU1_A_PASSWORD", password("eu1-a"))
            .env("US1_A_PASSWORD", password("us1-a"))
            .env("AP1_A_PASSWORD", password("ap1-a"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a shell");
        self.shell = Some(shell);
        let ready = "Server is ready";
        for _ in 0..1200 {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            // The log goes on where it was before a restart.
            if log
                .rsplit("Starting nats-server")
                .next()
                .is_some_and(|log| log.contains(ready))
                && self.is_open()
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("no server: {}", self.log());
    }

    /// As if it, or the way to it, hung: `STOP`, and `CONT` for the end of that.
    pub(crate) fn signal(&self, signal: &str) {
        let number = fs::read_to_string(self.folder.join("pid")).expect("its number");
        let sent = Command::new("kill").args(["-s", signal, number.trim()]).status();
        assert!(sent.expect("kill").success());
    }

    /// As if its disk was replaced; while it does not run.
    pub(crate) fn lose_store(&self) {
        fs::remove_dir_all(self.folder.join("jetstream")).expect("its store");
    }

    fn is_open(&self) -> bool {
        std::net::TcpStream::connect(self.address()).is_ok()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join("tls").join(name)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Something that is found nowhere else.
pub(crate) fn password(name: &str) -> String {
    format!("kept-by-{name}-alone")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}

/// An authority with a server and a node, and another authority that has nothing to do with them.
fn certificates(folder: &Path) {
    let issuer = authority(folder, "authority");
    authority(folder, "stranger");
    let (server, client) = (ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth);
    sign(folder, &issuer, ("server", "127.0.0.1"), vec![server.clone()]);
    sign(folder, &issuer, ("node", "node.test"), vec![client.clone()]);
    // Nodes that are servers to each other too.
    for name in ["eu1-a", "us1-a"] {
        sign(folder, &issuer, (name, name), vec![server.clone(), client.clone()]);
    }
}

fn authority(folder: &Path, name: &str) -> Issuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    let pem = params.self_signed(&key).expect("a certificate").pem();
    fs::write(folder.join(format!("{name}.pem")), pem).expect("its file");
    Issuer::new(params, key)
}

fn sign(
    folder: &Path,
    issuer: &Issuer<'static, KeyPair>,
    (file, name): (&str, &str),
    purposes: Vec<ExtendedKeyUsagePurpose>,
) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.extended_key_usages = purposes;
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    fs::write(folder.join(format!("{file}.pem")), certificate.pem()).expect("its file");
    fs::write(folder.join(format!("{file}.key")), key.serialize_pem()).expect("its key's file");
}
