//! What the API is asked to do with calls: the bodies of requests. A field that is not known is refused by name.

use super::problem::{Code, Problem};
use patchcord_control::call::{Change, Interrupt, OnMachine, Opening};
use patchcord_control::ids::LegId;
use patchcord_control::private::Private;
use patchcord_control::speech::{Speech, TextForm};
use patchcord_control::words::{
    Beep, CallerId, Destination, DetectionOptions, Endpoint, InboxMessage, MachineWait, PauseWith, PlayOptions,
    RecordFormat, RecordOptions, Segment, Tone, TrimSilence,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::{Duration, Instant, SystemTime};

/// How long a placed call rings where nothing is said.
const RING_S: u32 = 30;
/// The longest recording where nothing is said: an hour.
const LONGEST_RECORDING_S: u32 = 3_600;

/// How loud a tone is.
const TONE_DBM0: i8 = -16;

/// Who is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Callee")]
pub(crate) enum To {
    /// A number as it is dialled; the tenant's rules say which trunk and whether at all.
    Number(String),
    /// A user with registered phones.
    User(String),
    /// A SIP address.
    Sip(String),
}

/// What happens if a machine answers.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Machine {
    /// The handler has the call once it is told who answered, and can ask.
    Detect,
    /// The handler has it at the end of the machine's greeting.
    AwaitGreeting,
    /// It is hung up, and no handler runs.
    HangUp,
}

/// A call to be placed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PlaceCall")]
pub(crate) struct PlaceCall {
    pub(crate) to: To,
    /// Who has the call once it is answered.
    pub(crate) handler: String,
    /// A number of the tenant that is shown; its usual one without it.
    #[serde(default)]
    pub(crate) from: Option<String>,
    /// A name shown beside it, up to 128 bytes.
    #[serde(default)]
    pub(crate) from_name: Option<String>,
    /// How long it may ring, 1 to 600 seconds; 30 without it.
    #[serde(default)]
    #[schemars(range(min = 1, max = 600))]
    pub(crate) ring_s: Option<u32>,
    /// How long it may be connected, in seconds.
    #[serde(default)]
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) longest_s: Option<u32>,
    #[serde(default)]
    pub(crate) machine: Option<Machine>,
    /// It goes out no earlier, in milliseconds since 1970; at once without it.
    #[serde(default)]
    pub(crate) not_before_ms: Option<u64>,
    /// It goes out within so many seconds from now, 1 to 604,800, or not at all.
    #[serde(default)]
    #[schemars(range(min = 1, max = 604800))]
    pub(crate) expires_s: Option<u32>,
}

/// The furthest that a call can be scheduled: 30 days.
const SCHEDULE: Duration = Duration::from_secs(30 * 86_400);
/// The longest that one can wait to go out: 7 days.
const EXPIRES_S: u32 = 604_800;

/// When a call may go out: not before, and until when.
type When = (Option<Instant>, Option<Instant>);

impl PlaceCall {
    /// The times of the order by the clock that only goes forward.
    pub(crate) fn when(&self, time: SystemTime, now: Instant) -> Result<When, Problem> {
        let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let wait = self
            .not_before_ms
            .map(|at| Duration::from_millis(at).saturating_sub(since_1970));
        if wait.is_some_and(|wait| wait > SCHEDULE) {
            let right = "not_before_ms: give a time within 30 days, in milliseconds since 1970";
            return Err(Problem::of_field(Code::Refused, "not_before_ms", right));
        }
        if self
            .expires_s
            .is_some_and(|seconds| !(1..=EXPIRES_S).contains(&seconds))
        {
            let right = "expires_s: give 1 to 604,800 seconds";
            return Err(Problem::of_field(Code::Refused, "expires_s", right));
        }
        let expires_at = self.expires_s.map(|seconds| now + Duration::from_secs(seconds.into()));
        Ok((wait.map(|wait| now + wait), expires_at))
    }

    pub(crate) fn opening(&self) -> Opening {
        let to = match &self.to {
            To::Number(number) => Destination::Number(number.clone().into()),
            To::User(user) => Destination::User(user.clone().into()),
            To::Sip(address) => Destination::Address(address.clone().into()),
        };
        let detection = self.machine.map(|machine| DetectionOptions {
            wait_for: match machine {
                Machine::AwaitGreeting => MachineWait::GreetingEnd,
                Machine::Detect | Machine::HangUp => MachineWait::Verdict,
            },
            timeout_ms: 30_000,
            speech_ms: 2_400,
            speech_end_ms: 1_200,
            silence_ms: 5_000,
        });
        Opening {
            to: Endpoint {
                to,
                ring_ms: None,
                headers: Vec::new(),
                credentials: None,
            },
            caller_id: self
                .from
                .clone()
                .map_or(CallerId::Caller, |number| CallerId::Number(number.into())),
            caller_name: self.from_name.clone().map(Private::new),
            ring_ms: self.ring_s.unwrap_or(RING_S).saturating_mul(1_000),
            longest: self.longest_s.map(|seconds| Duration::from_secs(seconds.into())),
            detect_machine: detection,
            on_machine: match self.machine {
                Some(Machine::HangUp) => OnMachine::HangUp,
                _ => OnMachine::Handle,
            },
            redirects: 5,
        }
    }
}

/// Where a caller is moved.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RedirectCall")]
pub(crate) struct RedirectCall {
    /// The handler that gets the caller.
    pub(crate) handler: String,
    /// The leg that is split off and moved, others stay; the caller without it.
    #[serde(default)]
    pub(crate) leg: Option<u32>,
    /// What that handler is told (`call.begun`), up to 256 bytes.
    #[serde(default)]
    pub(crate) text: String,
}

/// Which call comes into another.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "JoinCalls")]
pub(crate) struct JoinCalls {
    /// The call whose legs come; its handler ends.
    pub(crate) call: String,
}

/// Something for the handler's inbox.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SendMessage")]
pub(crate) struct SendMessage {
    /// 1 to 64 bytes.
    pub(crate) name: String,
    /// Up to 65,536 bytes.
    #[serde(default)]
    pub(crate) data: String,
}

impl From<SendMessage> for Change {
    fn from(it: SendMessage) -> Self {
        Change::Tell(InboxMessage {
            name: it.name,
            data: it.data.into(),
        })
    }
}

/// Keys for a far end.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SendKeys")]
pub(crate) struct SendKeys {
    /// On which leg; the first without it.
    #[serde(default)]
    pub(crate) leg: u32,
    /// Keys `0` to `9`, `*`, `#`, `A` to `D`; `w` is half a second of pause, `W` a whole one. 1 to 64.
    pub(crate) keys: String,
}

impl From<SendKeys> for Change {
    fn from(it: SendKeys) -> Self {
        Change::SendKeys {
            leg: LegId(it.leg),
            keys: it.keys.into(),
        }
    }
}

/// A part of a prompt.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "PromptPart")]
pub(crate) enum Part {
    /// A sound file of the handler's module.
    File(String),
    /// A sound file of the web, where the operator allows it.
    Url(String),
    /// A text that is spoken.
    Say(String),
    /// Milliseconds of silence.
    Silence(u32),
    /// A tone.
    Tone(PlainTone),
}

/// One frequency for a while.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Tone")]
pub(crate) struct PlainTone {
    /// In Hz.
    hz: u16,
    /// In milliseconds.
    ms: u32,
}

/// Sound for a leg.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PlayPrompt")]
pub(crate) struct PlayPrompt {
    /// To which leg; the first without it.
    #[serde(default)]
    pub(crate) leg: u32,
    /// One part after the other.
    pub(crate) prompt: Vec<Part>,
    /// How often, 1 without it; 0 until it is stopped.
    #[serde(default = "once")]
    pub(crate) times: u16,
    /// Whether what plays on the leg gives way; otherwise it is refused while something plays.
    #[serde(default)]
    pub(crate) interrupt: bool,
}

fn once() -> u16 {
    1
}

impl From<PlayPrompt> for Change {
    fn from(it: PlayPrompt) -> Self {
        let segment = |part| match part {
            Part::File(name) => Segment::File(name),
            Part::Url(url) => Segment::Url(url.into()),
            Part::Silence(ms) => Segment::Silence(ms),
            Part::Tone(PlainTone { hz, ms }) => Segment::Tone(Tone {
                frequencies: vec![hz],
                on_ms: ms,
                off_ms: 0,
                count: 1,
                level_dbm0: TONE_DBM0,
            }),
            Part::Say(text) => Segment::Speech(Speech {
                text: text.into(),
                form: TextForm::Plain,
                language: None,
                voice: None,
            }),
        };
        Change::Play {
            leg: LegId(it.leg),
            prompt: it.prompt.into_iter().map(segment).collect(),
            options: PlayOptions {
                barge_in: false,
                times: it.times,
                from_ms: 0,
                volume_db: 0,
            },
            interrupt: if it.interrupt { Interrupt::Yes } else { Interrupt::No },
        }
    }
}

/// A recording to begin.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StartRecording")]
pub(crate) struct StartRecording {
    /// One leg, or two side by side; without any the first and whoever it is bridged with.
    #[serde(default)]
    pub(crate) legs: Vec<u32>,
    #[serde(default)]
    pub(crate) format: Option<FileFormat>,
    /// The longest, 1 to 14,400 seconds; an hour without it.
    #[serde(default)]
    #[schemars(range(min = 1, max = 14400))]
    pub(crate) longest_s: Option<u32>,
    /// Whether each leg hears a beep before it.
    #[serde(default)]
    pub(crate) beep: bool,
}

/// What a recording is kept as.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FileFormat {
    /// WAV, 16 bits.
    Wav,
    /// Ogg with Opus.
    OggOpus,
}

impl From<StartRecording> for Change {
    fn from(it: StartRecording) -> Self {
        Change::StartRecording {
            legs: it.legs.into_iter().map(LegId).collect(),
            options: RecordOptions {
                format: match it.format {
                    Some(FileFormat::OggOpus) => RecordFormat::Opus,
                    Some(FileFormat::Wav) | None => RecordFormat::Wav,
                },
                longest_ms: it.longest_s.unwrap_or(LONGEST_RECORDING_S).saturating_mul(1_000),
                finish_on: Vec::new(),
                silence_ms: None,
                beep: if it.beep { Beep::Yes } else { Beep::No },
                trim: TrimSilence::Keep,
            },
        }
    }
}

/// What becomes of a recording.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChangeRecording")]
pub(crate) struct ChangeRecording {
    pub(crate) state: WantedState,
    /// What stands for a pause; nothing at all without it.
    #[serde(default)]
    pub(crate) pause: Option<Pause>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "WantedRecordingState")]
pub(crate) enum WantedState {
    /// It records, or goes on.
    Running,
    /// It does not until it is to be running again.
    Paused,
    /// It ends.
    Stopped,
}

/// What stands for a pause in a recording.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Pause {
    /// Nothing: the recording is as much shorter.
    Skip,
    /// Silence of the same length.
    Silence,
}

impl ChangeRecording {
    pub(crate) fn change(&self, number: u32) -> Change {
        match self.state {
            WantedState::Running => Change::ResumeRecording { number },
            WantedState::Stopped => Change::StopRecording { number },
            WantedState::Paused => Change::PauseRecording {
                number,
                with: match self.pause {
                    Some(Pause::Silence) => PauseWith::Silence,
                    Some(Pause::Skip) | None => PauseWith::Skip,
                },
            },
        }
    }
}
