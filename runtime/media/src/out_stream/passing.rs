//! Where relayed packets go in the stream we send: their order, losses and timing are those of the stream they come
//! from, shifted so that they continue what was sent before. Not here: payloads, and whether relaying is allowed.

use super::{OutStream, later, units};
use crate::{MAX_RELAYED_MS, RelayHead, SessionId};
use std::time::{Duration, Instant};

/// After so long without relayed packets, counted from the end of the last one's sound, our own frames fill the time.
const QUIET: Duration = Duration::from_millis(100);
/// A far end that does not send its silence says so about as often (RFC 7587 section 3.1.3: Opus every 400 ms).
const RESTS: Duration = Duration::from_millis(400);
/// How far back a late packet's sound may lie.
const LATEST_MS: u32 = 500;
/// A timestamp may be so much further than the time that went by for each packet since the newest one: the longest there
/// is. More is a jump of the far end's clock.
const LONGEST_PACKET_MS: u32 = MAX_RELAYED_MS;
/// So many packets missing in a row are passed on as loss; above it the numbering goes on without a hole.
const MAX_GAP: u64 = 50;

/// The header fields of a packet to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
}

/// What places a telephone event beside its packet's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventHead {
    /// Which event.
    pub(crate) code: u8,
    /// Whether it is over.
    pub(crate) ended: bool,
    /// How long it has lasted, in units of our stream's clock.
    pub(crate) duration: u32,
    /// The segments of a long press are so far apart (RFC 4733 section 2.5.1.3), in the same; one may be lost.
    pub(crate) longest: u32,
    /// Whether the session plays sound of its own meanwhile.
    pub(crate) company: Company,
}

/// Whether a relayed event shares the stream with sound of the session's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Company {
    /// It is relayed as sound would be.
    Alone,
    /// It goes between the session's own frames.
    OwnSound,
}

/// A relayed stream tied to ours.
#[derive(Debug)]
pub(super) struct Anchor {
    source: SessionId,
    stream: u32,
    /// Packets before this one would get numbers that something else has.
    first: u64,
    /// One after the newest.
    next: u64,
    sequence_shift: u16,
    /// None until the first sound.
    sound: Option<Sound>,
    quiet_at: Instant,
}

/// The mapping of timestamps of sound.
#[derive(Debug)]
struct Sound {
    shift: u32,
    /// The newest one sent, and when.
    newest: u32,
    at: Instant,
}

/// A relayed telephone event.
#[derive(Debug)]
pub(super) struct PassedEvent {
    source: SessionId,
    stream: u32,
    code: u8,
    ended: bool,
    duration: u32,
    /// The newest packet of it.
    number: u64,
    source_timestamp: u32,
    timestamp: u32,
    /// Keys of our own came into it: its rest would be a second press to the far end.
    cut: bool,
}

impl Anchor {
    /// The timestamp of now, as the relayed sound counts.
    pub(super) fn time_at(&self, now: Instant, hertz: u32) -> Option<u32> {
        let sound = self.sound.as_ref()?;
        Some(
            sound
                .newest
                .wrapping_add(units(now.saturating_duration_since(sound.at), hertz)),
        )
    }

    fn is_of(&self, head: &RelayHead) -> bool {
        self.source == head.from && self.stream == head.stream
    }

    fn sequence_of(&self, number: u64) -> u16 {
        (number as u16).wrapping_add(self.sequence_shift)
    }

    /// The time until which no frame of ours is due.
    fn sounds_until(&mut self, end: Instant) {
        self.quiet_at = self.quiet_at.max(end + QUIET);
    }
}

impl Sound {
    /// A timestamp of the source in ours, and how far it is from the newest one.
    fn map(&self, timestamp: u32) -> (u32, i32) {
        let ours = timestamp.wrapping_add(self.shift);
        (ours, ours.wrapping_sub(self.newest) as i32)
    }

    /// How far the timestamp of a packet so many after the newest one may be from that one's.
    fn longest_step(&self, now: Instant, packets: u64, hertz: u32) -> i32 {
        let gone = units(now.saturating_duration_since(self.at), hertz);
        let sent = LONGEST_PACKET_MS * (hertz / 1_000) * packets.min(MAX_GAP) as u32;
        i32::try_from(gone.saturating_add(sent)).unwrap_or(i32::MAX)
    }
}

impl OutStream {
    /// Whether relayed packets flow, so that a tick with nothing of its own to send sends nothing.
    pub(crate) fn relaying(&self, now: Instant) -> bool {
        self.anchor.as_ref().is_some_and(|anchor| now < anchor.quiet_at)
    }

    /// The relaying from a session is over; the next tick sends again.
    pub(crate) fn release(&mut self, source: SessionId) {
        if self.anchor.as_ref().is_some_and(|anchor| anchor.source == source) {
            self.anchor = None;
            self.marker = true;
        }
    }

    /// Takes the place for relayed sound of so many units of our clock, in which its head counts too; none if it comes too late for one, or while another
    /// session's sound flows.
    pub(crate) fn place_sound(&mut self, now: Instant, head: &RelayHead, length: u32) -> Option<Placed> {
        if self.is_held_against(now, head.from) {
            return None;
        }
        self.anchor_on(now, head);
        let start = later(self.clock, self.sent_until);
        let (hertz, latest) = (self.hertz, self.in_ms(LATEST_MS));
        let anchor = self.anchor.as_mut().expect("it was set just now");
        let sequence = anchor.sequence_of(head.number);
        if head.number < anchor.next {
            let (timestamp, step) = anchor.sound.as_ref()?.map(head.wrapped());
            let fits = head.number >= anchor.first && (-latest..0).contains(&step);
            return fits.then_some(Placed {
                sequence,
                timestamp,
                marker: head.marker,
            });
        }
        let packets = head.number - anchor.next + 1;
        let mapped = anchor.sound.as_ref().and_then(|sound| {
            let (timestamp, step) = sound.map(head.wrapped());
            (1..=sound.longest_step(now, packets, hertz))
                .contains(&step)
                .then_some((timestamp, sound.shift))
        });
        let (timestamp, shift) = mapped.unwrap_or_else(|| (start, start.wrapping_sub(head.wrapped())));
        if mapped.is_none() {
            // Late ones from before are of another clock.
            anchor.first = head.number;
        }
        anchor.sound = Some(Sound {
            shift,
            newest: timestamp,
            at: now,
        });
        anchor.next = head.number + 1;
        anchor.sounds_until(now + Duration::from_micros(u64::from(length) * 1_000_000 / u64::from(hertz)));
        self.sequence = sequence.wrapping_add(1);
        self.sent_until = later(self.sent_until, timestamp.wrapping_add(length));
        let begins = std::mem::take(&mut self.marker) || mapped.is_none();
        Some(Placed {
            sequence,
            timestamp,
            marker: head.marker || begins,
        })
    }

    /// The source rests: it does not send its silence, and the target's far end knows what that sounds like. Our own frames
    /// do not fill this time.
    pub(crate) fn source_rests(&mut self, now: Instant) {
        if let Some(anchor) = self.anchor.as_mut() {
            anchor.sounds_until(now + RESTS);
        }
    }

    /// Takes the place for a packet of a relayed telephone event; none if it belongs to an older event, to one that
    /// was cut, or comes too late.
    pub(crate) fn place_event(&mut self, now: Instant, head: &RelayHead, event: EventHead) -> Option<Placed> {
        if self.is_held_against(now, head.from) {
            return None;
        }
        let known = self.event.as_ref().filter(|known| known.is_of(head));
        let same = known.is_some_and(|known| known.source_timestamp == head.wrapped());
        let newest = known.map_or(0, |known| known.number);
        let (ended, duration) = known
            .filter(|_| same)
            .map_or((false, 0), |known| (known.ended, known.duration));
        if (same && known.is_some_and(|known| known.cut)) || (!same && head.number < newest) {
            return None;
        }
        let known_at = known.filter(|_| same).map(|known| known.timestamp);
        let sequence = match event.company {
            Company::Alone => self.number_event(now, head)?,
            // Between our own frames there is no place for a late one; those after it say the same.
            Company::OwnSound if head.number < newest => return None,
            Company::OwnSound => self.number_between(),
        };
        let goes_on = self.longer_press(head, event);
        let timestamp = known_at.or(goes_on).unwrap_or_else(|| self.event_start(now, head));
        self.sent_until = later(self.sent_until, timestamp);
        self.event = Some(PassedEvent {
            source: head.from,
            stream: head.stream,
            code: event.code,
            ended: event.ended || ended,
            duration: event.duration.max(duration),
            number: head.number.max(newest),
            source_timestamp: head.wrapped(),
            timestamp,
            cut: false,
        });
        Some(Placed {
            sequence,
            timestamp,
            marker: head.marker || !(same || goes_on.is_some()),
        })
    }

    /// A packet of the source that is not passed on leaves no hole in our numbering.
    pub(crate) fn skip(&mut self, head: &RelayHead) {
        let Some(anchor) = self.anchor.as_mut().filter(|anchor| anchor.is_of(head)) else {
            return;
        };
        if head.number >= anchor.next {
            anchor.next = head.number + 1;
            anchor.first = head.number;
            anchor.sequence_shift = anchor.sequence_shift.wrapping_sub(1);
        }
    }

    /// An event may not be passed on just now; if some of it was, the rest is not passed on later either.
    pub(crate) fn cut_event(&mut self, head: &RelayHead) {
        if let Some(event) = self.event.as_mut().filter(|event| event.is_of(head)) {
            event.cut |= event.source_timestamp == head.wrapped();
        }
    }

    /// Whether another session's sound flows, which this one may not come into.
    fn is_held_against(&self, now: Instant, source: SessionId) -> bool {
        self.anchor
            .as_ref()
            .is_some_and(|anchor| anchor.source != source && now < anchor.quiet_at)
    }

    /// Ties the source's stream to ours, if it is not tied already or has jumped.
    fn anchor_on(&mut self, now: Instant, head: &RelayHead) {
        let tied = self.anchor.as_ref().is_some_and(|anchor| {
            let near = head.number < anchor.next.saturating_add(MAX_GAP);
            anchor.is_of(head) && near && (head.number >= anchor.first || now < anchor.quiet_at)
        });
        if tied {
            return;
        }
        self.marker = true;
        self.anchor = Some(Anchor {
            source: head.from,
            stream: head.stream,
            first: head.number,
            next: head.number,
            sequence_shift: self.sequence.wrapping_sub(head.number as u16),
            sound: None,
            quiet_at: now,
        });
    }

    /// The sequence number of an event relayed as sound would be.
    fn number_event(&mut self, now: Instant, head: &RelayHead) -> Option<u16> {
        self.anchor_on(now, head);
        let anchor = self.anchor.as_mut().expect("it was set just now");
        let sequence = anchor.sequence_of(head.number);
        if head.number >= anchor.next {
            anchor.next = head.number + 1;
            anchor.sounds_until(now);
            self.sequence = sequence.wrapping_add(1);
        } else if head.number < anchor.first {
            return None;
        }
        Some(sequence)
    }

    /// The sequence number of an event between frames of our own.
    fn number_between(&mut self) -> u16 {
        if self.anchor.take().is_some() {
            self.marker = true;
        }
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        sequence
    }

    /// The timestamp of what may be the next segment of the press before it: as far from that as at its source.
    fn longer_press(&self, head: &RelayHead, next: EventHead) -> Option<u32> {
        let event = self.event.as_ref().filter(|event| event.is_of(head))?;
        let later = head.wrapped().wrapping_sub(event.source_timestamp);
        let adjoins = later.is_multiple_of(next.longest) || later == event.duration;
        let goes_on = !event.ended && event.code == next.code && !head.marker && adjoins && later <= 2 * next.longest;
        goes_on.then(|| event.timestamp.wrapping_add(later))
    }

    /// Where an event begins that was not heard of before: as far from the sound as at its source, if that is known.
    fn event_start(&self, now: Instant, head: &RelayHead) -> u32 {
        let sound = self.anchor.as_ref().filter(|anchor| anchor.is_of(head));
        let mapped = sound.and_then(|anchor| anchor.sound.as_ref()).and_then(|sound| {
            let (timestamp, step) = sound.map(head.wrapped());
            (-self.in_ms(LATEST_MS)..=sound.longest_step(now, 1, self.hertz))
                .contains(&step)
                .then_some(timestamp)
        });
        mapped.unwrap_or_else(|| later(self.clock, self.sent_until))
    }
}

impl PassedEvent {
    fn is_of(&self, head: &RelayHead) -> bool {
        self.source == head.from && self.stream == head.stream
    }
}
