//! A leg as the call sees it: where it is in its life, whether audio can flow, what it is part of, and the keys nobody has
//! collected yet.

use super::io::BackgroundSound;
use super::rooms::SeatWanted;
use crate::ids::{LegId, OperationId};
use crate::record::MediaCounters;
use crate::words::{Cause, Interruption, Key, KeysBetween, LegDirection, LegInfo, LegState, Quality};
use std::collections::VecDeque;
use std::ops::{Index, IndexMut};
use std::time::{Duration, Instant};

/// Whether audio can flow on a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audio {
    /// No session yet.
    None,
    /// Being negotiated: a 200 is out, the far end's description is not here yet.
    Pending,
    /// Prompts can be played.
    Open,
    /// Told to close; the counters are awaited.
    Closing,
    /// Closed, with its counters if they came.
    Closed(Option<MediaCounters>),
}

/// One endpoint of the call. More than twelve fields: what it is, how far it is, what it is part of, and what it hears.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) info: LegInfo,
    /// Headers of the request that opened it, as received.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) state: LegState,
    pub(crate) audio: Audio,
    /// The far end described its session in its request; without it, audio starts only after the ACK.
    pub(crate) description: Description,
    pub(crate) answered_at: Option<Instant>,
    /// How long it may be connected.
    pub(crate) longest: Option<Duration>,
    pub(crate) ended: Option<(Instant, Interruption)>,
    /// Why we ended it ourselves; the dialog's own reason counts only without it.
    pub(crate) leaving: Option<Interruption>,
    /// What it was refused with, by either side.
    pub(crate) refused: Option<Cause>,
    /// Keys since the last collection; bounded by `Limits::pending_keys`.
    pub(crate) pending_keys: VecDeque<Key>,
    /// The far end has put us on hold.
    pub(crate) held: bool,
    /// What it says is not passed on.
    pub(crate) muted: bool,
    /// How it sounded last.
    pub(crate) quality: Option<Quality>,
    /// The bridge it is in.
    pub(crate) bridge: Option<OperationId>,
    /// The room it sits in.
    pub(crate) room: Option<OperationId>,
    /// Its seat as the media engine has it.
    pub(crate) seated: Option<SeatWanted>,
    /// The dialling that made it, until the handler has it.
    pub(crate) dial: Option<OperationId>,
    /// Where the media engine passes its sound on.
    pub(crate) relayed: Option<(LegId, KeysBetween)>,
    /// The collection that the media engine listens for.
    pub(crate) listens: Option<OperationId>,
    /// What it hears of its own accord, and the name of that playing.
    pub(crate) background: Option<(BackgroundSound, OperationId)>,
    /// The prompt from outside that plays on it.
    pub(crate) from_outside: Option<OperationId>,
}

/// Whether the request that opened a leg carried a session description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Description {
    /// An offer came with the request.
    Offered,
    /// None came: our 200 will offer, the ACK will answer.
    Late,
}

impl Leg {
    pub(crate) fn new(info: LegInfo, headers: Vec<(String, String)>, description: Description) -> Self {
        Self {
            info,
            headers,
            state: LegState::Offered,
            audio: Audio::None,
            description,
            answered_at: None,
            longest: None,
            ended: None,
            leaving: None,
            refused: None,
            pending_keys: VecDeque::new(),
            held: false,
            muted: false,
            quality: None,
            bridge: None,
            room: None,
            seated: None,
            dial: None,
            relayed: None,
            listens: None,
            background: None,
            from_outside: None,
        }
    }

    /// Why the leg is gone, if it is.
    pub(crate) fn interruption(&self) -> Option<Interruption> {
        self.ended.map(|(_, why)| why)
    }

    /// Answered, refused or gone: nobody waits for us any more.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.state, LegState::Answered | LegState::Ended)
    }

    /// Whether somebody calls us on it and still waits.
    pub(crate) fn waits_for_us(&self) -> bool {
        self.info.direction == LegDirection::Inbound && !self.is_settled()
    }

    /// When it has been connected too long.
    pub(crate) fn over_at(&self) -> Option<Instant> {
        let connected = self.answered_at.filter(|_| self.state == LegState::Answered)?;
        Some(connected + self.longest?)
    }

    /// Nothing of it is left but its record.
    pub(crate) fn is_over(&self) -> bool {
        self.ended.is_some() && matches!(self.audio, Audio::None | Audio::Closed(_))
    }

    /// Keeps a key for the next collection; true if an older one had to go.
    pub(crate) fn keep_key(&mut self, key: Key, most: usize) -> bool {
        let full = self.pending_keys.len() >= most;
        if full {
            self.pending_keys.pop_front();
        }
        self.pending_keys.push_back(key);
        full
    }
}

/// The legs of a call in the order they were opened; none is ever removed. Bounded by `Limits::legs`.
#[derive(Debug, Default)]
pub(crate) struct Legs {
    legs: Vec<Leg>,
    /// Why a call that never had one is over.
    none_left: Option<Interruption>,
}

impl Legs {
    /// Adds one; the caller has checked the limit.
    pub(crate) fn add(&mut self, leg: Leg) -> LegId {
        self.legs.push(leg);
        LegId(self.legs.len() as u32 - 1)
    }

    pub(crate) fn len(&self) -> usize {
        self.legs.len()
    }

    pub(crate) fn has(&self, id: LegId) -> bool {
        (id.0 as usize) < self.legs.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Leg> {
        self.legs.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Leg> {
        self.legs.iter_mut()
    }

    /// Changes the numbers of two legs.
    pub(crate) fn swap(&mut self, one: LegId, other: LegId) {
        self.legs.swap(one.0 as usize, other.0 as usize);
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = LegId> + use<> {
        (0..self.legs.len() as u32).map(LegId)
    }

    /// A call without legs is over for this reason.
    pub(crate) fn end_without(&mut self, why: Interruption) {
        self.none_left.get_or_insert(why);
    }

    /// Why the whole call is gone: the reason of the leg that ended last, once all have.
    pub(crate) fn interruption(&self) -> Option<Interruption> {
        if self.legs.is_empty() {
            return self.none_left;
        }
        let mut last = None;
        for leg in &self.legs {
            last = last.max(Some(leg.ended.map(|(at, _)| at)?));
        }
        let at_last = |leg: &&Leg| leg.ended.map(|(at, _)| at) == last;
        self.legs.iter().find(at_last).and_then(Leg::interruption)
    }
}

impl Index<LegId> for Legs {
    type Output = Leg;

    fn index(&self, id: LegId) -> &Leg {
        &self.legs[id.0 as usize]
    }
}

impl IndexMut<LegId> for Legs {
    fn index_mut(&mut self, id: LegId) -> &mut Leg {
        &mut self.legs[id.0 as usize]
    }
}
