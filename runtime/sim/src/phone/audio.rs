//! The sound of a phone: a media engine with a session for each line, always listened to, ticked every 20 ms while one is
//! open. All lines share one pair of ports: a packet belongs to the line whose far end sent it.

use super::{LINES_MAX, Lane, LineId, Output, Refusal};
use patchcord_media::{
    self as media, Clip, Command, Config, Counters, Datagram, Engine, FRAME, FRAME_SAMPLES, KeyPress, Listening,
    MAX_KEY_PRESSES, PHASES, Plan, PlayEnd, PlayId, Prompt, Relayed, Report, Segment, SessionId, Sink, StopOnKey, Tone,
};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Ticks made up for at once after a late wake-up; an owner that is later than that has a hole in its sound.
const CATCH_UP_TICKS: u32 = 10;
/// The last event that is a key.
const LAST_KEY: u8 = 15;
/// How loud a phone hums.
const HUM_DBM0: i8 = -12;
/// One stretch of humming; the next follows without a gap.
const HUM: Duration = Duration::from_secs(600);

/// Something the phone is to know.
#[derive(Debug)]
pub(super) enum AudioEvent {
    KeySent,
    KeyHeard(u8),
    Said,
    Silent,
    Refused,
    Closed(Box<Counters>),
}

pub(super) struct Audio {
    engine: Engine,
    lines: [Sound; LINES_MAX],
    /// Every session lies in phase 0.
    next_session: u32,
    next_tick: Option<Instant>,
    next_play: u32,
    events: VecDeque<(LineId, AudioEvent)>,
}

/// The sound of one line.
struct Sound {
    session: SessionId,
    stage: Stage,
    plan: Option<Plan>,
    keys_out: u64,
    keys_waiting: usize,
    hum: Option<u16>,
    /// The clip that is being said.
    clip: Option<PlayId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Shut,
    Open,
    Closing,
}

impl Sound {
    fn new(session: SessionId) -> Self {
        Self {
            session,
            stage: Stage::Shut,
            plan: None,
            keys_out: 0,
            keys_waiting: 0,
            hum: None,
            clip: None,
        }
    }
}

impl Audio {
    pub(super) fn new(seed: u64) -> Self {
        let config = Config {
            max_sessions: 2 * LINES_MAX,
            ..Config::default()
        };
        let mut audio = Self {
            engine: Engine::new(config, seed),
            lines: std::array::from_fn(|_| Sound::new(SessionId(0))),
            next_session: 0,
            next_tick: None,
            next_play: 0,
            events: VecDeque::new(),
        };
        for line in LineId::all() {
            audio.lines[line.number()] = audio.fresh();
        }
        audio
    }

    /// A line at rest. Its session has a number that no call before it had, so that late packets of one mean nothing.
    fn fresh(&mut self) -> Sound {
        let session = SessionId(self.next_session);
        self.next_session = self.next_session.wrapping_add(PHASES as u32);
        Sound::new(session)
    }

    pub(super) fn is_open(&self, line: LineId) -> bool {
        self.lines[line.number()].stage == Stage::Open
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.next_tick
    }

    pub(super) fn poll(&mut self) -> Option<(LineId, AudioEvent)> {
        self.events.pop_front()
    }

    /// Opens the session of a line, or gives it a new plan.
    pub(super) fn adopt(&mut self, now: Instant, line: LineId, plan: Plan) {
        let sound = &mut self.lines[line.number()];
        let session = sound.session;
        sound.plan = Some(plan.clone());
        match sound.stage {
            Stage::Shut => {
                sound.stage = Stage::Open;
                self.engine.command(now, Command::Open { session, plan });
                let listening = Listening::On;
                self.engine.command(now, Command::Listen { session, listening });
                self.next_tick = self.next_tick.or(Some(now + FRAME));
            }
            Stage::Open => self.engine.command(now, Command::Update { session, plan }),
            Stage::Closing => return,
        }
        self.reports(now);
    }

    pub(super) fn press(&mut self, now: Instant, line: LineId, keys: Vec<KeyPress>) -> Result<(), Refusal> {
        let sound = &mut self.lines[line.number()];
        let plan = sound.plan.as_ref().filter(|_| sound.stage == Stage::Open);
        plan.ok_or(Refusal::NoAudio)?
            .telephone_event
            .ok_or(Refusal::NoTelephoneEvents)?;
        if sound.keys_waiting + keys.len() > MAX_KEY_PRESSES || !all_keys(&keys) {
            return Err(Refusal::Keys);
        }
        sound.keys_waiting += keys.len();
        let session = sound.session;
        self.engine.command(now, Command::SendKeys { session, keys });
        self.reports(now);
        Ok(())
    }

    pub(super) fn say(&mut self, now: Instant, line: LineId, clip: Arc<Clip>) -> Result<(), Refusal> {
        if !self.is_open(line) {
            return Err(Refusal::NoAudio);
        }
        let play = self.play(now, line, Segment::Clip(clip), 1);
        self.lines[line.number()].clip = Some(play);
        self.reports(now);
        Ok(())
    }

    pub(super) fn hum(&mut self, now: Instant, line: LineId, hz: Option<u16>) -> Result<(), Refusal> {
        if !self.is_open(line) {
            return Err(Refusal::NoAudio);
        }
        self.lines[line.number()].hum = hz;
        self.go_on_humming(now, line);
        self.reports(now);
        Ok(())
    }

    fn go_on_humming(&mut self, now: Instant, line: LineId) {
        match self.lines[line.number()].hum {
            Some(hz) => {
                let tone = Tone {
                    frequencies: vec![hz],
                    on: HUM,
                    off: Duration::ZERO,
                    count: 1,
                    level_dbm0: HUM_DBM0,
                };
                self.play(now, line, Segment::Tone(tone), 0);
            }
            // The shortest silence takes the place of what is said.
            None => {
                self.play(now, line, Segment::Silence(FRAME), 1);
            }
        }
    }

    /// Plays something in place of what plays; 0 times is for ever.
    fn play(&mut self, now: Instant, line: LineId, segment: Segment, times: u16) -> PlayId {
        self.next_play += 1;
        let play = PlayId(self.next_play);
        let prompt = Prompt {
            segments: vec![segment],
            times,
        };
        let command = Command::Play {
            session: self.lines[line.number()].session,
            play,
            prompt,
            stop_on_key: StopOnKey::PlayOn,
        };
        self.engine.command(now, command);
        play
    }

    pub(super) fn close(&mut self, now: Instant, line: LineId) {
        let sound = &mut self.lines[line.number()];
        sound.stage = Stage::Closing;
        let session = sound.session;
        self.engine.command(now, Command::Close { session });
        self.reports(now);
    }

    pub(super) fn packet(
        &mut self,
        now: Instant,
        (lane, from): (Lane, SocketAddr),
        bytes: &[u8],
        outputs: &mut VecDeque<Output>,
    ) {
        let Some(session) = self.session_of(lane, from) else {
            return;
        };
        let lane = if lane == Lane::Rtcp {
            media::Lane::Rtcp
        } else {
            media::Lane::Rtp
        };
        let datagram = Datagram {
            session,
            lane,
            from,
            bytes,
        };
        let lines = &self.lines;
        let mut sink = Collected {
            at: now,
            lines,
            outputs,
        };
        self.engine.packet(now, datagram, &mut sink);
        self.reports(now);
    }

    /// The session a packet belongs to: of the line whose far end has this address, else of the only line in a call (its
    /// far end may be behind a translator).
    fn session_of(&self, lane: Lane, from: SocketAddr) -> Option<SessionId> {
        let mut open = self.lines.iter().filter(|sound| sound.stage != Stage::Shut);
        let sends = |sound: &&Sound| {
            let plan = sound.plan.as_ref();
            plan.is_some_and(|plan| match lane {
                Lane::Rtcp => plan.remote_rtcp == from,
                Lane::Rtp | Lane::Sip => plan.remote == from,
            })
        };
        let known = open.clone().find(sends);
        let only = open.next().filter(|_| open.next().is_none());
        known.or(only).map(|sound| sound.session)
    }

    pub(super) fn deadline(&mut self, now: Instant, outputs: &mut VecDeque<Output>) {
        for _ in 0..CATCH_UP_TICKS {
            let Some(at) = self.next_tick.filter(|at| *at <= now) else {
                return;
            };
            self.next_tick = Some(at + FRAME);
            let lines = &self.lines;
            self.engine.tick(at, 0, &mut Collected { at, lines, outputs });
            self.keys_out();
            self.reports(at);
        }
        while let Some(at) = self.next_tick.filter(|at| *at <= now) {
            self.next_tick = Some(at + FRAME);
        }
    }

    /// A key counts as sent once the engine says so.
    fn keys_out(&mut self) {
        for line in LineId::all() {
            let sound = &mut self.lines[line.number()];
            let Some(counters) = self.engine.counters(sound.session) else {
                continue;
            };
            for _ in sound.keys_out..counters.keys_out {
                sound.keys_waiting = sound.keys_waiting.saturating_sub(1);
                self.events.push_back((line, AudioEvent::KeySent));
            }
            sound.keys_out = counters.keys_out;
        }
    }

    fn reports(&mut self, now: Instant) {
        while let Some(report) = self.engine.poll_report() {
            match report {
                Report::PlayEnded { session, play, why, .. } => self.play_ended(now, session, play, why),
                Report::Silent { session } => self.tell(session, AudioEvent::Silent),
                Report::Refused { session, .. } => self.tell(session, AudioEvent::Refused),
                Report::Key { session, event, .. } => self.tell(session, AudioEvent::KeyHeard(event)),
                Report::Closed { session, counters } => self.closed(session, counters),
                // A phone asks for none of these.
                Report::Detected { .. }
                | Report::Tap { .. }
                | Report::Ear { .. }
                | Report::Live { .. }
                | Report::Quality { .. }
                | Report::Room { .. } => {}
            }
        }
    }

    fn play_ended(&mut self, now: Instant, session: SessionId, play: PlayId, why: PlayEnd) {
        let Some(line) = self.line_of(session) else { return };
        let sound = &mut self.lines[line.number()];
        if sound.clip != Some(play) {
            return;
        }
        sound.clip = None;
        if why == PlayEnd::Finished {
            let hums = sound.hum.is_some();
            self.events.push_back((line, AudioEvent::Said));
            if hums {
                self.go_on_humming(now, line);
            }
        }
    }

    fn tell(&mut self, session: SessionId, event: AudioEvent) {
        if let Some(line) = self.line_of(session) {
            self.events.push_back((line, event));
        }
    }

    fn closed(&mut self, session: SessionId, counters: Counters) {
        let Some(line) = self.line_of(session) else { return };
        self.lines[line.number()] = self.fresh();
        if self.lines.iter().all(|sound| sound.stage == Stage::Shut) {
            self.next_tick = None;
        }
        self.events.push_back((line, AudioEvent::Closed(Box::new(counters))));
    }

    fn line_of(&self, session: SessionId) -> Option<LineId> {
        line_of(&self.lines, session)
    }
}

fn line_of(lines: &[Sound], session: SessionId) -> Option<LineId> {
    LineId::all().find(|line| lines[line.number()].session == session)
}

/// Whether there is nothing but keys among them.
pub(super) fn all_keys(keys: &[KeyPress]) -> bool {
    keys.iter().all(|key| key.event <= LAST_KEY)
}

/// Takes what a tick makes.
struct Collected<'a> {
    at: Instant,
    lines: &'a [Sound],
    outputs: &'a mut VecDeque<Output>,
}

impl Sink for Collected<'_> {
    fn send(&mut self, _: SessionId, lane: media::Lane, to: SocketAddr, packet: &[u8]) {
        let lane = match lane {
            media::Lane::Rtp => Lane::Rtp,
            media::Lane::Rtcp => Lane::Rtcp,
        };
        self.outputs.push_back(Output::Send {
            lane,
            to,
            bytes: packet.to_vec(),
        });
    }

    // The lines of a phone are not joined.
    fn relay(&mut self, _: SessionId, _: &Relayed<'_>) {}

    fn heard(&mut self, session: SessionId, samples: &[i16]) {
        let Some(line) = line_of(self.lines, session) else {
            return;
        };
        let mut frame = [0; FRAME_SAMPLES];
        frame.copy_from_slice(samples);
        self.outputs.push_back(Output::Heard {
            line,
            at: self.at,
            samples: frame,
        });
    }
}
