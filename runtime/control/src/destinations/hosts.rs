//! Which SIP hosts a tenant's calls may go to: those that a rule names. Addresses inside private networks, this machine
//! and the like need a rule with an address, whatever a name resolves to. Names are not resolved here; judge the name
//! before, and each address after. RFC 6890 and the IANA special-purpose registries, RFC 6598, RFC 6052, RFC 3056.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Most host rules of one tenant.
pub const MAX_HOST_RULES: usize = 1_024;
/// Longest host name (RFC 1035 section 2.3.4, less root and length byte).
const MAX_HOST_BYTES: usize = 253;
/// Longest label of a host name (RFC 1035 section 2.3.4).
const MAX_LABEL_BYTES: usize = 63;

/// Which hosts a rule names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPattern {
    /// This name and no other, case aside.
    Name(String),
    /// Names that end in this one with at least one label more: `Below("example.com")` fits `sip.example.com`.
    Below(String),
    /// Addresses of this network; the only way to private ones.
    Network {
        /// Any address of it.
        address: IpAddr,
        /// How many of its leading bits count: at most 32 or 128.
        bits: u8,
    },
    /// Every public name and address. For those who know what they do.
    AnyPublic,
}

/// A rule that allows hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRule {
    /// Which.
    pub pattern: HostPattern,
    /// For records and refusals.
    pub name: Arc<str>,
}

/// Why an address is not on the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// This machine.
    Loopback,
    /// A private network, a carrier's inner one, or a unique local address.
    Private,
    /// Only on this wire.
    LinkLocal,
    /// Many hosts at once.
    Multicast,
    /// No host: unspecified, broadcast, documentation, benchmarks, reserved.
    Reserved,
}

/// What was decided about a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostVerdict<'a> {
    /// This rule allows it.
    Allowed(&'a HostRule),
    /// No rule fits.
    DeniedByDefault,
    /// The address is not public, and no rule names its network.
    DeniedSpecial(AddressKind),
    /// Neither a host name nor an address.
    Malformed,
}

/// Why host rules cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostsError {
    /// More rules than a tenant may have.
    TooMany {
        /// The most allowed.
        most: usize,
        /// How many there are.
        asked: usize,
    },
    /// The name of a pattern is no host name.
    Name {
        /// Which rule, from 0.
        index: usize,
    },
    /// A network has more bits than its address.
    Bits {
        /// Which rule, from 0.
        index: usize,
    },
}

impl fmt::Display for HostsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { most, asked } => write!(f, "hosts: {asked} rules are too many, at most {most}"),
            Self::Name { index } => write!(f, "hosts, rule {index}: give a host name like sip.example.com"),
            Self::Bits { index } => write!(f, "hosts, rule {index}: a network has at most 32 or 128 bits"),
        }
    }
}

impl std::error::Error for HostsError {}

/// A tenant's rules for hosts. Without rules no host may be called.
#[derive(Debug, Clone, Default)]
pub struct Hosts(Vec<HostRule>);

impl Hosts {
    /// Every host, inner networks included: for a machine of its own, such as a developer's or a simulated one.
    pub fn any() -> Hosts {
        let network = |address: IpAddr| HostPattern::Network { address, bits: 0 };
        let patterns = [
            HostPattern::AnyPublic,
            network(Ipv4Addr::UNSPECIFIED.into()),
            network(Ipv6Addr::UNSPECIFIED.into()),
        ];
        let rule = |pattern| HostRule {
            pattern,
            name: "any".into(),
        };
        Hosts::new(patterns.map(rule).into()).expect("three patterns are few, and each can be used")
    }

    /// Rules in order; the first that fits is named in the verdict.
    ///
    /// # Errors
    /// Too many, or one that cannot be used.
    pub fn new(mut rules: Vec<HostRule>) -> Result<Hosts, HostsError> {
        if rules.len() > MAX_HOST_RULES {
            return Err(HostsError::TooMany {
                most: MAX_HOST_RULES,
                asked: rules.len(),
            });
        }
        for (index, rule) in rules.iter_mut().enumerate() {
            match &mut rule.pattern {
                HostPattern::Name(name) | HostPattern::Below(name) => {
                    *name = host_name(name).ok_or(HostsError::Name { index })?;
                }
                HostPattern::Network { address, bits } => {
                    let most = if address.is_ipv4() { 32 } else { 128 };
                    if *bits > most {
                        return Err(HostsError::Bits { index });
                    }
                }
                HostPattern::AnyPublic => {}
            }
        }
        Ok(Hosts(rules))
    }

    /// Judges the host of a SIP address as written: a name, an IPv4 address, an IPv6 address with or without brackets.
    pub fn judge(&self, host: &str) -> HostVerdict<'_> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(address) = bare {
            return match address.parse::<Ipv6Addr>() {
                Ok(address) => self.judge_address(IpAddr::V6(address)),
                Err(_) => HostVerdict::Malformed,
            };
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            return self.judge_address(address);
        }
        let Some(name) = host_name(host) else {
            return HostVerdict::Malformed;
        };
        if is_local_name(&name) {
            return self.judge_exact(&name, HostVerdict::DeniedSpecial(AddressKind::Loopback));
        }
        let fits = |rule: &&HostRule| match &rule.pattern {
            HostPattern::Name(wanted) => *wanted == name,
            HostPattern::Below(wanted) => is_below(&name, wanted),
            HostPattern::AnyPublic => true,
            HostPattern::Network { .. } => false,
        };
        self.0
            .iter()
            .find(fits)
            .map_or(HostVerdict::DeniedByDefault, HostVerdict::Allowed)
    }

    /// Judges an address that was written as such.
    pub fn judge_address(&self, address: IpAddr) -> HostVerdict<'_> {
        let address = embedded(address);
        if let Some(rule) = self.network(address) {
            return HostVerdict::Allowed(rule);
        }
        if let Some(kind) = special(address) {
            return HostVerdict::DeniedSpecial(kind);
        }
        let any = self.0.iter().find(|rule| rule.pattern == HostPattern::AnyPublic);
        any.map_or(HostVerdict::DeniedByDefault, HostVerdict::Allowed)
    }

    /// Judges an address that an allowed name resolved to. It must be public, or in a network that a rule names;
    /// `allowed` is the rule that allowed the name.
    pub fn judge_resolved<'a>(&'a self, allowed: &'a HostRule, address: IpAddr) -> HostVerdict<'a> {
        let address = embedded(address);
        match (special(address), self.network(address)) {
            (_, Some(rule)) => HostVerdict::Allowed(rule),
            (None, None) => HostVerdict::Allowed(allowed),
            (Some(kind), None) => HostVerdict::DeniedSpecial(kind),
        }
    }

    fn judge_exact<'a>(&'a self, name: &str, otherwise: HostVerdict<'a>) -> HostVerdict<'a> {
        let fits = |rule: &&HostRule| matches!(&rule.pattern, HostPattern::Name(wanted) if wanted == name);
        self.0.iter().find(fits).map_or(otherwise, HostVerdict::Allowed)
    }

    fn network(&self, address: IpAddr) -> Option<&HostRule> {
        self.0.iter().find(|rule| match &rule.pattern {
            HostPattern::Network { address: of, bits } => same_network(address, embedded(*of), *bits),
            _ => false,
        })
    }
}

/// A host name in lower case without a final dot; none if it is none. A name whose last label is a number is refused,
/// since some resolvers read `127.1`, `0x7f000001` or `2130706433` as addresses.
fn host_name(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let label = |label: &str| {
        let sized = (1..=MAX_LABEL_BYTES).contains(&label.len());
        let inner = label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        sized && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let number = last.starts_with(|c: char| c.is_ascii_digit());
    (name.len() <= MAX_HOST_BYTES && name.split('.').all(label) && !number).then_some(name)
}

/// Names that mean this machine or this network (RFC 6761 section 6.3, RFC 6762 section 3).
fn is_local_name(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    !name.contains('.') || last == "localhost" || last == "local" || last == "localdomain" || last == "internal"
}

fn is_below(name: &str, wanted: &str) -> bool {
    name.strip_suffix(wanted)
        .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// The IPv4 address that an IPv6 address carries: mapped, NAT64 (RFC 6052), 6to4 (RFC 3056); else the address itself.
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let parts = v6.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => address,
    }
}

fn same_network(address: IpAddr, of: IpAddr, bits: u8) -> bool {
    match (address, of) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            let shift = 32_u32.saturating_sub(u32::from(bits));
            (a.to_bits() ^ b.to_bits()).checked_shr(shift).unwrap_or(0) == 0
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            let shift = 128_u32.saturating_sub(u32::from(bits));
            (a.to_bits() ^ b.to_bits()).checked_shr(shift).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// Why an address is not public; none if it is.
fn special(address: IpAddr) -> Option<AddressKind> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<AddressKind> {
    match address.octets() {
        [127, ..] => Some(AddressKind::Loopback),
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => Some(AddressKind::Private),
        [169, 254, ..] => Some(AddressKind::LinkLocal),
        [224..=239, ..] => Some(AddressKind::Multicast),
        [0 | 240..=255, ..] | [192, 0, 0 | 2, _] | [198, 18 | 19, ..] => Some(AddressKind::Reserved),
        [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => Some(AddressKind::Reserved),
        _ => None,
    }
}

fn special_v6(address: Ipv6Addr) -> Option<AddressKind> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(AddressKind::Loopback),
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Some(AddressKind::Private),
        [0xfe80..=0xfebf, ..] => Some(AddressKind::LinkLocal),
        [0xff00..=0xffff, ..] => Some(AddressKind::Multicast),
        // Only 2000::/3 is assigned; documentation, ORCHID and Teredo are inside it.
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Some(AddressKind::Reserved),
        [0x2000..=0x3fff, ..] => None,
        _ => Some(AddressKind::Reserved),
    }
}
