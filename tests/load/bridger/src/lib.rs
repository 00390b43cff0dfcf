//! Calls back the caller's machine at the port whose number was called, and connects the two when that is answered. For
//! benches of bridged calls.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    let port = caller.info().to;
    let outcome = caller.dial(Dial::address(&format!("sip:callee@127.0.0.1:{port}")).unheard())?;
    match outcome.leg() {
        Some(callee) => caller.bridge(callee, Bridge::default()).map(drop),
        None => caller.reject(RejectReason::Unavailable),
    }
}
