//! kamailio (Debian 5.6) as a proxy that records its route and as a registrar with digest. What it does with a request
//! stands in `kamailio/office.cfg`; here is how it is started and ended.

use crate::certificates::Certificates;
use crate::lab::{self, Lane};
use crate::office;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where Debian puts it; not everybody's PATH goes there.
pub const PROGRAM: &str = "/usr/sbin/kamailio";

/// A running proxy; ended when dropped, with all its processes.
pub struct Kamailio {
    process: Child,
    pub udp: SocketAddr,
    pub tcp: SocketAddr,
    pub tls: SocketAddr,
    log: PathBuf,
}

/// How it treats users.
#[derive(Clone, Copy)]
pub enum Algorithm {
    Md5,
    Sha256,
}

impl Kamailio {
    /// Starts it with every user's password `office::PASSWORD`. What is for nobody registered goes to `next_hop`.
    pub fn start(
        folder: &Path,
        certificates: &Certificates,
        algorithm: Algorithm,
        next_hop: Option<SocketAddr>,
    ) -> Self {
        let ports = Lane::take().sip_ports();
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (udp, tls) = (address(ports.start), address(ports.start + 1));
        let tls_settings = folder.join("tls.cfg");
        let (key, certificate) = (certificates.key.display(), certificates.certificate.display());
        let lines = format!(
            "[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\n\
             private_key = {key}\ncertificate = {certificate}\n\n[client:default]\nverify_certificate = no\n"
        );
        std::fs::write(&tls_settings, lines).expect("the test's folder can be written to");
        let log = folder.join("kamailio.log");
        let output = std::fs::File::create(&log).expect("the test's folder can be written to");
        let mut command = Command::new(PROGRAM);
        command
            .arg("-f")
            .arg(lab::root().join("tests/interop/kamailio/office.cfg"))
            .args(["-DD", "-E", "-m", "32", "-M", "4", "-Y"])
            .arg(folder)
            .args([
                "-l",
                &format!("udp:{udp}"),
                "-l",
                &format!("tcp:{udp}"),
                "-l",
                &format!("tls:{tls}"),
            ])
            .arg(format!("--alias={}", office::DOMAIN))
            // A scanner asks for users of 127.0.0.1 without a port; those with one are telephones.
            .arg("--alias=127.0.0.1:5060")
            .args(["-A", &format!("USERS_PASSWORD=\"{}\"", office::PASSWORD)])
            .args(["-A", &format!("ALGORITHM=\"{}\"", algorithm.name())])
            .args(["-A", &format!("WITH_TLS=\"{}\"", tls_settings.display())]);
        if let Some(next) = next_hop {
            command.args(["-A", &format!("NEXT_HOP=\"sip:{next}\"")]);
        }
        let process = command
            .stdin(Stdio::null())
            .stdout(
                output
                    .try_clone()
                    .expect("a file can be shared by both outputs of a process"),
            )
            .stderr(output)
            .spawn()
            .expect("kamailio can be started");
        let proxy = Self {
            process,
            udp,
            tcp: udp,
            tls,
            log,
        };
        proxy.wait_until_it_answers();
        proxy
    }

    fn wait_until_it_answers(&self) {
        let end = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(self.tls).is_err() || !office::answers_options(self.udp) {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            assert!(Instant::now() < end, "kamailio does not answer:\n{log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // Its first process ends the others; killed, it could not.
        lab::run(Command::new("kill").args(["-TERM", &self.process.id().to_string()]));
        if crate::server::wait(&mut self.process, Duration::from_secs(10)).is_none() {
            // Nothing more can be done about one that does not obey.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }
}
