//! Clients that have proved who they are where their connection was opened, with a token say: what each may do without a digest.
//! RFC 3261 22 asks for a proof of each request; here the connection is the proof, which is why only streams have one. Not here: tokens,
//! and everybody else ([`crate::Gate`]).

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::gate::Verdict;
use crate::message::Request;
use crate::method::Method;
use crate::outside::{Origin, Reply};

/// The host of every client's address of record, whatever host it calls itself by. It is nobody's (RFC 6761 6.4), so no user of a domain
/// is ever taken for a client.
pub const CLIENTS_DOMAIN: &str = "clients.invalid";

/// Who a client is, and what it may do. `Debug` leaves the client out.
#[derive(Clone, PartialEq, Eq)]
pub struct Proven {
    /// The tenant.
    pub tenant: Arc<str>,
    /// Its name in the tenant: the user part of its address of record.
    pub identity: Arc<str>,
    /// Whether it may register.
    pub may_be_called: bool,
    /// Whom it may call.
    pub calls: MayCall,
    /// Whose presence it may watch.
    pub watches: MayWatch,
    /// From when on it may begin nothing. Calls that it has go on.
    pub expires_at: Instant,
}

/// Whom a client may call.
#[derive(Clone, PartialEq, Eq)]
pub enum MayCall {
    /// Nobody.
    Nobody,
    /// This handler of its tenant, whatever it dials.
    Handler {
        /// The handler's name.
        name: Arc<str>,
        /// What the handler is told, name and value, which the client cannot change.
        parameters: Arc<[(String, String)]>,
    },
    /// Whatever a user of its tenant may call.
    Anyone,
}

/// Whose presence a client may watch.
#[derive(Clone, PartialEq, Eq)]
pub enum MayWatch {
    /// Theirs, by identity; nobody's if there is none.
    Only(Arc<[Arc<str>]>),
    /// That of all identities of its tenant.
    Everyone,
}

impl MayWatch {
    fn allows(&self, identity: Option<&str>) -> bool {
        match (self, identity) {
            (_, None) => false,
            (Self::Everyone, Some(_)) => true,
            (Self::Only(some), Some(identity)) => some.iter().any(|one| **one == *identity),
        }
    }
}

impl fmt::Debug for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proven(of {})", self.tenant)
    }
}

impl Proven {
    /// The address of record.
    pub fn aor(&self) -> Arc<str> {
        format!("{}@{CLIENTS_DOMAIN}", self.identity).into()
    }

    /// Judges a request of this client that belongs to no transaction and no dialog.
    pub(crate) fn judge(self: &Arc<Self>, now: Instant, request: &Request) -> Verdict {
        match request.method {
            Method::Ack => return Verdict::Drop,
            Method::Options | Method::Bye | Method::Cancel | Method::Prack => return Verdict::Admit(Origin::Anyone),
            _ => {}
        }
        if request.tag_of_to().is_some() {
            return Verdict::Admit(Origin::Anyone);
        }
        if now >= self.expires_at {
            return refused("the token has expired");
        }
        let allowed = match request.method {
            Method::Register if !self.may_be_called => Err("the token does not allow the client to be called"),
            Method::Register if !self.is_about_itself(request) => Err("the token is another identity's"),
            Method::Register => Ok(()),
            Method::Invite => match self.calls {
                MayCall::Nobody => Err("the token does not allow the client to call"),
                // Else it could take over a call of whoever it likes.
                MayCall::Handler { .. } if request.headers.first("Replaces").is_some() => {
                    Err("the token does not allow the client to take over a call")
                }
                _ => Ok(()),
            },
            Method::Subscribe if !self.watches.allows(request.uri.user()) => {
                Err("the token does not allow the client to watch this identity")
            }
            _ => Ok(()),
        };
        match allowed {
            Ok(()) => Verdict::Admit(Origin::Client(self.clone())),
            Err(why) => refused(why),
        }
    }

    fn is_about_itself(&self, request: &Request) -> bool {
        request.to().is_ok_and(|to| to.uri.user() == Some(&*self.identity))
    }
}

/// 403 with the reason for whoever reads it (RFC 3261 20.43).
fn refused(why: &str) -> Verdict {
    Verdict::Refuse(Reply::new(403).with("Warning", format!("399 {CLIENTS_DOMAIN} \"{why}\"")))
}

#[cfg(test)]
mod tests;
