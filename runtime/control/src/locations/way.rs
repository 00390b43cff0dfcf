//! The way to an instance: how another node reaches it through its gateway. Not here: who takes that way, and whether it is open.

use super::facts::{NotAFact, checked};
use crate::private::Private;
use std::sync::Arc;

/// Bytes of the contact that a device registered.
pub const CONTACT_BYTES: usize = 1_024;
/// Bytes of the Path to it.
pub const PATH_BYTES: usize = 1_024;

/// What carries requests from a gateway to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carrier {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream under TLS.
    Tls,
    /// A WebSocket (RFC 7118).
    Ws,
    /// A WebSocket under TLS.
    Wss,
}

impl Carrier {
    /// Whether a device is offered WebRTC: it comes by a WebSocket, as browsers do.
    pub fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }
}

/// How a request reaches an instance. A clone shares its text. `Debug` leaves both texts out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Way {
    /// The contact, and behind it the Path: one piece of memory, of which a node holds a million.
    text: Private<Arc<str>>,
    contact_bytes: u16,
    carrier: Carrier,
}

impl Way {
    /// To the contact URI that a device registered, by the Path value of its gateway's border (RFC 3327).
    ///
    /// # Errors
    /// The contact is not 1 to [`CONTACT_BYTES`], or the Path not 1 to [`PATH_BYTES`], without control characters.
    pub fn new(contact: &str, path: &str, carrier: Carrier) -> Result<Self, NotAFact> {
        let contact = checked(contact, CONTACT_BYTES, "the contact of a device")?;
        let path = checked(path, PATH_BYTES, "the path to a device")?;
        Ok(Self {
            text: Private::new(Arc::from([contact, path].concat())),
            contact_bytes: contact.len() as u16,
            carrier,
        })
    }

    /// The contact URI that the device registered: what a request to it is for.
    pub fn contact(&self) -> Private<&str> {
        Private::new(self.halves().0)
    }

    /// The Path value by which the device's gateway is passed: what the Route of a request is made of.
    pub fn path(&self) -> Private<&str> {
        Private::new(self.halves().1)
    }

    /// What carries it from the gateway to the device.
    pub fn carrier(&self) -> Carrier {
        self.carrier
    }

    fn halves(&self) -> (&str, &str) {
        self.text.reveal().split_at(usize::from(self.contact_bytes))
    }
}

#[cfg(test)]
mod tests;
