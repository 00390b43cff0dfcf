//! Not hostile: the fallback of those that are. Says in its log why it has the call, and plays a tone of its own.

use patchcord::prelude::*;
use patchcord::{Beginning, LegState};

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    match patchcord::call::begun() {
        Beginning::Offered => info!("offered"),
        Beginning::Given => info!("given"),
        Beginning::Fallback(broken) => {
            info!(
                "after {}, {:?}, last {:?}",
                broken.handler, broken.kind, broken.last_request
            );
            info!("because {}", broken.text);
        }
        Beginning::Redirected(text) => info!("redirected: {text}"),
        Beginning::Placed(by) => info!("placed, answered by {by:?}"),
    }
    if caller.state() != LegState::Answered {
        caller.answer()?;
    }
    caller.play(tone(620, millis(1_500)))?;
    Ok(())
}
