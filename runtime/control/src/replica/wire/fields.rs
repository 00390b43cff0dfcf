//! Numbers and texts as bytes, and what can be wrong with them. Not here: what they mean.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// Bytes of the longest number.
pub(crate) const NUMBER_BYTES: usize = 10;
/// Bytes of the longest number of 32 bits.
pub(crate) const WORD_BYTES: usize = 5;

/// Bytes that a text of at most so many has with its length.
pub(crate) const fn text_bytes(longest: usize) -> usize {
    assert!(longest < 1 << 14, "a length has one or two bytes");
    longest + if longest < 1 << 7 { 1 } else { 2 }
}

/// Bytes of an address of the Internet, at most.
pub(crate) const IP_BYTES: usize = 1 + 16;

/// What is wrong with bytes, and where. No value of them is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireError {
    /// At which byte, from 0: the first after what is wrong.
    pub at: usize,
    /// With what.
    pub what: &'static str,
    /// What it is.
    pub why: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The bytes end before it does.
    Ended,
    /// So many bytes are left after the end.
    Rest(usize),
    /// It is this and not that.
    Choice(u8, u8),
    /// It is this, and at most that is known.
    Unknown(u8, u8),
    /// It is a greater number than this.
    Number(u64),
    /// It has so many bytes, and that many are allowed.
    Long(usize, usize),
    /// It is not UTF-8.
    Text,
    /// It is no such value, in the words of what it would be.
    Value(String),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: ", self.what, self.at)?;
        match &self.why {
            Fault::Ended => f.write_str("the message ends in it; it is to be complete"),
            Fault::Rest(bytes) => write!(f, "{bytes} bytes follow; it is to be the last"),
            Fault::Choice(found, right) => write!(f, "it is {found}; {right} is read here"),
            Fault::Unknown(found, last) => write!(f, "it is {found}; 0 to {last} are known"),
            Fault::Number(most) => write!(f, "it is greater than {most}"),
            Fault::Long(bytes, longest) => write!(f, "it has {bytes} bytes; at most {longest} are allowed"),
            Fault::Text => f.write_str("it is not UTF-8"),
            Fault::Value(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for WireError {}

/// Bytes that are written.
#[derive(Debug, Default)]
pub struct Out(Vec<u8>);

impl Out {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// A text of a length that was checked where it was made.
    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    /// To the millisecond, rounded down.
    pub(crate) fn duration(&mut self, duration: Duration) {
        self.number(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    }

    pub(crate) fn ip(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(ip) => {
                self.byte(0);
                self.bytes(&ip.octets());
            }
            IpAddr::V6(ip) => {
                self.byte(1);
                self.bytes(&ip.octets());
            }
        }
    }
}

/// Bytes that are read. `Debug` leaves them out.
pub struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Input({} of {} bytes)", self.at, self.bytes.len())
    }
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn fault(&self, what: &'static str, why: Fault) -> WireError {
        let at = self.at;
        WireError { at, what, why }
    }

    /// Nothing follows.
    pub(crate) fn end(&self) -> Result<(), WireError> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            rest => Err(self.fault("a message", Fault::Rest(rest))),
        }
    }

    pub(crate) fn bytes(&mut self, what: &'static str, many: usize) -> Result<&'a [u8], WireError> {
        let rest = &self.bytes[self.at..];
        match rest.get(..many) {
            Some(bytes) => {
                self.at += many;
                Ok(bytes)
            }
            None => Err(self.fault(what, Fault::Ended)),
        }
    }

    pub(crate) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], WireError> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(what, N)?);
        Ok(array)
    }

    pub(crate) fn byte(&mut self, what: &'static str) -> Result<u8, WireError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    /// A byte that is 0 up to this.
    pub(crate) fn choice(&mut self, what: &'static str, last: u8) -> Result<u8, WireError> {
        match self.byte(what)? {
            byte if byte <= last => Ok(byte),
            byte => Err(self.fault(what, Fault::Unknown(byte, last))),
        }
    }

    pub(crate) fn number(&mut self, what: &'static str, most: u64) -> Result<u64, WireError> {
        let mut number = 0_u64;
        for place in 0..NUMBER_BYTES as u32 {
            let byte = self.byte(what)?;
            let bits = u64::from(byte & 0x7f);
            let shifted = bits << (7 * place);
            if shifted >> (7 * place) != bits {
                break;
            }
            number |= shifted;
            if byte & 0x80 == 0 {
                return match number <= most {
                    true => Ok(number),
                    false => Err(self.fault(what, Fault::Number(most))),
                };
            }
        }
        Err(self.fault(what, Fault::Number(most)))
    }

    pub(crate) fn word(&mut self, what: &'static str) -> Result<u32, WireError> {
        self.number(what, u64::from(u32::MAX)).map(|number| number as u32)
    }

    pub(crate) fn text(&mut self, what: &'static str, longest: usize) -> Result<&'a str, WireError> {
        let bytes = self.number(what, u64::MAX)?;
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        if bytes > longest {
            return Err(self.fault(what, Fault::Long(bytes, longest)));
        }
        let text = std::str::from_utf8(self.bytes(what, bytes)?);
        text.map_err(|_| self.fault(what, Fault::Text))
    }

    /// What a text makes.
    pub(crate) fn value<T, E: fmt::Display>(
        &mut self,
        what: &'static str,
        longest: usize,
        make: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, WireError> {
        let text = self.text(what, longest)?;
        make(text).map_err(|why| self.refused(what, why))
    }

    /// It is read, and nothing that may be.
    pub(crate) fn refused(&self, what: &'static str, why: impl fmt::Display) -> WireError {
        self.fault(what, Fault::Value(why.to_string()))
    }

    pub(crate) fn duration(&mut self, what: &'static str, longest: Duration) -> Result<Duration, WireError> {
        let most = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        self.number(what, most).map(Duration::from_millis)
    }

    pub(crate) fn ip(&mut self, what: &'static str) -> Result<IpAddr, WireError> {
        Ok(match self.choice(what, 1)? {
            0 => IpAddr::V4(Ipv4Addr::from(self.array::<4>(what)?)),
            _ => IpAddr::V6(Ipv6Addr::from(self.array::<16>(what)?)),
        })
    }
}
