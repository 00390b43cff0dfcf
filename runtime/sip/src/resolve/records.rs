//! Questions to the domain name system and its answers, as values. RFC 3403 (NAPTR), RFC 2782 (SRV).

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// A question to the domain name system. Names are in lower case and without the final dot. `Debug` leaves them out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// NAPTR records.
    Naptr(Arc<str>),
    /// SRV records.
    Srv(Arc<str>),
    /// A and AAAA records, the preferred ones first. The resolver follows aliases.
    Host(Arc<str>),
}

/// A NAPTR record (RFC 3403), as far as it matters here.
#[derive(Clone, PartialEq, Eq)]
pub struct Naptr {
    /// Lower ones first.
    pub order: u16,
    /// Among equal orders, lower ones first.
    pub preference: u16,
    /// Only `s` is of use: the replacement is a name with SRV records.
    pub flags: String,
    /// As `SIP+D2U`.
    pub service: String,
    /// The name to go on with.
    pub replacement: String,
}

/// An SRV record (RFC 2782).
#[derive(Clone, PartialEq, Eq)]
pub struct Srv {
    /// Lower ones first.
    pub priority: u16,
    /// Among equal priorities, its share of the traffic.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host's name. `.`: the service is not offered.
    pub host: String,
}

/// The answer to a question. One of another kind than the question counts as empty.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Question::Naptr`].
    Naptr(Vec<Naptr>),
    /// To [`Question::Srv`].
    Srv(Vec<Srv>),
    /// To [`Question::Host`].
    Host(Vec<IpAddr>),
    /// There is no such name or no such record.
    Nothing,
    /// No answer, or that of a broken server.
    Failed,
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Naptr(_) => "Naptr",
            Self::Srv(_) => "Srv",
            Self::Host(_) => "Host",
        })
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Naptr(records) => write!(f, "Naptr({} records)", records.len()),
            Self::Srv(records) => write!(f, "Srv({} records)", records.len()),
            Self::Host(ips) => write!(f, "Host({} addresses)", ips.len()),
            Self::Nothing => f.write_str("Nothing"),
            Self::Failed => f.write_str("Failed"),
        }
    }
}

impl fmt::Debug for Naptr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Naptr({} {} {})", self.order, self.preference, self.service)
    }
}

impl fmt::Debug for Srv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Srv({} {} {})", self.priority, self.weight, self.port)
    }
}
