//! Streams as a handler asks for them, and what legs, servers and time do to them. Each has exactly one outcome, which is in
//! the call's record whether or not anybody waits for it.

use super::asks::Reply;
use super::io::{StreamOver, StreamSignal};
use super::operation::Operation;
use super::{Call, Output, StreamCommand, Wait, check};
use crate::ask::Answer;
use crate::ids::{LegId, OperationId, StreamId};
use crate::private::Private;
use crate::record::StreamRecord;
use crate::words::{
    Error, Interruption, Key, LimitName, StreamCounts, StreamDirection, StreamEnd, StreamOptions, Streamed, UnixTime,
};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How far a stream is. It only ever moves down this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    /// It was told to end; what came of it is awaited, at most until then.
    Ending {
        until: Instant,
    },
    Done,
}

/// A stream of a call.
#[derive(Debug)]
pub(crate) struct Stream {
    id: StreamId,
    leg: LegId,
    direction: StreamDirection,
    started_at: UnixTime,
    started: Instant,
    stage: Stage,
    ended: Option<(Instant, StreamEnd)>,
    counts: StreamCounts,
    /// Texts of the server; bounded by `Limits::stream_messages`.
    messages: VecDeque<Private<String>>,
}

impl Stream {
    fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    fn lasted(&self) -> Duration {
        self.ended
            .map_or(Duration::ZERO, |(at, _)| at.saturating_duration_since(self.started))
    }

    /// Why it ended. One that never told is as good as lost.
    fn ended_by(&self) -> StreamEnd {
        self.ended.map_or(StreamEnd::Lost, |(_, why)| why)
    }

    fn outcome(&self) -> Streamed {
        Streamed {
            id: self.id.to_string(),
            ended_by: self.ended_by(),
            lasted_ms: self.lasted().as_millis() as u64,
            counts: self.counts,
        }
    }
}

impl Call {
    pub(super) fn stream(&mut self, now: Instant, leg: LegId, options: &StreamOptions) -> Reply {
        match self.start_stream(now, leg, options) {
            Ok(id) => Reply::Wait(Wait::Operation(id)),
            Err(error) => Reply::Now(Answer::Streamed(Err(error))),
        }
    }

    pub(super) fn start_stream(
        &mut self,
        now: Instant,
        leg: LegId,
        options: &StreamOptions,
    ) -> Result<OperationId, Error> {
        self.can_play(leg)?;
        let url = check::stream(options, &self.setup.streams)?;
        let limits = &self.setup.limits;
        let running = self.streams.iter().filter(|it| !it.is_done());
        check::over(LimitName::Streams, running.count() + 1, limits.streams_at_once)?;
        check::over(LimitName::Streams, self.streams.len() + 1, limits.streams)?;
        self.room_for_operation()?;
        let speaks = |it: &Stream| !it.is_done() && it.leg == leg && it.direction == StreamDirection::Both;
        if options.direction == StreamDirection::Both && self.streams.iter().any(speaks) {
            return check::invalid(
                "options.direction",
                "another stream speaks to this leg; stop that first",
            );
        }
        let id = StreamId {
            call: self.setup.id,
            number: self.streams.len() as u32 + 1,
        };
        let begin = StreamCommand::Begin {
            leg,
            url,
            options: options.clone(),
        };
        self.tell_stream(id.number, begin);
        self.streams.push(Stream {
            id,
            leg,
            direction: options.direction,
            started_at: self.unix(now),
            started: now,
            stage: Stage::Running,
            ended: None,
            counts: StreamCounts::default(),
            messages: VecDeque::new(),
        });
        Ok(self.operations.add(Operation::Streaming {
            number: id.number,
            outcome: None,
        }))
    }

    fn tell_stream(&mut self, number: u32, command: StreamCommand) {
        self.outputs.push_back(Output::Stream { number, command });
    }

    fn stream_of(&mut self, operation: OperationId) -> &mut Stream {
        let Some(Operation::Streaming { number, .. }) = self.operations.get(operation) else {
            unreachable!("a streaming handle names a stream that is in the table until it is dropped");
        };
        &mut self.streams[*number as usize - 1]
    }

    pub(super) fn stream_name(&mut self, operation: OperationId) -> String {
        self.stream_of(operation).id.to_string()
    }

    pub(super) fn stream_result(&self, operation: OperationId) -> Option<Result<Streamed, Error>> {
        match self.operations.get(operation) {
            Some(Operation::Streaming { outcome, .. }) => outcome.clone(),
            _ => unreachable!("a streaming handle names a stream that is in the table until it is dropped"),
        }
    }

    pub(super) fn send_stream(&mut self, operation: OperationId, text: &Private<String>) -> Result<(), Error> {
        check::over(LimitName::StringBytes, text.reveal().len(), check::STREAM_TEXT_BYTES)?;
        let stream = self.stream_of(operation);
        if stream.stage == Stage::Running {
            let number = stream.id.number;
            self.tell_stream(number, StreamCommand::Send(text.clone()));
        }
        Ok(())
    }

    pub(super) fn receive_stream(&mut self, now: Instant, operation: OperationId, timeout_ms: Option<u32>) -> Reply {
        if let Err(error) = timeout_ms.map_or(Ok(()), |ms| check::wait_ms("timeout-ms", ms)) {
            return Reply::Now(Answer::Text(Err(error)));
        }
        let until = timeout_ms.map(|ms| now + Duration::from_millis(u64::from(ms)));
        match self.text_ready(now, operation, until) {
            Some(answer) => Reply::Now(answer),
            None => Reply::Wait(Wait::Text { operation, until }),
        }
    }

    /// The text a handler waits for, or that none comes.
    pub(super) fn text_ready(
        &mut self,
        now: Instant,
        operation: OperationId,
        until: Option<Instant>,
    ) -> Option<Answer> {
        let stream = self.stream_of(operation);
        if let Some(text) = stream.messages.pop_front() {
            return Some(Answer::Text(Ok(Some(text))));
        }
        let (leg, done) = (stream.leg, stream.is_done());
        if let Some(why) = self.legs[leg].interruption() {
            return Some(Answer::Text(Err(Error::Interrupted(why))));
        }
        (done || until.is_some_and(|at| now >= at)).then_some(Answer::Text(Ok(None)))
    }

    pub(super) fn stop_stream(&mut self, now: Instant, operation: OperationId) -> Reply {
        if let Some(result) = self.stream_result(operation) {
            return Reply::Now(Answer::Streamed(result));
        }
        let number = self.stream_of(operation).id.number;
        self.end_stream(now, number, StreamEnd::Stopped);
        Reply::Wait(Wait::Operation(operation))
    }

    /// Something of a stream.
    pub(super) fn stream_signal(&mut self, now: Instant, number: u32, signal: StreamSignal) {
        let most = self.setup.limits.stream_messages;
        let Some(stream) = self.streams.get_mut(number as usize - 1) else {
            return;
        };
        match signal {
            StreamSignal::Text(text) => {
                if stream.messages.len() >= most {
                    stream.messages.pop_front();
                }
                stream.messages.push_back(text);
            }
            StreamSignal::Over { why, counts } => {
                stream.counts = counts;
                let ended = match why {
                    // A leg without a session: its end is on its way.
                    StreamOver::AsOrdered => StreamEnd::Lost,
                    StreamOver::Finished => StreamEnd::Finished,
                    StreamOver::Refused(status) => StreamEnd::Refused(status),
                    StreamOver::Unreachable => StreamEnd::Unreachable,
                    StreamOver::Lost => StreamEnd::Lost,
                    StreamOver::Overloaded => StreamEnd::Overloaded,
                };
                // What it was told comes first.
                stream.ended.get_or_insert((now, ended));
                self.settle_stream(number);
            }
        }
    }

    /// A key was pressed on a leg: its streams are told.
    pub(super) fn stream_key(&mut self, leg: LegId, key: Key) {
        let on = |it: &&Stream| it.leg == leg && it.stage == Stage::Running;
        let numbers: Vec<u32> = self.streams.iter().filter(on).map(|it| it.id.number).collect();
        for number in numbers {
            self.tell_stream(number, StreamCommand::Key(key));
        }
    }

    /// A leg is gone: every stream of it ends.
    pub(super) fn streams_lost(&mut self, now: Instant, leg: LegId, why: Interruption) {
        let on = self.streams.iter().filter(|it| it.leg == leg);
        let numbers: Vec<u32> = on.map(|it| it.id.number).collect();
        for number in numbers {
            self.end_stream(now, number, StreamEnd::Left(why));
        }
    }

    /// All end because the handler broke.
    pub(super) fn stop_streams(&mut self, now: Instant) {
        for number in 1..=self.streams.len() as u32 {
            self.end_stream(now, number, StreamEnd::Stopped);
        }
    }

    pub(super) fn streams_deadline(&mut self, now: Instant) {
        for number in 1..=self.streams.len() as u32 {
            if let Stage::Ending { until } = self.streams[number as usize - 1].stage
                && now >= until
            {
                self.settle_stream(number);
            }
        }
    }

    /// When the streams act by themselves.
    pub(super) fn streams_wake_at(&self) -> Option<Instant> {
        let ending = self.streams.iter().filter_map(|it| match it.stage {
            Stage::Ending { until } => Some(until),
            Stage::Running | Stage::Done => None,
        });
        ending.min()
    }

    /// Whether every outcome is known.
    pub(super) fn streams_done(&self) -> bool {
        self.streams.iter().all(Stream::is_done)
    }

    /// Ends one that runs.
    fn end_stream(&mut self, now: Instant, number: u32, why: StreamEnd) {
        let until = now + self.setup.limits.stream_close;
        let stream = &mut self.streams[number as usize - 1];
        if stream.stage == Stage::Running {
            stream.stage = Stage::Ending { until };
            stream.ended = Some((now, why));
            self.tell_stream(number, StreamCommand::End(why));
        }
    }

    /// Its outcome is known; the handler's operation is told.
    fn settle_stream(&mut self, number: u32) {
        let stream = &mut self.streams[number as usize - 1];
        if stream.is_done() {
            return;
        }
        stream.stage = Stage::Done;
        let outcome = stream.outcome();
        if let Some(told) = self.operations.stream_outcome(number) {
            told.get_or_insert(Ok(outcome));
        }
    }

    pub(super) fn stream_records(&self) -> Vec<StreamRecord> {
        let records = self.streams.iter().map(|it| StreamRecord {
            id: it.id,
            leg: it.leg,
            started_at: it.started_at,
            lasted_ms: it.lasted().as_millis() as u64,
            ended_by: it.ended_by(),
            counts: it.counts,
        });
        records.collect()
    }
}
