//! The course of a call as its handler saw it: host calls in order with their answers, taken from the records of a journal.

use crate::journal::{Entry, HandlerOver, Happened, ReadJournal, Seen, Show, Stopped, Waited};
use patchcord_control::ask::{Answer, Ask};
use patchcord_control::record::Usage;
use patchcord_control::words::LogLevel;
use std::fmt;
use std::time::Duration;

/// A host call of a handler.
#[derive(Debug, Clone, PartialEq)]
pub struct HostCall {
    /// When it was made, since the call's beginning.
    pub at: Duration,
    /// What it asked.
    pub ask: Ask,
    /// Instructions until then.
    pub fuel: u64,
    /// What it was told; none if it never was.
    pub answer: Option<Told>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// When, since the call's beginning.
    pub at: Duration,
    /// What.
    pub answer: Answer,
    /// Whether the handler waited for it.
    pub waited: Waited,
    /// How many of its values are hidden.
    pub hidden: usize,
}

impl HostCall {
    /// What was asked, in words.
    pub fn asked(&self, show: Show) -> String {
        format!("{:?}", Seen(&self.ask, show))
    }

    /// What was told, in words.
    pub fn told(&self, show: Show) -> String {
        match &self.answer {
            None => "(never answered)".to_owned(),
            Some(told) => format!("{:?}", Seen(&told.answer, show)),
        }
    }

    /// If it is a line of the handler's log: that line.
    pub fn log(&self) -> Option<(LogLevel, &str)> {
        match &self.ask {
            Ask::Log { level, message } => Some((*level, message)),
            _ => None,
        }
    }
}

/// What a handler asked and was told, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// In order.
    pub calls: Vec<HostCall>,
    /// What went on around them, in order: when, and after how many host calls.
    pub around: Vec<(Duration, usize, Happened)>,
    /// How it ended and what it had used; none if the journal does not say.
    pub end: Option<(HandlerOver, Usage)>,
    /// Why it does not.
    pub unfinished: Unfinished,
}

/// Why a replay goes no further although nothing differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// The journal ends there: its call goes on, or its process was killed.
    Cut,
    /// It is damaged there.
    Damaged,
    /// It is full.
    Full,
    /// A part of it was lost on its way to the file.
    BrokenOff,
    /// The handler was ended because it computed too long, which depends on the machine.
    CpuTime,
    /// The handler could not be started.
    NotStarted,
    /// An answer there is none to what was asked.
    Disordered,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cut => "the journal ends there: the call went on, or its process was killed",
            Self::Damaged => "the journal is damaged there",
            Self::Full => "the journal was full there",
            Self::BrokenOff => "what followed could not be written in time",
            Self::CpuTime => "there the handler was ended for the CPU time it took, which is a matter of the machine",
            Self::NotStarted => "the handler could not be started on the machine of then",
            Self::Disordered => "the answer there is none to what was asked: the journal was tampered with",
        })
    }
}

/// Records in an order that no call has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CourseError {
    /// Which record, counted from 1 after the beginning.
    pub record: usize,
}

impl fmt::Display for CourseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.record;
        write!(
            f,
            "record {record} of the journal cannot follow the one before it: no call goes like that"
        )
    }
}

impl std::error::Error for CourseError {}

impl Course {
    /// The course that a journal tells of.
    ///
    /// # Errors
    /// Its records stand in an order that no call has.
    pub fn of(journal: &ReadJournal) -> Result<Course, CourseError> {
        let mut course = Course {
            calls: Vec::new(),
            around: Vec::new(),
            end: None,
            unfinished: match journal.stopped {
                Stopped::AtEnd | Stopped::Cut { .. } => Unfinished::Cut,
                Stopped::Damaged { .. } => Unfinished::Damaged,
            },
        };
        for (place, (at, entry)) in journal.entries.iter().enumerate() {
            course.add(*at, entry).ok_or(CourseError { record: place + 1 })?;
        }
        Ok(course)
    }

    /// The turn of a host call, both counted from 1: a new one begins with each answer that was waited for.
    pub fn turn(&self, host_call: usize) -> usize {
        let before = self.calls.iter().take(host_call.saturating_sub(1));
        let waited = |call: &&HostCall| call.answer.as_ref().is_some_and(|told| told.waited == Waited::Yes);
        1 + before.filter(waited).count()
    }

    /// The first host call of a turn, both counted from 1; the last one if there are not so many turns.
    pub fn first_of(&self, turn: usize) -> usize {
        let all = 1..=self.calls.len();
        all.clone()
            .find(|at| self.turn(*at) >= turn)
            .unwrap_or(*all.end())
            .max(1)
    }

    /// Takes up a record; none if it cannot follow.
    fn add(&mut self, at: Duration, entry: &Entry) -> Option<()> {
        let waits = self.calls.last().is_some_and(|call| call.answer.is_none());
        match entry {
            Entry::Asked { ask, fuel } if !waits && self.end.is_none() => self.calls.push(HostCall {
                at,
                ask: ask.clone(),
                fuel: *fuel,
                answer: None,
            }),
            Entry::Answered { answer, waited, hidden } if waits && self.end.is_none() => {
                self.calls.last_mut()?.answer = Some(Told {
                    at,
                    answer: answer.clone(),
                    waited: *waited,
                    hidden: *hidden,
                });
            }
            Entry::Asked { .. } | Entry::Answered { .. } => return None,
            Entry::Ended { how, usage } if self.end.is_none() => self.end = Some((how.clone(), *usage)),
            Entry::Ended { .. } => return None,
            Entry::Full => self.unfinished = Unfinished::Full,
            Entry::BrokenOff => self.unfinished = Unfinished::BrokenOff,
            Entry::Happened(happened) => self.around.push((at, self.calls.len(), happened.clone())),
            Entry::Over { .. } => {}
        }
        Some(())
    }
}
