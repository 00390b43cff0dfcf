//! One session: what a command, a packet and a tick do to it. The parts are modules of their own; here they meet.
//! Not here: finding sessions by number, which is the engine's.

mod ears;
mod live;
mod rating;
mod receive;
mod relay;
mod seat;
mod send;
mod tones;

use rating::rated;
pub(crate) use receive::Onward;
pub(crate) use seat::Distance;

use crate::codec::Encoder;
use crate::detect::Detector;
use crate::dtmf::ToneGenerator;
use crate::ear::Ear;
use crate::hearing::Hearing;
use crate::keys_in::KeyDetector;
use crate::keys_out::{Clocks, KeySender};
use crate::live::Live;
use crate::noise::Noise;
use crate::out_stream::OutStream;
use crate::pace::Pace;
use crate::packer::{LONGEST_FRAME, Packer};
use crate::player::Player;
use crate::random::Random;
use crate::reception::Reception;
use crate::relay::Route;
use crate::reports::Reports;
use crate::room::Rooms;
use crate::rtcp::Farewell;
use crate::rtcp_clock::RtcpClock;
use crate::source::Source;
use crate::srtp::Srtp;
use crate::tap::Taps;
use crate::{
    Config, Counters, DetectOptions, KeyPress, Listening, MAX_SEGMENTS, Plan, PlayChange, PlayEnd, PlayId, Prompt,
    Refusal,
};
use crate::{
    FRAME_SAMPLES, Report, SAMPLE_RATE, SessionId, Sink, StopOnKey, TapEnd, TapEvent, TapId, TapOrder, Unknown, Verdict,
};
use std::time::{Duration, Instant};

/// Missed ticks for which heard sound is still handed on, so that a recording keeps its length; those above are left out.
pub(crate) const MAX_HEARD_AT_ONCE: u64 = 25;
/// Largest event that is a key.
const LAST_KEY: u8 = 15;

/// The engine's times, as a session needs them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    /// Since the engine's first command.
    pub(crate) since_start: Duration,
}

/// One session. More than twelve fields, because each is one part with one task, and here is where they meet.
#[derive(Debug)]
pub(crate) struct Session {
    id: SessionId,
    /// Tells it from others that had or will have its number.
    birth: u64,
    plan: Plan,
    latch_window: Duration,
    source: Source,
    reception: Reception,
    keys_in: KeyDetector,
    keys_out: KeySender,
    /// Of a session without telephone events.
    tones_in: Option<Box<tones::TonesIn>>,
    key_guard: Option<Box<tones::KeyGuard>>,
    tones_out: ToneGenerator,
    player: Option<Player>,
    live: Option<Box<Live>>,
    heard: Option<Hearing>,
    listening: Listening,
    detector: Option<Detector>,
    taps: Taps,
    /// Kept when it is over, because a tick frees nothing.
    ear: Option<Box<Ear>>,
    seat: Option<Box<seat::Seat>>,
    route: Option<Route>,
    pace: Pace,
    stream: OutStream,
    srtp: Option<Box<Srtp>>,
    encoder: Encoder,
    /// Of a session whose packets are not as long as a tick.
    packer: Option<Box<Packer>>,
    /// Of what is relayed to it in another codec.
    transcoding: relay::Transcoding,
    /// What stands for silence while the far end of a bridge is silent.
    comfort: Option<Noise>,
    rtcp: RtcpClock,
    silence: Silence,
    random: Random,
    counters: Counters,
    closing: bool,
}

/// Watching for silence.
#[derive(Debug)]
struct Silence {
    since: Instant,
    said: bool,
}

impl Session {
    pub(crate) fn new(id: SessionId, plan: Plan, config: &Config, now: Instant, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut session = Self {
            id,
            birth: seed,
            latch_window: config.latch_window,
            source: Source::new(plan.remote, plan.remote_rtcp, now + config.latch_window),
            reception: Reception::default(),
            keys_in: KeyDetector::default(),
            keys_out: KeySender::default(),
            tones_in: None,
            key_guard: None,
            tones_out: ToneGenerator::default(),
            player: None,
            live: None,
            heard: None,
            listening: Listening::Off,
            detector: None,
            taps: Taps::default(),
            ear: None,
            seat: None,
            route: None,
            pace: Pace::default(),
            stream: OutStream::new(&mut random),
            srtp: plan.srtp.map(|keys| Box::new(Srtp::new(keys))),
            encoder: Encoder::new(plan.codec, plan.opus),
            packer: None,
            transcoding: relay::Transcoding::default(),
            comfort: None,
            rtcp: RtcpClock::new(config.rtcp_interval),
            silence: Silence {
                since: now,
                said: false,
            },
            random,
            counters: Counters::default(),
            closing: false,
            plan,
        };
        session.set_clocks();
        session.set_packing();
        session.listen_for_tones();
        session
    }

    /// Its counters as of now.
    pub(crate) fn counters(&self) -> Counters {
        let counted = Counters {
            lost: self.reception.lost(),
            jitter_us: self.reception.jitter_us(),
            ..self.counters
        };
        rated(counted, &self.reception)
    }

    /// Whether it only waits for its last tick.
    pub(crate) fn closing(&self) -> bool {
        self.closing
    }

    pub(crate) fn update(&mut self, now: Instant, plan: Plan) {
        self.source
            .update(plan.remote, plan.remote_rtcp, now + self.latch_window);
        if plan.flow.receives() != self.plan.flow.receives() || plan.timeout != self.plan.timeout {
            self.silence = Silence {
                since: now,
                said: false,
            };
        }
        if plan.telephone_event.is_none() {
            self.keys_out.clear();
        }
        if (plan.codec, plan.opus) != (self.plan.codec, self.plan.opus) {
            self.encoder = Encoder::new(plan.codec, plan.opus);
        }
        match (self.srtp.as_mut(), plan.srtp) {
            (Some(srtp), Some(keys)) => srtp.update(keys),
            (_, keys) => self.srtp = keys.map(|keys| Box::new(Srtp::new(keys))),
        }
        self.plan = plan;
        self.set_clocks();
        self.set_packing();
        self.listen_for_tones();
        self.tune_live();
        self.tune_seat();
        self.tune_hearing();
    }

    /// What is received is heard at the rate of the plan's codec.
    fn tune_hearing(&mut self) {
        let rate = self.plan.codec.rate();
        if self.heard.as_ref().is_some_and(|heard| heard.rate() != rate) {
            self.heard = Some(Hearing::new(self.plan.codec));
        }
    }

    /// Lets what is sent count in the units of the plan's codec.
    fn set_clocks(&mut self) {
        let stream = self.plan.codec.clock();
        self.stream.set_hertz(stream);
        let event = self.plan.telephone_event.map_or(SAMPLE_RATE, |events| events.clock);
        self.keys_out.set_clocks(Clocks { event, stream });
    }

    /// Makes packets as long as the plan has it. What waits for one to be full goes on waiting, unless the codec changes.
    fn set_packing(&mut self) {
        let codec = self.plan.codec;
        let length = self.plan.packets.own.samples_in(codec);
        match self.packer.as_mut().filter(|packer| packer.codec() == codec) {
            Some(packer) if packer.waits() > 0 => packer.set_length(length),
            _ => self.packer = (length != codec.rate().frame()).then(|| Box::new(Packer::new(codec, length))),
        }
    }

    pub(crate) fn play(&mut self, play: PlayId, prompt: Prompt, stop_on_key: StopOnKey, reports: &mut Reports) {
        if prompt.segments.len() > MAX_SEGMENTS {
            let why = PlayEnd::Refused;
            reports.push(Report::PlayEnded {
                session: self.id,
                play,
                played: Duration::ZERO,
                position: Duration::ZERO,
                why,
            });
            return;
        }
        self.end_play(PlayEnd::Replaced, reports);
        let player = Player::new(play, prompt, stop_on_key);
        if player.ended() {
            let why = PlayEnd::Finished;
            reports.push(Report::PlayEnded {
                session: self.id,
                play,
                played: Duration::ZERO,
                position: Duration::ZERO,
                why,
            });
        }
        self.player = Some(player);
    }

    /// Changes how a prompt plays.
    pub(crate) fn change_play(&mut self, play: PlayId, change: PlayChange) {
        if let Some(player) = self.player.as_mut().filter(|player| player.play() == play) {
            player.change(change);
        }
    }

    pub(crate) fn stop(&mut self, play: PlayId, reports: &mut Reports) {
        if self.player.as_ref().is_some_and(|player| player.play() == play) {
            self.end_play(PlayEnd::Stopped, reports);
            self.player = None;
        }
    }

    pub(crate) fn send_keys(&mut self, keys: Vec<KeyPress>) -> Result<(), Refusal> {
        if keys.iter().any(|key| key.event > LAST_KEY) {
            return Err(Refusal::NotAKey);
        }
        let events = self.plan.telephone_event.is_some();
        let room = if events {
            self.keys_out.has_room(keys.len())
        } else {
            self.tones_out.has_room(keys.len())
        };
        if !room {
            return Err(Refusal::TooManyKeys);
        }
        if events {
            self.keys_out.push(keys);
        } else {
            self.tones_out.push(keys);
        }
        Ok(())
    }

    pub(crate) fn listen(&mut self, listening: Listening) {
        if listening == Listening::On {
            self.want_sound();
        }
        self.listening = listening;
        self.fit_hearing();
    }

    pub(crate) fn detect(
        &mut self,
        now: Instant,
        options: DetectOptions,
        reports: &mut Reports,
    ) -> Result<(), Refusal> {
        if !options.in_range() {
            return Err(Refusal::DetectOptions);
        }
        self.end_detection(now, Unknown::Replaced, reports);
        self.want_sound();
        self.detector = Some(Detector::new(options));
        Ok(())
    }

    pub(crate) fn tap(&mut self, tap: TapId, order: TapOrder, reports: &mut Reports) {
        if let TapOrder::Begin(_) = order {
            self.want_sound();
        }
        if let Some(event) = self.taps.order(tap, order) {
            let session = self.id;
            reports.push(Report::Tap { session, tap, event });
        }
    }

    /// Makes sure that received sound is kept; a buffer that was not in use begins anew.
    fn want_sound(&mut self) {
        if !self.wants_sound() {
            self.heard = Some(Hearing::new(self.plan.codec));
        }
    }

    /// Keeps received sound no longer if nobody has a use for it.
    fn fit_hearing(&mut self) {
        if !self.wants_sound() {
            self.heard = None;
        }
    }

    /// Whether anybody has a use for received sound.
    fn wants_sound(&self) -> bool {
        self.speaks_in_room() || self.wants_telephone_sound()
    }

    /// Whether anybody takes it at 8 kHz.
    fn wants_telephone_sound(&self) -> bool {
        self.listening == Listening::On
            || !self.taps.is_empty()
            || self.ear.as_ref().is_some_and(|ear| ear.open())
            || self.tones_in.is_some()
            || self.detector.as_ref().is_some_and(Detector::running)
    }

    pub(crate) fn close(&mut self, now: Instant, reports: &mut Reports) {
        self.end_play(PlayEnd::Closed, reports);
        self.end_detection(now, Unknown::Closed, reports);
        self.end_live(reports);
        let session = self.id;
        self.taps.close(|tap| {
            let event = TapEvent::Ended(TapEnd::Closed);
            reports.push(Report::Tap { session, tap, event });
        });
        self.ear = None;
        self.seat = None;
        self.route = None;
        self.player = None;
        self.closing = true;
    }

    /// Lets 20 ms pass.
    pub(crate) fn tick(&mut self, moment: Moment, sink: &mut impl Sink, reports: &mut Reports, rooms: &mut Rooms) {
        if self.closing {
            if let Some(address) = self.send_address() {
                self.flush(address, sink);
            }
            self.say_goodbye(moment, sink);
            reports.push(Report::Closed {
                session: self.id,
                counters: self.counters(),
            });
            return;
        }
        let Some(missed) = self.pace.tick(moment.now) else {
            return;
        };
        if missed > 0 {
            self.counters.ticks_missed += missed;
        }
        self.stream.miss(missed);
        self.send_frame(moment.now, sink, reports);
        self.report_live(reports);
        self.pass_room();
        self.stream.pass_frame();
        if self.rtcp.due(moment.now, &mut self.random) {
            self.send_rtcp(moment, sink, Farewell::Stay);
            reports.push(Report::Quality {
                session: self.id,
                counters: self.counters(),
            });
        }
        self.watch_silence(moment.now, reports);
        self.hand_on_heard(moment.now, missed, (sink, reports), rooms);
        self.report_tone(moment.now, reports);
    }

    fn hand_on_heard<S: Sink>(
        &mut self,
        now: Instant,
        missed: u64,
        (sink, reports): (&mut S, &mut Reports),
        rooms: &mut Rooms,
    ) {
        if !self.wants_sound() {
            return;
        }
        let (mut native, mut narrow) = ([0; LONGEST_FRAME], [0; FRAME_SAMPLES]);
        for _ in 0..=missed.min(MAX_HEARD_AT_ONCE) {
            let telephone = self.wants_telephone_sound();
            let Some(heard) = self.heard.as_mut() else { return };
            let frame = &mut native[..heard.rate().frame()];
            self.counters.frames_concealed += u64::from(heard.pull(frame));
            if telephone {
                heard.narrow(frame, &mut narrow);
                self.hear_frame(now, &narrow, sink, reports);
            }
            if self.heard_key() {
                frame.fill(0);
            }
            self.say_in_room(frame, rooms, sink);
        }
        self.taps.report(self.id, |report| reports.push(report));
        self.report_speech(reports);
    }

    /// Takes a received frame to whoever hears telephone sound.
    fn hear_frame(&mut self, now: Instant, frame: &[i16; FRAME_SAMPLES], sink: &mut impl Sink, reports: &mut Reports) {
        if self.listening == Listening::On {
            sink.heard(self.id, frame);
        }
        self.taps.frame(self.id, frame, sink);
        self.hear_tones(frame);
        self.hear_speech(frame);
        if let Some(verdict) = self.detector.as_mut().and_then(|detector| detector.frame(frame)) {
            reports.push(Report::Detected {
                session: self.id,
                verdict,
                at: now,
            });
        }
    }

    /// Ends a detection that runs. It keeps its memory.
    fn end_detection(&mut self, now: Instant, why: Unknown, reports: &mut Reports) {
        if let Some(detector) = self.detector.as_mut().filter(|detector| detector.running()) {
            detector.end();
            reports.push(Report::Detected {
                session: self.id,
                verdict: Verdict::Unknown(why),
                at: now,
            });
        }
    }

    /// Whether a prompt plays, or live sound.
    fn plays(&self) -> bool {
        self.player.as_ref().is_some_and(|player| !player.ended()) || self.live_sounds()
    }

    fn watch_silence(&mut self, now: Instant, reports: &mut Reports) {
        let Some(timeout) = self.plan.timeout else { return };
        let waits = self.plan.flow.receives() && !self.silence.said;
        if waits && now.saturating_duration_since(self.silence.since) >= timeout {
            self.silence.said = true;
            reports.push(Report::Silent { session: self.id });
        }
    }

    /// Ends the prompt that plays, if one does. It keeps its memory: this may run in a tick or for a packet.
    fn end_play(&mut self, why: PlayEnd, reports: &mut Reports) {
        if let Some(player) = self.player.as_mut().filter(|player| !player.ended()) {
            player.end();
            reports.push(Report::PlayEnded {
                session: self.id,
                play: player.play(),
                played: player.played(),
                position: player.position(),
                why,
            });
        }
    }
}
