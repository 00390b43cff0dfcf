//! Offer and answer within a dialog, and changes of the session that are under way or to be tried again. Not SDP: only
//! whose turn it is. RFC 3264, 3311 5, 6337; glare RFC 3261 14.1.

use std::time::{Duration, Instant};

use crate::method::Method;
use crate::transaction::client::Why;
use crate::transaction::table::TxId;

/// Whose turn it is, and the descriptions.
#[derive(Default)]
pub(crate) struct Offers {
    pub(crate) turn: Turn,
    /// The description of ours that was agreed on last: what a refresh by re-INVITE repeats.
    pub(crate) ours: Option<Vec<u8>>,
    /// The description of the peer that was agreed on last.
    pub(crate) theirs: Option<Vec<u8>>,
    /// The offer that waits for its answer, whoever made it.
    proposed: Option<Vec<u8>>,
}

/// Which offer waits for its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing was exchanged yet.
    #[default]
    Unset,
    /// Ours.
    WeOffered,
    /// Theirs.
    TheyOffered,
    /// None: there is a session.
    Settled,
}

impl Offers {
    /// An INVITE of the peer came, with or without an offer.
    pub(crate) fn invited(&mut self, offer: Option<&[u8]>) {
        if let Some(offer) = offer {
            self.theirs(offer);
        }
    }

    /// We gave a description: the answer to theirs, or else an offer.
    pub(crate) fn ours(&mut self, sdp: &[u8]) {
        if self.turn == Turn::TheyOffered {
            self.theirs = self.proposed.take();
            self.ours = Some(sdp.to_vec());
            self.turn = Turn::Settled;
        } else {
            self.proposed = Some(sdp.to_vec());
            self.turn = Turn::WeOffered;
        }
    }

    /// They gave a description: the answer to ours, or else an offer.
    pub(crate) fn theirs(&mut self, sdp: &[u8]) {
        if self.turn == Turn::WeOffered {
            self.ours = self.proposed.take();
            self.theirs = Some(sdp.to_vec());
            self.turn = Turn::Settled;
        } else {
            self.proposed = Some(sdp.to_vec());
            self.turn = Turn::TheyOffered;
        }
    }

    /// The offer under way came to nothing: the session is as it was.
    pub(crate) fn withdrawn(&mut self) {
        self.proposed = None;
        self.turn = if self.theirs.is_some() && self.ours.is_some() {
            Turn::Settled
        } else {
            Turn::Unset
        };
    }

    /// A final answer to an INVITE carries this: it counts unless the exchange is complete already, by a reliable
    /// provisional response (RFC 6337 3.1.1).
    pub(crate) fn ours_at_last(&mut self, sdp: &[u8]) {
        if self.turn != Turn::Settled {
            self.ours(sdp);
        }
    }
}

/// Changes of the session.
#[derive(Default)]
pub(crate) struct Changes {
    /// The peer's re-INVITE, UPDATE or PRACK with an offer, which we still have to answer.
    pub(crate) inbound: Option<TxId>,
    /// Our UPDATE that is still to be answered.
    pub(crate) update: Option<TxId>,
    /// A change of ours to be tried later.
    pub(crate) wanted: Option<Wanted>,
}

/// A change to be tried later.
pub(crate) struct Wanted {
    /// INVITE or UPDATE.
    pub(crate) method: Method,
    pub(crate) sdp: Option<Vec<u8>>,
    pub(crate) at: Instant,
    /// How often it met another change.
    pub(crate) tries: u8,
    pub(crate) why: Why,
}

/// How long to wait after 491 (RFC 3261 14.1): the one who chose the Call-ID waits longer.
pub(crate) fn glare_wait(is_call_id_ours: Chosen, random: u64) -> Duration {
    let (least, range) = match is_call_id_ours {
        Chosen::ByUs => (2_100, 191),
        Chosen::ByThem => (0, 201),
    };
    Duration::from_millis(least + random % range * 10)
}

/// Who chose the Call-ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    ByUs,
    ByThem,
}
