//! Connects a caller with whoever the called user names: `bob+carol` ring together, `bob.carol` in turn. Logs each dialling
//! and each outcome with its number: the log is what a test counts.

use patchcord::Party;
use patchcord::prelude::*;

patchcord::handler!(handle);

const RING: u64 = 12;

fn handle(caller: Leg) -> Result<()> {
    let called = caller.info().to;
    let mut names = called.split(['+', '.']);
    let first = names.next().unwrap_or_default();
    let together = called.contains('+');
    let dial = names.fold(Dial::user(first).ring_for(secs(RING)), |dial, name| {
        if together {
            dial.or_together(Party::user(name))
        } else {
            dial.then(Party::user(name))
        }
    });
    info!("dials 1");
    let outcome = caller.dial(dial);
    info!("outcome 1");
    let outcome = outcome?;
    if let Some(callee) = outcome.leg() {
        caller.talk_with(callee, Bridge::default())?;
        return Ok(());
    }
    caller.reject(RejectReason::Unavailable)
}
