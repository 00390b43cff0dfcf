//! A leg as the call sees it: where it is in its life, whether audio can flow, and the keys nobody has collected yet.

use crate::record::MediaCounters;
use crate::words::{Interruption, Key, LegInfo, LegState};
use std::collections::VecDeque;
use std::time::Instant;

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

/// One endpoint of the call.
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
    pub(crate) ended: Option<(Instant, Interruption)>,
    /// Why we ended it ourselves; the dialog's own reason counts only without it.
    pub(crate) leaving: Option<Interruption>,
    pub(crate) refused_with: Option<u16>,
    /// Keys since the last collection; bounded by `Limits::pending_keys`.
    pub(crate) pending_keys: VecDeque<Key>,
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
            ended: None,
            leaving: None,
            refused_with: None,
            pending_keys: VecDeque::new(),
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

    /// Nothing of it is left but its record.
    pub(crate) fn is_over(&self) -> bool {
        self.state == LegState::Ended && matches!(self.audio, Audio::None | Audio::Closed(_))
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
