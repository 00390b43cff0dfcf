//! Two legs that hear each other, until one leaves, a key, time, the handler or a transfer ends it.

use super::asks::Reply;
use super::operation::{Bridging, Once, Operation};
use super::{Call, Wait, check};
use crate::ask::Answer;
use crate::ids::{LegId, OperationId};
use crate::words::{BridgeEnd, BridgeOptions, Bridged, Error, Key, LegState};
use std::time::{Duration, Instant};

impl Call {
    /// A bridge that stands.
    pub(super) fn bridge_of(&self, id: OperationId) -> Option<&Bridging> {
        match self.operations.get(id) {
            Some(Operation::Bridging(bridging)) if bridging.outcome.is_pending() => Some(bridging),
            _ => None,
        }
    }

    pub(super) fn bridge(&mut self, now: Instant, first: LegId, second: LegId, options: &BridgeOptions) -> Reply {
        match self.start_bridge(now, first, second, options) {
            Ok(id) => Reply::Wait(Wait::Operation(id)),
            Err(error) => Reply::Now(Answer::Bridged(Err(error))),
        }
    }

    pub(super) fn start_bridge(
        &mut self,
        now: Instant,
        first: LegId,
        second: LegId,
        options: &BridgeOptions,
    ) -> Result<OperationId, Error> {
        check::bridge(first, second, options, &self.setup)?;
        self.not_gone(first)?;
        self.in_state(second, &[LegState::Answered])?;
        let taken = |leg: LegId| self.legs[leg].bridge.is_some() || self.legs[leg].room.is_some();
        if taken(first) || taken(second) {
            return Err(Error::AlreadyBridged);
        }
        if !self.legs[first].waits_for_us() {
            self.in_state(first, &[LegState::Answered])?;
        }
        self.room_for_operation()?;
        if self.legs[first].state != LegState::Answered {
            self.accept(now, first);
        }
        let until = options.longest_ms.map(|ms| now + Duration::from_millis(u64::from(ms)));
        let id = self.operations.add(Operation::Bridging(Box::new(Bridging {
            first,
            second,
            options: options.clone(),
            since: now,
            until,
            outcome: Once::Pending,
        })));
        self.legs[first].bridge = Some(id);
        self.legs[second].bridge = Some(id);
        Ok(id)
    }

    pub(super) fn bridge_result(&mut self, id: OperationId) -> Option<Result<Bridged, Error>> {
        self.operations
            .bridging(id)
            .and_then(|bridging| bridging.outcome.take())
    }

    pub(super) fn stop_bridge(&mut self, now: Instant, id: OperationId) -> Answer {
        self.end_bridge(now, id, BridgeEnd::Stopped);
        Answer::Nothing
    }

    /// Ends a bridge that stands; the legs stay.
    pub(super) fn end_bridge(&mut self, now: Instant, id: OperationId, ended_by: BridgeEnd) {
        let Some(bridging) = self.operations.bridging(id) else {
            return;
        };
        let lasted_ms = now.saturating_duration_since(bridging.since).as_millis() as u64;
        bridging.outcome.set(Ok(Bridged { lasted_ms, ended_by }));
        self.part(id);
    }

    /// The handle of a bridge was dropped.
    pub(super) fn abandon_bridge(&mut self, now: Instant, id: OperationId, mut bridging: Bridging) {
        if let Some(Ok(Bridged {
            ended_by: BridgeEnd::Transfer(transfer),
            ..
        })) = bridging.outcome.take()
        {
            self.transfer_drop(transfer);
        }
        let _ = now;
        self.part(id);
    }

    fn part(&mut self, id: OperationId) {
        for leg in self.legs.iter_mut().filter(|leg| leg.bridge == Some(id)) {
            leg.bridge = None;
        }
    }

    /// A leg of it is gone.
    pub(super) fn bridge_lost(&mut self, now: Instant, leg: LegId) {
        let Some(id) = self.legs[leg].bridge else { return };
        let why = self.legs[leg].interruption().expect("only a leg that ended is lost");
        let first = self.bridge_of(id).is_some_and(|bridging| bridging.first == leg);
        let ended_by = if first {
            BridgeEnd::FirstLeft(why)
        } else {
            BridgeEnd::SecondLeft(why)
        };
        self.end_bridge(now, id, ended_by);
    }

    /// A key was pressed on a leg: true if it was the one that ends the bridge.
    pub(super) fn bridge_key(&mut self, now: Instant, leg: LegId, key: Key) -> bool {
        let Some((id, bridging)) = self.legs[leg].bridge.and_then(|id| Some((id, self.bridge_of(id)?))) else {
            return false;
        };
        if bridging.first != leg || bridging.options.hang_up_on != Some(key) {
            return false;
        }
        let second = bridging.second;
        self.end_bridge(now, id, BridgeEnd::Key);
        self.hang_up(second);
        true
    }

    pub(super) fn bridge_deadline(&mut self, now: Instant) {
        let over: Vec<OperationId> = self
            .operations
            .bridgings()
            .filter(|(_, bridging)| bridging.outcome.is_pending() && bridging.until.is_some_and(|at| at <= now))
            .map(|(id, _)| id)
            .collect();
        for id in over {
            self.end_bridge(now, id, BridgeEnd::TimeLimit);
        }
    }
}
