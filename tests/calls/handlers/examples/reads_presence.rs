//! Does with presence what the called name says: `<how>-<name>+<name>`, and says in its log what it was told.

use patchcord::prelude::*;
use patchcord::presence::{Availability, Policy, Status, View};

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let to = caller.info().to;
    let (how, names) = to.split_once('-').unwrap_or((&to, "bob"));
    let names: Vec<&str> = names.split('+').collect();
    match how {
        "dial" => dial(&caller, Dial::user(names[0])),
        "skip" => dial(&caller, Dial::user(names[0]).skip_busy()),
        "pick" => pick(&caller, &names),
        "get" => {
            presence::get(&names)?.iter().for_each(say_view);
            Ok(())
        }
        "set" => set(names[0]),
        "watch" => watch(&names),
        "many" => too_many(),
        _ => Ok(()),
    }
}

fn dial(caller: &Leg, dial: Dial) -> Result<()> {
    let outcome = caller.dial(dial.ring_for(secs(20)))?;
    match (outcome.leg(), outcome.presence()) {
        (Some(callee), _) => {
            info!("talks");
            caller.talk_with(callee, Bridge::default())?;
        }
        (None, Some(status)) => info!("absent: {}", words(status)),
        (None, None) => info!("failed: {}", outcome.status()),
    }
    Ok(())
}

fn pick(caller: &Leg, names: &[&str]) -> Result<()> {
    match presence::pick(names, Policy::LongestIdle)? {
        Some(name) => {
            info!("picked: {name}");
            dial(caller, Dial::user(&name).skip_busy())
        }
        None => {
            info!("picked: nobody");
            Ok(())
        }
    }
}

fn set(name: &str) -> Result<()> {
    let quiet = Status::new(Availability::DoNotDisturb).with_text("said by a handler");
    presence::set(name, &quiet)?;
    say_view(&presence::of(name)?);
    presence::clear(name)?;
    say_view(&presence::of(name)?);
    Ok(())
}

fn watch(names: &[&str]) -> Result<()> {
    let mut watched = presence::watch(names)?;
    loop {
        let news = watched.next(Some(secs(60)))?;
        info!("news: {}", news.len());
        news.iter().for_each(say_view);
    }
}

/// What is over the limits is refused by name.
fn too_many() -> Result<()> {
    let names: Vec<String> = (0..101).map(|number| format!("user{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    info!("too many: {}", presence::get(&names).is_err());
    info!("none: {}", presence::get(&[]).is_err());
    info!("no name: {}", presence::watch(&[""]).is_err());
    let long = "x".repeat(257);
    let status = Status::new(Availability::Busy).with_text(&long);
    info!("too long: {}", presence::set("bob", &status).is_err());
    for _ in 0..1_000 {
        presence::get(&["bob"])?;
    }
    info!("one more: {}", presence::get(&["bob"]).is_err());
    Ok(())
}

fn say_view(view: &View) {
    info!(
        "{}: {}, {} calls, {} clients",
        view.identity,
        words(&view.status),
        view.calls,
        view.clients.len()
    );
}

fn words(status: &Status) -> String {
    let reason = status.reason.map_or_else(String::new, |reason| format!(" {reason:?}"));
    format!("{:?}{reason} {:?}", status.availability, status.text)
}
