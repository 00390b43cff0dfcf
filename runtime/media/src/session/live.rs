//! Live sound in a session: its orders, its frames, and what it reports.

use super::Session;
use crate::live::Live;
use crate::reports::Reports;
use crate::{LiveEvent, LiveId, LiveLedger, LiveOrder, Report};

impl Session {
    /// Carries out an order; one for a source that is gone has no effect.
    pub(crate) fn live(&mut self, id: LiveId, order: LiveOrder, reports: &mut Reports) {
        if let LiveOrder::Begin { rate } = order {
            match self.live {
                Some(_) => self.tell_live(id, LiveEvent::Ended(LiveLedger::default()), reports),
                None => self.live = Some(Box::new(Live::new(id, rate, self.plan.codec.rate()))),
            }
            return;
        }
        let Some(live) = self.live.as_mut().filter(|live| live.id() == id) else {
            return;
        };
        match order {
            LiveOrder::Begin { .. } => unreachable!("told apart above"),
            LiveOrder::Sound(sound) => live.push(&sound),
            LiveOrder::Mark(mark) => live.mark(mark),
            LiveOrder::Clear => {
                let ledger = live.clear();
                self.tell_live(id, LiveEvent::Cleared(ledger), reports);
            }
            LiveOrder::End => self.end_live(reports),
        }
    }

    /// Its source ends, if it has one.
    pub(super) fn end_live(&mut self, reports: &mut Reports) {
        if let Some(mut live) = self.live.take() {
            let ledger = live.clear();
            self.tell_live(live.id(), LiveEvent::Ended(ledger), reports);
        }
    }

    /// The plan has changed, and with it perhaps the rate of what is sent.
    pub(super) fn tune_live(&mut self) {
        if let Some(live) = self.live.as_mut() {
            live.tune(self.plan.codec.rate());
        }
    }

    /// Whether there is live sound to be sent.
    pub(super) fn live_sounds(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.sounds())
    }

    /// Writes 20 ms of live sound. False if there is none.
    pub(super) fn fill_live(&mut self, frame: &mut [i16]) -> bool {
        let live = self.live.as_mut().filter(|live| live.sounds());
        live.map(|live| live.fill(frame)).is_some()
    }

    /// Reports a mark that was reached; one in a tick.
    pub(super) fn report_live(&mut self, reports: &mut Reports) {
        let reached = self.live.as_mut().and_then(|live| Some((live.id(), live.reached()?)));
        if let Some((id, event)) = reached {
            self.tell_live(id, event, reports);
        }
    }

    fn tell_live(&self, live: LiveId, event: LiveEvent, reports: &mut Reports) {
        let session = self.id;
        reports.push(Report::Live { session, live, event });
    }
}
