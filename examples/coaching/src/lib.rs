//! A caller talks to an agent while a coach may listen in: three legs in one room, which is recorded.
//!
//! The coach presses 1 to listen, 2 to speak to the agent alone, 3 to speak to both.

use patchcord::prelude::*;

patchcord::handler!(handle);

/// How long telephones ring.
const RING: u64 = 25;
/// How long a key of the coach is waited for at a time.
const A_WHILE: u64 = 600;

fn handle(caller: Leg) -> Result<()> {
    let found = caller.dial(Dial::user("agent").ring_for(secs(RING)))?;
    let Some(agent) = found.into_leg() else {
        return caller.reject(RejectReason::Unavailable);
    };
    caller.answer()?;
    let room = Room::open()?;
    room.seat(&caller, Seat::talks())?;
    let agents_number = room.seat(&agent, Seat::talks())?;
    let recording = room.start_record(Record::default())?;
    let ended = converse(&room, agents_number);
    info!("recorded: {:?}", recording.stop());
    ended
}

/// Until the caller or the agent leaves. The coach is called meanwhile.
fn converse(room: &Room, agents_number: u32) -> Result<()> {
    let calling = Dial::user("coach").ring_for(secs(RING)).start_without_caller()?;
    let mut coach: Option<Leg> = None;
    let mut key = None;
    loop {
        let (events, answer) = (room.operation(), calling.operation());
        let pressed = key.as_ref().map(patchcord::Gathering::operation);
        let mut awaited = vec![&events];
        match (&coach, &pressed) {
            (Some(_), Some(pressed)) => awaited.push(pressed),
            (Some(_), None) => {}
            (None, _) if !calling.operation().done() => awaited.push(&answer),
            (None, _) => {}
        }
        wait::any(&awaited, None)?;
        while let Some(event) = room.next_event() {
            match event {
                RoomEvent::Left(gone) if coach.is_some() && gone.leg > agents_number => {
                    info!("the coach has left");
                    (coach, key) = (None, None);
                }
                RoomEvent::Left(_) => return Ok(()),
                RoomEvent::Speaker(_) => {}
                RoomEvent::Failed => return Err(Error::Failed("there is no room for this conversation".to_owned())),
            }
        }
        if let Some(found) = calling.result() {
            coach = found?.into_leg();
            if let Some(coach) = &coach {
                room.seat(coach, Seat::listens())?;
                key = Some(next_key(coach)?);
            }
        }
        let done = key.as_ref().and_then(patchcord::Gathering::result);
        if let (Some(pressed), Some(coach)) = (done, &coach) {
            if let Ok(pressed) = pressed {
                room.seat(coach, seat_by(&pressed.keys, agents_number))?;
            }
            key = Some(next_key(coach)?);
        }
    }
}

fn next_key(coach: &Leg) -> Result<patchcord::Gathering> {
    coach.start_gather(Gather::keys(1).first_key_within(secs(A_WHILE)))
}

/// What the coach does by the key it pressed; any other is as good as the first.
fn seat_by(key: &str, agents_number: u32) -> Seat {
    match key {
        "2" => Seat::talks().heard_only_by(&[agents_number]),
        "3" => Seat::talks(),
        _ => Seat::listens(),
    }
}

#[cfg(test)]
mod tests;
