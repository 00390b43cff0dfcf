//! Who begins a call, as one node says it to another: the one private header. Believed only from a node, taken out of
//! everything that comes from anybody else and of everything that goes to a device. After RFC 3325 (asserted identity in
//! a network that trusts itself); the header is ours, since a tenant and grants have no registered one.

use std::fmt;

use super::{NodeName, Region};
use crate::uri::unescape;

/// The header that says who begins a call.
pub const ORIGIN_HEADER: &str = "P-Patchcord-Origin";

/// Bytes of a tenant's name, at most.
pub const TENANT_BYTES: usize = 128;
/// Bytes of an identity, at most.
pub const IDENTITY_BYTES: usize = 256;
/// Bytes of grants, at most. What does not fit has to be looked up by identity.
pub const GRANTS_BYTES: usize = 4096;
/// Bytes of an action, at most.
pub const ACTION_BYTES: usize = 64;

/// Who a device has proved to be, in the host's own words. `Debug` tells the tenant only.
#[derive(Clone, PartialEq, Eq)]
pub struct Assertion {
    tenant: String,
    identity: String,
    grants: String,
    action: Option<String>,
}

/// What another node says of who begins a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asserted {
    /// The node that says so, as its certificate proves.
    pub node: NodeName,
    /// The region the device is in.
    pub region: Region,
    /// Who it is.
    pub who: Assertion,
}

/// Why something is no assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionError {
    /// A part that has to be there is missing or empty.
    Missing(&'static str),
    /// A part is longer than so many bytes.
    TooLong(&'static str, usize),
    /// The header stands more than once, or a part of it does.
    Repeated(&'static str),
    /// A part is not `name=value` with `%41` escapes of UTF-8, or no value of its kind.
    Unreadable(&'static str),
}

impl Assertion {
    /// Who a device is: its tenant, its identity there, and what it may do, which may be empty.
    ///
    /// # Errors
    /// Tenant or identity is empty, or one of the three is longer than [`TENANT_BYTES`], [`IDENTITY_BYTES`] or
    /// [`GRANTS_BYTES`].
    pub fn new(tenant: &str, identity: &str, grants: &str) -> Result<Self, AssertionError> {
        Ok(Self {
            tenant: bounded("tenant", tenant, TENANT_BYTES)?,
            identity: bounded("identity", identity, IDENTITY_BYTES)?,
            grants: match grants {
                "" => String::new(),
                grants => bounded("grants", grants, GRANTS_BYTES)?,
            },
            action: None,
        })
    }

    /// The same with what the gateway wants done beside what the message says.
    ///
    /// # Errors
    /// It is empty or longer than [`ACTION_BYTES`].
    pub fn with_action(self, action: &str) -> Result<Self, AssertionError> {
        let action = Some(bounded("action", action, ACTION_BYTES)?);
        Ok(Self { action, ..self })
    }

    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The identity in the tenant.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// What it may do, as the asserting host wrote it. May be empty.
    pub fn grants(&self) -> &str {
        &self.grants
    }

    /// What the gateway wants done.
    pub fn action(&self) -> Option<&str> {
        self.action.as_deref()
    }

    /// The header's value.
    pub(super) fn write(&self, region: &Region) -> String {
        let mut value = String::from("region=");
        value.push_str(region.as_str());
        let parts = [
            ("tenant", Some(&self.tenant)),
            ("identity", Some(&self.identity)),
            ("grants", Some(&self.grants).filter(|grants| !grants.is_empty())),
            ("action", self.action.as_ref()),
        ];
        for (name, text) in parts {
            if let Some(text) = text {
                value.push(';');
                value.push_str(name);
                value.push('=');
                escape(text, &mut value);
            }
        }
        value
    }

    /// Reads a header's value. Parts of other names are passed over: a newer node may say more.
    pub(super) fn read(value: &str) -> Result<(Region, Self), AssertionError> {
        let mut found: [(&'static str, Option<String>); 5] =
            ["region", "tenant", "identity", "grants", "action"].map(|name| (name, None));
        for part in value.split(';').map(str::trim_ascii).filter(|part| !part.is_empty()) {
            let (name, text) = part.split_once('=').ok_or(AssertionError::Unreadable("a part"))?;
            let Some((name, place)) = found.iter_mut().find(|(known, _)| *known == name) else {
                continue;
            };
            let text = unescape(text).ok_or(AssertionError::Unreadable(name))?;
            if place.replace(text).is_some() {
                return Err(AssertionError::Repeated(name));
            }
        }
        let [(_, region), (_, tenant), (_, identity), (_, grants), (_, action)] = found;
        let region = region.ok_or(AssertionError::Missing("region"))?;
        let region = Region::new(&region).map_err(|_| AssertionError::Unreadable("region"))?;
        let who = Self::new(
            &tenant.unwrap_or_default(),
            &identity.unwrap_or_default(),
            &grants.unwrap_or_default(),
        )?;
        match action {
            Some(action) => Ok((region, who.with_action(&action)?)),
            None => Ok((region, who)),
        }
    }
}

fn bounded(name: &'static str, text: &str, longest: usize) -> Result<String, AssertionError> {
    match text.len() {
        0 => Err(AssertionError::Missing(name)),
        len if len > longest => Err(AssertionError::TooLong(name, longest)),
        _ => Ok(text.to_owned()),
    }
}

/// Leaves alone what may stand in a token of SIP (RFC 3261 25.1) and in an address.
fn escape(text: &str, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~+@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assertion(of {})", self.tenant)
    }
}

impl fmt::Display for AssertionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "{name} is missing"),
            Self::TooLong(name, longest) => write!(f, "{name} is longer than {longest} bytes"),
            Self::Repeated(name) => write!(f, "{name} stands more than once"),
            Self::Unreadable(name) => write!(f, "{name} is not readable"),
        }
    }
}

impl std::error::Error for AssertionError {}

#[cfg(test)]
mod tests;
