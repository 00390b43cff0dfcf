//! What the store may be asked.

use super::{invalid, over};
use crate::store::{KEY_BYTES, TTL_MS_MAX, VALUE_BYTES};
use crate::words::{Error, LimitName, StoreAction};

pub(crate) fn store(key: &str, action: &StoreAction) -> Result<(), Error> {
    if key.is_empty() {
        return invalid("key", "an empty key; give 1 to 256 bytes");
    }
    over(LimitName::StoreKeyBytes, key.len(), KEY_BYTES)?;
    let (value, ttl_ms) = match action {
        StoreAction::Get | StoreAction::Delete => return Ok(()),
        StoreAction::Set { value, ttl_ms } | StoreAction::Swap { value, ttl_ms, .. } => (value.reveal().len(), ttl_ms),
        StoreAction::Add { ttl_ms, .. } => (0, ttl_ms),
    };
    over(LimitName::StoreValueBytes, value, VALUE_BYTES)?;
    match ttl_ms {
        Some(ttl) if !(1..=TTL_MS_MAX).contains(ttl) => {
            invalid("ttl-ms", &format!("{ttl} ms; 1 to {TTL_MS_MAX} are allowed"))
        }
        _ => Ok(()),
    }
}
