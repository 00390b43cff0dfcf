//! The section `[sip]`: where it listens, what phones are told, and the files of certificates. Not what comes in there.

use super::reader::{ConfigError, Table};
use super::{ADDRESS, THREADS_MAX, beside, check};
use crate::certificates::{Identity, TlsFiles};
use crate::doors::{Door, Sip};
use patchcord_sip::Transport;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Sockets of one kind at most.
const DOORS_MAX: usize = 16;

/// The keys there are.
pub(super) const KEYS: &[&str] = &[
    "listen",
    "advertise",
    "threads",
    "tcp",
    "tls",
    "ws",
    "wss",
    "certificate",
    "key",
    "client_ca",
    "roots",
];

/// What the section says.
pub(super) struct SipSection {
    pub(super) sip: Sip,
    pub(super) threads: usize,
}

/// Reads the section. Paths in it start at the file's folder.
pub(super) fn read(section: &Table<'_>, file: &Path) -> Result<SipSection, ConfigError> {
    let right = "an IP address with or without a port, such as \"203.0.113.5\" or \"203.0.113.5:5060\"";
    // Without a port: the one of the socket, which the node knows.
    let told = section.parsed_list("advertise", right, |text| {
        let host = || text.parse().ok().map(|host| SocketAddr::new(host, 0));
        text.parse().ok().or_else(host)
    })?;
    check::one_of_a_kind(section, &told)?;
    let mut datagrams = addresses(section, "listen")?;
    if datagrams.is_empty() {
        datagrams.push(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 5060));
    }
    let listen = datagrams.remove(0);
    let advertise = advertised(section, listen, &told, Port::AsTold)?;
    let mut doors = Vec::new();
    let others = datagrams.into_iter().map(|listen| (Transport::Udp, listen));
    let mut places: Vec<_> = others.collect();
    for (key, transport) in [
        ("tcp", Transport::Tcp),
        ("tls", Transport::Tls),
        ("ws", Transport::Ws),
        ("wss", Transport::Wss),
    ] {
        let listens = addresses(section, key)?;
        places.extend(listens.into_iter().map(|listen| (transport, listen)));
    }
    for (transport, listen) in places {
        doors.push(Door {
            transport,
            listen,
            advertise: advertised(section, listen, &told, Port::OfTheSocket)?,
        });
    }
    let tls = tls(section, file)?;
    check::certificate_for_tls(section, &tls)?;
    let threads = section.number("threads", 1..=THREADS_MAX)?;
    Ok(SipSection {
        sip: Sip {
            listen,
            advertise,
            doors,
            tls,
        },
        threads: threads.map_or(1, |threads| threads as usize),
    })
}

fn addresses(section: &Table<'_>, key: &str) -> Result<Vec<SocketAddr>, ConfigError> {
    let found = section.parsed_list(key, ADDRESS, |text| text.parse().ok())?;
    if found.len() > DOORS_MAX {
        return Err(section.wrong(key, &format!("give at most {DOORS_MAX} addresses")));
    }
    Ok(found)
}

/// Whose port phones are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Port {
    /// That of the key `advertise`, which is about the first socket for datagrams.
    AsTold,
    OfTheSocket,
}

/// What phones are told of a socket: the address of its kind, or its own.
fn advertised(
    section: &Table<'_>,
    listen: SocketAddr,
    told: &[SocketAddr],
    port: Port,
) -> Result<Option<SocketAddr>, ConfigError> {
    let of_its_kind = told.iter().find(|told| told.is_ipv4() == listen.is_ipv4());
    // With one address and a socket of the other kind, the two are compared, and the sentence says so.
    let only = told.first().filter(|_| told.len() == 1 && port == Port::AsTold);
    let found = of_its_kind.or(only).copied();
    check::reachable(section, listen.ip(), found.map(|address| address.ip()))?;
    Ok(found.map(|address| match port {
        Port::AsTold => address,
        Port::OfTheSocket => SocketAddr::new(address.ip(), 0),
    }))
}

fn tls(section: &Table<'_>, file: &Path) -> Result<TlsFiles, ConfigError> {
    Ok(TlsFiles {
        identity: identity(section, file)?,
        client_ca: pem(section, file, "client_ca")?,
        roots: pem(section, file, "roots")?,
    })
}

/// The files of a certificate and its key: both, or neither.
pub(super) fn identity(section: &Table<'_>, file: &Path) -> Result<Option<Identity>, ConfigError> {
    match (pem(section, file, "certificate")?, pem(section, file, "key")?) {
        (Some(certificate), Some(key)) => Ok(Some(Identity { certificate, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(section.wrong("certificate", "its key is missing: give the file in key")),
        (None, Some(_)) => Err(section.wrong("key", "its certificate is missing: give the file in certificate")),
    }
}

fn pem(section: &Table<'_>, file: &Path, key: &str) -> Result<Option<PathBuf>, ConfigError> {
    section.parsed(key, "a PEM file such as \"chain.pem\"", |text| {
        (!text.is_empty()).then(|| beside(file, text))
    })
}

#[cfg(test)]
mod tests;
