//! THE SOUND: RTP and RTCP sessions, codecs, prompts, tones, keys and the jitter buffer, without sockets, clock or threads.
//!
//! One [`Engine`] owns many sessions. Its owner gives it commands, packets and a tick every 20 ms, each with the time,
//! and takes away what comes of it.
//!
//! **The one rule of use: after every call of [`Engine::command`], [`Engine::packet`], [`Engine::relayed`] and [`Engine::tick`], drain
//! [`Engine::poll_report`] until it returns none.** Under this rule no report is ever dropped.
//!
//! 1. `command` for whatever the call control wants,
//! 2. `packet` for every datagram that arrived (and `relayed` for what another engine's session relays to one of this);
//!    what is relayed goes out, or to another engine, by the [`Sink`] at once,
//! 3. `tick` for each phase once every 20 ms (phases 5 ms apart); packets and heard sound go to the [`Sink`],
//! 4. drain the reports; go to 1.
//!
//! A closed session says goodbye in its next tick (RTCP BYE) and reports [`Report::Closed`] then: keep its sockets and
//! go on ticking until that report. Neither `packet` nor `tick` allocates memory.
//!
//! Not here: SDP, which port a session has, who may talk to whom, what a key means.

mod clip;
mod codec;
mod coming;
mod command;
mod config;
mod detect;
pub mod dtmf;
mod ear;
mod engine;
pub mod g711;
mod hearing;
mod jitter;
mod keys_in;
mod keys_out;
mod live;
pub mod measure;
pub mod mixer;
mod noise;
mod ogg_opus;
mod out_stream;
mod pace;
mod packer;
mod packets;
mod player;
pub mod quality;
mod random;
mod reception;
mod recorder;
mod relay;
mod report;
mod reports;
mod resample;
mod room;
mod rtcp;
mod rtcp_clock;
mod rtp;
mod session;
mod sound_file;
mod source;
mod srtp;
mod tap;
mod tone;
mod transcoder;
mod wav;
mod wire_sound;

pub use clip::Clip;
pub use codec::{Codec, OpusOptions};
pub use coming::Coming;
pub use command::{
    Command, Flow, Joined, KeyPress, Listening, Plan, PlayChange, PlayId, Prompt, Segment, SessionId, StopOnKey,
    TelephoneEvent, Tone,
};
pub use config::{
    Config, FRAME, FRAME_SAMPLES, MAX_CLIP_SECONDS, MAX_KEY_PRESSES, MAX_PACKET_BYTES, MAX_RELAYED_BYTES,
    MAX_RELAYED_MS, MAX_SEGMENTS, MAX_WAV_BYTES, PHASES, SAMPLE_RATE,
};
pub use detect::{DetectMode, DetectOptions, GreetingEnd, Unknown, Verdict};
pub use ear::{EarEvent, EarId, EarOptions, EarOrder, Utterance};
pub use engine::{Datagram, Engine, Lane, Sink, Totals};
pub use g711::Law;
pub use live::{LiveEvent, LiveId, LiveLedger, LiveOrder, MAX_LIVE, MAX_LIVE_MARKS};
pub use ogg_opus::{OGG_PAGE_BYTES, OggEnd, OggOpus, OggPage, ogg_opus_samples};
pub use packets::{PacketTime, PacketTimes};
pub use recorder::{
    MAX_RECORDING_CHANNELS, RECORDING_HEADER_BYTES, Recorder, Trim, recording_header, recording_length,
    recording_wav_header,
};
pub use relay::{RelayContent, RelayHead, RelayKeys, Relayed};
pub use report::{Counters, PlayEnd, Refusal, Report};
pub use room::{MAX_ROOM_SEATS, RoomEvent, RoomFrame, RoomId, RoomOrder, SeatPlan};
pub use sound_file::{SoundError, SoundFormat, SoundProblem};
pub use srtp::{SRTP_KEY_BYTES, Srtp, SrtpKey, SrtpKeys, SrtpSuite};
pub use tap::{MAX_TAPS, Paused, TapEnd, TapEvent, TapId, TapOptions, TapOrder, TapStart, TapTaken, Tapped, is_sound};
pub use wav::{WavError, WavProblem, WavWriter, write_wav};
pub use wire_sound::{WireEncoder, WireFormat};
