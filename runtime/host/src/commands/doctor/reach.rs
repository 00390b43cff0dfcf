//! Whether the addresses that phones are told lead here: a datagram to the first audio port, and a call that goes out and
//! comes in again by the address of each door. It is answered 404, for nobody is at home: that is all it has to show.
//!
//! A router that does not lead calls from inside back inside looks like one that leads none in at all: what is said names
//! both.

use super::{Finding, Verdict};
use anyhow::{Context, Result, bail};
use patchcord_control::route::Routes;
use patchcord_guest::Runtime;
use patchcord_host::{Node, NodeConfig, programs};
use patchcord_sip::{Listener, Transport};
use patchcord_switch::Directory;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// How long a way may take that is a few steps long.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a datagram is sent before it counts as lost.
const TRIES: usize = 3;
/// Audio ports of the node that is called.
const AUDIO_PORTS: u16 = 7;
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 4_096;

pub(super) fn look(node: &NodeConfig) -> Vec<Finding> {
    let mut findings = vec![audio(node)];
    match called(node) {
        Ok(running) => findings.extend(running.advertised.iter().map(|(transport, at)| call(*transport, *at))),
        Err(why) => findings.push(Finding::wrong("a node", format!("it cannot be started: {why:#}"))),
    }
    findings
}

/// A datagram to the first audio port, by the address that session descriptions name.
fn audio(node: &NodeConfig) -> Finding {
    let port = *node.media.ports.start();
    let to = SocketAddr::new(node.media.advertise, port);
    let what = format!("audio to {to}");
    let verdict = match echo(SocketAddr::new(node.media.listen, port), to) {
        Ok(()) => private(to.ip()),
        Err(why) => Verdict::Wrong(not_reached("UDP", to, &why.to_string(), Some(&node.media.ports))),
    };
    Finding::new(what, verdict)
}

/// Whether a datagram that is sent to one address arrives at another.
fn echo(listen: SocketAddr, to: SocketAddr) -> Result<()> {
    let here = UdpSocket::bind(listen).context("the port is taken")?;
    here.set_read_timeout(Some(PATIENCE / TRIES as u32))?;
    let sender = UdpSocket::bind(any(to))?;
    let mark = format!("patchcord doctor {}", std::process::id());
    let mut buffer = [0; ANSWER_BYTES];
    for _ in 0..TRIES {
        sender.send_to(mark.as_bytes(), to).context("it cannot be sent")?;
        if let Ok((bytes, _)) = here.recv_from(&mut buffer)
            && &buffer[..bytes] == mark.as_bytes()
        {
            return Ok(());
        }
    }
    bail!("it did not come back")
}

fn any(like: SocketAddr) -> SocketAddr {
    match like {
        SocketAddr::V4(_) => SocketAddr::from(([0, 0, 0, 0], 0)),
        SocketAddr::V6(_) => SocketAddr::from(([0; 16], 0)),
    }
}

/// A node at the doors of the configuration, without handlers, and open to everybody for as long as we look.
struct Called {
    _node: Node,
    advertised: Vec<(Transport, SocketAddr)>,
}

fn called(config: &NodeConfig) -> Result<Called> {
    let first = *config.media.ports.start();
    let ports = first..=first.saturating_add(AUDIO_PORTS).min(*config.media.ports.end());
    let mut ours = NodeConfig::local(config.sip.listen, ports.clone());
    ours.sip = config.sip.clone();
    ours.media = config.media.clone();
    ours.media.ports = ports;
    ours.media.threads = 1;
    ours.calls = 1;
    let runtime = Runtime::new(ours.runtime()).map_err(|why| anyhow::anyhow!("the wasm engine cannot start: {why}"))?;
    let node = Node::start(ours, runtime)?;
    // Until it knows what is deployed it answers that it is still starting: it is told that nothing is.
    node.set_directory(Directory::new(
        Routes::new(Vec::new()),
        Vec::new(),
        programs::announcement(),
    ));
    let told = std::iter::once((Transport::Udp, config.sip.advertise))
        .chain(config.sip.doors.iter().map(|door| (door.transport, door.advertise)));
    let bound = node.doors().to_vec();
    let advertised = told
        .zip(ordered(&bound, config))
        .filter_map(|((transport, advertise), local)| {
            let plain = matches!(transport, Transport::Udp | Transport::Tcp);
            let at = match advertise {
                Some(at) if at.port() == 0 => SocketAddr::new(at.ip(), local.port()),
                Some(at) => at,
                None => local,
            };
            plain.then_some((transport, at))
        });
    Ok(Called {
        advertised: advertised.collect(),
        _node: node,
    })
}

/// Where each door of the configuration is bound, in its order; the node has those for datagrams first.
fn ordered(bound: &[Listener], config: &NodeConfig) -> Vec<SocketAddr> {
    let is_udp = |transport: Transport| transport == Transport::Udp;
    let (datagrams, streams): (Vec<&Listener>, Vec<&Listener>) = bound.iter().partition(|door| is_udp(door.transport));
    let (mut datagrams, mut streams) = (datagrams.into_iter(), streams.into_iter());
    let transports = std::iter::once(Transport::Udp).chain(config.sip.doors.iter().map(|door| door.transport));
    let next = transports.filter_map(|transport| match is_udp(transport) {
        true => datagrams.next(),
        false => streams.next(),
    });
    next.map(|door| door.address).collect()
}

fn call(transport: Transport, to: SocketAddr) -> Finding {
    let via = transport.via();
    let what = format!("a call to ourselves at {to} over {}", via.to_ascii_lowercase());
    let answered = match transport {
        Transport::Udp => over_udp(to),
        _ => over_tcp(to),
    };
    let verdict = match answered {
        Ok(answer) if answer.starts_with("SIP/2.0 404 ") => private(to.ip()),
        Ok(answer) => {
            let line = answer.lines().next().unwrap_or_default();
            Verdict::Wrong(format!(
                "somebody else answered there: {line:?}; give an `advertise` that leads to this machine"
            ))
        }
        Err(why) => Verdict::Wrong(not_reached(via, to, &why.to_string(), None)),
    };
    Finding::new(what, verdict)
}

fn invite(via: &str, from: SocketAddr, to: SocketAddr) -> String {
    let id = std::process::id();
    format!(
        "INVITE sip:doctor@{to} SIP/2.0\r\nVia: SIP/2.0/{via} {from};rport;branch=z9hG4bKdoctor{id}\r\nMax-Forwards: 10\r\n\
         From: <sip:doctor@{from}>;tag=doctor{id}\r\nTo: <sip:doctor@{to}>\r\nCall-ID: doctor-{id}-{}@{from}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:doctor@{from}>\r\nContent-Length: 0\r\n\r\n",
        to.port()
    )
}

fn over_udp(to: SocketAddr) -> Result<String> {
    let socket = UdpSocket::bind(any(to))?;
    socket.connect(to).context("there is no way there")?;
    socket.set_read_timeout(Some(PATIENCE / TRIES as u32))?;
    let request = invite("UDP", socket.local_addr()?, to);
    let mut buffer = [0; ANSWER_BYTES];
    for _ in 0..TRIES {
        socket.send(request.as_bytes()).context("it cannot be sent")?;
        while let Ok(bytes) = socket.recv(&mut buffer) {
            let answer = String::from_utf8_lossy(&buffer[..bytes]).into_owned();
            if !answer.starts_with("SIP/2.0 1") {
                return Ok(answer);
            }
        }
    }
    bail!("nobody answered")
}

fn over_tcp(to: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE).context("nobody took the connection")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = invite("TCP", stream.local_addr()?, to);
    stream.write_all(request.as_bytes())?;
    let (mut answer, until) = (String::new(), Instant::now() + PATIENCE);
    let mut buffer = [0; ANSWER_BYTES];
    while Instant::now() < until && answer.len() < ANSWER_BYTES {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(bytes) => answer += &String::from_utf8_lossy(&buffer[..bytes]),
            Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            Err(why) => return Err(why.into()),
        }
        let finals = answer
            .split("\r\n\r\n")
            .find(|message| message.starts_with("SIP/2.0 ") && !message.starts_with("SIP/2.0 1"));
        if let Some(last) = finals {
            return Ok(last.to_owned());
        }
    }
    bail!("nobody answered")
}

fn not_reached(via: &str, to: SocketAddr, why: &str, ports: Option<&RangeInclusive<u16>>) -> String {
    let forwarded = match ports {
        Some(ports) => format!("{via} ports {} to {}", ports.start(), ports.end()),
        None => format!("{via} port {}", to.port()),
    };
    format!(
        "{why}. Either `advertise` is not this machine's address as others see it, or the router or a firewall does not lead \
         {forwarded} here: forward it. If it does, it may only not lead calls from inside back in: then ask from another \
         network with `patchcord call sip:doctor@{to}`, which is to be answered 404"
    )
}

/// A private address is heard in its own network only, which may be what is wanted.
fn private(ip: IpAddr) -> Verdict {
    let is_private = match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    match is_private {
        true => Verdict::Note(format!(
            "it works, and {ip} is a private address: who calls from elsewhere needs a public one as `advertise`"
        )),
        false => Verdict::Fine,
    }
}

#[cfg(test)]
mod tests;
