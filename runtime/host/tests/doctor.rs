//! `patchcord doctor` as its users run it: a configuration that works, and one fault of each kind, named with what to do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::Command;

/// A folder of a test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("patchcord-doctor-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("menu.wasm"), b"not looked into").unwrap();
        Self(path)
    }

    /// What is said of a configuration with these sections, and whether all is well.
    fn examined(&self, sip: &str, first_port: u16, more: &str) -> (String, bool) {
        let config = format!(
            "[sip]\n{sip}\nstrangers = \"answer\"\n[media]\nports = \"{first_port}-{}\"\n[limits]\ncalls = 2\n{more}\n\
             [[handler]]\nname = \"menu\"\nmodule = \"menu.wasm\"\n[[route]]\nto = \"*\"\nhandler = \"menu\"\n",
            first_port + 7
        );
        fs::write(self.0.join("patchcord.toml"), config).unwrap();
        let mut doctor = Command::new(env!("CARGO_BIN_EXE_patchcord"));
        let output = doctor.arg("doctor").current_dir(&self.0).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(!said.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        (said, output.status.success())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn free_port() -> u16 {
    let both = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    loop {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if both(port) {
            return port;
        }
    }
}

/// The lines that name a fault. What the system says of its clock is its own affair.
fn wrong(said: &str) -> Vec<&str> {
    let lines = said.lines().filter(|line| line.starts_with("wrong"));
    lines.filter(|line| !line.contains("the clock")).collect()
}

#[test]
fn a_node_that_would_be_heard_has_no_fault() {
    let folder = Folder::new("well");
    let (udp, tcp) = (free_port(), free_port());
    let sip = format!("listen = \"127.0.0.1:{udp}\"\ntcp = \"127.0.0.1:{tcp}\"");
    let (said, well) = folder.examined(&sip, 27_000, "[journal]\nfolder = \"journals\"");
    assert_eq!(wrong(&said), Vec::<&str>::new(), "{said}");
    assert_eq!(well, said.contains("nothing is wrong"), "{said}");
    for line in [
        "ok     SIP over udp".to_owned(),
        "ok     audio at 127.0.0.1, ports 27000 to 27007".to_owned(),
        "ok     handler \"menu\"".to_owned(),
        "ok     journals".to_owned(),
        format!("note   a call to ourselves at 127.0.0.1:{udp} over udp: it works"),
        format!("note   a call to ourselves at 127.0.0.1:{tcp} over tcp: it works"),
    ] {
        assert!(said.contains(&line), "no {line} in\n{said}");
    }
}

#[test]
fn each_fault_is_named_with_what_to_do() {
    let folder = Folder::new("ill");
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["sip.example.com".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    fs::write(folder.0.join("chain.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(folder.0.join("file"), b"").unwrap();
    fs::remove_file(folder.0.join("menu.wasm")).unwrap();
    let sip = format!("listen = \"127.0.0.1:{port}\"\ncertificate = \"chain.pem\"\nkey = \"key.pem\"");
    let (said, well) = folder.examined(&sip, 27_100, "[journal]\nfolder = \"file/journals\"");
    assert!(!well);
    let found = wrong(&said);
    for (what, advice) in [
        ("SIP over udp", "sport = :"),
        ("chain.pem", "renew it"),
        ("key.pem", "give a PEM file"),
        ("handler \"menu\"", "patchcord build"),
        ("journals", "name another place"),
    ] {
        let line = found.iter().find(|line| line.contains(what));
        assert!(line.is_some_and(|line| line.contains(advice)), "{what}: {said}");
    }
    assert!(said.contains("note   a call to ourselves: not placed"), "{said}");
    assert_eq!(found.len(), 5, "{said}");
}

#[test]
fn an_address_that_does_not_lead_here_is_found_by_calling_it() {
    let folder = Folder::new("elsewhere");
    let sip = format!(
        "listen = \"127.0.0.1:{}\"\nadvertise = \"192.0.2.77:5060\"",
        free_port()
    );
    let (said, well) = folder.examined(&sip, 27_200, "");
    assert!(!well);
    let found = wrong(&said);
    assert!(
        found
            .iter()
            .any(|line| line.contains("a call to ourselves at 192.0.2.77:5060")),
        "{said}"
    );
    assert!(found.iter().all(|line| line.contains("forward it")), "{said}");
}
