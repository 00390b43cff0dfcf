//! The SIP messages of a call as they come and go, for its trace: each with the leg it belongs to. Not their text: that is
//! made by whoever shows them.

use crate::io::{Output, Way};
use crate::shard::Shard;
use patchcord_control::call::Trace;
use patchcord_control::ids::{CallId, LegId};
use patchcord_sip::{DialogId, Flow};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Messages of one input, held until it is known which leg they belong to: a new call is known only after its INVITE was
/// looked at.
#[derive(Default)]
pub(crate) struct Ladder {
    steps: Vec<Step>,
}

pub(crate) struct Step {
    dialog: Option<DialogId>,
    leg: Option<(CallId, LegId)>,
    way: Way,
    flow: Flow,
    bytes: Arc<[u8]>,
}

/// Messages kept of a call that has not begun: its INVITE and our 100, and room for a few that were sent again. Further
/// ones are forgotten.
const KEPT: usize = 8;

/// Messages of a call that has not begun, with their moments.
#[derive(Default)]
pub(crate) struct Kept(Vec<(Instant, Step)>);

impl Shard {
    /// A message came; which dialog it belongs to shows once it was looked at.
    pub(crate) fn message_came(&mut self, flow: Flow, bytes: &[u8]) {
        if self.config.ladder == Trace::Off {
            return;
        }
        let dialog = self.sip.touched();
        let leg = dialog.and_then(|dialog| self.dialogs.get(&dialog).copied());
        self.ladder.steps.push(Step {
            dialog,
            leg,
            way: Way::In,
            flow,
            bytes: bytes.into(),
        });
    }

    /// A message goes.
    pub(crate) fn message_goes(&mut self, dialog: Option<DialogId>, flow: Flow, bytes: &Arc<[u8]>) {
        if self.config.ladder == Trace::Off {
            return;
        }
        let leg = dialog.and_then(|dialog| self.dialogs.get(&dialog).copied());
        self.ladder.steps.push(Step {
            dialog,
            leg,
            way: Way::Out,
            flow,
            bytes: bytes.clone(),
        });
    }

    /// Reports what came and went, or keeps it until its call begins; what belongs to no call is forgotten.
    pub(crate) fn report_messages(&mut self, now: Instant) {
        for step in std::mem::take(&mut self.ladder.steps) {
            let now_known = || step.dialog.and_then(|dialog| self.dialogs.get(&dialog).copied());
            if let Some(leg) = step.leg.or_else(now_known) {
                self.report(leg, step, Duration::ZERO);
            } else if let Some(kept) = step.dialog.and_then(|dialog| self.vetting.kept(dialog))
                && kept.0.len() < KEPT
            {
                kept.0.push((now, step));
            }
        }
    }

    /// Reports what was kept of a call that begins.
    pub(crate) fn report_kept(&mut self, now: Instant, leg: (CallId, LegId), kept: Kept) {
        for (at, step) in kept.0 {
            self.report(leg, step, now.saturating_duration_since(at));
        }
    }

    fn report(&mut self, (call, leg): (CallId, LegId), step: Step, ago: Duration) {
        self.outputs.push_back(Output::Message {
            call,
            leg,
            way: step.way,
            flow: step.flow,
            bytes: step.bytes,
            ago,
        });
    }
}
