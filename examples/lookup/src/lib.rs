//! Lookup: asks a web server who calls, greets by what it answers, and counts the calls of each caller in the store. A server that
//! is slow, broken or gone costs the caller two seconds of a tone and nothing else.

use patchcord::prelude::*;

patchcord::handler!(handle);

/// Where callers are known. The handler's `http` in the node's configuration must name it.
const CUSTOMERS: &str = "https://crm.example.com/customers/";
/// The secret that the server wants to see. The handler's `secrets` must name it.
const TOKEN: &str = "crm-token";
/// How long a caller may wait for a greeting.
const PATIENCE: u64 = 2;
/// How long calls are counted together: thirty days.
const COUNTED: u64 = 30 * 24 * 3_600;

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let number = caller.info().from;
    // Something to hear while the server is asked; dropping it stops nothing, the greeting takes its place.
    let waiting = caller.start_play(tone(425, secs(PATIENCE)))?;
    let name = customer(&number)?;
    waiting.stop()?;
    let calls = count(&number);
    let greeting = match (&name, calls) {
        (Some(name), Some(2..)) => format!("Welcome back, {name}."),
        (Some(name), _) => format!("Welcome, {name}."),
        (None, _) => "Welcome to our office.".to_owned(),
    };
    caller.play(say(greeting))?;
    Ok(())
}

/// The name of a customer; none if nobody knows it, or the server does not say. Only the end of the call is passed on.
fn customer(number: &str) -> Result<Option<String>> {
    // What a far end says of itself is not put into an address unseen.
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+') {
        return Ok(None);
    }
    let answer = http::get(format!("{CUSTOMERS}{number}"))
        .secret("Authorization", "Bearer ", TOKEN)
        .within(secs(PATIENCE))
        .send();
    match answer {
        Ok(answer) if answer.status == 200 => Ok(answer.text().map(|text| text.trim().to_owned())),
        Ok(answer) => {
            info!("the server answered with {}", answer.status);
            Ok(None)
        }
        Err(interrupted @ Error::Interrupted(_)) => Err(interrupted),
        Err(error) => {
            warn!("the server was of no use: {error}");
            Ok(None)
        }
    }
}

/// Which call of this caller it is; none if the store does not say.
fn count(number: &str) -> Option<i64> {
    let counted = store::add(&format!("calls of {number}"), 1, Some(secs(COUNTED)));
    counted.inspect_err(|error| warn!("not counted: {error}")).ok()
}
