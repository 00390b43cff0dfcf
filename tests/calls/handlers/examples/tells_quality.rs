//! Answers, and says after fifteen seconds how the line sounded.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    info!("at first: {}", caller.quality().is_some());
    caller.play(tone(440, secs(15)))?;
    match caller.quality() {
        Some(it) => info!(
            "lost {} and {} of 1000, mos {:?}, there and back {:?} ms",
            it.received.lost_permille, it.sent.lost_permille, it.received.mos_hundredths, it.round_trip_ms
        ),
        None => info!("never measured"),
    }
    Ok(())
}
