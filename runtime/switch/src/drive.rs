//! Driving a call: inputs into the call machine, its wishes carried out, its handler resumed, until it is at rest.

use crate::io::{Notice, Output};
use crate::live::{Live, Session};
use crate::media_plan;
use crate::shard::Shard;
use patchcord_control::ask::Answer;
use patchcord_control::call::{CALLER, Input as CallInput, LegSignal, MediaCommand, Output as CallOutput, Turn};
use patchcord_control::ids::CallId;
use patchcord_control::record::{CallRecord, Fault as Recorded, FaultKind, MediaCounters, Usage};
use patchcord_control::words::Key;
use patchcord_guest::{Fault, Step};
use patchcord_media::{Command, Counters, Report};
use std::time::Instant;

impl Shard {
    /// The call of an id that an index of this shard named.
    pub(crate) fn live(&mut self, id: CallId) -> &mut Live {
        self.calls
            .get_mut(&id)
            .expect("an index names only calls that are alive")
    }

    /// Runs the handler for the first time.
    pub(crate) fn start_handler(&mut self, now: Instant, id: CallId) {
        self.resume(now, id, None, Turn::New);
        self.drive(now, id);
    }

    /// Gives a call one input and drives it until it is at rest.
    pub(crate) fn feed(&mut self, now: Instant, id: CallId, input: CallInput) {
        if !self.calls.contains_key(&id) {
            return;
        }
        self.tell(now, id, input);
        self.drive(now, id);
    }

    /// Gives a call one input; whoever drives it carries out what follows.
    pub(crate) fn tell(&mut self, now: Instant, id: CallId, input: CallInput) {
        self.live(id).call.handle(now, input);
    }

    /// What a media engine reports of a leg.
    pub(crate) fn leg_report(&mut self, now: Instant, id: CallId, report: Report) {
        let signal = match report {
            Report::Key { event, .. } => match Key::from_event(event) {
                Some(key) => LegSignal::Key(key),
                // Events above 15 are not keys (flash and the like).
                None => return,
            },
            Report::PlayEnded { play, played, why, .. } => LegSignal::PlayEnded {
                operation: patchcord_control::ids::OperationId(play.0),
                played_ms: played.as_millis() as u32,
                end: media_plan::play_end(why),
            },
            // No ask of a handler begins a detection.
            Report::Detected { .. } => return,
            // A session the engine could not open is as good as lost; so is one whose plan it refused.
            Report::Silent { .. } | Report::Refused { .. } => LegSignal::MediaLost,
            Report::Closed { counters, .. } => LegSignal::MediaClosed(media_counters(&counters)),
        };
        self.feed(now, id, CallInput::Leg(CALLER, signal));
    }

    /// Carries out what the call wants until it wants nothing more. Bounded: the guest limits the host calls of a turn,
    /// and every other wish ends in one.
    pub(crate) fn drive(&mut self, now: Instant, id: CallId) {
        while let Some(output) = self.calls.get_mut(&id).and_then(|live| live.call.poll()) {
            match output {
                CallOutput::Resume { answer, turn } => self.resume(now, id, Some(answer), turn),
                CallOutput::Leg(_, command) => self.leg_command(now, id, command),
                CallOutput::Media(_, command) => self.media_command(now, id, command),
                CallOutput::StopHandler => self.stop_handler(now, id),
                CallOutput::Log { level, message } => self.notice(id, Notice::Log { level, message }),
                CallOutput::Turn(turn) => self.notice(id, Notice::Turn(turn)),
                CallOutput::Ended(record) => return self.over(id, record),
            }
        }
        self.note_wake(id);
    }

    fn resume(&mut self, now: Instant, id: CallId, answer: Option<Answer>, turn: Turn) {
        let live = self.live(id);
        let instance = live
            .instance
            .as_mut()
            .expect("a call answers its handler only while it runs");
        if turn == Turn::New {
            instance.begin_turn();
        }
        match instance.resume(answer) {
            Step::Asked(ask) => live.call.handle(now, CallInput::Asked(ask)),
            Step::Finished(result) => {
                let usage = usage(instance.usage());
                live.instance = None;
                live.call.handle(now, CallInput::Returned { result, usage });
            }
            Step::Failed(fault) => {
                let usage = usage(instance.usage());
                live.instance = None;
                self.handler_failed(now, id, &fault, usage);
            }
        }
    }

    /// The handler broke: the call is told, and whoever watches.
    pub(crate) fn handler_failed(&mut self, now: Instant, id: CallId, fault: &Fault, usage: Usage) {
        self.notice(id, Notice::Fault(fault.to_string()));
        let fault = Recorded {
            kind: fault_kind(fault),
            text: fault.to_string(),
        };
        self.tell(now, id, CallInput::Failed { fault, usage });
    }

    fn stop_handler(&mut self, now: Instant, id: CallId) {
        let live = self.live(id);
        let Some(instance) = live.instance.take() else { return };
        let usage = usage(instance.usage());
        instance.kill();
        live.call.handle(now, CallInput::Stopped { usage });
    }

    fn media_command(&mut self, now: Instant, id: CallId, command: MediaCommand) {
        let live = self.live(id);
        let (session, thread) = (live.leg.port.session, live.leg.port.thread);
        if live.leg.session != Session::Open {
            // Nothing was ever opened (the far end left before audio was agreed): there is nothing to count.
            if command == MediaCommand::Close {
                let signal = LegSignal::MediaClosed(MediaCounters::default());
                live.call.handle(now, CallInput::Leg(CALLER, signal));
            }
            return;
        }
        let command = match command {
            MediaCommand::Play {
                operation,
                source,
                times,
                on_key,
            } => Command::Play {
                session,
                play: media_plan::play_id(operation),
                prompt: media_plan::prompt(&source, times, &live.program, &live.directory.announcement),
                stop_on_key: media_plan::stop_on_key(on_key),
            },
            MediaCommand::Stop { operation } => Command::Stop {
                session,
                play: media_plan::play_id(operation),
            },
            MediaCommand::Close => {
                live.leg.session = Session::Closed;
                Command::Close { session }
            }
        };
        self.outputs.push_back(Output::Media { thread, command });
    }

    fn notice(&mut self, call: CallId, notice: Notice) {
        self.outputs.push_back(Output::Notice { call, notice });
    }

    /// The call is over: its record leaves, and everything it held goes back.
    fn over(&mut self, id: CallId, record: Box<CallRecord>) {
        let live = self.calls.remove(&id).expect("a call that ends is alive until now");
        if let Some(at) = live.wake_at {
            self.due.remove(&(at, id));
        }
        self.dialogs.remove(&live.leg.dialog);
        self.sessions.remove(&live.leg.port.session);
        self.ports.push_back(live.leg.port);
        self.outputs.push_back(Output::Record(record));
    }
}

fn usage(used: patchcord_guest::Usage) -> Usage {
    Usage {
        fuel: used.fuel,
        memory_peak: used.memory_peak,
        host_calls: used.host_calls,
    }
}

fn fault_kind(fault: &Fault) -> FaultKind {
    match fault {
        Fault::Trap { .. } => FaultKind::Trap,
        Fault::CpuTime { .. } | Fault::TurnFuel { .. } => FaultKind::CpuTime,
        Fault::Memory { .. } => FaultKind::Memory,
        Fault::StackOverflow => FaultKind::StackOverflow,
        Fault::HostCallFlood { .. } => FaultKind::HostCallFlood,
        Fault::StringTooLong { .. } => FaultKind::StringTooLong,
        Fault::Handles { .. } => FaultKind::Handles,
        Fault::Start(_) => FaultKind::Start,
    }
}

fn media_counters(counted: &Counters) -> MediaCounters {
    MediaCounters {
        packets_in: counted.packets_in,
        packets_out: counted.packets_out,
        lost: counted.lost,
        duplicates: counted.duplicates,
        reordered: counted.reordered,
        malformed: counted.malformed,
        wrong_source: counted.wrong_source,
        jitter_us: counted.jitter_us,
        keys: counted.keys,
        ticks_missed: counted.ticks_missed,
    }
}
