//! One party to call.

use crate::bindings::patchcord::handler::dial::{Credentials, Destination, Endpoint, Header};
use crate::prompt::ms;
use std::fmt;
use std::time::Duration;

/// One party to call. Without more words it rings as long as the whole dialling may take.
#[derive(Clone)]
pub struct Party(Endpoint);

impl Party {
    /// A user of this tenant: every phone registered for it rings, up to 10.
    pub fn user(name: &str) -> Party {
        Destination::User(name.to_owned()).into()
    }

    /// A number as one would dial it; the tenant's dial plan makes it E.164 and a trunk carries it.
    pub fn number(number: &str) -> Party {
        Destination::Number(number.to_owned()).into()
    }

    /// A SIP address such as `sip:bob@example.com`, on a host the operator allows.
    pub fn address(address: &str) -> Party {
        Destination::Address(address.to_owned()).into()
    }

    /// How long it may ring, 1 s to 10 minutes.
    pub fn ring_for(mut self, time: Duration) -> Party {
        self.0.ring_ms = Some(ms(time));
        self
    }

    /// A header of the request to this party. Names that carry the dialog itself are refused.
    pub fn header(mut self, name: &str, value: &str) -> Party {
        self.0.headers.push(header(name, value));
        self
    }

    /// What to say if this party asks who calls (RFC 8760).
    pub fn credentials(mut self, username: &str, password: &str) -> Party {
        self.0.credentials = Some(Credentials {
            username: username.to_owned(),
            password: password.to_owned(),
        });
        self
    }

    /// What the contract calls it, with further headers.
    pub(super) fn endpoint(self, headers: &[Header]) -> Endpoint {
        let mut endpoint = self.0;
        endpoint.headers.extend_from_slice(headers);
        endpoint
    }
}

/// Without numbers, names and secrets, so that it can be logged.
impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.to {
            Destination::Number(_) => "Number",
            Destination::User(_) => "User",
            Destination::Address(_) => "Address",
        })
    }
}

impl From<Destination> for Party {
    fn from(to: Destination) -> Party {
        Party(Endpoint {
            to,
            ring_ms: None,
            headers: Vec::new(),
            credentials: None,
        })
    }
}

pub(super) fn header(name: &str, value: &str) -> Header {
    Header {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}
