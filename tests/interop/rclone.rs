//! rclone as an object store that speaks S3 over TLS, checks signatures, and keeps its objects as files; and as the client that
//! reads them back.

use crate::certificates::Certificates;
use crate::lab;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Who may come in. An access key shorter than this is not known to it.
pub const ACCESS_KEY: &str = "AKIAPATCHCORDTEST";
pub const SECRET_KEY: &str = "a-secret-of-a-test-and-no-other";
pub const BUCKET: &str = "recordings";
const START_MAX: Duration = Duration::from_secs(30);

/// A running store; killed when dropped. Its objects stay.
pub struct Store {
    process: Child,
    address: SocketAddr,
    folder: PathBuf,
    authority: PathBuf,
}

impl Store {
    /// Starts a store with one bucket in a folder, and waits until it takes connections.
    pub fn start(folder: &Path, port: u16, certificates: &Certificates) -> Self {
        lab::need("rclone");
        let objects = folder.join("objects");
        fs::create_dir_all(objects.join(BUCKET)).expect("the test's folder can be written to");
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join("store.log"));
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let process = rclone(folder)
            .args(["serve", "s3", "--addr", &address.to_string(), "-v"])
            .args(["--auth-key", &format!("{ACCESS_KEY},{SECRET_KEY}")])
            .arg("--cert")
            .arg(&certificates.certificate)
            .arg("--key")
            .arg(&certificates.key)
            .arg(&objects)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.expect("the test's folder can be written to"))
            .spawn()
            .expect("rclone can be started");
        let end = Instant::now() + START_MAX;
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < end, "rclone takes no connections");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self {
            process,
            address,
            folder: folder.to_owned(),
            authority: certificates.authority.clone(),
        }
    }

    /// An object, asked for as anybody would.
    pub fn get(&self, name: &str) -> Vec<u8> {
        self.client(&["cat", &format!(":s3:{BUCKET}/{name}")])
    }

    /// What the store says of an object.
    pub fn about(&self, name: &str) -> serde_json::Value {
        let told = self.client(&["lsjson", "--stat", "--metadata", &format!(":s3:{BUCKET}/{name}")]);
        serde_json::from_slice(&told).expect("rclone says it in JSON")
    }

    fn client(&self, what: &[&str]) -> Vec<u8> {
        let mut command = rclone(&self.folder);
        command
            .args(what)
            .args(["--retries", "1", "--s3-provider", "Other"])
            .args(["--s3-endpoint", &format!("https://{}", self.address)])
            .args(["--s3-access-key-id", ACCESS_KEY, "--s3-secret-access-key", SECRET_KEY])
            .arg("--ca-cert")
            .arg(&self.authority);
        let output = command.output().expect("rclone can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{what:?}: {said}");
        output.stdout
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The objects below a prefix of the bucket, from the folder that the store keeps them in.
pub fn objects(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("objects").join(BUCKET).join(prefix));
    let mut found: Vec<_> = entries
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("a folder that opened can be read").path())
        .collect();
    found.sort();
    found
}

/// Without anybody's own configuration.
fn rclone(folder: &Path) -> Command {
    let mut command = Command::new("rclone");
    command.env("RCLONE_CONFIG", "/dev/null").current_dir(folder);
    command
}
