//! Listens all the time while a tone plays, and says in its log what it hears until "goodbye". The called name says how:
//! `writes_down-<how>`.

use patchcord::Recognising;
use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let to = caller.info().to;
    let how = to.split('-').nth(1).unwrap_or_default().to_owned();
    let wanted = Recognise::new().hints(["sales please", "support", "one more", "goodbye"]);
    let wanted = match how.as_str() {
        "finals" => wanted.finals_only(),
        "short" => wanted.longest(secs(3)),
        _ => wanted,
    };
    let listening = match caller.recognise(wanted) {
        Ok(listening) => listening,
        Err(Error::NotHeard(why)) => {
            info!("not heard: {why}");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    match how.as_str() {
        "twice" => {
            let more: Vec<_> = (0..4).map(|_| caller.recognise(Recognise::new())).collect();
            info!("one more: {:?}", more.last());
        }
        "beside" => return beside_keys(&caller, &listening),
        "late" => wait::sleep(secs(20))?,
        "drops" => {
            let first = listening.receive_within(secs(5))?;
            info!("first: {}", first.is_some());
            drop(listening);
            return wait::sleep(secs(10));
        }
        _ => {}
    }
    let playing = caller.start_play(tone(425, secs(1)))?;
    loop {
        let first = wait::any(&[&playing.operation(), &listening.operation()], Some(secs(30)))?;
        let Some(heard) = listening.receive_within(millis(0))? else {
            if let Some(result) = listening.result() {
                info!("over by itself: {:?}", result?.ended_by);
                return Ok(());
            }
            info!("woken by {first:?}");
            wait::any(&[&listening.operation()], Some(secs(30)))?;
            continue;
        };
        match heard {
            Heard::Partial(so_far) => info!("so far: {}", so_far.text),
            Heard::Final(said) => {
                info!(
                    "said: {}, {} % sure, {} to {} ms",
                    said.text, said.confidence, said.from_ms, said.to_ms
                );
                if said.text == "goodbye" {
                    break;
                }
            }
            Heard::Gap(gap) => info!("gap: {} to {} ms", gap.from_ms, gap.to_ms),
            Heard::Missed(count) => info!("missed: {count}"),
        }
    }
    let outcome = listening.stop()?;
    info!(
        "outcome: {:?}, {} texts, {} missed",
        outcome.ended_by, outcome.finals, outcome.missed
    );
    Ok(())
}

/// Collects keys or a word, and sees what is being said before it is said to its end.
fn beside_keys(caller: &Leg, listening: &Recognising) -> Result<()> {
    let wanted = Gather::keys(4)
        .next_key_within(secs(20))
        .phrases(["sales please", "support"]);
    let gathering = caller.start_gather(wanted)?;
    loop {
        wait::any(&[&gathering.operation(), &listening.operation()], Some(secs(30)))?;
        if let Some(result) = gathering.result() {
            info!("gathered: {:?}", result.map(|got| got.ended_by));
            return wait::sleep(secs(10));
        }
        if let Some(Heard::Partial(so_far)) = listening.receive_within(millis(0))? {
            info!("so far: {}", so_far.text);
            if so_far.text.starts_with("goodbye") {
                let got = gathering.cancel();
                info!("cancelled: {:?}", got.map(|got| (got.keys.len(), got.ended_by)));
                return wait::sleep(secs(10));
            }
        }
    }
}
