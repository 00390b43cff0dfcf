//! The sound of a phone: a media engine with one session that is always listened to, ticked every 20 ms from the moment
//! it is opened.

use super::{Lane, Output, Refusal};
use patchcord_media::{
    self as media, Clip, Command, Config, Counters, Datagram, Engine, FRAME, FRAME_SAMPLES, KeyPress, Listening,
    MAX_KEY_PRESSES, PHASES, Plan, PlayEnd, PlayId, Prompt, Relayed, Report, Segment, SessionId, Sink, StopOnKey,
};
use patchcord_sip::sdp::{Codec, Direction};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// Ticks made up for at once after a late wake-up; an owner that is later than that has a hole in its sound.
const CATCH_UP_TICKS: u32 = 10;
/// The last event that is a key.
const LAST_KEY: u8 = 15;

/// Something the phone is to know.
#[derive(Debug)]
pub(super) enum AudioEvent {
    KeySent,
    Said,
    Silent,
    Refused,
    Closed(Box<Counters>),
}

pub(super) struct Audio {
    engine: Engine,
    /// Every session lies in phase 0.
    session: SessionId,
    stage: Stage,
    plan: Option<Plan>,
    next_tick: Option<Instant>,
    next_play: u32,
    keys_out: u64,
    keys_waiting: usize,
    events: VecDeque<AudioEvent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Shut,
    Open,
    Closing,
}

impl Audio {
    pub(super) fn new(seed: u64) -> Self {
        let config = Config {
            max_sessions: 2,
            ..Config::default()
        };
        Self {
            engine: Engine::new(config, seed),
            session: SessionId(0),
            stage: Stage::Shut,
            plan: None,
            next_tick: None,
            next_play: 0,
            keys_out: 0,
            keys_waiting: 0,
            events: VecDeque::new(),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.next_tick
    }

    pub(super) fn poll(&mut self) -> Option<AudioEvent> {
        self.events.pop_front()
    }

    /// Opens the session, or gives it a new plan.
    pub(super) fn adopt(&mut self, now: Instant, plan: Plan) {
        let session = self.session;
        match self.stage {
            Stage::Shut => {
                self.engine.command(
                    now,
                    Command::Open {
                        session,
                        plan: plan.clone(),
                    },
                );
                self.engine.command(
                    now,
                    Command::Listen {
                        session,
                        listening: Listening::On,
                    },
                );
                self.next_tick = Some(now + FRAME);
                self.stage = Stage::Open;
            }
            Stage::Open => self.engine.command(
                now,
                Command::Update {
                    session,
                    plan: plan.clone(),
                },
            ),
            Stage::Closing => return,
        }
        self.plan = Some(plan);
        self.reports();
    }

    pub(super) fn press(&mut self, now: Instant, keys: Vec<KeyPress>) -> Result<(), Refusal> {
        let plan = self.plan.as_ref().filter(|_| self.is_open()).ok_or(Refusal::NoAudio)?;
        plan.telephone_event.ok_or(Refusal::NoTelephoneEvents)?;
        if self.keys_waiting + keys.len() > MAX_KEY_PRESSES || keys.iter().any(|key| key.event > LAST_KEY) {
            return Err(Refusal::Keys);
        }
        self.keys_waiting += keys.len();
        self.engine.command(
            now,
            Command::SendKeys {
                session: self.session,
                keys,
            },
        );
        self.reports();
        Ok(())
    }

    pub(super) fn say(&mut self, now: Instant, clip: Arc<Clip>) -> Result<(), Refusal> {
        if !self.is_open() {
            return Err(Refusal::NoAudio);
        }
        self.next_play += 1;
        let prompt = Prompt {
            segments: vec![Segment::Clip(clip)],
            times: 1,
        };
        let play = PlayId(self.next_play);
        let stop_on_key = StopOnKey::PlayOn;
        self.engine.command(
            now,
            Command::Play {
                session: self.session,
                play,
                prompt,
                stop_on_key,
            },
        );
        self.reports();
        Ok(())
    }

    pub(super) fn close(&mut self, now: Instant) {
        self.stage = Stage::Closing;
        self.engine.command(now, Command::Close { session: self.session });
        self.reports();
    }

    pub(super) fn packet(
        &mut self,
        now: Instant,
        lane: Lane,
        from: SocketAddr,
        bytes: &[u8],
        outputs: &mut VecDeque<Output>,
    ) {
        if self.stage == Stage::Shut {
            return;
        }
        let lane = if lane == Lane::Rtcp {
            media::Lane::Rtcp
        } else {
            media::Lane::Rtp
        };
        let datagram = Datagram {
            session: self.session,
            lane,
            from,
            bytes,
        };
        self.engine.packet(now, datagram, &mut Collected { at: now, outputs });
        self.reports();
    }

    pub(super) fn deadline(&mut self, now: Instant, outputs: &mut VecDeque<Output>) {
        for _ in 0..CATCH_UP_TICKS {
            let Some(at) = self.next_tick.filter(|at| *at <= now) else {
                return;
            };
            self.next_tick = Some(at + FRAME);
            self.engine.tick(at, 0, &mut Collected { at, outputs });
            self.keys_out();
            self.reports();
        }
        while let Some(at) = self.next_tick.filter(|at| *at <= now) {
            self.next_tick = Some(at + FRAME);
        }
    }

    /// A key counts as sent once the engine says so.
    fn keys_out(&mut self) {
        let Some(counters) = self.engine.counters(self.session) else {
            return;
        };
        for _ in self.keys_out..counters.keys_out {
            self.keys_waiting = self.keys_waiting.saturating_sub(1);
            self.events.push_back(AudioEvent::KeySent);
        }
        self.keys_out = counters.keys_out;
    }

    fn reports(&mut self) {
        while let Some(report) = self.engine.poll_report() {
            match report {
                Report::PlayEnded {
                    why: PlayEnd::Finished, ..
                } => self.events.push_back(AudioEvent::Said),
                Report::Silent { .. } => self.events.push_back(AudioEvent::Silent),
                Report::Refused { .. } => self.events.push_back(AudioEvent::Refused),
                Report::Closed { counters, .. } => self.closed(counters),
                // Keys of the far end and prompts that were cut short are nothing to a test phone; it detects nobody.
                Report::Key { .. } | Report::PlayEnded { .. } | Report::Detected { .. } => {}
            }
        }
    }

    fn closed(&mut self, counters: Counters) {
        self.stage = Stage::Shut;
        self.plan = None;
        self.next_tick = None;
        self.keys_out = 0;
        self.keys_waiting = 0;
        // A new number for the next call, so that late packets of this one mean nothing to it; in the same phase.
        self.session = SessionId(self.session.0.wrapping_add(PHASES as u32));
        self.events.push_back(AudioEvent::Closed(Box::new(counters)));
    }
}

/// Takes what a tick makes.
struct Collected<'a> {
    at: Instant,
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

    // A phone has one session and relays to none.
    fn relay(&mut self, _: SessionId, _: &Relayed<'_>) {}

    fn heard(&mut self, _: SessionId, samples: &[i16]) {
        let mut frame = [0; FRAME_SAMPLES];
        frame.copy_from_slice(samples);
        self.outputs.push_back(Output::Heard {
            at: self.at,
            samples: frame,
        });
    }
}

pub(super) fn codec(codec: Codec) -> media::Codec {
    match codec {
        Codec::Pcmu => media::Codec::Pcmu,
        Codec::Pcma => media::Codec::Pcma,
    }
}

pub(super) fn flow(direction: Direction) -> media::Flow {
    match direction {
        Direction::SendRecv => media::Flow::SendRecv,
        Direction::SendOnly => media::Flow::SendOnly,
        Direction::RecvOnly => media::Flow::RecvOnly,
        Direction::Inactive => media::Flow::Inactive,
    }
}
