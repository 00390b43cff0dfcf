//! Tokens for tests of this crate.

use super::{CallGrant, Grants, Minting, PresenceGrant, mint};
use crate::deployments::now_ms;

/// What a client may do that has nothing to do with presence.
pub(crate) fn grants(identity: &str, incoming: bool, call: Option<CallGrant>) -> Grants {
    Grants {
        identity: identity.to_owned(),
        call,
        incoming,
        presence: PresenceGrant::default(),
        media: vec!["audio".to_owned()],
    }
}

/// Calls to one handler, with a parameter that it fixes.
pub(crate) fn reception() -> Option<CallGrant> {
    Some(CallGrant::Handler {
        handler: "reception".to_owned(),
        params: [("queue".to_owned(), "sales".to_owned())].into(),
    })
}

/// A token of a minute for alice, who may be called, with an API key of a tenant.
pub(crate) fn minted(api_key: &str, tenant: &str, call: Option<CallGrant>) -> String {
    let wanted = Minting {
        tenant: tenant.to_owned(),
        grants: grants("alice", true, call),
        life: 60,
        name: "one".to_owned(),
    };
    mint(api_key, &wanted, now_ms() / 1_000).expect("it can be made")
}
