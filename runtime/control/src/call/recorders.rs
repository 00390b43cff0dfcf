//! Recordings as a handler asks for them, and what legs, taps and storage do to them. Each has exactly one outcome, which
//! is in the call's record whether or not anybody waits for it.

use super::asks::Reply;
use super::io::{RecordingSignal, Tapped};
use super::operation::Operation;
use super::recording::{Ended, Recording, Source, Stage, Wants};
use super::snapshot::{Paused, RecordingSnapshot};
use super::{Call, MediaCommand, OnKey, Output, PromptSource, RecordingCommand, TapCommand, TapWanted, Wait, check};
use crate::ask::Answer;
use crate::ids::{LegId, OperationId, RecordingId};
use crate::record::{RecordingOutcome, RecordingRecord};
use crate::words::{
    Beep, Error, Interruption, Key, LimitName, NotRecorded, PauseWith, RecordEnd, RecordOptions, Recorded, Segment,
    Tone,
};
use std::time::Instant;

/// The beep before a recording: 1 kHz for 300 ms.
const BEEP_HZ: u16 = 1_000;
const BEEP_MS: u32 = 300;
const BEEP_DBM0: i8 = -16;

impl Call {
    pub(super) fn record(&mut self, now: Instant, leg: LegId, options: &RecordOptions) -> Reply {
        match self.start_record(now, &[leg], options) {
            Ok(id) => Reply::Wait(Wait::Operation(id)),
            Err(error) => Reply::Now(Answer::Recorded(Err(error))),
        }
    }

    pub(super) fn start_record(
        &mut self,
        now: Instant,
        legs: &[LegId],
        options: &RecordOptions,
    ) -> Result<OperationId, Error> {
        for leg in legs {
            self.can_play(*leg)?;
        }
        check::record(legs, options)?;
        let of = legs.iter().map(|leg| Source::Leg(*leg)).collect();
        self.begin_recording(now, of, options)
    }

    pub(super) fn start_room_record(
        &mut self,
        now: Instant,
        room: OperationId,
        options: &RecordOptions,
    ) -> Result<OperationId, Error> {
        check::record_room(options)?;
        let of = vec![Source::Room(self.room_number(room))];
        self.begin_recording(now, of, options)
    }

    fn begin_recording(
        &mut self,
        now: Instant,
        of: Vec<Source>,
        options: &RecordOptions,
    ) -> Result<OperationId, Error> {
        self.room_for_operation()?;
        let number = self.open_recording(now, of, options)?;
        Ok(self.operations.add(Operation::Recording { number, outcome: None }))
    }

    /// Begins a recording that no handle of the handler names; its number in the call.
    pub(super) fn open_recording(
        &mut self,
        now: Instant,
        of: Vec<Source>,
        options: &RecordOptions,
    ) -> Result<u32, Error> {
        let limits = &self.setup.limits;
        let running = self.recordings.iter().filter(|it| !it.is_done()).count();
        check::over(LimitName::Recordings, running + 1, limits.recordings_at_once)?;
        check::over(LimitName::Recordings, self.recordings.len() + 1, limits.recordings)?;
        let beeps = match options.beep {
            Beep::No => Vec::new(),
            Beep::Yes => {
                let legs = of.iter().filter_map(|source| match source {
                    Source::Leg(leg) => Some(*leg),
                    Source::Room(_) => None,
                });
                legs.map(|leg| (leg, self.operations.reserve())).collect()
            }
        };
        let id = RecordingId {
            call: self.setup.id,
            number: self.recordings.len() as u32 + 1,
        };
        self.outputs.push_back(Output::Recording(RecordingCommand::Begin {
            id,
            channels: of.len() as u8,
            trim: options.trim,
            format: options.format,
        }));
        for (channel, source) in of.iter().enumerate() {
            let order = TapCommand::Begin(TapWanted {
                longest_ms: options.longest_ms,
                silence_ms: options.silence_ms,
                waits: options.beep,
            });
            self.outputs.push_back(source.tap(id.number, channel as u8, order));
        }
        for (leg, operation) in &beeps {
            self.push_play(*leg, *operation, PromptSource::Handler(vec![beep()]), 1, OnKey::PlayOn);
        }
        let begun = (now, self.unix(now));
        let recording = Recording::new(begun, id, of, options.clone(), beeps);
        self.recordings.push(recording);
        Ok(id.number)
    }

    fn recording_of(&mut self, operation: OperationId) -> &mut Recording {
        let Some(Operation::Recording { number, .. }) = self.operations.get(operation) else {
            unreachable!("a recording handle names a recording that is in the table until it is dropped");
        };
        &mut self.recordings[*number as usize - 1]
    }

    pub(super) fn recording_name(&mut self, operation: OperationId) -> String {
        self.recording_of(operation).id.to_string()
    }

    pub(super) fn record_result(&self, operation: OperationId) -> Option<Result<Recorded, Error>> {
        match self.operations.get(operation) {
            Some(Operation::Recording { outcome, .. }) => outcome.clone(),
            _ => unreachable!("a recording handle names a recording that is in the table until it is dropped"),
        }
    }

    pub(super) fn pause_record(&mut self, now: Instant, operation: OperationId, with: PauseWith) -> Answer {
        let number = self.recording_of(operation).id.number;
        self.pause_numbered(now, number, with);
        Answer::Nothing
    }

    pub(super) fn pause_numbered(&mut self, now: Instant, number: u32, with: PauseWith) {
        let wants = self.recordings[number as usize - 1].pause(now, with);
        self.carry_out(number, wants);
    }

    pub(super) fn resume_record(&mut self, now: Instant, operation: OperationId) -> Answer {
        let number = self.recording_of(operation).id.number;
        self.resume_numbered(now, number);
        Answer::Nothing
    }

    pub(super) fn resume_numbered(&mut self, now: Instant, number: u32) {
        let wants = self.recordings[number as usize - 1].resume(now);
        self.carry_out(number, wants);
    }

    pub(super) fn stop_numbered(&mut self, now: Instant, number: u32) {
        self.end_recording(now, number, Ok(RecordEnd::Stopped));
    }

    /// Whether a recording has not ended; none if there is none of this number.
    pub(super) fn recording_runs(&self, number: u32) -> Option<bool> {
        let place = (number as usize).checked_sub(1)?;
        self.recordings.get(place).map(Recording::runs)
    }

    /// Whether the beep of a recording plays on a leg.
    pub(super) fn beeps_on(&self, leg: LegId) -> bool {
        let beeping = |it: &Recording| match &it.stage {
            Stage::Beeping(beeps) => beeps.iter().any(|(on, _)| *on == leg),
            _ => false,
        };
        self.recordings.iter().any(beeping)
    }

    /// The recordings that have not ended, for whoever looks from outside.
    pub(super) fn recording_snapshots(&self) -> Vec<RecordingSnapshot> {
        let running = self.recordings.iter().filter(|it| it.runs());
        let seen = running.map(|it| RecordingSnapshot {
            id: it.id,
            legs: it.legs().collect(),
            started_at: it.started_at,
            paused: match it.stage {
                Stage::Paused { .. } => Paused::Yes,
                _ => Paused::No,
            },
        });
        seen.collect()
    }

    pub(super) fn stop_record(&mut self, now: Instant, operation: OperationId) -> Reply {
        if let Some(result) = self.record_result(operation) {
            return Reply::Now(Answer::Recorded(result));
        }
        let number = self.recording_of(operation).id.number;
        self.end_recording(now, number, Ok(RecordEnd::Stopped));
        Reply::Wait(Wait::Operation(operation))
    }

    /// A tap or storage tells something of a recording.
    pub(super) fn recording_signal(&mut self, now: Instant, number: u32, signal: RecordingSignal) {
        let Some(recording) = self.recordings.get_mut(number as usize - 1) else {
            return;
        };
        match signal {
            RecordingSignal::Quiet { channel } => {
                if recording.quiet(channel, true) {
                    self.end_recording(now, number, Ok(RecordEnd::Silence));
                }
            }
            RecordingSignal::Sound { channel } => {
                recording.quiet(channel, false);
            }
            RecordingSignal::TapOver { channel, why } => {
                recording.tap_over(channel);
                let of = recording.of.get(usize::from(channel)).copied();
                if let Some(ended) = self.ended_by_tap(of, why) {
                    self.end_recording(now, number, ended);
                }
                self.save_recording(now, number);
            }
            RecordingSignal::Stored(stored) => {
                let wants = recording.stored(stored);
                self.carry_out(number, wants);
                self.settle_recording(number);
            }
        }
    }

    /// What the end of a tap means for a recording that runs; none if it was ordered.
    fn ended_by_tap(&self, of: Option<Source>, why: Tapped) -> Option<Ended> {
        match why {
            Tapped::AsOrdered => None,
            Tapped::Longest => Some(Ok(RecordEnd::Longest)),
            Tapped::Dropped => Some(Err(NotRecorded::Overloaded)),
            Tapped::Closed => match of {
                // The handler closed it, or the call has ended, and with it all of its rooms.
                Some(Source::Room(_)) => Some(Ok(RecordEnd::Stopped)),
                Some(Source::Leg(leg)) => {
                    let gone = self.legs[leg].interruption().or(self.legs[leg].leaving);
                    Some(Recording::lost(gone.unwrap_or(Interruption::MediaLost)))
                }
                None => Some(Recording::lost(Interruption::MediaLost)),
            },
        }
    }

    /// A key was pressed on a leg: true if it was one that ends a recording.
    pub(super) fn record_key(&mut self, now: Instant, leg: LegId, key: Key) -> bool {
        let found = self.recordings.iter().find(|it| it.finishes_on(leg, key));
        let Some(number) = found.map(|it| it.id.number) else {
            return false;
        };
        self.end_recording(now, number, Ok(RecordEnd::Key(key)));
        true
    }

    /// A prompt ended: true if it was the beep of a recording.
    pub(super) fn beep_over(&mut self, now: Instant, operation: OperationId) -> bool {
        let time = self.unix(now);
        let mut found = None;
        for recording in &mut self.recordings {
            if let Some(wants) = recording.beep_over(now, time, operation) {
                found = Some((recording.id.number, wants));
            }
        }
        let Some((number, wants)) = found else { return false };
        self.carry_out(number, wants);
        true
    }

    /// A leg is gone: every recording of it ends.
    pub(super) fn recordings_lost(&mut self, now: Instant, leg: LegId, why: Interruption) {
        let on = self.recordings.iter().filter(|it| it.is_of(leg));
        let numbers: Vec<u32> = on.map(|it| it.id.number).collect();
        for number in numbers {
            self.end_recording(now, number, Recording::lost(why));
        }
    }

    /// All end because the handler broke.
    pub(super) fn stop_recordings(&mut self, now: Instant) {
        for number in 1..=self.recordings.len() as u32 {
            self.end_recording(now, number, Ok(RecordEnd::Stopped));
        }
    }

    /// What ends the taps of a leg that is about to move to another call.
    pub(super) fn untap(&self, leg: LegId) -> Vec<MediaCommand> {
        self.recordings.iter().flat_map(|it| it.untap(leg)).collect()
    }

    pub(super) fn recordings_deadline(&mut self, now: Instant) {
        for number in 1..=self.recordings.len() as u32 {
            self.save_recording(now, number);
            let recording = &mut self.recordings[number as usize - 1];
            if let Stage::Saving { until } = recording.stage
                && now >= until
            {
                recording.stored(Err(NotRecorded::Late));
                self.settle_recording(number);
            }
        }
    }

    /// When the recordings act by themselves.
    pub(super) fn recordings_wake_at(&self) -> Option<Instant> {
        self.recordings.iter().filter_map(Recording::wake_at).min()
    }

    /// Whether every outcome is known.
    pub(super) fn recordings_done(&self) -> bool {
        self.recordings.iter().all(Recording::is_done)
    }

    fn end_recording(&mut self, now: Instant, number: u32, ended: Ended) {
        let until = now + self.setup.limits.recording_close;
        let wants = self.recordings[number as usize - 1].end(ended, until);
        self.carry_out(number, wants);
        self.save_recording(now, number);
    }

    fn save_recording(&mut self, now: Instant, number: u32) {
        let until = now + self.setup.limits.recording_close;
        let wants = self.recordings[number as usize - 1].save(now, until);
        self.carry_out(number, wants);
    }

    fn carry_out(&mut self, number: u32, wants: Wants) {
        self.outputs.extend(wants.taps);
        if wants.finish {
            let id = self.recordings[number as usize - 1].id;
            self.outputs
                .push_back(Output::Recording(RecordingCommand::Finish { id }));
        }
    }

    /// Tells the handler's operation the outcome.
    fn settle_recording(&mut self, number: u32) {
        let recording = &self.recordings[number as usize - 1];
        let result = match (&recording.ended, &recording.saved) {
            (Some(Ok(ended_by)), Some(saved)) => Ok(Recorded {
                id: recording.id.to_string(),
                length_ms: saved.length_ms,
                ended_by: *ended_by,
            }),
            (Some(Err(why)), _) => Err(Error::NotRecorded(*why)),
            _ => Err(Error::NotRecorded(NotRecorded::Storage)),
        };
        if let Some(outcome) = self.operations.recording_outcome(number) {
            outcome.get_or_insert(result);
        }
    }

    pub(super) fn recording_records(&self) -> Vec<RecordingRecord> {
        let records = self.recordings.iter().map(|it| RecordingRecord {
            id: it.id,
            legs: it.legs().collect(),
            room: it.room(),
            started_at: it.started_at,
            length_ms: it.saved.map_or(0, |saved| saved.length_ms),
            outcome: match it.ended {
                Some(Ok(ended_by)) => RecordingOutcome::Ended(ended_by),
                Some(Err(why)) => RecordingOutcome::Failed(why),
                None => RecordingOutcome::Failed(NotRecorded::Late),
            },
            saved: it.saved,
        });
        records.collect()
    }
}

fn beep() -> Segment {
    Segment::Tone(Tone {
        frequencies: vec![BEEP_HZ],
        on_ms: BEEP_MS,
        off_ms: 0,
        count: 1,
        level_dbm0: BEEP_DBM0,
    })
}
