//! Asks four times what the caller wants, with words or a key, over a tone that speech stops, but for the last one, which is
//! heard out. Says in its log what came.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    for number in 1..=4 {
        let wanted = Gather::keys(1).prompt(tone(425, secs(3))).first_key_within(secs(2));
        let wanted = wanted.phrases(["sales", "support", "yes please"]).spoken_digits(3);
        let wanted = if number == 4 { wanted.hear_it_out() } else { wanted };
        match caller.gather(wanted) {
            Ok(got) => info!(
                "{number}: {:?} by {:?}, {} keys",
                got.phrase(),
                got.ended_by,
                got.keys.len()
            ),
            Err(why) => info!("{number}: {:?}", why.reason),
        }
    }
    Ok(())
}
