//! Rooms, driven by hand: who sits where follows from what was asked and from what the legs are, and everything that was
//! opened is closed.

use super::dialling::{dial, locate, options};
use super::*;
use crate::record::RecordingOutcome;
use crate::words::{
    Beep, LimitName, Order, RecordEnd, RecordFormat, RecordOptions, RoomEvent, RoomPart, Seat, TrimSilence,
};

const AGENT: LegId = LegId(1);
const COACH: LegId = LegId(2);

fn talks() -> Seat {
    Seat {
        part: RoomPart::Talks,
        to_room_db: 0,
        from_room_db: 0,
        heard_by: Vec::new(),
    }
}

fn wanted(part: RoomPart, heard_by: &[LegId]) -> SeatWanted {
    SeatWanted {
        room: 1,
        part,
        to_room_db: 0,
        from_room_db: 0,
        heard_by: heard_by.to_vec(),
    }
}

fn record_options() -> RecordOptions {
    RecordOptions {
        format: RecordFormat::Wav,
        longest_ms: 60_000,
        finish_on: Vec::new(),
        silence_ms: None,
        beep: Beep::No,
        trim: TrimSilence::Keep,
    }
}

impl Bench {
    /// What the media engine was told of a leg's seat just now.
    fn seats(&self, of: LegId) -> Vec<Option<SeatWanted>> {
        let seats = self.outputs.iter().filter_map(|output| match output {
            Output::Media(leg, MediaCommand::Seat(wanted)) if *leg == of => Some(wanted.clone()),
            _ => None,
        });
        seats.collect()
    }

    fn room_commands(&self) -> Vec<RoomCommand> {
        let commands = self.outputs.iter().filter_map(|output| match output {
            Output::Room { number: 1, command } => Some(command.clone()),
            _ => None,
        });
        commands.collect()
    }

    fn open_room(&mut self) -> OperationId {
        match self.ask(Ask::OpenRoom) {
            Some(Answer::Started(Ok(room))) => room,
            other => panic!("{other:?}"),
        }
    }

    fn join(&mut self, room: OperationId, leg: LegId, seat: Seat) -> Result<u32, Error> {
        match self.ask(Ask::JoinRoom { room, leg, seat }) {
            Some(Answer::Seated(seated)) => seated,
            other => panic!("{other:?}"),
        }
    }

    fn event(&mut self, room: OperationId) -> Option<RoomEvent> {
        match self.ask(Ask::RoomEvent { room }) {
            Some(Answer::RoomEvent(event)) => event,
            other => panic!("{other:?}"),
        }
    }

    fn leaves(&mut self, leg: LegId) -> Option<Answer> {
        self.feed(Input::Leg(
            leg,
            LegSignal::Ended {
                why: Interruption::HungUp,
                cause: None,
            },
        ))
    }

    fn dialled(&mut self, n: u32) -> LegId {
        self.ask(dial(&["a"], options(Order::Together)));
        let leg = locate(self, n)[0];
        self.feed(Input::Leg(leg, LegSignal::Answered));
        self.feed(Input::Leg(leg, LegSignal::AudioOpen));
        leg
    }
}

/// A caller, an agent and a coach, all answered, and a room.
fn three() -> (Bench, OperationId) {
    let mut bench = Bench::answered();
    assert_eq!((bench.dialled(1), bench.dialled(2)), (AGENT, COACH));
    let room = bench.open_room();
    assert_eq!(bench.room_commands(), [RoomCommand::Open]);
    (bench, room)
}

#[test]
fn legs_that_join_are_seated_and_those_that_leave_are_not() {
    let (mut bench, room) = three();
    assert_eq!(bench.join(room, CALLER, talks()), Ok(0));
    assert_eq!(bench.seats(CALLER), [Some(wanted(RoomPart::Talks, &[]))]);
    assert_eq!(bench.join(room, AGENT, talks()), Ok(1));
    assert_eq!(bench.seats(CALLER), [], "nothing has changed for it");
    bench.ask(Ask::Mute { leg: AGENT });
    assert_eq!(bench.seats(AGENT), [Some(wanted(RoomPart::Listens, &[]))]);
    bench.ask(Ask::Unmute { leg: AGENT });
    assert_eq!(bench.seats(AGENT), [Some(wanted(RoomPart::Talks, &[]))]);
    bench.ask(Ask::LeaveRoom { room, leg: AGENT });
    assert_eq!(bench.seats(AGENT), [None]);
    assert_eq!(bench.join(room, AGENT, talks()), Ok(1), "and back");
}

#[test]
fn a_whisper_is_heard_by_those_who_are_there_and_by_nobody_without_them() {
    let (mut bench, room) = three();
    bench.join(room, CALLER, talks()).expect("a seat");
    let whispers = Seat {
        heard_by: vec![AGENT.0],
        ..talks()
    };
    bench.join(room, COACH, whispers).expect("a seat");
    assert_eq!(
        bench.seats(COACH),
        [Some(wanted(RoomPart::Listens, &[]))],
        "the agent is not there yet"
    );
    bench.join(room, AGENT, talks()).expect("a seat");
    assert_eq!(bench.seats(COACH), [Some(wanted(RoomPart::Talks, &[AGENT]))]);
    bench.leaves(AGENT);
    assert_eq!(bench.seats(COACH), [Some(wanted(RoomPart::Listens, &[]))]);
    let why = Interruption::HungUp;
    assert_eq!(bench.event(room), Some(RoomEvent::Left { leg: 1, why }));
    assert_eq!(bench.event(room), None);
}

#[test]
fn events_wake_whoever_waits_and_of_speakers_the_last_is_told() {
    let (mut bench, room) = three();
    bench.join(room, CALLER, talks()).expect("a seat");
    let any = Ask::WaitAny {
        operations: vec![room],
        timeout_ms: None,
    };
    assert_eq!(bench.ask(any), None);
    let speaks = |leg| Input::Room {
        number: 1,
        signal: RoomSignal::Speaker(leg),
    };
    assert_eq!(bench.feed(speaks(Some(CALLER))), Some(Answer::Any(Ok(Some(0)))));
    bench.feed(speaks(None));
    bench.feed(speaks(Some(COACH)));
    assert_eq!(
        bench.event(room),
        Some(RoomEvent::Speaker(None)),
        "who sits nowhere is nobody, and what nobody read is gone"
    );
    bench.feed(Input::Room {
        number: 1,
        signal: RoomSignal::Failed,
    });
    assert_eq!(bench.event(room), Some(RoomEvent::Failed));
    bench.feed(Input::Room {
        number: 9,
        signal: RoomSignal::Failed,
    });
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let (mut bench, room) = three();
    let other = bench.open_room();
    bench.join(room, CALLER, talks()).expect("a seat");
    assert_eq!(bench.join(other, CALLER, talks()), Err(Error::AlreadyBridged));
    let bridge = |bench: &mut Bench| {
        bench.ask(Ask::StartBridge {
            first: CALLER,
            second: AGENT,
            options: crate::words::BridgeOptions {
                hang_up_on: None,
                longest_ms: None,
                keys: crate::words::KeysBetween::Pass,
                transfers: crate::words::TransferPolicy::Refuse,
                hold_music: None,
            },
        })
    };
    assert_eq!(bridge(&mut bench), Some(Answer::Started(Err(Error::AlreadyBridged))));
    let loud = Seat {
        to_room_db: 21,
        ..talks()
    };
    assert!(
        matches!(bench.join(room, AGENT, loud), Err(Error::Invalid { argument, .. }) if argument == "seat.to-room-db")
    );
    let many = Seat {
        heard_by: vec![0; 65],
        ..talks()
    };
    assert!(
        matches!(bench.join(room, AGENT, many), Err(Error::Invalid { argument, .. }) if argument == "seat.heard-by")
    );
    bench.open_room();
    bench.open_room();
    let refused = bench.ask(Ask::OpenRoom);
    let limit = Error::Limit {
        name: LimitName::Rooms,
        allowed: 4,
        asked: 5,
    };
    assert_eq!(refused, Some(Answer::Started(Err(limit))));
    bench.leaves(AGENT);
    let gone = Error::Interrupted(Interruption::HungUp);
    assert_eq!(bench.join(room, AGENT, talks()), Err(gone));
}

#[test]
fn a_room_that_is_dropped_closes_after_its_seats_are_taken_away() {
    let (mut bench, room) = three();
    bench.join(room, CALLER, talks()).expect("a seat");
    bench.ask(Ask::Forget { operation: room });
    assert_eq!(bench.seats(CALLER), [None]);
    assert!(matches!(bench.outputs.last(), Some(Output::Resume { .. })));
    let close = bench.outputs.iter().position(|output| {
        matches!(
            output,
            Output::Room {
                command: RoomCommand::Close,
                ..
            }
        )
    });
    let seat = bench
        .outputs
        .iter()
        .position(|output| matches!(output, Output::Media(_, MediaCommand::Seat(None))));
    assert!(seat < close && close.is_some(), "{:?}", bench.outputs);
    // Its legs may be bridged again, or sit elsewhere.
    let room = bench.open_room();
    assert_eq!(bench.join(room, CALLER, talks()), Ok(0));
    // A handler that ends closes what it held.
    bench.returns();
    assert!(bench.outputs.iter().any(|output| matches!(
        output,
        Output::Room {
            number: 2,
            command: RoomCommand::Close
        }
    )));
}

#[test]
fn a_recording_of_a_room_ends_with_it_and_takes_no_keys_or_beeps() {
    let (mut bench, room) = three();
    bench.join(room, CALLER, talks()).expect("a seat");
    let start = |bench: &mut Bench, options| bench.ask(Ask::StartRoomRecord { room, options });
    for options in [
        RecordOptions {
            beep: Beep::Yes,
            ..record_options()
        },
        RecordOptions {
            finish_on: vec![Key::from_char('#').expect("a key")],
            ..record_options()
        },
    ] {
        let refused = start(&mut bench, options);
        assert!(
            matches!(refused, Some(Answer::Started(Err(Error::Invalid { .. })))),
            "{refused:?}"
        );
    }
    let started = start(&mut bench, record_options());
    assert!(matches!(started, Some(Answer::Started(Ok(_)))), "{started:?}");
    let begun = |command: &RoomCommand| {
        matches!(
            command,
            RoomCommand::Tap {
                recording: 1,
                order: TapCommand::Begin(_)
            }
        )
    };
    assert!(bench.room_commands().iter().any(begun), "{:?}", bench.outputs);
    // A leg that leaves does not end it; the room's end does.
    bench.leaves(AGENT);
    assert!(bench.call.recordings[0].runs());
    bench.ask(Ask::Forget { operation: room });
    bench.feed(Input::Recording {
        number: 1,
        signal: RecordingSignal::TapOver {
            channel: 0,
            why: Tapped::Closed,
        },
    });
    let stored = RecordingSignal::Stored(Ok(Saved {
        length_ms: 5_000,
        bytes: 80_044,
        sha256: [1; 32],
    }));
    bench.feed(Input::Recording {
        number: 1,
        signal: stored,
    });
    let records = bench.call.recording_records();
    let record = &records[0];
    assert_eq!(record.outcome, RecordingOutcome::Ended(RecordEnd::Stopped));
    assert_eq!((record.legs.len(), record.room), (0, Some(1)));
}
