//! Reliable provisional responses of one INVITE, as its answering side keeps them: one is under way at a time, the next
//! waits for its PRACK. Not here: the calling side, which keeps one number per branch. RFC 3262 3.

use std::collections::VecDeque;

use crate::flow::Flow;
use crate::limits::PROVISIONALS_QUEUED;
use crate::transaction::{Beat, Packet};

/// The largest first number, so that there is room to count (RFC 3262 7.1).
const FIRST_MAX: u64 = (1 << 31) - 1;

/// What was and is to be sent reliably.
pub(crate) struct Reliable {
    next: u32,
    pub(crate) waiting: Option<Waiting>,
    queue: VecDeque<Queued>,
    /// The answer of an `accept` that has to wait for the PRACK, because a description is under way (RFC 3262 3).
    pub(crate) accepted: Option<Vec<u8>>,
}

/// One that waits for its PRACK.
pub(crate) struct Waiting {
    pub(crate) rseq: u32,
    pub(crate) packet: Packet,
    pub(crate) to: Flow,
    pub(crate) beat: Beat,
    pub(crate) carries: Carries,
}

/// The description a provisional response carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carries {
    Nothing,
    Answer,
    /// Its PRACK brings the answer.
    Offer,
}

/// One that is not sent yet.
pub(crate) struct Queued {
    pub(crate) status: u16,
    pub(crate) sdp: Option<Vec<u8>>,
}

impl Reliable {
    /// `number` is random.
    pub(crate) fn new(number: u64) -> Self {
        Self {
            next: (number % FIRST_MAX + 1) as u32,
            waiting: None,
            queue: VecDeque::new(),
            accepted: None,
        }
    }

    pub(crate) fn take_number(&mut self) -> u32 {
        let number = self.next;
        self.next = self.next.wrapping_add(1).max(1);
        number
    }

    /// Keeps one for later. `false`: too many wait already.
    pub(crate) fn queue(&mut self, status: u16, sdp: Option<Vec<u8>>) -> bool {
        let room = self.queue.len() < PROVISIONALS_QUEUED;
        if room {
            self.queue.push_back(Queued { status, sdp });
        }
        room
    }

    /// The next one to send, if none is under way.
    pub(crate) fn take_queued(&mut self) -> Option<Queued> {
        match self.waiting {
            Some(_) => None,
            None => self.queue.pop_front(),
        }
    }

    /// The INVITE is finally answered: nothing more is sent, but a PRACK on its way still finds its number.
    pub(crate) fn retire(&mut self) {
        self.queue.clear();
        if let Some(waiting) = &mut self.waiting {
            waiting.beat = Beat::default();
        }
    }

    /// Whether the final answer has to wait.
    pub(crate) fn holds_back(&self) -> bool {
        let is_description = |waiting: &Waiting| waiting.carries != Carries::Nothing;
        self.waiting.as_ref().is_some_and(is_description) || self.queue.iter().any(|queued| queued.sdp.is_some())
    }

    /// The one a PRACK names, taken out.
    pub(crate) fn acknowledged(&mut self, rseq: u32) -> Option<Waiting> {
        self.waiting.take_if(|waiting| waiting.rseq == rseq)
    }
}

/// RAck: the RSeq of the response, the CSeq number and the method of its request (RFC 3262 7.2).
pub(crate) fn read_rack(value: &str) -> Option<(u32, u32, &str)> {
    let mut parts = value.split_ascii_whitespace();
    let rack = (number(parts.next()?)?, number(parts.next()?)?, parts.next()?);
    parts.next().is_none().then_some(rack)
}

/// A number as RSeq and RAck have it.
pub(crate) fn number(text: &str) -> Option<u32> {
    let text = text.trim_ascii();
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}
