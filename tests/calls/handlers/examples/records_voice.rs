//! Records the caller until `#`, ten seconds or the end, and says in its log what came of it.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let recorded = caller.record(Record::default().beep().finish_on('#').longest(secs(10)));
    info!("recorded: {recorded:?}");
    if caller.has_ended() {
        return Ok(());
    }
    let typed = caller.gather(
        Gather::keys(4)
            .first_key_within(millis(500))
            .next_key_within(millis(500)),
    )?;
    info!("typed: {}", typed.keys);
    Ok(())
}
