//! What somebody outside says to a call while it goes on: named texts that wait for the handler, oldest first, until it
//! receives them. Bounded: what finds no room is refused to whoever sent it, so nothing is lost that was accepted, but what a
//! handler leaves unread when it ends.

use super::asks::Reply;
use super::operation::Operation;
use super::{Call, Wait, check};
use crate::ask::Answer;
use crate::ids::OperationId;
use crate::words::{Error, InboxMessage};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Messages that wait for a handler. At most `Limits::inbox_messages`.
pub(super) type Inbox = VecDeque<InboxMessage>;

impl Call {
    pub(super) fn receive_message(&mut self, now: Instant, timeout_ms: Option<u32>) -> Reply {
        if let Err(error) = timeout_ms.map_or(Ok(()), |ms| check::wait_ms("timeout-ms", ms)) {
            return Reply::Now(Answer::Message(Err(error)));
        }
        let until = timeout_ms.map(|ms| now + Duration::from_millis(u64::from(ms)));
        match self.message_ready(now, until) {
            Some(answer) => Reply::Now(answer),
            None => Reply::Wait(Wait::Message { until }),
        }
    }

    /// The message a handler waits for, or that none comes.
    pub(super) fn message_ready(&mut self, now: Instant, until: Option<Instant>) -> Option<Answer> {
        if let Some(message) = self.inbox.pop_front() {
            return Some(Answer::Message(Ok(Some(message))));
        }
        if let Some(why) = self.legs.interruption() {
            return Some(Answer::Message(Err(Error::Interrupted(why))));
        }
        until.is_some_and(|at| now >= at).then_some(Answer::Message(Ok(None)))
    }

    /// A name for waiting for messages together with operations.
    pub(super) fn inbox_operation(&mut self) -> Result<OperationId, Error> {
        self.room_for_operation()?;
        Ok(self.operations.add(Operation::Inbox))
    }

    /// Whether an operation is done; one that the handler has forgotten is.
    pub(super) fn is_done(&self, id: OperationId) -> bool {
        match self.operations.get(id) {
            Some(Operation::Inbox) => !self.inbox.is_empty(),
            Some(operation) => operation.is_done(),
            None => true,
        }
    }
}
