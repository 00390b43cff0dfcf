//! Statuses and identities as bytes, for the cores that tell other nodes of them. Not here: what is told.

use super::{Availability, Identity, NAME_BYTES, Reason, Status, TEXT_BYTES};
use crate::ids::Tenant;
use crate::replica::{Fault, Input, Out, WireError, text_bytes};

/// Bytes of a tenant's name on the way between nodes.
pub const TENANT_BYTES: usize = 256;
/// Bytes of a status, at most.
pub(crate) const STATUS_BYTES: usize = 1 + text_bytes(TEXT_BYTES);
/// Bytes of an identity, at most.
pub(crate) const IDENTITY_BYTES: usize = text_bytes(TENANT_BYTES) + text_bytes(NAME_BYTES);
/// Set where a text follows.
const HAS_TEXT: u8 = 1 << 4;

/// One byte, and the text if there is one: 0 is available and nothing else.
pub(crate) fn write_status(status: &Status, out: &mut Out) {
    let availability = match status.availability {
        Availability::Available => 0,
        Availability::Busy => 1,
        Availability::DoNotDisturb => 2,
        Availability::Unavailable => 3,
    };
    let reason = match status.reason {
        None => 0,
        Some(Reason::OnACall) => 1,
        Some(Reason::AwayShort) => 2,
        Some(Reason::AwayLong) => 3,
    };
    let text = status.text.reveal();
    let has_text = if text.is_empty() { 0 } else { HAS_TEXT };
    out.byte(availability | reason << 2 | has_text);
    if !text.is_empty() {
        out.text(text);
    }
}

pub(crate) fn read_status(input: &mut Input<'_>) -> Result<Status, WireError> {
    let bits = input.choice("a status", HAS_TEXT | 0b1111)?;
    let availability = match bits & 0b11 {
        0 => Availability::Available,
        1 => Availability::Busy,
        2 => Availability::DoNotDisturb,
        _ => Availability::Unavailable,
    };
    let reason = match bits >> 2 & 0b11 {
        0 => None,
        1 => Some(Reason::OnACall),
        2 => Some(Reason::AwayShort),
        _ => Some(Reason::AwayLong),
    };
    let text = match bits & HAS_TEXT {
        0 => "",
        _ => input.text("the text of a status", TEXT_BYTES)?,
    };
    Ok(Status {
        availability,
        reason,
        text: text.to_owned().into(),
    })
}

/// The tenant is left out where it is that of the identity before.
pub(crate) fn write_identity(identity: &Identity, before: Option<&Identity>, out: &mut Out) {
    match before.is_some_and(|before| before.tenant() == identity.tenant()) {
        true => out.text(""),
        false => out.text(&identity.tenant().0),
    }
    out.text(identity.name());
}

pub(crate) fn read_identity(before: Option<&Identity>, input: &mut Input<'_>) -> Result<Identity, WireError> {
    let tenant = match (input.text("a tenant", TENANT_BYTES)?, before) {
        ("", Some(before)) => before.tenant().clone(),
        ("", None) => return Err(input.fault("a tenant", Fault::Value(NONE_BEFORE.to_owned()))),
        (name, _) => Tenant(name.to_owned()),
    };
    input.value("the name of an identity", NAME_BYTES, |name| {
        Identity::new(tenant, name)
    })
}

/// What is wrong with the first of a message that leaves something out.
pub(crate) const NONE_BEFORE: &str = "it is left out as that of the one before; there is none before it";
