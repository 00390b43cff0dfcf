//! Ranges of streams, and what the operator allows.

use super::{invalid, over};
use crate::stream_urls::{StreamAllow, StreamUrl};
use crate::words::{Error, LimitName, StreamOptions};

/// Bytes of one text between a handler and a server.
pub(crate) const STREAM_TEXT_BYTES: usize = 4_096;
const PARAMETERS_MAX: usize = 32;
const NAME_BYTES: usize = 128;
const VALUE_BYTES: usize = 4_096;
const RECONNECT_MAX: u8 = 32;

/// Where a stream goes, if it may.
pub(crate) fn stream(options: &StreamOptions, allow: &StreamAllow) -> Result<StreamUrl, Error> {
    over(LimitName::Parameters, options.parameters.len(), PARAMETERS_MAX)?;
    for (name, value) in &options.parameters {
        over(LimitName::StringBytes, name.len(), NAME_BYTES)?;
        over(LimitName::StringBytes, value.reveal().len(), VALUE_BYTES)?;
    }
    if options.reconnect > RECONNECT_MAX {
        let reason = format!("{}; up to {RECONNECT_MAX} is allowed", options.reconnect);
        return invalid("options.reconnect", &reason);
    }
    let url = StreamUrl::parse(options.url.reveal()).or_else(|why| invalid("options.url", why))?;
    if allow.allows(&url) {
        return Ok(url);
    }
    Err(Error::NotAllowed(format!(
        "[streams] allow names no address that {url} with this path is below"
    )))
}
