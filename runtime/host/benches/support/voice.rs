//! What far ends say, prepared once: a sound with the pitch, the formants and the pauses of speech, as packets of mu-law and of Opus. A
//! tone or silence would cost a coder less than people do.

use patchcord_media::{
    Clip, Codec, Command, Config, Engine, FRAME, Flow, Lane, Law, OpusOptions, PHASES, PacketTimes, Plan, PlayId,
    Prompt, Relayed, Segment, SessionId, Sink, StopOnKey, g711, write_wav,
};
use std::f64::consts::TAU;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// Samples of wide-band sound a second, of which Opus is made; the telephones have every other one.
const RATE: u32 = 16_000;
/// How long it is until it begins anew.
const SECONDS: u32 = 4;
/// Samples of 20 ms of a telephone.
const NARROW: usize = 160;
const RTP_HEAD_BYTES: usize = 12;
const PAYLOAD_TYPE: u8 = 111;
/// Units of the clock of Opus in 20 ms.
const TICKS: u32 = 960;
/// Syllables a second, and the part of each that sounds.
const SYLLABLES: f64 = 4.0;
const SOUNDING: f64 = 0.65;
/// Of a vowel: where it is loud, in Hz.
const FORMANTS: [f64; 3] = [600.0, 1_500.0, 2_600.0];
const FORMANT_WIDTH: f64 = 250.0;

/// The sound, in packets of 20 ms.
pub struct Voice {
    pub mu_law: Vec<[u8; NARROW]>,
    /// As our own engine codes it: wide band, 24 kbit/s.
    pub opus: Vec<Vec<u8>>,
}

impl Voice {
    pub fn new() -> Self {
        let wide: Vec<i16> = (0..RATE * SECONDS).map(sample).collect();
        let narrow: Vec<u8> = wide
            .iter()
            .step_by(2)
            .map(|&one| g711::encode(Law::Pcmu, one))
            .collect();
        Self {
            mu_law: narrow.as_chunks().0.to_vec(),
            opus: coded(&wide),
        }
    }
}

/// Harmonics of a pitch that moves, louder near the formants, in syllables.
fn sample(number: u32) -> i16 {
    let at = f64::from(number) / f64::from(RATE);
    let syllable = (at * SYLLABLES).fract() / SOUNDING;
    let loudness = if syllable < 1.0 {
        (syllable * TAU / 2.0).sin()
    } else {
        0.0
    };
    // A sweep is an integral: the pitch goes up and down by 20 Hz around 120 twice in a second.
    let turns = 120.0 * at - 20.0 * (2.0 * TAU * at).cos() / (2.0 * TAU);
    let harmonic = |number: i32| {
        let hz = 120.0 * f64::from(number);
        let near = |formant: &f64| (-((hz - formant) / FORMANT_WIDTH).powi(2)).exp();
        let level: f64 = FORMANTS.iter().map(near).sum::<f64>() + 0.05;
        level * (TAU * turns * f64::from(number)).sin()
    };
    let sum: f64 = (1..=28).map(harmonic).sum();
    (sum * loudness * 2_500.0) as i16
}

/// The packets that a session of the media engine makes of it.
fn coded(wide: &[i16]) -> Vec<Vec<u8>> {
    let clip = Clip::from_wav(&write_wav(RATE, wide)).expect("this is a file of sound");
    let (start, session) = (Instant::now(), SessionId(1));
    let mut engine = Engine::new(Config::default(), 1);
    let prompt = Prompt {
        segments: vec![Segment::Clip(Arc::new(clip))],
        times: 0,
    };
    engine.command(start, Command::Open { session, plan: plan() });
    engine.command(
        start,
        Command::Play {
            session,
            play: PlayId(1),
            prompt,
            stop_on_key: StopOnKey::PlayOn,
        },
    );
    let mut packets = Packets(Vec::new());
    for tick in 0..SECONDS * 50 {
        for phase in 0..PHASES {
            engine.tick(start + FRAME * tick, phase, &mut packets);
        }
        while engine.poll_report().is_some() {}
    }
    let is_whole = |packet: &Vec<u8>| Codec::Opus.ticks(packet) == Some(TICKS);
    assert!(packets.0.iter().all(is_whole), "each is 20 ms of Opus");
    packets.0
}

fn plan() -> Plan {
    let remote = SocketAddr::from(([192, 0, 2, 7], 4_000));
    Plan {
        remote,
        remote_rtcp: remote,
        codec: Codec::Opus,
        payload_type: PAYLOAD_TYPE,
        receives: Vec::new(),
        opus: OpusOptions::default(),
        packets: PacketTimes::default(),
        srtp: None,
        telephone_event: None,
        flow: Flow::SendRecv,
        timeout: None,
    }
}

/// Payloads that were sent.
struct Packets(Vec<Vec<u8>>);

impl Sink for Packets {
    fn send(&mut self, _: SessionId, lane: Lane, _: SocketAddr, packet: &[u8]) {
        // Reports go the same way.
        if lane == Lane::Rtp && packet[1] & 0x7f == PAYLOAD_TYPE {
            self.0.push(packet[RTP_HEAD_BYTES..].to_vec());
        }
    }

    fn heard(&mut self, _: SessionId, _: &[i16]) {}

    fn relay(&mut self, _: SessionId, _: &Relayed<'_>) {}
}
