//! What a replay came to, for a person: the verdict, and at a difference both sides beside each other with the handler's
//! log before it.

use super::summary;
use anyhow::Result;
use patchcord_guest::Module;
use patchcord_switch::replay::{Course, Difference, Report, Verdict};
use patchcord_switch::{ReadJournal, Show};

/// Lines of the log shown before a difference.
const LOG_LINES: usize = 5;
/// Width of the left side at least and at most; what is longer is cut.
const SIDE_MIN: usize = 24;
const SIDE_MAX: usize = 56;

/// The lines of a report.
pub(super) fn report(journal: &ReadJournal, module: &Module, report: &Report, show: Show) -> Result<Vec<String>> {
    let beginning = &journal.beginning;
    let mut lines = vec![format!("{}  handler {}", beginning.call, beginning.handler)];
    if module.hash() != beginning.module {
        lines.push(format!("recorded with module {}", beginning.module));
        lines.push(format!("replayed with module {}", module.hash()));
    }
    match &report.verdict {
        Verdict::Identical | Verdict::UpTo(_) => {}
        Verdict::Different(difference) | Verdict::Hidden { difference, .. } => {
            lines.extend(log_before(&Course::of(journal)?, difference.at));
            lines.extend(both_sides(difference, show));
        }
    }
    lines.push(summary(journal, report));
    Ok(lines)
}

/// The last lines of the handler's log before a host call.
pub(super) fn log_before(course: &Course, at: usize) -> Vec<String> {
    let before = course.calls.iter().take(at - 1).enumerate();
    let lines = before.filter_map(|(place, call)| {
        let (level, text) = call.log()?;
        Some(format!("{:>5}  log {level:?}: {}", place + 1, one_line(text)))
    });
    let lines: Vec<String> = lines.collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].to_vec()
}

/// A text of a handler on one line, without anything that a terminal would take for an order.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Both sides of a difference, a mark at each line that is not the same.
pub(super) fn both_sides(difference: &Difference, show: Show) -> Vec<String> {
    let (then, now) = (difference.recorded.lines(show), difference.now.lines(show));
    let width = then.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let width = width.clamp(SIDE_MIN, SIDE_MAX);
    let mut lines = vec![format!("{:>5}    {:<width$}  {}", difference.at, "recorded", "now")];
    for place in 0..then.len().max(now.len()) {
        let [left, right] = [&then, &now].map(|side| side.get(place).map_or("", String::as_str));
        let mark = if left == right { ' ' } else { '!' };
        let left = cut(left, width);
        lines.push(
            format!("{:>5}  {mark} {left:<width$}  {right}", "")
                .trim_end()
                .to_owned(),
        );
    }
    if then == now {
        let hint = "they differ in private values; --show-private shows them";
        lines.push(format!("{:>5}    {hint}", ""));
    }
    lines
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests;
