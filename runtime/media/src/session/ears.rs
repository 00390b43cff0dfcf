//! Listening for something said in what a session receives.

use super::Session;
use crate::ear::Ear;
use crate::reports::Reports;
use crate::{EarEvent, EarId, EarOrder, FRAME_SAMPLES, PlayEnd, Refusal, Report};

impl Session {
    pub(crate) fn ear(&mut self, id: EarId, order: EarOrder) -> Result<(), Refusal> {
        match order {
            EarOrder::Open(options) if options.in_range() => {
                self.want_sound();
                self.ear = Some(Box::new(Ear::new(id, options)));
                return Ok(());
            }
            EarOrder::Close if self.ear.as_ref().is_none_or(|ear| ear.id() != id) => return Ok(()),
            EarOrder::Open(_) | EarOrder::Close => self.ear = None,
        }
        self.fit_hearing();
        match order {
            EarOrder::Open(_) => Err(Refusal::EarOptions),
            EarOrder::Close => Ok(()),
        }
    }

    /// A frame that was received.
    pub(super) fn hear_speech(&mut self, frame: &[i16; FRAME_SAMPLES]) {
        if let Some(ear) = self.ear.as_mut() {
            ear.frame(frame);
        }
    }

    /// Reports what an ear heard; one event in a tick. Speech stops what a key would stop.
    pub(super) fn report_speech(&mut self, reports: &mut Reports) {
        let Some((ear, event)) = self.ear.as_mut().and_then(|ear| Some((ear.id(), ear.event()?))) else {
            return;
        };
        let began = event == EarEvent::Began;
        let session = self.id;
        reports.push(Report::Ear { session, ear, event });
        if began && self.player.as_ref().is_some_and(|player| player.stops_on_key()) {
            self.end_play(PlayEnd::Speech, reports);
        }
    }
}
