//! Continuous recognitions as a handler asks for them, and what legs, recognisers and time do to them. Each has exactly one
//! outcome, which is in the call's record whether or not anybody waits for it. Not here: the recogniser, and what was said
//! before it was told.

use super::asks::Reply;
use super::io::{Listens, RecogniseCommand, RecogniseSignal};
use super::operation::Operation;
use super::{Call, Output, Wait, check};
use crate::ask::Answer;
use crate::ids::{LegId, OperationId};
use crate::record::RecognitionRecord;
use crate::words::{
    Error, HeardSpeech, Interruption, LimitName, PartialText, RecogniseCounts, RecogniseEnd, RecogniseFailure,
    RecogniseOptions, Recognised, StreamEnd, UnixTime,
};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const ONE_AT_A_TIME: &str = "the recogniser of this node hears one sentence at a time; for this its configuration needs \
                             [recognition] provider = \"websocket\"";
const NOBODY: &str = "this node has nobody who recognises: [recognition] provider of its configuration is \"none\"";

/// How far a recognition is. It only ever moves down this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// At most until then.
    Running {
        until: Instant,
    },
    /// It was told to end; what came of it is awaited, at most until then.
    Ending {
        until: Instant,
    },
    Done,
}

/// A recognition of a call.
#[derive(Debug)]
pub(crate) struct Recognition {
    leg: LegId,
    started_at: UnixTime,
    started: Instant,
    stage: Stage,
    ended: Option<(Instant, RecogniseEnd)>,
    missed: u32,
    counts: RecogniseCounts,
}

impl Recognition {
    fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    fn outcome(&self) -> Recognised {
        // One that never told is as good as lost.
        let lost = (self.started, RecogniseEnd::Failed(RecogniseFailure::Lost));
        let (at, ended_by) = self.ended.unwrap_or(lost);
        Recognised {
            ended_by,
            lasted_ms: at.saturating_duration_since(self.started).as_millis() as u64,
            missed: self.missed,
            counts: self.counts,
        }
    }
}

/// What a recognition heard and its handler has not received. Of partial texts the newest is kept, and none behind a final
/// one; final texts and gaps are counted where they are lost.
#[derive(Debug, Default)]
pub(crate) struct HeardQueue {
    /// Bounded by `Limits::recognised_texts`.
    kept: VecDeque<HeardSpeech>,
    partial: Option<PartialText>,
    missed: u32,
}

impl HeardQueue {
    pub(crate) fn is_empty(&self) -> bool {
        self.missed == 0 && self.kept.is_empty() && self.partial.is_none()
    }

    /// Puts one in; how many were lost for it.
    fn put(&mut self, heard: HeardSpeech, most: usize) -> u32 {
        if let HeardSpeech::Partial(partial) = heard {
            self.partial = Some(partial);
            return 0;
        }
        self.partial = None;
        let lost = u32::from(self.kept.len() >= most && self.kept.pop_front().is_some());
        self.missed += lost;
        self.kept.push_back(heard);
        lost
    }

    fn take(&mut self) -> Option<HeardSpeech> {
        match std::mem::take(&mut self.missed) {
            0 => self
                .kept
                .pop_front()
                .or_else(|| self.partial.take().map(HeardSpeech::Partial)),
            missed => Some(HeardSpeech::Missed(missed)),
        }
    }
}

impl Call {
    pub(super) fn start_recognise(
        &mut self,
        now: Instant,
        leg: LegId,
        options: &RecogniseOptions,
    ) -> Result<OperationId, Error> {
        self.can_play(leg)?;
        check::recognise(options)?;
        match self.setup.listens {
            Listens::Continuously => {}
            Listens::OnceAtATime => return Err(Error::NotHeard(ONE_AT_A_TIME.to_owned())),
            Listens::Never => return Err(Error::NotHeard(NOBODY.to_owned())),
        }
        let limits = &self.setup.limits;
        let running = self.recognitions.iter().filter(|it| !it.is_done()).count();
        check::over(LimitName::Recognitions, running + 1, limits.recognitions_at_once)?;
        check::over(
            LimitName::Recognitions,
            self.recognitions.len() + 1,
            limits.recognitions,
        )?;
        self.room_for_operation()?;
        let number = self.recognitions.len() as u32 + 1;
        let begin = RecogniseCommand::Begin {
            leg,
            options: options.clone(),
        };
        self.tell_recognition(number, begin);
        self.recognitions.push(Recognition {
            leg,
            started_at: self.unix(now),
            started: now,
            stage: Stage::Running {
                until: now + Duration::from_millis(u64::from(options.longest_ms)),
            },
            ended: None,
            missed: 0,
            counts: RecogniseCounts::default(),
        });
        Ok(self.operations.add(Operation::Recognising {
            number,
            heard: HeardQueue::default(),
            outcome: None,
        }))
    }

    fn tell_recognition(&mut self, number: u32, command: RecogniseCommand) {
        self.outputs.push_back(Output::Recognition { number, command });
    }

    pub(super) fn recognise_result(&self, operation: OperationId) -> Option<Result<Recognised, Error>> {
        match self.operations.get(operation) {
            Some(Operation::Recognising { outcome, .. }) => outcome.clone(),
            _ => unreachable!("a recognising handle names a recognition that is in the table until it is dropped"),
        }
    }

    fn recognition_number(&self, operation: OperationId) -> u32 {
        match self.operations.get(operation) {
            Some(Operation::Recognising { number, .. }) => *number,
            _ => unreachable!("a recognising handle names a recognition that is in the table until it is dropped"),
        }
    }

    pub(super) fn receive_heard(&mut self, now: Instant, operation: OperationId, timeout_ms: Option<u32>) -> Reply {
        if let Err(error) = timeout_ms.map_or(Ok(()), |ms| check::wait_ms("timeout-ms", ms)) {
            return Reply::Now(Answer::HeardSpeech(Err(error)));
        }
        let until = timeout_ms.map(|ms| now + Duration::from_millis(u64::from(ms)));
        match self.heard_ready(now, operation, until) {
            Some(answer) => Reply::Now(answer),
            None => Reply::Wait(Wait::Heard { operation, until }),
        }
    }

    /// What a handler is given that waits for something heard. What was said before a leg left comes before word of that.
    pub(super) fn heard_ready(
        &mut self,
        now: Instant,
        operation: OperationId,
        until: Option<Instant>,
    ) -> Option<Answer> {
        let Some(Operation::Recognising { heard, outcome, .. }) = self.operations.get_mut(operation) else {
            unreachable!("a recognising handle names a recognition that is in the table until it is dropped");
        };
        let answer = match (heard.take(), outcome) {
            (Some(heard), _) => Ok(Some(heard)),
            (None, Some(Ok(over))) => match over.ended_by {
                RecogniseEnd::Left(why) => Err(Error::Interrupted(why)),
                _ => Ok(None),
            },
            (None, Some(Err(error))) => Err(error.clone()),
            (None, None) if until.is_some_and(|at| now >= at) => Ok(None),
            (None, None) => return None,
        };
        Some(Answer::HeardSpeech(answer))
    }

    pub(super) fn stop_recognise(&mut self, now: Instant, operation: OperationId) -> Reply {
        if let Some(result) = self.recognise_result(operation) {
            return Reply::Now(Answer::Recognised(result));
        }
        self.end_recognition(now, self.recognition_number(operation), RecogniseEnd::Stopped);
        Reply::Wait(Wait::Operation(operation))
    }

    /// The handler has let go of it: nobody is left to hear what is said.
    pub(super) fn abandon_recognition(&mut self, now: Instant, number: u32) {
        self.end_recognition(now, number, RecogniseEnd::Stopped);
    }

    /// Something of a recognition.
    pub(super) fn recognise_signal(&mut self, now: Instant, number: u32, signal: RecogniseSignal) {
        let most = self.setup.limits.recognised_texts;
        let Some(it) = self.recognitions.get_mut(number as usize - 1) else {
            return;
        };
        match signal {
            RecogniseSignal::Heard(_) if it.is_done() => {}
            RecogniseSignal::Heard(heard) => {
                if let Some((queue, _)) = self.operations.recognising(number) {
                    it.missed += queue.put(heard, most);
                }
            }
            RecogniseSignal::Over { failure, counts } => {
                it.counts = counts;
                // What it was told comes first. A leg without a session: its end is on its way.
                let failed = RecogniseEnd::Failed(failure.unwrap_or(RecogniseFailure::Lost));
                it.ended.get_or_insert((now, failed));
                self.settle_recognition(number);
            }
        }
    }

    /// A leg is gone: every recognition of it ends.
    pub(super) fn recognitions_lost(&mut self, now: Instant, leg: LegId, why: Interruption) {
        for number in 1..=self.recognitions.len() as u32 {
            if self.recognitions[number as usize - 1].leg == leg {
                self.end_recognition(now, number, RecogniseEnd::Left(why));
            }
        }
    }

    /// All end because the handler broke.
    pub(super) fn stop_recognitions(&mut self, now: Instant) {
        for number in 1..=self.recognitions.len() as u32 {
            self.end_recognition(now, number, RecogniseEnd::Stopped);
        }
    }

    pub(super) fn recognitions_deadline(&mut self, now: Instant) {
        for number in 1..=self.recognitions.len() as u32 {
            match self.recognitions[number as usize - 1].stage {
                Stage::Running { until } if now >= until => self.end_recognition(now, number, RecogniseEnd::Longest),
                Stage::Ending { until } if now >= until => self.settle_recognition(number),
                Stage::Running { .. } | Stage::Ending { .. } | Stage::Done => {}
            }
        }
    }

    /// When the recognitions act by themselves.
    pub(super) fn recognitions_wake_at(&self) -> Option<Instant> {
        let due = self.recognitions.iter().filter_map(|it| match it.stage {
            Stage::Running { until } | Stage::Ending { until } => Some(until),
            Stage::Done => None,
        });
        due.min()
    }

    /// When the last of those that were told to end must have done so.
    pub(super) fn recognitions_close_at(&self) -> Option<Instant> {
        let ending = self.recognitions.iter().filter_map(|it| match it.stage {
            Stage::Ending { until } => Some(until),
            Stage::Running { .. } | Stage::Done => None,
        });
        ending.min()
    }

    /// Whether every outcome is known.
    pub(super) fn recognitions_done(&self) -> bool {
        self.recognitions.iter().all(Recognition::is_done)
    }

    /// Ends one that runs.
    fn end_recognition(&mut self, now: Instant, number: u32, why: RecogniseEnd) {
        let until = now + self.setup.limits.stream_close;
        let it = &mut self.recognitions[number as usize - 1];
        if let Stage::Running { .. } = it.stage {
            it.stage = Stage::Ending { until };
            it.ended = Some((now, why));
            let told = match why {
                RecogniseEnd::Left(why) => StreamEnd::Left(why),
                RecogniseEnd::Stopped | RecogniseEnd::Longest | RecogniseEnd::Failed(_) => StreamEnd::Stopped,
            };
            self.tell_recognition(number, RecogniseCommand::End(told));
        }
    }

    /// Its outcome is known; the handler's operation is told.
    fn settle_recognition(&mut self, number: u32) {
        let it = &mut self.recognitions[number as usize - 1];
        if it.is_done() {
            return;
        }
        it.stage = Stage::Done;
        let outcome = it.outcome();
        if let Some((_, told)) = self.operations.recognising(number) {
            told.get_or_insert(Ok(outcome));
        }
    }

    pub(super) fn recognition_records(&self) -> Vec<RecognitionRecord> {
        let records = self.recognitions.iter().map(|it| RecognitionRecord {
            leg: it.leg,
            started_at: it.started_at,
            outcome: it.outcome(),
        });
        records.collect()
    }
}
