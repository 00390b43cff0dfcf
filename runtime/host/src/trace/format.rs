//! The file of a trace: a header, then records that each begin with their length. Own types and numbers, so that the inner
//! ones may change; a reader refuses a version it does not know and takes what it can of a file that was cut off. All
//! numbers are little-endian.
//!
//! ```text
//! header  "PCTRACE" version:u8 call:u128 left_out:u64 doors:u8 { transport:u8 address }
//! record  length:u32 (of what follows) seconds:u64 nanoseconds:u32 leg:u32 kind:u8 ...
//!   1 sip   direction:u8 transport:u8 address connection:u64 (0: none) message
//!   2 turn  waited_us:u64 ask:u32+text answer:text
//!   3 note  text
//! address 4 or 6, then 4 or 16 bytes, then port:u16
//! ```

use super::{CallTrace, Direction, TraceRecord, What};
use patchcord_control::ids::{CallId, LegId};
use patchcord_control::words::UnixTime;
use patchcord_sip::{ConnectionId, Flow, Listener, Transport};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// What every file begins with.
const MAGIC: &[u8] = b"PCTRACE";
/// The version this file describes.
const VERSION: u8 = 1;
/// Bytes of one record at most; a longer one is no record.
const RECORD_BYTES: usize = 1024 * 1024;
/// Doors of a node at most; further ones are left out.
const DOORS: usize = 255;
/// Where a record is about no leg.
const NO_LEG: u32 = u32::MAX;

/// Why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatError {
    /// It does not begin as a trace does.
    NotATrace,
    /// A version that is not known here.
    Version(u8),
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotATrace => f.write_str("this is not a trace that patchcord wrote"),
            Self::Version(version) => write!(
                f,
                "this trace has version {version} and this patchcord reads {VERSION}: use the one that wrote it"
            ),
        }
    }
}

impl std::error::Error for FormatError {}

/// A trace as a file.
pub fn encode(trace: &CallTrace) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.push(VERSION);
    bytes.extend_from_slice(&trace.call.0.to_le_bytes());
    bytes.extend_from_slice(&trace.left_out.to_le_bytes());
    let doors = &trace.doors[..trace.doors.len().min(DOORS)];
    bytes.push(doors.len() as u8);
    for door in doors {
        bytes.push(transport_number(door.transport));
        address(&mut bytes, door.address);
    }
    for one in &trace.records {
        let content = record(one);
        bytes.extend_from_slice(&(content.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&content);
    }
    bytes
}

fn record(record: &TraceRecord) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&record.at.seconds.to_le_bytes());
    bytes.extend_from_slice(&record.at.nanoseconds.to_le_bytes());
    let leg = record.leg.map_or(NO_LEG, |leg| leg.0);
    bytes.extend_from_slice(&leg.to_le_bytes());
    match &record.what {
        What::Sip {
            direction,
            flow,
            bytes: message,
        } => {
            bytes.push(1);
            bytes.push(match direction {
                Direction::In => 0,
                Direction::Out => 1,
            });
            bytes.push(transport_number(flow.transport));
            address(&mut bytes, flow.peer);
            let connection = flow.connection.map_or(0, |id| id.0);
            bytes.extend_from_slice(&connection.to_le_bytes());
            bytes.extend_from_slice(message);
        }
        What::Turn { ask, answer, waited } => {
            bytes.push(2);
            bytes.extend_from_slice(&(waited.as_micros() as u64).to_le_bytes());
            bytes.extend_from_slice(&(ask.len() as u32).to_le_bytes());
            bytes.extend_from_slice(ask.as_bytes());
            bytes.extend_from_slice(answer.as_bytes());
        }
        What::Note(note) => {
            bytes.push(3);
            bytes.extend_from_slice(note.as_bytes());
        }
    }
    bytes
}

fn address(bytes: &mut Vec<u8>, address: SocketAddr) {
    match address.ip() {
        IpAddr::V4(ip) => {
            bytes.push(4);
            bytes.extend_from_slice(&ip.octets());
        }
        IpAddr::V6(ip) => {
            bytes.push(6);
            bytes.extend_from_slice(&ip.octets());
        }
    }
    bytes.extend_from_slice(&address.port().to_le_bytes());
}

fn transport_number(transport: Transport) -> u8 {
    match transport {
        Transport::Udp => 1,
        Transport::Tcp => 2,
        Transport::Tls => 3,
        Transport::Ws => 4,
        Transport::Wss => 5,
        Transport::Node => 6,
    }
}

/// A file as a trace. Records behind one that is cut off or unknown are left out, as if they had not been written.
///
/// # Errors
/// The file is of another kind or version.
pub fn decode(bytes: &[u8]) -> Result<CallTrace, FormatError> {
    let behind = bytes.strip_prefix(MAGIC).ok_or(FormatError::NotATrace)?;
    let mut input = Bytes(behind);
    match input.u8() {
        Some(VERSION) => {}
        Some(other) => return Err(FormatError::Version(other)),
        None => return Err(FormatError::NotATrace),
    }
    let mut trace = head(&mut input).ok_or(FormatError::NotATrace)?;
    while let Some(record) = next(&mut input, trace.call) {
        trace.records.push(record);
    }
    Ok(trace)
}

fn head(input: &mut Bytes<'_>) -> Option<CallTrace> {
    let call = CallId(u128::from_le_bytes(input.array()?));
    let left_out = input.u64()?;
    let count = input.u8()?;
    let door = |_| {
        Some(Listener {
            transport: input.transport()?,
            address: input.address()?,
        })
    };
    let doors = (0..count).map(door).collect::<Option<Vec<_>>>()?;
    Some(CallTrace {
        call,
        doors,
        left_out,
        records: Vec::new(),
    })
}

fn next(input: &mut Bytes<'_>, call: CallId) -> Option<TraceRecord> {
    let length = input.u32()? as usize;
    if length > RECORD_BYTES {
        return None;
    }
    let mut input = Bytes(input.take(length)?);
    let at = UnixTime {
        seconds: input.u64()?,
        nanoseconds: input.u32()?,
    };
    let leg = input.u32()?;
    let what = match input.u8()? {
        1 => What::Sip {
            direction: match input.u8()? {
                0 => Direction::In,
                1 => Direction::Out,
                _ => return None,
            },
            flow: Flow {
                transport: input.transport()?,
                peer: input.address()?,
                connection: Some(input.u64()?).filter(|id| *id != 0).map(ConnectionId),
            },
            bytes: input.0.into(),
        },
        2 => {
            let waited = Duration::from_micros(input.u64()?);
            let ask = input.u32()? as usize;
            What::Turn {
                ask: text(input.take(ask)?),
                answer: text(input.0),
                waited,
            }
        }
        3 => What::Note(text(input.0)),
        _ => return None,
    };
    Some(TraceRecord {
        at,
        call,
        leg: Some(leg).filter(|leg| *leg != NO_LEG).map(LegId),
        what,
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What is left to read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn transport(&mut self) -> Option<Transport> {
        Some(match self.u8()? {
            1 => Transport::Udp,
            2 => Transport::Tcp,
            3 => Transport::Tls,
            4 => Transport::Ws,
            5 => Transport::Wss,
            6 => Transport::Node,
            _ => return None,
        })
    }

    fn address(&mut self) -> Option<SocketAddr> {
        let ip: IpAddr = match self.u8()? {
            4 => self.array::<4>()?.into(),
            6 => self.array::<16>()?.into(),
            _ => return None,
        };
        Some(SocketAddr::new(ip, u16::from_le_bytes(self.array()?)))
    }
}

#[cfg(test)]
mod tests;
