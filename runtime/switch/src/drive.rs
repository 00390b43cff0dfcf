//! Driving a call: inputs into the call machine, its wishes carried out, its handler resumed, until it is at rest.

use crate::io::{Notice, Output};
use crate::journal::{Beginning, CallLimits, HandlerOver, Journal, PrivateValues, Waited};
use crate::live::Live;
use crate::shard::Shard;
use crate::trial::{Ended, Shadow};
use patchcord_control::call::{Input as CallInput, Output as CallOutput, Setup, Turn};
use patchcord_control::ids::CallId;
use patchcord_control::record::{CallRecord, Fault as Recorded, FaultKind, HandlerEnd, Usage};
use patchcord_control::words::UnixTime;
use patchcord_guest::{Fault, Instance, Step};
use std::time::{Duration, Instant};

impl Shard {
    /// The call of an id that an index of this shard named.
    pub(crate) fn live(&mut self, id: CallId) -> &mut Live {
        self.calls
            .get_mut(&id)
            .expect("an index names only calls that are alive")
    }

    /// Makes an instance of the handler, with a shadow if its call has one, and runs it for the first time.
    pub(crate) fn run_handler(&mut self, now: Instant, id: CallId) {
        let limits = self.config.instance;
        let live = self.live(id);
        let shadows = live.shadowed.take();
        let share = live.seat.share();
        live.shadow = shadows
            .and_then(|candidate| Shadow::of(&candidate, limits, share))
            .map(Box::new);
        match Instance::start(&live.program.module, limits) {
            Ok(instance) => {
                live.instance = Some(instance);
                self.take_turn(now, id, None, Turn::New);
            }
            Err(fault) => self.handler_failed(now, id, &fault, Usage::default()),
        }
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
        let live = self.live(id);
        if let Some(journal) = &mut live.journal {
            journal.input(now, &input);
        }
        live.call.handle(now, input);
    }

    /// Carries out what the call wants until it wants nothing more. Bounded: the guest limits the host calls of a turn,
    /// and every other wish ends in one.
    pub(crate) fn drive(&mut self, now: Instant, id: CallId) {
        while let Some(output) = self.calls.get_mut(&id).and_then(|live| live.call.poll()) {
            match output {
                CallOutput::Resume { answer, turn } => self.take_turn(now, id, Some(answer), turn),
                CallOutput::Leg(leg, command) => self.leg_command(now, id, leg, command),
                CallOutput::Media(leg, command) => self.media_command(now, id, leg, command),
                CallOutput::Locate {
                    dial,
                    endpoint,
                    to,
                    from,
                    when_busy,
                } => self.locate(now, id, dial, endpoint, (to, from, when_busy)),
                CallOutput::Take(from) => self.take(now, id, from),
                CallOutput::Give { leg, handler } => self.give(now, id, leg, &handler),
                CallOutput::Fallback { place, broken } => self.fall_back(now, id, place, *broken),
                CallOutput::Recording(command) => self.recording_command(now, id, command),
                CallOutput::Room { number, command } => self.room_command(now, id, number, command),
                CallOutput::Stream { number, command } => self.stream_command(now, id, number, command),
                CallOutput::Recognition { number, command } => self.recognise_command(now, id, number, command),
                CallOutput::Errand { number, errand } => self.errand(now, id, number, errand),
                CallOutput::CancelErrand { number } => self.cancel_errand(id, number),
                CallOutput::Watch { number, identities } => self.watch_presence(id, number, identities),
                CallOutput::Unwatch { number } => self.leave_presence(id, number),
                CallOutput::StopHandler => self.stop_handler(now, id),
                CallOutput::Log { level, message } => self.notice(id, Notice::Log { level, message }),
                CallOutput::Start => self.run_handler(now, id),
                CallOutput::Swap(leg) => self.swap_legs(id, leg),
                CallOutput::Turn(turn) => self.notice(id, Notice::Turn(turn)),
                CallOutput::Telling(telling) => self.outputs.push_back(Output::Telling(telling)),
                CallOutput::Ended(record) => return self.over(now, id, record),
            }
        }
        self.keep_journal(id);
        self.note_wake(id);
    }

    /// The journal of a call that begins, if journals are kept.
    pub(crate) fn journal_of(&self, now: Instant, setup: &Setup) -> Option<Box<Journal>> {
        let private = self.config.journal?;
        Some(self.journal_with(now, setup, private))
    }

    /// The same, with private values or without.
    pub(crate) fn journal_with(&self, now: Instant, setup: &Setup, private: PrivateValues) -> Box<Journal> {
        let beginning = Beginning {
            call: setup.id,
            tenant: setup.tenant.clone(),
            handler: setup.handler.clone(),
            module: setup.module.clone(),
            contract: patchcord_guest::contract(),
            runtime: env!("CARGO_PKG_VERSION").to_owned(),
            instance: self.config.instance,
            limits: CallLimits(setup.limits.clone()),
            seed: setup.seed,
            started_at: setup.started_at,
            private,
        };
        Box::new(Journal::begin(now, &beginning, &setup.grants))
    }

    /// Hands out what is new in a call's journal: once for each input, however much came of it.
    fn keep_journal(&mut self, id: CallId) {
        let journal = self.calls.get_mut(&id).and_then(|live| live.journal.as_mut());
        if let Some(part) = journal.and_then(|journal| journal.part()) {
            self.outputs.push_back(Output::Journal(part));
        }
    }

    /// A handler's turn came to this: it asks, or is over.
    pub(crate) fn stepped(&mut self, now: Instant, id: CallId, step: Step) {
        let live = self.live(id);
        let instance = live.instance.as_ref().expect("a turn is its handler's");
        let usage = usage(instance.usage());
        match step {
            Step::Asked(ask) => {
                if let Some(journal) = &mut live.journal {
                    journal.asked(now, &ask, usage.fuel);
                }
                live.call.handle(now, CallInput::Asked(ask));
            }
            Step::Finished(result) => {
                live.instance = None;
                if let Some(journal) = &mut live.journal {
                    journal.ended(now, HandlerOver::Returned(result.clone()), usage);
                }
                live.call.handle(now, CallInput::Returned { result, usage });
            }
            Step::Failed(fault) => {
                live.instance = None;
                self.handler_failed(now, id, &fault, usage);
            }
        }
    }

    /// The handler broke: the call is told, and whoever watches.
    pub(crate) fn handler_failed(&mut self, now: Instant, id: CallId, fault: &Fault, usage: Usage) {
        if let Some(journal) = &mut self.live(id).journal {
            journal.ended(now, HandlerOver::Failed(fault.clone()), usage);
        }
        self.notice(id, Notice::Fault(fault.to_string()));
        let fault = Recorded {
            kind: fault_kind(fault),
            text: fault.to_string(),
        };
        self.tell(now, id, CallInput::Failed { fault, usage });
    }

    fn stop_handler(&mut self, now: Instant, id: CallId) {
        let (ending, before) = match self.leave_work(id) {
            Some((ending, before)) => (ending, before),
            None => (self.forget_held(id), None),
        };
        let live = self.live(id);
        let Some(instance) = live.instance.take() else { return };
        let usage = usage(before.unwrap_or_else(|| instance.usage()));
        instance.kill();
        if let Some(journal) = &mut live.journal {
            journal.ended(now, ending, usage);
        }
        live.call.handle(now, CallInput::Stopped { usage });
    }

    pub(crate) fn notice(&mut self, call: CallId, notice: Notice) {
        self.outputs.push_back(Output::Notice { call, notice });
    }

    /// The call is over: its record leaves, and everything it held goes back.
    fn over(&mut self, now: Instant, id: CallId, mut record: Box<CallRecord>) {
        let live = self.calls.remove(&id).expect("a call that ends is alive until now");
        record.spent = live.spent;
        if let Some(candidate) = &live.candidate {
            let how = match record.handler_end {
                HandlerEnd::Done => Some(Ended::Well),
                HandlerEnd::Faulted(_) => Some(Ended::Failed),
                // Nothing was tried.
                HandlerEnd::NotRun => None,
            };
            let news = how.and_then(|how| candidate.call_ended(how));
            self.outputs.extend(news.map(|news| Output::Notice {
                call: id,
                notice: Notice::Trial {
                    handler: live.program.name.clone(),
                    module: live.program.module.hash().to_owned(),
                    news,
                },
            }));
        }
        if let Some(at) = live.wake_at {
            self.due.remove(&(at, id));
        }
        for key in live.recordings.values() {
            self.recordings.remove(key);
        }
        for key in live.streams.values() {
            self.streams.remove(key);
        }
        self.close_rooms(live.rooms.into_values());
        for key in live.recognitions.values() {
            self.recognitions.remove(key);
        }
        for query in live.watches.into_values() {
            self.leave_watch(query);
        }
        for mut io in live.legs.into_values() {
            self.party_leaves(&mut io);
            self.dialogs.remove(&io.dialog);
            self.release_port(&mut io);
        }
        if let Some(key) = live.told {
            return self.sink_over(key, &record);
        }
        live.seat.share().call_over(lasted(&record));
        if let Some(mut journal) = live.journal {
            if record.handler_end == HandlerEnd::NotRun {
                journal.ended(now, HandlerOver::NotRun, Usage::default());
            }
            self.outputs.push_back(Output::Journal(journal.over(&record)));
        }
        self.outputs.push_back(Output::Record(record));
    }
}

/// From its beginning until its last part was gone.
fn lasted(record: &CallRecord) -> Duration {
    let at = |time: UnixTime| Duration::new(time.seconds, time.nanoseconds);
    at(record.ended_at).saturating_sub(at(record.started_at))
}

pub(crate) fn waited(turn: Turn) -> Waited {
    match turn {
        Turn::Same => Waited::No,
        Turn::New => Waited::Yes,
    }
}

pub(crate) fn usage(used: patchcord_guest::Usage) -> Usage {
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
