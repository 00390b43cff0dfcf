//! Requests outside dialogs, as values: where an admitted one came from, what is replied to one, and one of ours. Not
//! transactions: those are [`crate::Endpoint`]'s. RFC 3261 8.1 and 8.2.

use std::fmt;
use std::sync::Arc;

use crate::address::NameAddr;
use crate::digest::Credentials;
use crate::flow::Target;
use crate::method::Method;
use crate::proven::Proven;
use crate::uri::Uri;

/// Where an admitted request came from, as [`crate::Gate`] decided. `Debug` leaves the user out.
#[derive(Clone, PartialEq, Eq)]
pub enum Origin {
    /// A peer of this trunk.
    Trunk(Arc<str>),
    /// A user of ours.
    User {
        /// The address of record, `user@domain`.
        aor: Arc<str>,
        /// The tenant it belongs to.
        tenant: Arc<str>,
    },
    /// A client that has proved who it is where its connection was opened.
    Client(Arc<Proven>),
    /// Nobody we know.
    Anyone,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trunk(name) => write!(f, "Trunk({name})"),
            Self::User { tenant, .. } => write!(f, "User(of {tenant})"),
            Self::Client(proven) => write!(f, "Client(of {})", proven.tenant),
            Self::Anyone => f.write_str("Anyone"),
        }
    }
}

/// The final response to a request outside a dialog. What every response copies from its request is not in here.
/// `Debug` leaves everything but the status out.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200..=699.
    pub status: u16,
    /// Header fields to add, in order.
    pub headers: Vec<(String, String)>,
    /// The body; its Content-Type is among the headers. Empty: none.
    pub body: Vec<u8>,
}

impl Reply {
    /// A reply that adds nothing.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The same with one header field more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, {} fields)", self.status, self.headers.len())
    }
}

/// A request outside a dialog to send: REGISTER, OPTIONS, MESSAGE and kin. `Debug` leaves addresses and secrets out.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingRequest {
    /// The method. Not INVITE, ACK, CANCEL or BYE.
    pub method: Method,
    /// The Request-URI.
    pub uri: Uri,
    /// Where to send it.
    pub target: Target,
    /// Who asks; a tag is added.
    pub from: NameAddr,
    /// Whom it is about, if not `uri`.
    pub to: Option<NameAddr>,
    /// Further header fields, in order.
    pub headers: Vec<(String, String)>,
    /// The body; its Content-Type is among the headers. Empty: none.
    pub body: Vec<u8>,
    /// Who we are, if we are asked.
    pub credentials: Option<Credentials>,
    /// Route values the request carries, in order.
    pub routes: Vec<String>,
}

impl fmt::Debug for OutgoingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutgoingRequest({}, {:?})", self.method, self.target)
    }
}
