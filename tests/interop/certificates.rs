//! A certificate authority of the test's own and one server certificate, made by openssl's command. They live for two days.

use crate::lab;
use crate::office;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files in PEM.
pub struct Certificates {
    /// What whoever checks a certificate trusts.
    pub authority: PathBuf,
    /// For `office::DOMAIN` and 127.0.0.1.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Certificates {
    /// Makes them in `folder`.
    pub fn make(folder: &Path) -> Self {
        lab::need("openssl");
        let file = |name: &str| folder.join(name);
        let made = Self {
            authority: file("authority.pem"),
            certificate: file("server.pem"),
            key: file("server.key"),
        };
        let openssl = || {
            let mut command = Command::new("openssl");
            command.current_dir(folder);
            command
        };
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        lab::run(
            openssl()
                .args(["req", "-x509", "-days", "2", "-subj", "/CN=Authority of a test"])
                .args(key)
                .arg("-keyout")
                .arg(file("authority.key"))
                .arg("-out")
                .arg(&made.authority),
        );
        // The address as a name too: linphone's TLS library looks for what it dialled among the names only.
        let names = format!("subjectAltName=DNS:{},DNS:127.0.0.1,IP:127.0.0.1", office::DOMAIN);
        lab::run(
            openssl()
                .args(["req", "-subj", &format!("/CN={}", office::DOMAIN), "-addext", &names])
                .args(key)
                .arg("-keyout")
                .arg(&made.key)
                .arg("-out")
                .arg(file("server.csr")),
        );
        lab::run(
            openssl()
                .args([
                    "x509",
                    "-req",
                    "-days",
                    "2",
                    "-copy_extensions",
                    "copyall",
                    "-CAcreateserial",
                ])
                .arg("-in")
                .arg(file("server.csr"))
                .arg("-CA")
                .arg(&made.authority)
                .arg("-CAkey")
                .arg(file("authority.key"))
                .arg("-out")
                .arg(&made.certificate),
        );
        made
    }
}
