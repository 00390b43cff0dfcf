//! Rooms on their way between a call and media engines: where each is mixed, and who sits in it. Each has a number here,
//! unique in the shard, by which engines know it. A room is mixed by the engine of a leg that its call had when it opened.

use crate::io::Output;
use crate::live::{Live, Session};
use crate::media_plan;
use crate::recordings::tap_order;
use crate::shard::Shard;
use patchcord_control::call::{Input as CallInput, RecordingSignal, RoomCommand, RoomSignal, SeatWanted, Tapped};
use patchcord_control::ids::{CallId, LegId};
use patchcord_control::words::RoomPart;
use patchcord_media::mixer::Part;
use patchcord_media::{Command, Joined, RoomEvent, RoomId, RoomOrder, SeatPlan, SessionId, TapId};
use std::time::Instant;

/// Where a room of a call is mixed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoomPlace {
    pub(crate) id: RoomId,
    /// Of the media engine.
    thread: usize,
}

/// A leg that sits in a room.
#[derive(Debug, Clone)]
pub(crate) struct Seated {
    session: SessionId,
    wanted: SeatWanted,
}

impl Shard {
    pub(crate) fn room_command(&mut self, now: Instant, id: CallId, number: u32, command: RoomCommand) {
        match command {
            RoomCommand::Open => self.open_room(now, id, number),
            RoomCommand::Tap { recording, order } => {
                let live = self.live(id);
                let (place, key) = (
                    live.rooms.get(&number).copied(),
                    live.recordings.get(&recording).copied(),
                );
                let Some(key) = key else { return };
                if place.is_none() {
                    let signal = RecordingSignal::TapOver {
                        channel: 0,
                        why: Tapped::Closed,
                    };
                    let number = recording;
                    return self.tell(now, id, CallInput::Recording { number, signal });
                }
                let tap = TapId {
                    number: key.0,
                    channel: 0,
                };
                let order = tap_order(order);
                self.room_order(id, number, RoomOrder::Tap { tap, order });
            }
            RoomCommand::Close => {
                self.room_order(id, number, RoomOrder::Close);
                if let Some(place) = self.live(id).rooms.remove(&number) {
                    self.rooms.remove(&place.id.number);
                }
            }
        }
    }

    fn open_room(&mut self, now: Instant, id: CallId, number: u32) {
        let home = self.live(id).legs.values().next().map(|io| io.port);
        let Some(home) = home else {
            let signal = RoomSignal::Failed;
            return self.tell(now, id, CallInput::Room { number, signal });
        };
        self.last_room += 1;
        let place = RoomPlace {
            id: RoomId {
                home: home.session,
                number: self.last_room,
            },
            thread: home.thread,
        };
        self.rooms.insert(place.id.number, (id, number));
        self.live(id).rooms.insert(number, place);
        self.room_order(id, number, RoomOrder::Open);
    }

    fn room_order(&mut self, id: CallId, number: u32, order: RoomOrder) {
        let Some(place) = self.live(id).rooms.get(&number).copied() else {
            return;
        };
        self.media_output(place.thread, Command::Room { room: place.id, order });
    }

    /// Gives a leg a seat, another one, or none.
    pub(crate) fn seat(&mut self, id: CallId, leg: LegId, wanted: Option<SeatWanted>) {
        let live = self.live(id);
        let before = live.seats.remove(&leg);
        if let Some(before) = before.filter(|before| wanted.as_ref().map(|it| it.room) != Some(before.wanted.room)) {
            let session = before.session;
            self.room_order(id, before.wanted.room, RoomOrder::Leave { session });
            self.join(id, leg, None);
        }
        let live = self.live(id);
        let place = wanted.as_ref().and_then(|it| live.rooms.get(&it.room).copied());
        let (Some(wanted), Some(place), Some(io)) = (wanted, place, live.legs.get(&leg)) else {
            return;
        };
        let Some(agreed) = io.agreed.as_ref().filter(|_| io.session == Session::Open) else {
            return;
        };
        let (session, rate) = (io.port.session, media_plan::rate(agreed));
        let plan = live.seat_plan(&wanted);
        let joined = Joined {
            room: place.id,
            part: plan.part,
        };
        let room = wanted.room;
        live.seats.insert(leg, Seated { session, wanted });
        self.room_order(id, room, RoomOrder::Seat { session, rate, plan });
        self.join(id, leg, Some(joined));
    }

    /// A leg's session may have another codec now, and with it another rate.
    pub(crate) fn seat_again(&mut self, id: CallId, leg: LegId) {
        if let Some(seated) = self.live(id).seats.get(&leg).cloned() {
            self.seat(id, leg, Some(seated.wanted));
        }
    }

    fn join(&mut self, id: CallId, leg: LegId, joined: Option<Joined>) {
        if let Some((session, thread)) = self.live(id).open_session(leg) {
            self.media_output(thread, Command::Join { session, joined });
        }
    }

    /// What a media engine reports of a room.
    pub(crate) fn room_report(&mut self, now: Instant, room: RoomId, event: RoomEvent) {
        let Some((id, number)) = self.rooms.get(&room.number).copied() else {
            return;
        };
        let signal = match event {
            RoomEvent::Speaker(session) => {
                let seats = &self.live(id).seats;
                let sits = |session: SessionId| seats.iter().find(|(_, seated)| seated.session == session);
                RoomSignal::Speaker(session.and_then(sits).map(|(leg, _)| *leg))
            }
            RoomEvent::Refused => RoomSignal::Failed,
        };
        self.feed(now, id, CallInput::Room { number, signal });
    }

    /// The rooms of a call that is over.
    pub(crate) fn close_rooms(&mut self, rooms: impl Iterator<Item = RoomPlace>) {
        for place in rooms {
            self.rooms.remove(&place.id.number);
            let order = RoomOrder::Close;
            let outputs = &mut self.outputs;
            outputs.push_back(Output::Media {
                thread: place.thread,
                command: Command::Room { room: place.id, order },
            });
        }
    }
}

impl Live {
    /// A seat as engines know it. The call names only listeners that sit in the room, and has said that a leg only listens
    /// if there would be none.
    fn seat_plan(&self, wanted: &SeatWanted) -> SeatPlan {
        let session = |leg: &LegId| self.legs.get(leg).map(|io| io.port.session);
        let heard_by: Vec<SessionId> = wanted.heard_by.iter().filter_map(session).collect();
        SeatPlan {
            part: match wanted.part {
                // A whisper that nobody could hear must not become one that everybody does.
                RoomPart::Talks if wanted.heard_by.is_empty() == heard_by.is_empty() => Part::Talks,
                RoomPart::Talks | RoomPart::Listens => Part::ListensOnly,
            },
            to_room_db: wanted.to_room_db,
            from_room_db: wanted.from_room_db,
            heard_by,
        }
    }
}
