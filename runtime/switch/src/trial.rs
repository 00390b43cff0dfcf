//! Another version of a handler that is tried: on a share of the new calls, or in the shadow of all of them. A version that
//! fails too often is taken out, and the one before it serves. A shadow is told what the handler of a call is told, and what
//! it asks is compared and thrown away.

use crate::directory::Program;
use crate::journal::{PrivateValues, bytes_of_ask};
use patchcord_control::ask::{Answer, Ask};
use patchcord_control::call::Turn;
use patchcord_control::describe;
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::tenancy::{Seat, Share};
use patchcord_guest::{Instance, Limits, Step};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// How a version is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// It has a share of the new calls.
    Share {
        /// Of a hundred calls, 1 to 100. Which ones follows from their ids alone, which are random: the same everywhere.
        percent: u8,
        /// When it is taken out.
        take_out: TakeOut,
    },
    /// It runs beside every new call, and does nothing.
    Shadow,
}

/// When a version that is tried is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeOut {
    /// Its handler failed in at least so many of a hundred calls, 1 to 100,
    pub failing_percent: u8,
    /// of at least so many that have ended, 1 or more.
    pub calls: u32,
}

/// A version of a handler that is tried beside the one that serves. Shared by all shards, which is why it counts atomically.
#[derive(Debug)]
pub struct Candidate {
    /// Whose.
    pub(crate) tenant: Tenant,
    pub(crate) program: Arc<Program>,
    trial: Trial,
    score: Score,
}

/// How the calls of a version went.
#[derive(Debug, Default)]
struct Score {
    ended: AtomicU32,
    failed: AtomicU32,
    out: AtomicBool,
}

impl Score {
    fn is_out(&self) -> bool {
        self.out.load(Ordering::Relaxed)
    }

    /// One more call is over; the news if that takes the version out.
    fn call_ended(&self, how: Ended, take_out: TakeOut) -> Option<TrialNews> {
        let ended = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
        if how == Ended::Well {
            return None;
        }
        let failed = self.failed.fetch_add(1, Ordering::Relaxed) + 1;
        let often = u64::from(failed) * 100 >= u64::from(take_out.failing_percent) * u64::from(ended);
        let taken_out = often && ended >= take_out.calls && !self.out.swap(true, Ordering::Relaxed);
        taken_out.then_some(TrialNews::TakenOut { failed, ended })
    }
}

/// Whether a call is one of the share of so many of a hundred.
fn in_share(call: CallId, percent: u8) -> bool {
    call.0 % 100 < u128::from(percent)
}

/// A version was taken out, or a shadow has done something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialNews {
    /// It failed too often and gets no more calls.
    TakenOut {
        /// Calls in which its handler failed.
        failed: u32,
        /// Of so many that have ended.
        ended: u32,
    },
    /// The first thing that a shadow did differently.
    Differs {
        /// At which host call, counted from 1.
        at: u32,
        /// What the handler of the call did; private values left out.
        served: String,
        /// What the shadow did.
        shadow: String,
    },
    /// A shadow did the same to the end.
    Same {
        /// Host calls.
        calls: u32,
    },
}

impl fmt::Display for TrialNews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TakenOut { failed, ended } => write!(
                f,
                "failed in {failed} of {ended} calls and is taken out; the version before it has all new calls"
            ),
            Self::Differs { at, served, shadow } => {
                write!(f, "differs at host call {at}: {shadow} where the call has {served}")
            }
            Self::Same { calls } => write!(f, "did the same in all {calls} host calls"),
        }
    }
}

impl Candidate {
    /// A version to be tried in place of the program of the same name.
    pub fn new(tenant: Tenant, program: Arc<Program>, trial: Trial) -> Self {
        Self {
            tenant,
            program,
            trial,
            score: Score::default(),
        }
    }

    /// Whether it has this call.
    pub(crate) fn has(&self, call: CallId) -> bool {
        match self.trial {
            Trial::Share { percent, .. } => !self.score.is_out() && in_share(call, percent),
            Trial::Shadow => false,
        }
    }

    /// What is tried.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Whether it is this very program that is tried.
    pub fn runs(&self, program: &Arc<Program>) -> bool {
        Arc::ptr_eq(&self.program, program)
    }

    /// Whether it failed too often and gets no more calls.
    pub fn is_out(&self) -> bool {
        self.score.is_out()
    }

    pub(crate) fn is_shadow(&self) -> bool {
        self.trial == Trial::Shadow
    }

    /// A call that it had is over.
    pub(crate) fn call_ended(&self, how: Ended) -> Option<TrialNews> {
        match self.trial {
            Trial::Share { take_out, .. } => self.score.call_ended(how, take_out),
            Trial::Shadow => None,
        }
    }
}

/// How a call of a version ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    Failed,
}

/// A version that runs beside a call. It has an instance of its own with the same limits; nothing it asks is done.
pub(crate) struct Shadow {
    instance: Instance,
    module: String,
    calls: u32,
    /// Fuel of it that was told of.
    burnt: u64,
    /// Its place in the tenant's share.
    _seat: Seat,
}

impl Shadow {
    /// Beside a call that begins; none if there is no instance to be had: then this call has no shadow.
    pub(crate) fn of(candidate: &Candidate, limits: Limits, share: &Arc<Share>) -> Option<Self> {
        let module = &candidate.program.module;
        Some(Self {
            _seat: share.instance(limits.memory_bytes).ok()?,
            instance: Instance::start(module, limits).ok()?,
            module: module.hash().to_owned(),
            calls: 0,
            burnt: 0,
        })
    }

    /// What it has used since this was asked the last time.
    pub(crate) fn burnt(&mut self) -> u64 {
        let used = self.instance.usage().fuel;
        used - std::mem::replace(&mut self.burnt, used)
    }

    /// The module it runs.
    pub(crate) fn module(&self) -> &str {
        &self.module
    }

    /// It is told what the call's handler was told. What it does then, or none if its slice is over before.
    pub(crate) fn tell(&mut self, answer: Option<Answer>, turn: Turn) -> Option<Step> {
        if turn == Turn::New {
            self.instance.begin_turn();
        }
        self.instance.resume_a_slice(answer)
    }

    /// A slice more of the same.
    pub(crate) fn go_on(&mut self) -> Option<Step> {
        self.instance.go_on()
    }

    /// The call's handler did the one, and it the other. What there is to say once it is over.
    pub(crate) fn compare(&mut self, served: &Step, did: &Step) -> Option<TrialNews> {
        match (served, did) {
            (Step::Asked(then), Step::Asked(now)) if is_same(then, now) => {
                self.calls += 1;
                None
            }
            (Step::Finished(then), Step::Finished(now)) if then == now => Some(TrialNews::Same { calls: self.calls }),
            (Step::Failed(then), Step::Failed(now)) if std::mem::discriminant(then) == std::mem::discriminant(now) => {
                Some(TrialNews::Same { calls: self.calls })
            }
            _ => Some(TrialNews::Differs {
                at: self.calls + 1,
                served: in_words(served),
                shadow: in_words(did),
            }),
        }
    }
}

fn is_same(then: &Ask, now: &Ask) -> bool {
    bytes_of_ask(then, PrivateValues::Keep) == bytes_of_ask(now, PrivateValues::Keep)
}

fn in_words(step: &Step) -> String {
    match step {
        Step::Asked(ask) => describe::ask(ask),
        Step::Finished(Ok(())) => "return".to_owned(),
        Step::Finished(Err(error)) => format!("return of {error}"),
        Step::Failed(fault) => format!("failure: {fault}"),
    }
}

#[cfg(test)]
mod tests;
