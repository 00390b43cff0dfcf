//! Asks a server at a port of this machine, or counts in the store, while a tone plays, and plays another one after that for a second and a half. The called
//! name says which: `asks_port-<port>-<what>`.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let meanwhile = caller.start_play(tone(440, secs(60)))?;
    wait::sleep(millis(500))?;
    let to = caller.info().to;
    let mut words = to.split('-').skip(1);
    let port = words.next().unwrap_or_default();
    match words.next() {
        Some("counts") => info!("sum: {}", store::add("calls", 1, None)?),
        _ => {
            let answer = http::get(format!("http://127.0.0.1:{port}/"))
                .secret("Authorization", "Bearer ", "crm-token")
                .within(secs(1))
                .send();
            info!("{:?}", answer.map(|answer| answer.status));
        }
    }
    meanwhile.stop()?;
    caller.play(tone(880, millis(1_500)))?;
    Ok(())
}
