//! How a gate is set up: whom it knows, and what happens to the others. Not what it does with that.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::digest::{AuthenticatorConfig, Secret};
use crate::flow::Transport;
use crate::limits::{BINDINGS, TRUSTED_PEERS, USERS};

/// A peer that is let in by its address alone. `Debug` leaves the address out.
#[derive(Clone, PartialEq, Eq)]
pub struct TrustedPeer {
    /// The trunk it belongs to.
    pub trunk: Arc<str>,
    /// Its address, or the first of its network.
    pub network: IpAddr,
    /// How many leading bits count: 32 or 128 for one address.
    pub prefix: u8,
    /// Its source port. Looked at for UDP only: a stream comes from any port. `None`: any.
    pub port: Option<u16>,
    /// Its transport. `None`: any.
    pub transport: Option<Transport>,
}

/// Somebody who may register and call. `Debug` tells only the tenant.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The tenant.
    pub tenant: Arc<str>,
    /// The address of record, `user@domain`, the domain in lower case.
    pub aor: Arc<str>,
    /// The name given with the secret, unique within the domain.
    pub username: String,
    /// The secret.
    pub secret: Secret,
}

/// What happens to requests from sources nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strangers {
    /// Nothing: no answer, as if nobody were here.
    #[default]
    Drop,
    /// 403.
    Refuse,
    /// They are let in as [`Origin::Anyone`], unless they claim an address in a domain of ours.
    Accept,
    /// They are let in as [`Origin::Anyone`], unless they claim to be a user there is. That tells strangers who is one: for
    /// development.
    Welcome,
}

/// Whether a registered phone has to authenticate its calls too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallsOfRegistered {
    /// Each of them.
    #[default]
    Challenge,
    /// Only if they come as datagrams, whose source can be forged.
    TrustStreams,
    /// None, if they come over the flow their user registered on.
    TrustFlows,
}

/// How often something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the long run; at least 1.
    pub per_minute: u32,
    /// At once; at least 1.
    pub burst: u32,
}

/// How a gate is set up.
#[derive(Clone, Debug)]
pub struct GateConfig {
    /// Realm, algorithms, lifetime of nonces.
    pub authentication: AuthenticatorConfig,
    /// Peers that are let in by their address, at most [`TRUSTED_PEERS`].
    pub peers: Vec<TrustedPeer>,
    /// Users, at most [`USERS`]. Their domains are the ones that REGISTER is taken for.
    pub users: Vec<User>,
    /// Further names of domains, as phones may know them (an address, for instance): name and domain.
    pub aliases: Vec<(String, String)>,
    /// What happens to the others.
    pub strangers: Strangers,
    /// Whether registered phones authenticate their calls.
    pub calls_of_registered: CallsOfRegistered,
    /// Requests of one address (of a /64 for IPv6) that is no trusted peer. Above it they are dropped.
    /// Default: 1,200 a minute, 200 at once.
    pub requests: Rate,
    /// Wrong secrets from one address. Above it everything from there is dropped for `lockout`.
    /// Default: 6 a minute, 20 at once.
    pub failures: Rate,
    /// Default: 10 minutes.
    pub lockout: Duration,
    /// Bindings in the mirror of registrations.
    pub bindings: usize,
}

impl Default for GateConfig {
    fn default() -> Self {
        Self {
            authentication: AuthenticatorConfig::default(),
            peers: Vec::new(),
            users: Vec::new(),
            aliases: Vec::new(),
            strangers: Strangers::default(),
            calls_of_registered: CallsOfRegistered::default(),
            requests: Rate {
                per_minute: 1200,
                burst: 200,
            },
            failures: Rate {
                per_minute: 6,
                burst: 20,
            },
            lockout: Duration::from_secs(600),
            bindings: BINDINGS,
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateError {
    /// More than [`TRUSTED_PEERS`].
    TooManyPeers,
    /// More than [`USERS`].
    TooManyUsers,
    /// An address of record that is not `user@domain`, or the number `prefix` of a peer is more than its address has.
    BadAddress,
    /// Two users of one domain have the same user name.
    SameUserName,
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyPeers => "more trusted peers than the limit",
            Self::TooManyUsers => "more users than the limit",
            Self::BadAddress => "an address of record without a domain, or a prefix longer than its address",
            Self::SameUserName => "two users of one domain have the same user name",
        })
    }
}

impl std::error::Error for GateError {}

impl fmt::Debug for TrustedPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedPeer(of {})", self.trunk)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User(of {})", self.tenant)
    }
}

/// Users by domain and user name, and by address of record, as places in the configuration.
#[derive(Default)]
pub(super) struct Index {
    pub(super) names: BTreeMap<String, BTreeMap<String, usize>>,
    pub(super) addresses: BTreeMap<Arc<str>, usize>,
}

pub(super) fn index(users: &[User]) -> Result<Index, GateError> {
    if users.len() > USERS {
        return Err(GateError::TooManyUsers);
    }
    let mut index = Index::default();
    for (at, user) in users.iter().enumerate() {
        let (name, domain) = user.aor.rsplit_once('@').ok_or(GateError::BadAddress)?;
        if name.is_empty() || domain.is_empty() || domain.contains(|letter: char| letter.is_ascii_uppercase()) {
            return Err(GateError::BadAddress);
        }
        let names = index.names.entry(domain.to_owned()).or_default();
        let known = names.insert(user.username.clone(), at).is_some();
        if index.addresses.insert(user.aor.clone(), at).is_some() || known {
            return Err(GateError::SameUserName);
        }
    }
    Ok(index)
}

pub(super) fn check_peers(peers: &[TrustedPeer]) -> Result<(), GateError> {
    if peers.len() > TRUSTED_PEERS {
        return Err(GateError::TooManyPeers);
    }
    let longest = |peer: &TrustedPeer| if peer.network.is_ipv4() { 32 } else { 128 };
    match peers.iter().all(|peer| peer.prefix <= longest(peer)) {
        true => Ok(()),
        false => Err(GateError::BadAddress),
    }
}

/// Whether an address lies in a network.
pub(super) fn is_within(ip: IpAddr, network: IpAddr, prefix: u8) -> bool {
    match (ip.to_canonical(), network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let shift = 32 - u32::from(prefix.min(32));
            let top = |ip: u32| ip.checked_shr(shift).unwrap_or(0);
            top(ip.to_bits()) == top(network.to_bits())
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let shift = 128 - u32::from(prefix.min(128));
            let top = |ip: u128| ip.checked_shr(shift).unwrap_or(0);
            top(ip.to_bits()) == top(network.to_bits())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
