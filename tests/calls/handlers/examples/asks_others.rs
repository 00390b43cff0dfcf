//! Asks the store, for a secret, or a web server, and says in its log what came of it, while a tone plays. The called name says
//! what: `asks_others-<what>`.

use patchcord::prelude::*;

patchcord::handler!(handle);

const PLACE: &str = "https://crm.example.com/customers";

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let _tone = caller.start_play(tone(440, secs(60)))?;
    let to = caller.info().to;
    match to.split('-').nth(1).unwrap_or_default() {
        "counts" => counts(),
        "expires" => expires(),
        "too_much" => too_much(),
        "often" => often(),
        "secret" => secret(),
        "asks" => asks(),
        "waits" => waits(),
        "cleans_up" => cleans_up(),
        "nonsense" => nonsense(),
        other => Err(Error::Failed(format!("nobody knows {other}"))),
    }
}

fn counts() -> Result<()> {
    info!(
        "before: {:?}",
        store::get("calls")?.as_ref().and_then(store::Entry::text)
    );
    info!("sum: {}", store::add("calls", 1, None)?);
    let entry = store::get("calls")?.ok_or(Error::Failed("it was just there".to_owned()))?;
    info!(
        "swapped: {}",
        store::set_if_version("calls", entry.version, "41", None)?.is_some()
    );
    info!(
        "swapped late: {}",
        store::set_if_version("calls", entry.version, "7", None)?.is_some()
    );
    info!("made anew: {}", store::set_if_absent("calls", "0", None)?.is_some());
    info!("sum: {}", store::add("calls", 1, None)?);
    info!("deleted: {}, {}", store::delete("other")?, store::delete("other")?);
    Ok(())
}

fn expires() -> Result<()> {
    store::set("short", "value", Some(secs(10)))?;
    wait::sleep(millis(9_900))?;
    info!("in time: {}", store::get("short")?.is_some());
    wait::sleep(millis(200))?;
    info!("too late: {}", store::get("short")?.is_some());
    Ok(())
}

fn too_much() -> Result<()> {
    info!("key: {:?}", store::get(&"k".repeat(257)));
    info!("no key: {:?}", store::get(""));
    info!("value: {:?}", store::set("k", vec![0; 65_537], None));
    info!("time: {:?}", store::set("k", "v", Some(millis(0))));
    store::set("text", "a text", None)?;
    info!("sum: {:?}", store::add("text", 1, None));
    info!("largest: {}", store::set("k", vec![0; 65_536], None).is_ok());
    Ok(())
}

fn often() -> Result<()> {
    for number in 0..2_000 {
        if let Err(error) = store::add("n", 1, None) {
            info!("after {number}: {error:?}");
            return Ok(());
        }
    }
    Ok(())
}

fn secret() -> Result<()> {
    let token = secrets::get("crm-token")?;
    info!("the token is {token}, of {} signs", token.len());
    info!("other: {:?}", secrets::get("other"));
    store::set("kept", format!("with {token} in it"), None)?;
    Err(Error::Failed(format!("with {token} in it")))
}

fn asks() -> Result<()> {
    let answer = http::get(PLACE)
        .secret("Authorization", "Bearer ", "crm-token")
        .header("Accept", "text/plain")
        .send()?;
    info!("{}: {:?}, {:?}", answer.status, answer.text(), answer.header("X-Kind"));
    let answer = http::post(PLACE, "number=17").within(secs(1)).send();
    info!("posted: {:?}", answer.map(|answer| answer.status));
    info!(
        "elsewhere: {:?}",
        http::get("https://evil.example/").send().map(|answer| answer.status)
    );
    Ok(())
}

fn waits() -> Result<()> {
    let answer = http::get(PLACE).within(secs(20)).send();
    info!("answer: {:?}", answer.as_ref().map(|answer| answer.status));
    match answer {
        Err(interrupted @ Error::Interrupted(_)) => Err(interrupted),
        _ => wait::sleep(secs(1)),
    }
}

fn cleans_up() -> Result<()> {
    let left = wait::sleep(secs(60));
    store::set("left", "yes", None)?;
    info!("told: {}", http::post(PLACE, "it is over").send()?.status);
    left
}

fn nonsense() -> Result<()> {
    let host = http::get(PLACE).header("Host", "evil.example").send();
    info!("host: {:?}", host.map(|answer| answer.status));
    let lines = http::get(PLACE).header("X-A", "b\r\nX-C: d").send();
    info!("lines: {:?}", lines.map(|answer| answer.status));
    let many = (0..33).fold(http::get(PLACE), |request, _| request.header("X-A", "b"));
    info!("many: {:?}", many.send().map(|answer| answer.status));
    let large = http::post(PLACE, vec![0; 65_537]).send();
    info!("large: {:?}", large.map(|answer| answer.status));
    let body = http::get(PLACE).body("x").send();
    info!("body: {:?}", body.map(|answer| answer.status));
    let long = http::get(PLACE).within(secs(31)).send();
    info!("long: {:?}", long.map(|answer| answer.status));
    let nowhere = http::get("gopher://a/").send();
    info!("nowhere: {:?}", nowhere.map(|answer| answer.status));
    let unknown = http::get(PLACE).secret("X-A", "", "other").send();
    info!("unknown: {:?}", unknown.map(|answer| answer.status));
    Ok(())
}
