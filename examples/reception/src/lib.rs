//! A reception: the called name is a team or a person. Of a team, whoever is free and has been idle for longest is called, then the
//! next; of a person, its presence decides. Whoever cannot be reached is spoken of in its own words.

use patchcord::prelude::*;
use patchcord::presence::{Availability, Policy, Reason, Status};

patchcord::handler!(handle);

/// How long one telephone rings.
const RING: u64 = 15;
/// Who belongs to which team. A real office keeps this list elsewhere.
const TEAMS: &[(&str, &[&str])] = &[("sales", &["anna", "bert"]), ("support", &["clara", "dora", "emil"])];

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    caller.play(say("Welcome. One moment, please."))?;
    let called = caller.info().to;
    let mut left = people_of(&called);
    while let Some(person) = presence::pick(&left, Policy::LongestIdle)? {
        info!("somebody is free; {} to choose from", left.len());
        let reached = caller.dial(Dial::user(&person).skip_busy().ring_for(secs(RING)))?;
        if let Some(callee) = reached.leg() {
            caller.talk_with(callee, Bridge::default())?;
            return Ok(());
        }
        left.retain(|name| *name != person);
        if left.is_empty() {
            break;
        }
    }
    caller.play(say(&nobody(&people_of(&called))?))?;
    Ok(())
}

/// A team, or the one person that was called.
fn people_of(called: &str) -> Vec<&str> {
    let team = TEAMS.iter().find(|(name, _)| *name == called);
    team.map_or_else(|| vec![called], |(_, people)| people.to_vec())
}

/// What is said of people none of whom can be reached.
fn nobody(people: &[&str]) -> Result<String> {
    let views = presence::get(people)?;
    let words = views.iter().map(|view| of_one(&view.identity, &view.status));
    Ok(words.collect::<Vec<_>>().join(" "))
}

/// Why somebody cannot be reached: in its own words, if it has left any.
fn of_one(name: &str, status: &Status) -> String {
    if !status.text.is_empty() {
        return format!("{name} says: {}", status.text);
    }
    let how = match (status.availability, status.reason) {
        (Availability::Available, _) => "does not answer",
        (Availability::Busy, Some(Reason::OnACall)) => "is on the phone",
        (Availability::Busy, _) => "is busy",
        (Availability::DoNotDisturb, _) => "does not want to be disturbed",
        (Availability::Unavailable, Some(Reason::AwayShort)) => "will be back soon",
        (Availability::Unavailable, _) => "is not here",
    };
    format!("{name} {how}.")
}

#[cfg(test)]
mod tests;
