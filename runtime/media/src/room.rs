//! Rooms of an engine: sessions of this engine and of others that hear each other, mixed ([`crate::mixer`]), and taps of the
//! whole. A room is told who sits in it and lets 20 ms pass when its phase is ticked, after the sessions of that phase. Not
//! here: what a session does with what it hears (`session::seat`), and who may be in a room.

mod frames;
mod orders;

pub use orders::{MAX_ROOM_SEATS, RoomEvent, RoomFrame, RoomId, RoomOrder, SeatPlan};

pub(crate) use frames::Frames;

use crate::mixer::{LegKey, Mixer, MixerConfig, MixerEvent, Mute, Part, Rate, Way};
use crate::pace::Pace;
use crate::packer::LONGEST_FRAME;
use crate::reports::Reports;
use crate::session::MAX_HEARD_AT_ONCE;
use crate::tap::Taps;
use crate::{FRAME_SAMPLES, PHASES, Report, SessionId, Sink, TapEnd, TapEvent};
use std::time::Instant;

/// The rooms of an engine, in phases like its sessions.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    #[expect(
        clippy::vec_box,
        reason = "opening and closing move the rooms after it: pointers, not the rooms"
    )]
    phases: [Vec<Box<Room>>; PHASES],
}

/// One room.
#[derive(Debug)]
pub(crate) struct Room {
    id: RoomId,
    mixer: Mixer,
    /// Ordered by session.
    seats: Vec<Seat>,
    taps: Taps,
    /// Hears the room for its taps.
    ear: Option<LegKey>,
    pace: Pace,
    tick: u64,
}

/// A session's place in a room.
#[derive(Debug)]
struct Seat {
    session: SessionId,
    key: LegKey,
    rate: Rate,
    plan: SeatPlan,
    /// What comes from another engine.
    coming: Frames,
}

impl Rooms {
    fn find(&mut self, id: RoomId) -> Option<&mut Room> {
        let phase = &mut self.phases[phase_of(id)];
        let place = phase.binary_search_by_key(&id, |room| room.id).ok()?;
        Some(&mut phase[place])
    }

    /// Carries out an order. One for a room that is not open has no effect; false then.
    pub(crate) fn order(&mut self, id: RoomId, order: RoomOrder, most: usize, reports: &mut Reports) -> bool {
        if let RoomOrder::Open = order {
            self.open(id, most, reports);
            return true;
        }
        let Some(room) = self.find(id) else { return false };
        match order {
            RoomOrder::Open => unreachable!("told apart above"),
            RoomOrder::Seat { session, rate, plan } => room.seat(session, rate, plan, reports),
            RoomOrder::Leave { session } => room.leave(session),
            RoomOrder::Tap { tap, order } => {
                if let Some(event) = room.taps.order(tap, order) {
                    let session = id.home;
                    reports.push(Report::Tap { session, tap, event });
                }
                room.fit_ear();
            }
            RoomOrder::Close => {
                room.taps.close(|tap| {
                    let (session, event) = (id.home, TapEvent::Ended(TapEnd::Closed));
                    reports.push(Report::Tap { session, tap, event });
                });
                self.phases[phase_of(id)].retain(|room| room.id != id);
            }
        }
        true
    }

    fn open(&mut self, id: RoomId, most: usize, reports: &mut Reports) {
        let full = self.phases.iter().map(Vec::len).sum::<usize>() >= most;
        let phase = &mut self.phases[phase_of(id)];
        match phase.binary_search_by_key(&id, |room| room.id) {
            Err(place) if !full => phase.insert(place, Box::new(Room::new(id))),
            _ => reports.push(Report::Room {
                room: id,
                event: RoomEvent::Refused,
            }),
        }
    }

    /// What a session of this engine says. False if the room is not here.
    pub(crate) fn say(&mut self, room: RoomId, from: SessionId, samples: &[i16]) -> bool {
        let Some(room) = self.find(room) else { return false };
        if let Some(seat) = room.seat_of(from) {
            let key = seat.key;
            // A frame of another rate came before the seat was told of it.
            let _ = room.mixer.push(key, samples);
        }
        true
    }

    /// What a session of another engine says. False if the room is not here.
    pub(crate) fn say_from_afar(&mut self, room: RoomId, from: SessionId, samples: &[i16]) -> bool {
        let Some(room) = self.find(room) else { return false };
        if let Some(seat) = room.seat_of(from) {
            seat.coming.push(samples);
        }
        true
    }

    /// Lets 20 ms pass in the rooms of a phase. Each seat's sound goes to `hear`.
    pub(crate) fn tick<S: Sink>(
        &mut self,
        now: Instant,
        phase: usize,
        (sink, reports): (&mut S, &mut Reports),
        mut hear: impl FnMut(&RoomFrame<'_>, &mut S),
    ) {
        for room in &mut self.phases[phase] {
            let Some(missed) = room.pace.tick(now) else { continue };
            room.mix(missed, sink, reports);
            for seat in &room.seats {
                let Some(heard) = room.mixer.heard(seat.key) else {
                    continue;
                };
                let frame = RoomFrame {
                    room: room.id,
                    session: seat.session,
                    way: Way::FromRoom,
                    samples: heard.samples(),
                };
                hear(&frame, sink);
            }
        }
    }
}

impl Room {
    fn new(id: RoomId) -> Self {
        let config = MixerConfig {
            // One for the taps, and as many places that become free only with the next tick.
            max_legs: 2 * (MAX_ROOM_SEATS + 1),
            ..MixerConfig::default()
        };
        Self {
            id,
            mixer: Mixer::new(config).expect("a room has places, and mixes all"),
            seats: Vec::new(),
            taps: Taps::default(),
            ear: None,
            pace: Pace::default(),
            tick: 0,
        }
    }

    fn seat_of(&mut self, session: SessionId) -> Option<&mut Seat> {
        let place = self.seats.binary_search_by_key(&session, |seat| seat.session).ok()?;
        Some(&mut self.seats[place])
    }

    /// Gives a session a seat, or changes the one it has.
    fn seat(&mut self, session: SessionId, rate: Rate, plan: SeatPlan, reports: &mut Reports) {
        let found = self.seats.binary_search_by_key(&session, |seat| seat.session);
        let known = found.ok().filter(|&place| self.seats[place].rate == rate);
        let place = match (known, found) {
            (Some(place), _) => place,
            (None, Ok(_)) => {
                self.leave(session);
                return self.seat(session, rate, plan, reports);
            }
            (None, Err(place)) => {
                let key = match self.mixer.add(rate, Part::Talks) {
                    Ok(key) if self.seats.len() < MAX_ROOM_SEATS => key,
                    _ => {
                        let (room, event) = (self.id, RoomEvent::Refused);
                        return reports.push(Report::Room { room, event });
                    }
                };
                let seat = Seat {
                    session,
                    key,
                    rate,
                    plan: SeatPlan::default(),
                    coming: Frames::from_afar(rate),
                };
                self.seats.insert(place, seat);
                place
            }
        };
        self.seats[place].plan = plan;
        let Seat { key, ref plan, .. } = self.seats[place];
        // The owner keeps to the range; what does not is left as it was.
        let _ = self.mixer.set_gain(key, Way::ToRoom, plan.to_room_db.into());
        let _ = self.mixer.set_gain(key, Way::FromRoom, plan.from_room_db.into());
        self.arrange();
    }

    fn leave(&mut self, session: SessionId) {
        let Ok(place) = self.seats.binary_search_by_key(&session, |seat| seat.session) else {
            return;
        };
        let key = self.seats[place].key;
        self.seats.remove(place);
        // Whom only it heard is heard by nobody before it is gone, not by all.
        self.arrange();
        let _ = self.mixer.remove(key);
        self.arrange();
    }

    /// Tells the mixer who is heard by whom. Who is to be heard by some alone is heard by nobody if none of them is there.
    fn arrange(&mut self) {
        for place in 0..self.seats.len() {
            let Seat { key, ref plan, .. } = self.seats[place];
            let listeners: Vec<LegKey> = plan
                .heard_by
                .iter()
                .filter(|&&listener| listener != self.seats[place].session)
                .filter_map(|listener| {
                    let place = self.seats.binary_search_by_key(listener, |seat| seat.session).ok()?;
                    Some(self.seats[place].key)
                })
                .collect();
            let unheard = plan.part == Part::ListensOnly || (!plan.heard_by.is_empty() && listeners.is_empty());
            // Too many whispers: whoever has none left is heard by nobody.
            let refused = self.mixer.whisper(key, &listeners).is_err();
            let mute = if unheard || refused { Mute::Muted } else { Mute::Heard };
            let _ = self.mixer.set_mute(key, mute);
        }
    }

    /// Sees to it that the room has an ear as long as it has taps.
    fn fit_ear(&mut self) {
        match (self.taps.is_empty(), self.ear) {
            (false, None) => self.ear = self.mixer.add(Rate::Hz8000, Part::ListensOnly).ok(),
            (true, Some(ear)) => {
                let _ = self.mixer.remove(ear);
                self.ear = None;
            }
            _ => {}
        }
    }

    fn mix(&mut self, missed: u64, sink: &mut impl Sink, reports: &mut Reports) {
        let mut frame = [0; LONGEST_FRAME];
        for seat in &mut self.seats {
            let frame = &mut frame[..seat.rate.frame()];
            if seat.coming.pop(frame) {
                let _ = self.mixer.push(seat.key, frame);
            }
        }
        self.tick += 1 + missed;
        self.mixer.mix(self.tick);
        self.report_speaker(reports);
        self.tap(missed, sink, reports);
    }

    fn report_speaker(&mut self, reports: &mut Reports) {
        while let Some(event) = self.mixer.poll_event() {
            let MixerEvent::Speaker { leg, .. } = event else {
                continue;
            };
            let seat = leg.and_then(|leg| self.seats.iter().find(|seat| seat.key == leg));
            let event = RoomEvent::Speaker(seat.map(|seat| seat.session));
            reports.push(Report::Room { room: self.id, event });
        }
    }

    fn tap(&mut self, missed: u64, sink: &mut impl Sink, reports: &mut Reports) {
        let Some(ear) = self.ear else { return };
        const SILENCE: [i16; FRAME_SAMPLES] = [0; FRAME_SAMPLES];
        let session = self.id.home;
        for _ in 0..missed.min(MAX_HEARD_AT_ONCE) {
            self.taps.frame(session, &SILENCE, sink);
        }
        let heard = self.mixer.heard(ear).map(|heard| heard.samples());
        let frame = heard.and_then(|samples| samples.first_chunk()).unwrap_or(&SILENCE);
        self.taps.frame(session, frame, sink);
        self.taps.report(session, |report| reports.push(report));
        if self.taps.is_empty() {
            self.fit_ear();
        }
    }
}

fn phase_of(id: RoomId) -> usize {
    id.home.0 as usize % PHASES
}
