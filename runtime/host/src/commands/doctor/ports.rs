//! Whether every port of a node can be bound. Each is let go at once.

use super::{Finding, Verdict};
use patchcord_host::NodeConfig;
use patchcord_sip::Transport;
use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, TcpListener, UdpSocket};

/// Ports of the lowest numbers need a right of their own.
const PRIVILEGED: u16 = 1_024;

pub(super) fn look(node: &NodeConfig) -> Vec<Finding> {
    let first = (Transport::Udp, node.sip.listen);
    let doors = node.sip.doors.iter().map(|door| (door.transport, door.listen));
    let mut findings: Vec<Finding> = std::iter::once(first)
        .chain(doors)
        .map(|(transport, at)| {
            let what = format!("SIP over {} at {at}", transport.via().to_ascii_lowercase());
            match transport {
                Transport::Udp => verdict(what, at, UdpSocket::bind(at).err()),
                _ => verdict(what, at, TcpListener::bind(at).err()),
            }
        })
        .collect();
    let door = node.cluster.as_ref().and_then(|cluster| cluster.door.as_ref());
    let pages = [
        ("the SIP of other nodes", door.map(|door| door.listen)),
        ("metrics", node.http),
        ("the API", node.api.as_ref().map(|api| api.listen)),
    ];
    for (name, at) in pages {
        findings.extend(at.map(|at| verdict(format!("{name} at {at}"), at, TcpListener::bind(at).err())));
    }
    findings.push(audio(node));
    findings
}

/// All ports for audio as one finding: the first that cannot be bound.
fn audio(node: &NodeConfig) -> Finding {
    let (address, ports) = (node.media.listen, &node.media.ports);
    let what = format!("audio at {address}, ports {} to {}", ports.start(), ports.end());
    for port in ports.clone() {
        let at = SocketAddr::new(address, port);
        if let Err(why) = UdpSocket::bind(at) {
            return verdict(what, at, Some(why));
        }
    }
    Finding::new(what, Verdict::Fine)
}

fn verdict(what: String, at: SocketAddr, refused: Option<Error>) -> Finding {
    match refused {
        None => Finding::new(what, Verdict::Fine),
        Some(why) => Finding::wrong(what, advice(at, &why)),
    }
}

/// What to do about a port that cannot be bound.
fn advice(at: SocketAddr, why: &Error) -> String {
    let port = at.port();
    match why.kind() {
        ErrorKind::AddrInUse => format!(
            "port {port} is in use; see who has it with `ss -lntup 'sport = :{port}'`, and end that or give another port. If \
             it is this node, end it before you ask"
        ),
        ErrorKind::AddrNotAvailable => format!(
            "no interface of this machine has the address {}; listen at 0.0.0.0 (or [::]) and name the address that others \
             see as `advertise`",
            at.ip()
        ),
        ErrorKind::PermissionDenied if port < PRIVILEGED => format!(
            "this user may not take port {port}; take one above {PRIVILEGED}, or allow the program to with `setcap \
             cap_net_bind_service=+ep`"
        ),
        _ => format!("the system refuses port {port}: {why}"),
    }
}

#[cfg(test)]
mod tests;
