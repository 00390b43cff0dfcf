//! Begins one spoken prompt after the other, each in the place of the last.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let started: Vec<_> = (0..12)
        .map(|number| caller.start_play(say(format!("This is prompt number {number}."))))
        .collect::<Result<_>>()?;
    wait::sleep(secs(10))?;
    let ends = started.iter().map(|playing| match playing.result() {
        None => "plays".to_owned(),
        Some(Ok(played)) => format!("{:?}", played.ended_by),
        Some(Err(error)) => format!("{error:?}"),
    });
    info!("{}", ends.collect::<Vec<_>>().join(", "));
    Ok(())
}
