//! `patchcord replay --step`: forward and back through a call, a host call at a time. Back is from the beginning again: the
//! handler is run anew until there, so what is shown is always what this module does.

use super::shown::{both_sides, log_before};
use crate::commands::terminal;
use anyhow::{Context, Result};
use patchcord_guest::Module;
use patchcord_switch::replay::{Course, Replay, Verdict, Went};
use patchcord_switch::{ReadJournal, Show};
use std::io::BufRead;

const HELP: &str = "n next host call, p back, t next turn, b back a turn, g <number> goes to a host call, l the log until here, \
                    q ends";

/// What a line of the person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    To(usize),
    Log,
    Help,
    End,
}

/// Where a walk is, and what stopped it from going further.
struct Place {
    at: usize,
    over: Option<Verdict>,
}

pub(super) fn run(journal: &ReadJournal, module: &Module, show: Show, input: impl BufRead) -> Result<()> {
    let course = Course::of(journal)?;
    let beginning = &journal.beginning;
    terminal::say(&format!(
        "{}  handler {}, {} host calls; {HELP}",
        beginning.call,
        beginning.handler,
        course.calls.len()
    ));
    let mut replay = Replay::begin(journal, &course, module)?;
    let mut place = walk(&mut replay, 1);
    say(&course, &place, replay.used().fuel, show);
    for line in input.lines() {
        let line = line.context("the next command cannot be read")?;
        match wish(line.trim(), place.at, &course) {
            Wish::End => return Ok(()),
            Wish::Help => terminal::say(HELP),
            Wish::Log => log_before(&course, place.at + 1)
                .iter()
                .for_each(|line| terminal::say(line)),
            Wish::To(to) => {
                let forward = to > place.at && place.over.is_none();
                if !forward && to != place.at {
                    replay = Replay::begin(journal, &course, module)?;
                }
                if forward || to < place.at {
                    place = walk(&mut replay, to);
                }
                say(&course, &place, replay.used().fuel, show);
            }
        }
    }
    Ok(())
}

fn wish(line: &str, at: usize, course: &Course) -> Wish {
    match line.split_whitespace().collect::<Vec<_>>()[..] {
        [] | ["n"] => Wish::To(at + 1),
        ["t"] => Wish::To(course.first_of(course.turn(at) + 1)),
        ["b"] => Wish::To(course.first_of(course.turn(at).saturating_sub(1))),
        ["p"] => Wish::To(at.saturating_sub(1).max(1)),
        ["g", number] => number
            .parse()
            .map_or(Wish::Help, |number: usize| Wish::To(number.max(1))),
        ["l"] => Wish::Log,
        ["q"] => Wish::End,
        _ => Wish::Help,
    }
}

/// Goes on until a host call, or as far as it goes.
fn walk(replay: &mut Replay<'_>, to: usize) -> Place {
    while replay.done() < to {
        if let Went::Over(verdict) = replay.step() {
            return Place {
                at: replay.done(),
                over: Some(verdict),
            };
        }
    }
    Place {
        at: replay.done(),
        over: None,
    }
}

fn say(course: &Course, place: &Place, fuel: u64, show: Show) {
    if let Some(verdict) = &place.over {
        let words = match verdict {
            Verdict::Identical => "the end, as it was recorded".to_owned(),
            Verdict::UpTo(why) => format!("no further: {why}"),
            Verdict::Different(difference) => {
                both_sides(difference, show).iter().for_each(|line| terminal::say(line));
                format!("different at host call {}", difference.at)
            }
            Verdict::Hidden { from, .. } => format!("no further: what host call {from} was answered is hidden"),
        };
        return terminal::say(&format!("after host call {}: {words}, fuel {fuel}", place.at));
    }
    let Some(call) = course.calls.get(place.at.wrapping_sub(1)) else {
        return;
    };
    for (at, _, happened) in course.around.iter().filter(|(_, after, _)| *after + 1 == place.at) {
        let on = happened.leg.map_or_else(String::new, |leg| format!(" leg {}", leg.0));
        let what = format!("{:?}", happened.what);
        terminal::say(&format!("       {:>9.3} s  *{on} {what}", at.as_secs_f64()));
    }
    let (seconds, turn) = (call.at.as_secs_f64(), course.turn(place.at));
    terminal::say(&format!("{:>5}  {seconds:>9.3} s  turn {turn}  fuel {fuel}", place.at));
    terminal::say(&format!("       asks {}", call.asked(show)));
    let waited = call.answer.as_ref().map_or(String::new(), |told| {
        format!(" after {:.3} s", (told.at.saturating_sub(call.at)).as_secs_f64())
    });
    terminal::say(&format!("       told {}{waited}", call.told(show)));
}

#[cfg(test)]
mod tests;
