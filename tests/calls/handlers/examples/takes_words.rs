//! Asks five times for one of five words over a tone, then for a word that no dictionary has, and says in its log what came.

use patchcord::prelude::*;

patchcord::handler!(handle);

const WORDS: [&str; 5] = ["sales", "support", "operator", "yes", "no"];

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    for number in 1..=WORDS.len() {
        let wanted = Gather::keys(1).prompt(tone(440, secs(9))).end_silence(millis(600));
        let got = caller.gather(wanted.phrases(WORDS))?;
        info!("{number}: {:?} by {:?}", got.phrase(), got.ended_by);
    }
    let unknown = Gather::keys(1).phrases(["the frobnicator"]);
    let failed = caller.gather(unknown).map_err(|failure| failure.reason);
    info!("at last: {:?}", failed.map(|got| got.ended_by));
    Ok(())
}
