//! Follow me: the desk phones first, then every other number of the person at once. A machine that answers there does not
//! get the caller, and who does not want to be disturbed is not followed.

use patchcord::prelude::*;
use patchcord::presence::Availability;

patchcord::handler!(handle);

/// How long the desk phones ring.
const AT_THE_DESK: u64 = 12;
/// How long the other phones ring.
const ELSEWHERE: u64 = 25;

/// Who can be followed where. A real office keeps this list elsewhere.
const PEOPLE: &[(&str, &[&str])] = &[("bob", &["+12025550101", "+12025550102"]), ("carol", &["+12025550103"])];

fn handle(caller: Leg) -> Result<()> {
    let person = caller.info().to;
    let mut reached = caller.dial(Dial::user(&person).ring_for(secs(AT_THE_DESK)))?;
    let quiet = reached
        .presence()
        .is_some_and(|status| status.availability == Availability::DoNotDisturb);
    if reached.leg().is_none()
        && !quiet
        && let Some(elsewhere) = elsewhere(&person)
    {
        please_wait(&caller)?;
        reached = caller.dial(elsewhere)?;
    }
    if reached.is_machine() {
        info!("a machine answered");
    } else if let Some(callee) = reached.leg().filter(|callee| !callee.has_ended()) {
        caller.talk_with(callee, Bridge::default())?;
        return Ok(());
    }
    // A machine, or somebody who hung up at once.
    if let Some(nobody) = reached.leg() {
        nobody.hang_up();
    }
    if caller.early_media().is_ok() {
        caller.play(file("away.wav"))?;
    }
    caller.reject(RejectReason::Unavailable)
}

/// Every other number of a person, rung together; none if there is none.
fn elsewhere(person: &str) -> Option<Dial> {
    let (first, others) = numbers_of(person).split_first()?;
    let all = others.iter().fold(Dial::number(first), |dial, number| {
        dial.or_together(Party::number(number))
    });
    Some(all.ring_for(secs(ELSEWHERE)).detect_machine())
}

fn numbers_of(person: &str) -> &'static [&'static str] {
    let known = PEOPLE.iter().find(|(name, _)| *name == person);
    known.map_or(&[], |(_, numbers)| numbers)
}

/// Tells a caller who can hear it that it takes a little longer.
fn please_wait(caller: &Leg) -> Result<()> {
    if caller.early_media().is_ok() {
        caller.play(file("trying.wav"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
