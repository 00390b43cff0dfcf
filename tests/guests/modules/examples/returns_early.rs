//! Returns at once, without having answered or refused the call.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(_caller: Leg) -> Result<()> {
    Ok(())
}
