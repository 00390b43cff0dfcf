//! The codecs of an audio stream: their names, numbers and parameters in a session description (RFC 3551, 4733, 7587).

use std::fmt::Write as _;

/// A voice codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 mu-law, static payload type 0.
    Pcmu,
    /// G.711 A-law, static payload type 8.
    Pcma,
    /// G.722, static payload type 9. Its clock is said to be 8,000 for historical reasons (RFC 3551 section 4.5.2).
    G722,
    /// Opus (RFC 7587).
    Opus,
    /// 16-bit samples at 8 kHz.
    L16Narrow,
    /// 16-bit samples at 16 kHz.
    L16Wide,
}

/// How telephone events go (RFC 4733).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events {
    /// The payload type to send them under (0..=127).
    pub payload_type: u8,
    /// The payload type under which the peer was told to send them.
    pub receives: u8,
    /// Units a second of their durations.
    pub clock: u32,
}

/// What the peer says about the Opus it wants (RFC 7587 section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusWishes {
    /// `useinbandfec`.
    pub fec: bool,
    /// `usedtx`.
    pub dtx: bool,
    /// `maxaveragebitrate`, in bits a second, if it names one.
    pub max_bit_rate: Option<u32>,
}

/// Payload types we offer for what has no static one.
const OPUS: u8 = 96;
const L16_WIDE: u8 = 97;
const L16_NARROW: u8 = 98;
const EVENTS: u8 = 101;
const EVENTS_OF_OPUS: u8 = 102;

impl Codec {
    /// Every codec there is.
    pub const ALL: [Codec; 6] = [
        Codec::Opus,
        Codec::G722,
        Codec::Pcmu,
        Codec::Pcma,
        Codec::L16Wide,
        Codec::L16Narrow,
    ];

    /// What is offered where nothing else is chosen, by preference: the better sound first.
    pub const USUAL: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma];

    /// A codec by its name in `a=rtpmap` in any case, with the clock where that makes the difference: `opus`, `G722`,
    /// `PCMU`, `PCMA`, `L16/16000`, `L16/8000`.
    pub fn named(name: &str) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| match codec {
            Codec::L16Narrow | Codec::L16Wide => name.eq_ignore_ascii_case(&format!("L16/{}", codec.clock())),
            _ => name.eq_ignore_ascii_case(codec.name()),
        })
    }

    /// Its name in `a=rtpmap`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
            Self::L16Narrow | Self::L16Wide => "L16",
        }
    }

    /// Its clock in `a=rtpmap`, in Hz.
    pub fn clock(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 | Self::L16Narrow => 8_000,
            Self::L16Wide => 16_000,
            Self::Opus => 48_000,
        }
    }

    /// Its static payload type, if it has one.
    pub fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::G722 => Some(9),
            Self::Opus | Self::L16Narrow | Self::L16Wide => None,
        }
    }

    /// The payload type we offer it under.
    pub(super) fn offered(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
            Self::Opus => OPUS,
            Self::L16Wide => L16_WIDE,
            Self::L16Narrow => L16_NARROW,
        }
    }

    /// The codec of an `a=rtpmap` value such as `opus/48000/2`.
    pub(super) fn of_map(map: &str) -> Option<Codec> {
        let mut parts = map.split('/');
        let (name, clock) = (parts.next()?, parts.next()?.parse::<u32>().ok()?);
        let channels = parts.next().unwrap_or("1");
        let fits = |codec: &Codec| {
            let wanted = if *codec == Codec::Opus { "2" } else { "1" };
            codec.name().eq_ignore_ascii_case(name) && codec.clock() == clock && channels == wanted
        };
        Codec::ALL.into_iter().find(fits)
    }

    /// Its `a=rtpmap` line, and the one for its parameters.
    pub(super) fn write(self, payload_type: u8, text: &mut String) {
        let channels = if self == Codec::Opus { "/2" } else { "" };
        let (name, clock) = (self.name(), self.clock());
        let written = write!(text, "a=rtpmap:{payload_type} {name}/{clock}{channels}\r\n");
        written.expect("writing to a string cannot fail");
        if self == Codec::Opus {
            let written = write!(text, "a=fmtp:{payload_type} useinbandfec=1\r\n");
            written.expect("writing to a string cannot fail");
        }
    }
}

/// The telephone events we offer beside codecs, by payload type and clock: one for each clock phones expect.
pub(super) fn offered_events(codecs: &[Codec]) -> impl Iterator<Item = (u8, u32)> {
    let of_opus = codecs
        .contains(&Codec::Opus)
        .then_some((EVENTS_OF_OPUS, Codec::Opus.clock()));
    std::iter::once((EVENTS, 8_000)).chain(of_opus)
}

/// The clock of an `a=rtpmap` value, if it is one of telephone events that we can tell.
pub(super) fn events_clock(map: &str) -> Option<u32> {
    let (name, clock) = map.split_once('/')?;
    let clock = clock.parse().ok()?;
    (name.eq_ignore_ascii_case("telephone-event") && [8_000, 16_000, 48_000].contains(&clock)).then_some(clock)
}

impl Default for OpusWishes {
    /// What holds where nothing is said.
    fn default() -> Self {
        Self {
            fec: false,
            dtx: false,
            max_bit_rate: None,
        }
    }
}

impl OpusWishes {
    /// From an `a=fmtp` value; what is not understood is as if it were not there.
    pub(super) fn read(parameters: &str) -> OpusWishes {
        let mut wishes = OpusWishes::default();
        for parameter in parameters.split(';') {
            let Some((name, value)) = parameter.trim().split_once('=') else {
                continue;
            };
            match name.trim() {
                "useinbandfec" => wishes.fec = value.trim() == "1",
                "usedtx" => wishes.dtx = value.trim() == "1",
                "maxaveragebitrate" => wishes.max_bit_rate = value.trim().parse().ok(),
                _ => {}
            }
        }
        wishes
    }
}
