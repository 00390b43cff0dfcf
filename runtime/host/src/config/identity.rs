//! The section `[identity]`: whose signatures on callers are believed, and with what our own calls are signed (RFC 8224,
//! RFC 8588). Which trunks want a signature stands with the trunk. The files are read once, when the node starts.
//!
//! ```toml
//! [identity]
//! roots = "sti-roots.pem"          # authorities of signers; without it signatures are not judged
//! hosts = ["cr.example.org", ".example.net"]  # where certificates may come from; without it any public host
//! ports = ["443", "8443"]          # and at which ports
//! networks = "public"              # or "any": inner addresses too, for a laboratory
//! wait_ms = 2000                   # how long a call waits for a certificate
//! server_roots = "web.pem"         # authorities of the web servers; without it those of the system
//! certificate = "signer.pem"       # ours with those above it, the key, and where others find the certificate
//! key = "signer.key"
//! url = "https://cert.office.example/signer.pem"
//! ```

use super::beside;
use super::reader::{ConfigError, Table};
use patchcord_sip::identity::{
    CHAIN_BYTES, CertificateChain, HostRule, LiteralRule, Policy, Signer, SignerFault, TRUST_BYTES, TrustRoots,
    UrlRules,
};
use patchcord_switch::IdentityConfig;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The keys there are.
pub(super) const KEYS: &[&str] = &[
    "roots",
    "hosts",
    "ports",
    "networks",
    "wait_ms",
    "server_roots",
    "certificate",
    "key",
    "url",
];
/// Keys that mean nothing without `roots`.
const NEED_ROOTS: [&str; 4] = ["hosts", "ports", "wait_ms", "server_roots"];
/// Hosts and ports that can be named.
const RULES_MAX: usize = 64;
/// The longest wait that a caller can be asked for.
const WAIT_MS_MAX: u64 = 10_000;
/// Bytes of a private key's file.
const KEY_BYTES: usize = 16 * 1024;
const FILE: &str = "a PEM file such as \"roots.pem\"";

/// What the section says.
pub(super) struct IdentitySection {
    pub(super) config: IdentityConfig,
    pub(super) servers: Option<PathBuf>,
}

/// Reads the section and its files. Paths in it start at the file's folder.
pub(super) fn read(section: &Table<'_>, file: &Path) -> Result<IdentitySection, ConfigError> {
    let urls = rules(section)?;
    let verify = policy(section, file, &urls)?.map(Arc::new);
    let sign = signer(section, file, &urls)?.map(Arc::new);
    let servers = path(section, file, "server_roots")?;
    Ok(IdentitySection {
        config: IdentityConfig { verify, sign },
        servers,
    })
}

fn path(section: &Table<'_>, file: &Path, key: &str) -> Result<Option<PathBuf>, ConfigError> {
    section.parsed(key, FILE, |text| (!text.is_empty()).then(|| beside(file, text)))
}

/// The bytes of a file that a key names.
fn contents(section: &Table<'_>, key: &str, path: &Path, most: usize) -> Result<Vec<u8>, ConfigError> {
    let unreadable = |why: std::io::Error| section.wrong(key, &format!("{} cannot be read: {why}", path.display()));
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > most as u64 {
        return Err(section.wrong(key, &format!("{} is longer than {most} bytes", path.display())));
    }
    std::fs::read(path).map_err(unreadable)
}

fn policy(section: &Table<'_>, file: &Path, urls: &UrlRules) -> Result<Option<Policy>, ConfigError> {
    let Some(path) = path(section, file, "roots")? else {
        if let Some(key) = NEED_ROOTS.iter().find(|key| section.has(key)) {
            let sentence =
                format!("it is missing: without authorities no signature is judged, and {key} means nothing");
            return Err(section.wrong("roots", &sentence));
        }
        return Ok(None);
    };
    let bytes = contents(section, "roots", &path, TRUST_BYTES)?;
    let roots = TrustRoots::read(&bytes).map_err(|_| {
        let sentence = format!(
            "{} holds no authorities of signers: give certificates with P-256 keys as PEM",
            path.display()
        );
        section.wrong("roots", &sentence)
    })?;
    let mut policy = Policy::new(roots);
    policy.urls.clone_from(urls);
    if let Some(ms) = section.number("wait_ms", 1..=WAIT_MS_MAX)? {
        policy.fetch_timeout = Duration::from_millis(ms);
    }
    Ok(Some(policy))
}

fn rules(section: &Table<'_>) -> Result<UrlRules, ConfigError> {
    let mut rules = UrlRules::default();
    let right = "a host such as \"cr.example.org\", or \".example.org\" for all below it";
    let hosts = section.parsed_list("hosts", right, |text| {
        super::phones::domain(text.strip_prefix('.').unwrap_or(text)).map(|_| text.to_ascii_lowercase())
    })?;
    let right = "a port such as \"443\"";
    let ports = section.parsed_list("ports", right, |text| text.parse().ok().filter(|port| *port != 0))?;
    for (key, count) in [("hosts", hosts.len()), ("ports", ports.len())] {
        if count > RULES_MAX {
            return Err(section.wrong(key, &format!("give at most {RULES_MAX} of them")));
        }
    }
    if !hosts.is_empty() {
        rules.hosts = HostRule::Only(hosts);
    }
    if !ports.is_empty() {
        rules.ports = ports;
    }
    let networks = section.parsed("networks", "\"public\" or \"any\"", |text| match text {
        "public" => Some(LiteralRule::Public),
        "any" => Some(LiteralRule::Any),
        _ => None,
    })?;
    rules.literals = networks.unwrap_or(LiteralRule::Public);
    Ok(rules)
}

/// What calls are signed with: all three keys, or none.
fn signer(section: &Table<'_>, file: &Path, urls: &UrlRules) -> Result<Option<Signer>, ConfigError> {
    const ALL: [&str; 3] = ["certificate", "key", "url"];
    if !ALL.iter().any(|key| section.has(key)) {
        return Ok(None);
    }
    if let Some(missing) = ALL.iter().find(|key| !section.has(key)) {
        return Err(section.wrong(missing, "it is missing: certificate, key and url go together"));
    }
    let (certificate, key) = (path(section, file, "certificate")?, path(section, file, "key")?);
    let url = section.parsed("url", "where others find the certificate", |text| Some(text.to_owned()))?;
    let (Some(certificate), Some(key), Some(url)) = (certificate, key, url) else {
        return Ok(None);
    };
    let bytes = contents(section, "key", &key, KEY_BYTES)?;
    // Whose certificates we believe has nothing to do with where ours is: only the form and the network count.
    let rules = UrlRules {
        hosts: HostRule::Any,
        ..urls.clone()
    };
    let signer = Signer::from_pem(&bytes, &url, &rules).map_err(|fault| match fault {
        SignerFault::Url(_) => section.wrong(
            "url",
            "nobody would fetch from there: give an https address on the public internet such as \"https://cert.office.example/signer.pem\"",
        ),
        SignerFault::Key | SignerFault::Destinations => {
            let sentence = format!("{} holds no P-256 key: give one as PEM without a password", key.display());
            section.wrong("key", &sentence)
        }
    })?;
    let bytes = contents(section, "certificate", &certificate, CHAIN_BYTES)?;
    let chain = CertificateChain::read(&bytes).map_err(|_| {
        let sentence = format!(
            "{} holds no signer's certificate: give ours first, then those above it, as PEM",
            certificate.display()
        );
        section.wrong("certificate", &sentence)
    })?;
    if !chain.belongs_to(&signer) {
        let sentence = format!("this is not the key of the certificate {}", certificate.display());
        return Err(section.wrong("key", &sentence));
    }
    Ok(Some(signer))
}

#[cfg(test)]
mod tests;
