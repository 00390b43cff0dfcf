//! The SIP messages of a call as they come and go, for its trace: each with the leg it belongs to. Not their text: that is
//! made by whoever shows them.

use crate::io::{Output, Way};
use crate::shard::Shard;
use patchcord_control::call::Trace;
use patchcord_control::ids::{CallId, LegId};
use patchcord_sip::{DialogId, Flow};
use std::sync::Arc;

/// Messages of one input, held until it is known which leg they belong to: a new call is known only after its INVITE was
/// looked at.
#[derive(Default)]
pub(crate) struct Ladder {
    steps: Vec<Step>,
}

struct Step {
    dialog: Option<DialogId>,
    leg: Option<(CallId, LegId)>,
    way: Way,
    flow: Flow,
    bytes: Arc<[u8]>,
}

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

    /// Reports what came and went; what belongs to no call is forgotten.
    pub(crate) fn report_messages(&mut self) {
        for step in std::mem::take(&mut self.ladder.steps) {
            let now_known = || step.dialog.and_then(|dialog| self.dialogs.get(&dialog).copied());
            let Some((call, leg)) = step.leg.or_else(now_known) else {
                continue;
            };
            self.outputs.push_back(Output::Message {
                call,
                leg,
                way: step.way,
                flow: step.flow,
                bytes: step.bytes,
            });
        }
    }
}
