//! A call's trace as a node shows it: a line for each message, turn and note.

use super::{Node, encoded, get, text};
use crate::commands::terminal::{self, Paint};
use anyhow::Result;
use serde_json::Value;

/// Shows the trace of a call that a node has.
pub(crate) fn show(node: &Node, call: &str, messages: bool) -> Result<()> {
    let trace = get(&node.client()?, &format!("/v1/calls/{}/trace", encoded(call)))?;
    let paint = Paint::stdout();
    for entry in trace["entries"].as_array().into_iter().flatten() {
        terminal::say(&line(entry, paint));
        if messages && entry["text"].is_string() && text(entry, "what") == "message" {
            text(entry, "text")
                .lines()
                .for_each(|line| terminal::say(&format!("    {line}")));
        }
    }
    if trace["left_out"].as_u64().is_some_and(|left_out| left_out > 0) {
        terminal::step(&format!("{} entries had no room", trace["left_out"]));
    }
    Ok(())
}

fn line(entry: &Value, paint: Paint) -> String {
    let at = paint.dim(text(entry, "at"));
    let leg = entry["leg"]
        .as_u64()
        .map(|leg| format!("leg {leg} "))
        .unwrap_or_default();
    match text(entry, "what") {
        "message" => {
            let arrow = if text(entry, "direction") == "sent" {
                "<--"
            } else {
                "-->"
            };
            let again = if entry["again"] == true { " (again)" } else { "" };
            format!("{at} {leg}{arrow} {}{again}", paint.bold(text(entry, "label")))
        }
        "turn" => format!(
            "{at}   {} = {} ({} ms)",
            text(entry, "ask"),
            text(entry, "answer"),
            entry["waited_ms"]
        ),
        _ => format!("{at}   {}", text(entry, "text")),
    }
}
