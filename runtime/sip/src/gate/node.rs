//! What another node of the cluster may begin here: nothing yet. It passes on what belongs to calls of this node; the transport has
//! proved that it is a node. Not here: who that is, and what devices behind it may do.

use super::Verdict;
use crate::message::Request;
use crate::method::Method;
use crate::outside::{Origin, Reply};

/// Judges a node's request that belongs to no transaction and no dialog. What says that it belongs to one is let in, to hear that there
/// is none (481); so is a question whether we live.
pub(crate) fn of_a_node(request: &Request) -> Verdict {
    match request.method {
        Method::Ack => Verdict::Drop,
        Method::Options | Method::Bye | Method::Cancel | Method::Prack => Verdict::Admit(Origin::Anyone),
        _ if request.tag_of_to().is_some() => Verdict::Admit(Origin::Anyone),
        _ => Verdict::Refuse(Reply::new(403)),
    }
}

#[cfg(test)]
mod tests;
