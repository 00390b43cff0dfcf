//! What the section means, and the sentence for everything that is wrong with it or its files.

use super::super::Config;
use patchcord_sip::identity::{Attestation, HostRule};
use patchcord_switch::Signing;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LEAST: &str = r#"user = [{ name = "ann", password = "not to be shown" }]
[[handler]]
name = "menu"
module = "menu.wasm"
[[route]]
to = "*"
handler = "menu"
[sip]
listen = "127.0.0.1:5060"
"#;
const SIGNER: &str =
    "[identity]\ncertificate = \"chain.pem\"\nkey = \"key_pkcs8.pem\"\nurl = \"https://cert.example.org/c\"\n";
const TRUNK: &str = "[[trunk]]\nname = \"t\"\nhost = \"c.example\"\n";

/// A file that lies beside keys and certificates made by OpenSSL.
fn parse(more: &str) -> Result<Config, String> {
    let fixtures: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sip/src/identity/fixtures");
    Config::parse(&fixtures.join("patchcord.toml"), &format!("{LEAST}{more}")).map_err(|error| error.to_string())
}

#[test]
fn without_the_section_nothing_is_judged_or_signed() {
    let identity = parse("").unwrap().node.identity;
    assert!(identity.verify.is_none() && identity.sign.is_none());
}

#[test]
fn every_key_has_its_effect() {
    let node = parse(
        "[identity]\nroots = \"root.pem\"\nhosts = [\"cr.example.org\", \".example.net\"]\nports = \"8443\"\n\
         wait_ms = 500\nserver_roots = \"web.pem\"\n",
    )
    .unwrap()
    .node;
    let policy = node.identity.verify.unwrap();
    assert_eq!(policy.roots.len(), 1);
    assert_eq!(policy.fetch_timeout, Duration::from_millis(500));
    assert_eq!(policy.urls.ports, [8443]);
    let hosts = ["cr.example.org", ".example.net"].map(str::to_owned);
    assert_eq!(policy.urls.hosts, HostRule::Only(hosts.into()));
    assert!(node.identity_servers.unwrap().ends_with("fixtures/web.pem"));
}

#[test]
fn trunks_are_signed_as_they_say() {
    for (sign, signing) in [
        ("", Signing::No),
        ("sign = \"no\"", Signing::No),
        ("sign = \"source\"", Signing::BySource),
        ("sign = \"a\"", Signing::As(Attestation::Full)),
        ("sign = \"b\"", Signing::As(Attestation::Partial)),
        ("sign = \"c\"", Signing::As(Attestation::Gateway)),
    ] {
        let config = parse(&format!("{SIGNER}{TRUNK}{sign}")).unwrap();
        assert!(config.node.identity.sign.is_some());
        #[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
        let ledger = config.calling.ledger(std::time::Instant::now(), Duration::ZERO);
        let outgoing = config.calling.outgoing(ledger);
        assert_eq!(outgoing.hosts["t"].signing, signing);
    }
}

#[test]
fn what_is_wrong_is_said_in_a_sentence() {
    let signer = |from: &str, to: &str| SIGNER.replacen(from, to, 1);
    for (more, sentence) in [
        (
            "[identity]\nrots = \"root.pem\"".to_owned(),
            "[identity] has no key `rots`: did you mean `roots`?",
        ),
        (
            "[identity]\nwait_ms = 500".to_owned(),
            "[identity] roots: it is missing: without authorities no signature is judged, and wait_ms means nothing",
        ),
        (
            "[identity]\nroots = \"root.pem\"\nwait_ms = 0".to_owned(),
            "[identity] wait_ms: 0 is not possible here: give a whole number from 1 to 10000",
        ),
        (
            "[identity]\nroots = \"root.pem\"\nhosts = \"a b\"".to_owned(),
            "[identity] hosts: \"a b\" is not possible here: give a host such as \"cr.example.org\", or \".example.org\" for all below it, or a list of them",
        ),
        (
            "[identity]\nroots = \"root.pem\"\nnetworks = \"all\"".to_owned(),
            "[identity] networks: \"all\" is not possible here: give \"public\" or \"any\"",
        ),
        (
            "[identity]\nroots = \"make.sh\"".to_owned(),
            "make.sh holds no authorities of signers: give certificates with P-256 keys as PEM",
        ),
        (
            "[identity]\nroots = \"none.pem\"".to_owned(),
            "none.pem cannot be read: No such file or directory (os error 2)",
        ),
        (
            signer("key = \"key_pkcs8.pem\"\n", ""),
            "[identity] key: it is missing: certificate, key and url go together",
        ),
        (
            signer("key_pkcs8.pem", "chain.pem"),
            "chain.pem holds no P-256 key: give one as PEM without a password",
        ),
        (signer("chain.pem", "wrong_key.pem"), "fixtures/wrong_key.pem"),
        (
            signer("https://", "http://"),
            "[identity] url: nobody would fetch from there: give an https address on the public internet such as \"https://cert.office.example/signer.pem\"",
        ),
        (
            format!("{TRUNK}sign = \"a\""),
            "[[trunk]] sign: there is nothing to sign with: give [identity] certificate, key and url",
        ),
        (
            format!("{SIGNER}{TRUNK}sign = \"d\""),
            "[[trunk]] sign: \"d\" is not possible here: give \"no\", \"source\", \"a\", \"b\" or \"c\"",
        ),
    ] {
        let error = parse(&more).unwrap_err();
        assert!(error.ends_with(sentence), "instead of\n{sentence}\nit says\n{error}");
    }
}
