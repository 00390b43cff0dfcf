//! The end of a call: the handler returns or fails, the announcement, clean-up, and exactly one record.

use super::leg::Audio;
use super::{CALLER, Call, End, Handler, LegCommand, OnKey, Output, PromptSource};
use crate::record::{CallRecord, Fault, FaultKind, HandlerEnd, LegRecord, Settled, Usage};
use crate::words::{Error, Interruption, LegState};
use std::time::Instant;

/// The status of a call that its handler left unanswered (480 Temporarily Unavailable).
const UNANSWERED: u16 = 480;
/// The status of a call that the platform ends before it is answered (503 Service Unavailable).
const PLATFORM_GONE: u16 = 503;

impl Call {
    pub(super) fn returned(&mut self, now: Instant, result: Result<(), Error>, usage: Usage) {
        let settled = if self.leg.is_settled() {
            Settled::Yes
        } else {
            Settled::No
        };
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
        self.usage = usage;
        let faulted = matches!(end, HandlerEnd::Faulted(_));
        self.handler = Handler::Over(end);
        if self.leg.state == LegState::Ended {
            return;
        }
        if faulted {
            self.begin_announcement(now);
        } else {
            self.hang_up();
        }
    }

    /// The caller's leg stays up; the caller hears that something went wrong before it ends.
    fn begin_announcement(&mut self, now: Instant) {
        let operation = self.operations.reserve();
        self.end = End::Announcing {
            operation,
            until: now + self.setup.limits.announcement,
        };
        if self.leg.state != LegState::Answered {
            self.leg.state = LegState::Answered;
            self.leg.answered_at = Some(now);
            if self.leg.audio == Audio::None {
                self.leg.audio = Audio::Pending;
            }
            self.outputs.push_back(Output::Leg(CALLER, LegCommand::Answer));
        }
        self.announce_if_due();
    }

    /// Starts the announcement once audio can flow.
    pub(super) fn announce_if_due(&mut self) {
        let End::Announcing { operation, .. } = self.end else {
            return;
        };
        if self.leg.audio == Audio::Open {
            self.push_play(operation, PromptSource::Announcement, 1, OnKey::PlayOn);
        }
    }

    pub(super) fn hang_up(&mut self) {
        self.hang_up_because(Interruption::EndedByHandler);
    }

    pub(super) fn end_by_platform(&mut self, why: Interruption) {
        self.hang_up_because(why);
    }

    /// Ends the leg from our side, once; its [`super::LegSignal::Ended`] follows.
    pub(super) fn hang_up_because(&mut self, why: Interruption) {
        let command = match self.leg.state {
            LegState::Ended => return,
            LegState::Answered => LegCommand::HangUp,
            LegState::Offered | LegState::Ringing if why == Interruption::EndedByHandler => {
                LegCommand::Reject(UNANSWERED)
            }
            LegState::Offered | LegState::Ringing => LegCommand::Reject(PLATFORM_GONE),
        };
        self.leg.state = LegState::Ended;
        self.leg.leaving = Some(why);
        self.outputs.push_back(Output::Leg(CALLER, command));
    }

    pub(super) fn stop_handler(&mut self) {
        if matches!(self.handler, Handler::Waiting { .. }) {
            self.handler = Handler::Stopping;
            self.outputs.push_back(Output::StopHandler);
        }
    }

    /// Makes the record when leg and handler are both gone and the counters are in, or overdue.
    pub(super) fn finish_if_over(&mut self, now: Instant) {
        if self.end == End::Done || self.leg.ended.is_none() {
            return;
        }
        if !matches!(self.handler, Handler::Over(_)) {
            return;
        }
        if self.leg.is_over() {
            return self.finish(now);
        }
        match self.end {
            End::Counting { until } if now >= until => {
                self.leg.audio = Audio::Closed(None);
                self.finish(now);
            }
            End::Counting { .. } => {}
            _ => {
                self.end = End::Counting {
                    until: now + self.setup.limits.media_close,
                }
            }
        }
    }

    fn finish(&mut self, now: Instant) {
        self.end = End::Done;
        let Handler::Over(handler_end) = &self.handler else {
            unreachable!("a call finishes after its handler");
        };
        let (ended, ended_by) = self.leg.ended.expect("a call finishes after its leg");
        let media = match self.leg.audio {
            Audio::Closed(counters) => counters,
            _ => None,
        };
        let leg = LegRecord {
            from: self.leg.info.from.clone(),
            to: self.leg.info.to.clone(),
            answered_at: self.leg.answered_at.map(|at| self.unix(at)),
            ended_at: self.unix(ended),
            ended_by,
            status: self.leg.refused_with,
            media,
        };
        let record = CallRecord {
            id: self.setup.id,
            tenant: self.setup.tenant.clone(),
            handler: self.setup.handler.clone(),
            module: self.setup.module.clone(),
            started_at: self.setup.started_at,
            ended_at: self.unix(now),
            legs: vec![leg],
            handler_end: handler_end.clone(),
            turns: self.turns,
            usage: self.usage,
            log_lines_dropped: self.log_lines_dropped,
            keys_dropped: self.keys_dropped,
        };
        self.outputs.push_back(Output::Ended(Box::new(record)));
    }
}
