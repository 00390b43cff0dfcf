//! The contract's words for what somebody outside says to a call. `wit/` is the source; see there for ranges.

use crate::private::Private;

/// A named text for the handler of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxMessage {
    /// What it is about; 1 to 64 bytes.
    pub name: String,
    /// The text, of any form; up to 65,536 bytes.
    pub data: Private<String>,
}
