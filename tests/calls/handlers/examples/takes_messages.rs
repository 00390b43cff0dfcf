//! Receives messages from outside and says in its log what they are, until one is called "stop". The called name says how:
//! `takes_messages-<how>`.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let to = caller.info().to;
    match to.split('-').nth(1).unwrap_or_default() {
        "any" => return beside_keys(&caller),
        "late" => wait::sleep(secs(10))?,
        "never" => return wait::sleep(secs(30)),
        "after" => {
            let slept = wait::sleep(secs(60));
            info!("slept: {}", slept.is_ok());
        }
        _ => {}
    }
    loop {
        match inbox::receive(Some(secs(20))) {
            Ok(Some(message)) if message.name == "stop" => return Ok(()),
            Ok(Some(message)) => info!("{}: {}", message.name, message.data),
            Ok(None) => info!("nothing for 20 s"),
            Err(error) => {
                info!("no more: {error}");
                return Err(error);
            }
        }
    }
}

/// Messages and keys, whichever comes first.
fn beside_keys(caller: &Leg) -> Result<()> {
    let messages = inbox::waiting()?;
    loop {
        let gathering = caller.start_gather(Gather::keys(1).first_key_within(secs(60)))?;
        let first = wait::any(&[&gathering.operation(), &messages], Some(secs(30)))?;
        info!("first: {first:?}, message there: {}", messages.done());
        match first {
            Some(0) => info!("a key came"),
            Some(_) => match inbox::receive(Some(millis(0)))? {
                Some(message) if message.name == "stop" => return Ok(()),
                Some(message) => info!("{}: {}", message.name, message.data),
                None => info!("none after all"),
            },
            None => return Ok(()),
        }
    }
}
