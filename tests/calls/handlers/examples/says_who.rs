//! Logs who vouches for the caller, and which headers say who calls, then refuses: the log is what a test reads.

use patchcord::Identity;
use patchcord::prelude::*;

patchcord::handler!(handle);

const HEADERS: [&str; 4] = ["P-Asserted-Identity", "Remote-Party-ID", "Privacy", "Identity"];

fn handle(caller: Leg) -> Result<()> {
    match caller.info().identity {
        Identity::Unsigned => info!("unsigned"),
        Identity::Signed(attestation) => info!("signed {attestation:?}"),
        Identity::Invalid(why) => info!("invalid: {why}"),
        Identity::Asserted(user) => info!("asserted {user}"),
    }
    let present = HEADERS.iter().filter(|name| !caller.header(name).is_empty());
    info!("headers: {}", present.copied().collect::<Vec<_>>().join(" "));
    caller.reject(RejectReason::Busy)
}
