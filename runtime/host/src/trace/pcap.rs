//! A trace as a capture file that tcpdump, Wireshark and their kin read: classic pcap with microseconds, each message one
//! UDP packet over IPv4 or IPv6 without a link layer (LINKTYPE_RAW). Messages of streams are UDP packets too: what a
//! capture is read for is the SIP in them, and under TLS there is nothing else to show. Pure.

use super::{CallTrace, Direction, TraceRecord, What};
use std::net::{IpAddr, SocketAddr};

/// Numbers of the file format.
const MAGIC: u32 = 0xa1b2_c3d4;
const VERSION: (u16, u16) = (2, 4);
const LINKTYPE_RAW: u32 = 101;
/// Bytes of one packet: as much as an IP packet can have.
const PACKET_BYTES: usize = 65_535;
const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;
const UDP_HEADER: usize = 8;
const UDP: u8 = 17;
const HOPS: u8 = 64;

/// The capture file of a trace.
pub fn file(trace: &CallTrace) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&MAGIC.to_le_bytes());
    bytes.extend_from_slice(&VERSION.0.to_le_bytes());
    bytes.extend_from_slice(&VERSION.1.to_le_bytes());
    // Times are UTC and exact.
    bytes.extend_from_slice(&[0; 8]);
    bytes.extend_from_slice(&(PACKET_BYTES as u32).to_le_bytes());
    bytes.extend_from_slice(&LINKTYPE_RAW.to_le_bytes());
    for record in &trace.records {
        if let Some((packet, length)) = packet(trace, record) {
            bytes.extend_from_slice(&(record.at.seconds as u32).to_le_bytes());
            bytes.extend_from_slice(&(record.at.nanoseconds / 1_000).to_le_bytes());
            bytes.extend_from_slice(&(packet.len() as u32).to_le_bytes());
            bytes.extend_from_slice(&(length as u32).to_le_bytes());
            bytes.extend_from_slice(&packet);
        }
    }
    bytes
}

/// The packet of a message, and how long it would be if nothing were cut off.
fn packet(trace: &CallTrace, record: &TraceRecord) -> Option<(Vec<u8>, usize)> {
    let What::Sip { direction, flow, bytes } = &record.what else {
        return None;
    };
    let own = trace.own_end(flow);
    let (from, to) = match direction {
        Direction::In => (flow.peer, own),
        Direction::Out => (own, flow.peer),
    };
    let head = UDP_HEADER
        + match (from.ip(), to.ip()) {
            (IpAddr::V4(_), IpAddr::V4(_)) => IPV4_HEADER,
            _ => IPV6_HEADER,
        };
    let kept = &bytes[..bytes.len().min(PACKET_BYTES - head)];
    let packet = match (from.ip(), to.ip()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let udp = udp(from, to, kept, 0);
            ipv4(source.octets(), destination.octets(), &udp)
        }
        (source, destination) => ipv6((v6(source), from), (v6(destination), to), kept),
    };
    Some((packet, head + bytes.len()))
}

fn v6(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

fn udp(from: SocketAddr, to: SocketAddr, bytes: &[u8], checksum: u16) -> Vec<u8> {
    let length = (UDP_HEADER + bytes.len()) as u16;
    let mut packet = Vec::with_capacity(usize::from(length));
    for number in [from.port(), to.port(), length, checksum] {
        packet.extend_from_slice(&number.to_be_bytes());
    }
    packet.extend_from_slice(bytes);
    packet
}

/// RFC 791. A UDP checksum of 0 says that there is none.
fn ipv4(source: [u8; 4], destination: [u8; 4], udp: &[u8]) -> Vec<u8> {
    let mut head = vec![0x45, 0];
    head.extend_from_slice(&((IPV4_HEADER + udp.len()) as u16).to_be_bytes());
    // Identification 0, not to be fragmented.
    head.extend_from_slice(&[0, 0, 0x40, 0, HOPS, UDP, 0, 0]);
    head.extend_from_slice(&source);
    head.extend_from_slice(&destination);
    let checksum = checksum(&head);
    head[10..12].copy_from_slice(&checksum.to_be_bytes());
    head.extend_from_slice(udp);
    head
}

/// RFC 8200; there UDP must have its checksum (8.1).
fn ipv6((source, from): ([u8; 16], SocketAddr), (destination, to): ([u8; 16], SocketAddr), bytes: &[u8]) -> Vec<u8> {
    let bare = udp(from, to, bytes, 0);
    let length = bare.len() as u32;
    let mut pseudo = [source, destination].concat();
    pseudo.extend_from_slice(&length.to_be_bytes());
    pseudo.extend_from_slice(&[0, 0, 0, UDP]);
    pseudo.extend_from_slice(&bare);
    let sum = match checksum(&pseudo) {
        0 => 0xffff,
        sum => sum,
    };
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend_from_slice(&(length as u16).to_be_bytes());
    packet.extend_from_slice(&[UDP, HOPS]);
    packet.extend_from_slice(&source);
    packet.extend_from_slice(&destination);
    packet.extend_from_slice(&udp(from, to, bytes, sum));
    packet
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(*high) << 8,
        _ => 0,
    });
    let mut sum = words.fold(0_u64, |sum, word| sum + u64::from(word));
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests;
