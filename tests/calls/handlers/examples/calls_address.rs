//! Calls one SIP address for the caller, as the caller lets itself be shown, and ends with it.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.dial(Dial::address("sip:bob@192.0.2.7"))?;
    Ok(())
}
