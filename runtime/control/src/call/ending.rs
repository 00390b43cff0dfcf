//! The end of a call: the handler returns or fails, the announcement, clean-up, and exactly one record.

use super::leg::{Audio, Leg};
use super::operation::Operation;
use super::tally::cut;
use super::{CALLER, Call, End, Handler, LegCommand, OnKey, Output, PromptSource, Wait};
use crate::describe;
use crate::ids::LegId;
use crate::record::{CallRecord, Fault, FaultKind, HandlerEnd, LegRecord, Settled, Spent, Usage};
use crate::words::{BROKEN_TEXT, Breakage, Broken, Error, Interruption, LegDirection, LegState};
use std::time::Instant;

/// The status of a call that its handler left unanswered (480 Temporarily Unavailable).
const UNANSWERED: u16 = 480;
/// The status of a call that the platform ends before it is answered (503 Service Unavailable).
const PLATFORM_GONE: u16 = 503;

impl Call {
    pub(super) fn returned(&mut self, now: Instant, result: Result<(), Error>, usage: Usage) {
        let settled = if self.is_settled() { Settled::Yes } else { Settled::No };
        let result = result.map_err(|error| match error {
            Error::Failed(why) => Error::Failed(self.setup.grants.for_a_log(&why)),
            other => other,
        });
        self.handler_over(now, HandlerEnd::of_result(result, settled), usage);
    }

    pub(super) fn failed(&mut self, now: Instant, fault: Fault, usage: Usage) {
        self.handler_over(now, HandlerEnd::Faulted(fault), usage);
    }

    pub(super) fn stopped(&mut self, now: Instant, usage: Usage) {
        let text = format!(
            "the handler did not end within {} ms after its last leg was gone; clean up faster",
            self.setup.limits.clean_up.as_millis()
        );
        self.handler_over(
            now,
            HandlerEnd::Faulted(Fault {
                kind: FaultKind::CleanUpOverrun,
                text,
            }),
            usage,
        );
    }

    fn handler_over(&mut self, now: Instant, end: HandlerEnd, usage: Usage) {
        self.tally.usage = usage;
        if let HandlerEnd::Faulted(fault) = &end {
            self.tell_failure(now, fault);
        }
        let has_caller = self.legs.iter().next().is_some_and(|leg| leg.state != LegState::Ended);
        let broke = matches!(end, HandlerEnd::Faulted(_)) && has_caller;
        self.handler = Handler::Over(end);
        self.end_parties(now);
        if broke {
            self.stop_recordings(now);
            self.stop_streams(now);
            self.stop_recognitions(now);
            for leg in self.legs.ids().filter(|leg| *leg != CALLER) {
                self.hang_up(leg);
            }
            self.fall_back(now);
        } else {
            self.hang_up_all(now, Interruption::EndedByHandler);
        }
    }

    /// The next fallback for what the handler broke by has the caller; without one the caller hears the announcement.
    pub(super) fn fall_back(&mut self, now: Instant) {
        let Handler::Over(HandlerEnd::Faulted(fault)) = &self.handler else {
            return;
        };
        let kind = fault.kind.breakage();
        let mut left = self.setup.fallbacks.iter().enumerate().skip(self.fallbacks_tried);
        let Some((place, _)) = left.find(|(_, fallback)| fallback.on.contains(&kind)) else {
            return self.begin_announcement(now);
        };
        self.fallbacks_tried = place + 1;
        let broken = Box::new(Broken {
            handler: self.setup.handler.clone(),
            kind,
            text: cut(&fault.text, BROKEN_TEXT).to_owned(),
            last_request: self.last_ask.as_ref().map_or_else(String::new, describe::ask),
        });
        self.outputs.push_back(Output::Fallback { place, broken });
    }

    /// Nobody is left to hear of diallings, bridges, rooms and transfers.
    fn end_parties(&mut self, now: Instant) {
        for id in self.operations.ids() {
            match self.operations.remove(id) {
                Some(Operation::Dialling(dialling)) => self.abandon_dial(*dialling),
                Some(Operation::Bridging(bridging)) => self.abandon_bridge(now, id, *bridging),
                Some(Operation::Room(room)) => self.close_room(id, &room),
                _ => {}
            }
        }
        self.end_transfers();
    }

    /// The caller's leg stays up; the caller hears that something went wrong before it ends.
    fn begin_announcement(&mut self, now: Instant) {
        let operation = self.operations.reserve();
        self.end = End::Announcing {
            operation,
            until: now + self.setup.limits.announcement,
        };
        self.accept(now, CALLER);
        self.announce_if_due(CALLER);
    }

    /// Starts the announcement once audio can flow.
    pub(super) fn announce_if_due(&mut self, leg: LegId) {
        let End::Announcing { operation, .. } = self.end else {
            return;
        };
        if leg == CALLER && self.legs[CALLER].audio == Audio::Open {
            self.push_play(CALLER, operation, PromptSource::Announcement, 1, OnKey::PlayOn);
        }
    }

    pub(super) fn hang_up(&mut self, leg: LegId) {
        self.hang_up_because(leg, Interruption::EndedByHandler);
    }

    pub(super) fn end_by_platform(&mut self, now: Instant, why: Interruption) {
        if !self.cancel_opening() {
            self.hang_up_all(now, why);
        }
    }

    /// Nobody waits for an answer.
    pub(super) fn is_settled(&self) -> bool {
        self.legs.iter().next().is_none_or(Leg::is_settled)
    }

    /// Ends all legs, or a call that has none.
    pub(super) fn hang_up_all(&mut self, now: Instant, why: Interruption) {
        if self.legs.len() == 0 {
            self.legs.end_without(why);
            return self.clean_up_if_gone(now);
        }
        for leg in self.legs.ids() {
            self.hang_up_because(leg, why);
        }
    }

    /// Ends a leg from our side, once; its [`super::LegSignal::Ended`] follows.
    pub(super) fn hang_up_because(&mut self, leg: LegId, why: Interruption) {
        let it = &mut self.legs[leg];
        let command = match it.state {
            LegState::Ended => return,
            LegState::Answered => LegCommand::HangUp,
            LegState::Offered | LegState::Ringing if it.info.direction == LegDirection::Outbound => LegCommand::HangUp,
            LegState::Offered | LegState::Ringing if why == Interruption::EndedByHandler => {
                LegCommand::Reject(UNANSWERED)
            }
            LegState::Offered | LegState::Ringing => LegCommand::Reject(PLATFORM_GONE),
        };
        it.state = LegState::Ended;
        it.leaving = Some(why);
        self.outputs.push_back(Output::Leg(leg, command));
    }

    /// Ends a handler whose time is over. One that runs at a deadline is one whose turn is held back.
    pub(super) fn stop_handler(&mut self) {
        match &self.handler {
            Handler::Waiting {
                wait: Wait::Http { number, .. },
                ..
            } => self.outputs.push_back(Output::CancelErrand { number: *number }),
            Handler::Waiting { .. } | Handler::Running => {}
            Handler::Awaited | Handler::Stopping | Handler::Over(_) => return,
        }
        self.handler = Handler::Stopping;
        self.outputs.push_back(Output::StopHandler);
    }

    /// Makes the record when all legs and the handler are gone and the counters are in, or overdue.
    pub(super) fn finish_if_over(&mut self, now: Instant) {
        if self.end == End::Done || self.legs.interruption().is_none() {
            return;
        }
        if !matches!(self.handler, Handler::Over(_)) {
            return;
        }
        if self.legs.iter().all(Leg::is_over)
            && self.recordings_done()
            && self.streams_done()
            && self.recognitions_done()
        {
            return self.finish(now);
        }
        match self.end {
            End::Counting { until } if now >= until => match self.kept_wake_at() {
                // Each has a deadline of its own.
                Some(until) => self.end = End::Counting { until },
                None => self.finish(now),
            },
            End::Counting { .. } => {}
            _ => {
                self.end = End::Counting {
                    until: now + self.setup.limits.media_close,
                }
            }
        }
    }

    /// When a recording, a stream or a recognition that has no outcome yet acts by itself.
    pub(super) fn kept_wake_at(&self) -> Option<Instant> {
        let all = [
            self.recordings_wake_at(),
            self.streams_wake_at(),
            self.recognitions_close_at(),
        ];
        all.into_iter().flatten().min()
    }

    fn finish(&mut self, now: Instant) {
        self.end = End::Done;
        let Handler::Over(handler_end) = &self.handler else {
            unreachable!("a call finishes after its handler");
        };
        let record = CallRecord {
            id: self.setup.id,
            tenant: self.setup.tenant.clone(),
            handler: self.setup.handler.clone(),
            module: self.setup.module.clone(),
            began: self.setup.began.clone(),
            continues: self.setup.continues,
            continued_as: self.continued_as,
            started_at: self.setup.started_at,
            ended_at: self.unix(now),
            legs: self.legs.iter().map(|leg| self.leg_record(leg)).collect(),
            recordings: self.recording_records(),
            streams: self.stream_records(),
            recognitions: self.recognition_records(),
            handler_end: handler_end.clone(),
            turns: self.tally.turns,
            usage: self.tally.usage,
            // Known to whoever carries the call out.
            spent: Spent::default(),
            log_lines_dropped: self.tally.log_lines_dropped,
            keys_dropped: self.tally.keys_dropped,
            status: self.final_status(),
            answered_by: self.answered_by(),
            refusal: self.refusal(),
        };
        self.tell_end(now, self.continued_as);
        self.outputs.push_back(Output::Ended(Box::new(record)));
    }

    /// What the handler broke by, if it did.
    pub(super) fn breakage(&self) -> Option<Breakage> {
        match &self.handler {
            Handler::Over(HandlerEnd::Faulted(fault)) => Some(fault.kind.breakage()),
            _ => None,
        }
    }

    fn leg_record(&self, leg: &Leg) -> LegRecord {
        let (ended, ended_by) = leg.ended.expect("a call finishes after its legs");
        let media = match leg.audio {
            Audio::Closed(counters) => counters,
            _ => None,
        };
        LegRecord {
            direction: leg.info.direction,
            from: leg.info.from.clone(),
            to: leg.info.to.clone(),
            answered_at: leg.answered_at.map(|at| self.unix(at)),
            ended_at: self.unix(ended),
            ended_by,
            status: leg.refused.as_ref().map(|cause| cause.status),
            media,
        }
    }
}
