//! Runs a handler again against the journal of a call: no network, no clock, no chance. The module is told what it was told
//! then, and what it asks is compared with what was asked then. Pure: the journal was read and the module loaded by
//! somebody else.
//!
//! What is compared is the bytes of an ask as the journal has them. If the module is the one that was recorded, the
//! instructions it ran until each ask, and what it used in the end, are compared as well; a limit that ended it then must
//! end it again. The limit on CPU time is the exception: no clock runs here, so a replay ends where that limit struck.

mod course;

pub use course::{Course, CourseError, HostCall, Told, Unfinished};

use crate::journal::{HandlerOver, PrivateValues, ReadJournal, Seen, Show, Waited, bytes_of_ask, fits};
use patchcord_control::ask::Ask;
use patchcord_control::record::Usage;
use patchcord_guest::{Fault, Instance, Module, Step};
use std::fmt;

/// A handler that runs again.
pub struct Replay<'a> {
    course: &'a Course,
    private: PrivateValues,
    /// Whether the module is the one that was recorded.
    same_module: bool,
    instance: Option<Instance>,
    /// Asks compared.
    done: usize,
    used: Usage,
    /// Host call whose answer was the first with hidden values.
    hidden_from: Option<usize>,
}

/// Why a replay cannot begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CannotReplay {
    /// The records stand in an order that no call has.
    Course(CourseError),
    /// There is no instance of the module to be had.
    Instance(Fault),
}

impl fmt::Display for CannotReplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Course(why) => write!(f, "{why}"),
            Self::Instance(why) => write!(f, "{why}"),
        }
    }
}

impl std::error::Error for CannotReplay {}

/// What one step of a replay came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Went {
    /// The handler asked as it did then.
    Same,
    /// The replay is over.
    Over(Verdict),
}

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All asks and the end are the same.
    Identical,
    /// All asks are the same as far as they can be compared.
    UpTo(Unfinished),
    /// The handler did something else.
    Different(Difference),
    /// It did something else after it had been told values that the journal hides, so nothing follows from that.
    Hidden {
        /// The host call whose answer has the first of them, counted from 1.
        from: usize,
        /// What it did.
        difference: Difference,
    },
}

/// The first thing that a handler did differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// At which host call, counted from 1; one more than there were if it is the end.
    pub at: usize,
    /// In which turn that is, counted from 1.
    pub turn: usize,
    /// What it did then.
    pub recorded: Did,
    /// What it did now.
    pub now: Did,
}

/// What a handler did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Did {
    /// It asked.
    Asked(Ask),
    /// It came to its end.
    Over(HandlerOver),
    /// It asked, or ended, in the same way, but had used this.
    Used {
        /// Instructions until then.
        fuel: u64,
        /// Memory and host calls; only known at the end.
        rest: Option<(u64, u64)>,
    },
}

impl Did {
    /// It in words, a line for each field.
    pub fn lines(&self, show: Show) -> Vec<String> {
        let text = match self {
            Did::Asked(ask) => format!("{:#?}", Seen(ask, show)),
            Did::Over(how) => format!("{:#?}", Seen(how, show)),
            Did::Used { fuel, rest: None } => format!("used {fuel} instructions"),
            Did::Used {
                fuel,
                rest: Some((memory, calls)),
            } => format!("used {fuel} instructions\n     {memory} bytes of memory\n     {calls} host calls"),
        };
        text.lines().map(str::to_owned).collect()
    }
}

/// A whole replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Host calls that were the same.
    pub same: usize,
    /// What the handler used, as far as it came.
    pub used: Usage,
    /// What it came to.
    pub verdict: Verdict,
}

/// Runs a module against a journal until its end or the first difference.
///
/// # Errors
/// The journal is of no call, or the module cannot be run.
pub fn replay(journal: &ReadJournal, module: &Module) -> Result<Report, CannotReplay> {
    let course = Course::of(journal).map_err(CannotReplay::Course)?;
    let mut replay = Replay::begin(journal, &course, module)?;
    loop {
        if let Went::Over(verdict) = replay.step() {
            return Ok(Report {
                same: replay.done(),
                used: replay.used(),
                verdict,
            });
        }
    }
}

impl<'a> Replay<'a> {
    /// Prepares the module; none of it runs yet.
    ///
    /// # Errors
    /// It cannot be run with the limits of then.
    pub fn begin(journal: &ReadJournal, course: &'a Course, module: &Module) -> Result<Replay<'a>, CannotReplay> {
        let instance = Instance::start(module, journal.beginning.instance).map_err(CannotReplay::Instance)?;
        Ok(Replay {
            course,
            private: journal.beginning.private,
            same_module: module.hash() == journal.beginning.module,
            instance: Some(instance),
            done: 0,
            used: Usage::default(),
            hidden_from: None,
        })
    }

    /// Host calls that were the same until now.
    pub fn done(&self) -> usize {
        self.done
    }

    /// What the handler has used until its last host call or its end.
    pub fn used(&self) -> Usage {
        self.used
    }

    /// Tells the handler the next answer and compares what it does with it.
    pub fn step(&mut self) -> Went {
        let answer = match self.done.checked_sub(1).map(|last| &self.course.calls[last]) {
            None => None,
            Some(call) => match &call.answer {
                Some(answer) => Some((call, answer)),
                // It was never told: the call ended it there, or the journal ends.
                None => return Went::Over(self.never_told()),
            },
        };
        if let Some((HandlerOver::NotRun, _)) = &self.course.end {
            // It did nothing then, and does nothing now.
            return Went::Over(Verdict::Identical);
        }
        if let Some(why) = self.cannot_go_on() {
            return Went::Over(Verdict::UpTo(why));
        }
        let Some(instance) = self.instance.as_mut() else {
            return Went::Over(Verdict::UpTo(Unfinished::Cut));
        };
        let answer = match answer {
            None => {
                instance.begin_turn();
                None
            }
            Some((call, told)) => {
                if !fits(&call.ask, &told.answer) {
                    return Went::Over(Verdict::UpTo(Unfinished::Disordered));
                }
                if told.hidden > 0 && self.hidden_from.is_none() {
                    self.hidden_from = Some(self.done);
                }
                if told.waited == Waited::Yes {
                    instance.begin_turn();
                }
                Some(told.answer.clone())
            }
        };
        let step = instance.resume(answer);
        let used = instance.usage();
        self.used = Usage {
            fuel: used.fuel,
            memory_peak: used.memory_peak,
            host_calls: used.host_calls,
        };
        self.compare(step)
    }

    /// Whether the journal says nothing of what the handler did next, or says that time ran out for it.
    fn cannot_go_on(&self) -> Option<Unfinished> {
        if self.done < self.course.calls.len() {
            return None;
        }
        match &self.course.end {
            None => Some(self.course.unfinished),
            Some((HandlerOver::Failed(Fault::CpuTime { .. }), _)) => Some(Unfinished::CpuTime),
            Some((HandlerOver::Failed(Fault::Start(_)), _)) => Some(Unfinished::NotStarted),
            // Ended before its first host call was answered, which is only told of one that waits.
            Some((HandlerOver::Stopped, _)) => Some(Unfinished::Disordered),
            Some(_) => None,
        }
    }

    fn never_told(&self) -> Verdict {
        match &self.course.end {
            Some((HandlerOver::Stopped, usage)) => self.the_end(*usage),
            Some(_) => Verdict::UpTo(Unfinished::Disordered),
            None => Verdict::UpTo(self.course.unfinished),
        }
    }

    fn compare(&mut self, step: Step) -> Went {
        let recorded = self.course.calls.get(self.done);
        let now = match step {
            Step::Asked(ask) => Did::Asked(ask),
            Step::Finished(result) => Did::Over(HandlerOver::Returned(result)),
            Step::Failed(fault) => Did::Over(HandlerOver::Failed(fault)),
        };
        match (recorded, &now) {
            (Some(call), Did::Asked(ask)) if self.is_same_ask(&call.ask, ask) => {
                if self.fuel_counts() && call.fuel != self.used.fuel {
                    let (recorded, now) = (used_fuel(call.fuel), used_fuel(self.used.fuel));
                    return Went::Over(self.different(recorded, now));
                }
                self.done += 1;
                Went::Same
            }
            (Some(call), _) => Went::Over(self.different(Did::Asked(call.ask.clone()), now)),
            (None, _) => {
                let Some((how, usage)) = &self.course.end else {
                    return Went::Over(Verdict::UpTo(self.course.unfinished));
                };
                match &now {
                    Did::Over(ended) if self.is_same_end(how, ended) => Went::Over(self.the_end(*usage)),
                    _ => Went::Over(self.different(Did::Over(how.clone()), now)),
                }
            }
        }
    }

    /// The end is the same; so must be what was used, if it is the same module.
    fn the_end(&self, recorded: Usage) -> Verdict {
        if self.fuel_counts() && recorded != self.used {
            let all = |usage: Usage| Did::Used {
                fuel: usage.fuel,
                rest: Some((usage.memory_peak, usage.host_calls)),
            };
            return self.different(all(recorded), all(self.used));
        }
        Verdict::Identical
    }

    fn is_same_ask(&self, recorded: &Ask, now: &Ask) -> bool {
        // What was read is in the journal's form already; what is asked now is brought into it.
        bytes_of_ask(recorded, PrivateValues::Keep) == bytes_of_ask(now, self.private)
    }

    /// Another version may break in another function: then the kind of the fault is what counts.
    fn is_same_end(&self, recorded: &HandlerOver, now: &HandlerOver) -> bool {
        match (recorded, now) {
            (HandlerOver::Failed(then), HandlerOver::Failed(now)) if !self.same_module => {
                std::mem::discriminant(then) == std::mem::discriminant(now)
            }
            (then, now) => then == now,
        }
    }

    /// Hidden values are read by other instructions than those they stand for.
    fn fuel_counts(&self) -> bool {
        self.same_module && self.hidden_from.is_none()
    }

    fn different(&self, recorded: Did, now: Did) -> Verdict {
        let difference = Difference {
            at: self.done + 1,
            turn: self.course.turn(self.done + 1),
            recorded,
            now,
        };
        match self.hidden_from {
            None => Verdict::Different(difference),
            Some(from) => Verdict::Hidden { from, difference },
        }
    }
}

fn used_fuel(fuel: u64) -> Did {
    Did::Used { fuel, rest: None }
}
