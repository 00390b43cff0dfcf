//! A scenario as the text of a file, in the shortest words that mean the same.

use super::{Callee, Caller, FaultsBlock, HttpBlock, NetworkBlock, Rules, Scenario, Step, Verb, WhenCalled};
use crate::agent::Agent;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;
use toml::{Table, Value};

impl Scenario {
    /// The file that [`Scenario::parse`] reads this scenario from; comments are lost.
    pub fn to_toml(&self) -> String {
        let mut text = format!("about = {}\n", quoted(&self.about));
        line(&mut text, "seed", &self.seed, &1);
        optional(&mut text, "fault", self.fault.as_ref());
        optional(&mut text, "voice_fails", self.voice_fails.as_ref());
        optional(&mut text, "listener_fails", self.listener_fails.as_ref());
        line(&mut text, "steps_may_fail", &self.steps_may_fail, &false);
        block(&mut text, "[network]", &self.network, &NetworkBlock::default());
        block(&mut text, "[rules]", &self.rules, &Rules::default());
        table(&mut text, "[secrets]", &self.secrets);
        table(&mut text, "[store]", &self.store);
        if !self.presence.is_empty() {
            text.push_str("\n[presence]\n");
        }
        for (name, said) in &self.presence {
            // A name without a setting that is so anyway: whether it can be reached has to be said.
            let _ = writeln!(text, "{} = {}", quoted(name), one_line(&value(said)));
        }
        for http in &self.http {
            text.push_str("\n[[http]]\n");
            keys(&mut text, http, &HttpBlock::default());
        }
        for caller in &self.caller {
            caller.write(&mut text);
        }
        for callee in &self.callee {
            callee.write(&mut text);
        }
        for agent in &self.agent {
            text.push_str("\n[[agent]]\n");
            keys(&mut text, agent, &Agent::default());
        }
        text
    }
}

impl Caller {
    fn write(&self, text: &mut String) {
        text.push_str("\n[[caller]]\n");
        line(text, "name", &self.name, &super::caller());
        line(text, "starts_after_ms", &self.starts_after_ms, &0);
        inline(text, "network", self.network.as_ref());
        inline(
            text,
            "faults",
            Some(&self.faults).filter(|faults| **faults != FaultsBlock::default()),
        );
        optional(text, "user", self.user.as_ref());
        line(text, "when_called", &self.when_called, &super::busy());
        optional(text, "hum_hz", self.hum_hz.as_ref());
        steps(text, &self.steps);
    }
}

impl Callee {
    fn write(&self, text: &mut String) {
        text.push_str("\n[[callee]]\n");
        line(text, "name", &self.name, &String::new());
        optional(text, "user", self.user.as_ref());
        optional(text, "number", self.number.as_ref());
        optional(text, "host", self.host.as_ref());
        line(text, "when_called", &self.when_called, &WhenCalled::default());
        line(text, "lines", &self.lines, &super::one_line());
        optional(text, "hum_hz", self.hum_hz.as_ref());
        inline(text, "network", self.network.as_ref());
        inline(
            text,
            "faults",
            Some(&self.faults).filter(|faults| **faults != FaultsBlock::default()),
        );
        if !self.steps.is_empty() {
            steps(text, &self.steps);
        }
    }
}

fn steps(text: &mut String, steps: &[Step]) {
    text.push_str("steps = [\n");
    for step in steps {
        let _ = writeln!(text, "  {},", one_line(&verb(&step.verb)));
    }
    text.push_str("]\n");
}

/// A step without what is so anyway, and as a text alone where that is enough.
fn verb(verb: &Verb) -> Value {
    let same = |value: &Value| Verb::deserialize(value.clone()).is_ok_and(|read| read == *verb);
    let Value::Table(written) = value(verb) else {
        unreachable!("a step is a table of one key");
    };
    let with = |name: &str, inner: Value| Value::Table(Table::from_iter([(name.to_owned(), inner)]));
    let Some((name, Value::Table(mut inner))) = written.iter().next().map(|(name, inner)| (name, inner.clone())) else {
        return Value::Table(written);
    };
    for key in inner.clone().keys() {
        let mut without = inner.clone();
        without.remove(key);
        if same(&with(name, Value::Table(without.clone()))) {
            inner = without;
        }
    }
    let text = inner.values().next().filter(|value| inner.len() == 1 && value.is_str());
    match text.map(|text| with(name, text.clone())) {
        Some(short) if same(&short) => short,
        _ => with(name, Value::Table(inner)),
    }
}

/// `key = value`, unless it is so anyway.
fn line<T: Serialize + PartialEq>(text: &mut String, key: &str, value: &T, anyway: &T) {
    if value != anyway {
        optional(text, key, Some(value));
    }
}

fn optional<T: Serialize>(text: &mut String, key: &str, it: Option<&T>) {
    if let Some(it) = it {
        let _ = writeln!(text, "{key} = {}", one_line(&value(it)));
    }
}

/// A table in one line; what is so anyway is left out of it.
fn inline<T: Serialize + Default>(text: &mut String, key: &str, it: Option<&T>) {
    if let Some(it) = it {
        let table = Value::Table(different(it, &T::default()));
        let _ = writeln!(text, "{key} = {}", one_line(&table));
    }
}

/// A table below its heading, unless all of it is so anyway.
fn block<T: Serialize + PartialEq + DeserializeOwned>(text: &mut String, heading: &str, it: &T, anyway: &T) {
    if it != anyway {
        let _ = writeln!(text, "\n{heading}");
        keys(text, it, anyway);
    }
}

/// Texts by their keys below their heading, unless there are none.
fn table(text: &mut String, heading: &str, it: &BTreeMap<String, String>) {
    if !it.is_empty() {
        let _ = writeln!(text, "\n{heading}");
        for (key, value) in it {
            let _ = writeln!(text, "{} = {}", quoted(key), quoted(value));
        }
    }
}

fn keys<T: Serialize>(text: &mut String, it: &T, anyway: &T) {
    for (key, value) in different(it, anyway) {
        let _ = writeln!(text, "{key} = {}", one_line(&value));
    }
}

fn different<T: Serialize>(it: &T, anyway: &T) -> Table {
    let (Value::Table(it), Value::Table(anyway)) = (value(it), value(anyway)) else {
        unreachable!("blocks are tables");
    };
    let differs = |(key, value): &(String, Value)| anyway.get(key) != Some(value);
    it.into_iter().filter(differs).collect()
}

fn value<T: Serialize>(it: &T) -> Value {
    Value::try_from(it).expect("what was read from TOML can be written as TOML")
}

fn one_line(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Boolean(yes) => yes.to_string(),
        Value::Datetime(time) => time.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(one_line).collect::<Vec<_>>().join(", ")),
        Value::Table(table) if table.is_empty() => "{}".to_owned(),
        Value::Table(table) => {
            let keys = table.iter().map(|(key, value)| format!("{key} = {}", one_line(value)));
            format!("{{ {} }}", keys.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let letter = |letter: char| match letter {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        control if control.is_control() => format!("\\u{:04X}", u32::from(control)),
        other => other.to_string(),
    };
    format!("\"{}\"", text.chars().map(letter).collect::<String>())
}

#[cfg(test)]
mod tests;
