//! What both ends count: the index of each packet, which the wire shows only a part of, and which ones came (RFC 3711 sections
//! 3.3.1 and 3.3.2).

/// Senders of one far end that are kept apart; one more takes the place of the one heard of least recently.
const MAX_SENDERS: usize = 4;
/// Packets looked back upon to know one that came before.
const WINDOW: u64 = 64;

/// Indexes of what we send.
#[derive(Default)]
pub(super) struct Sent {
    highest: Option<u64>,
    rtcp: u32,
}

/// Indexes of what came.
#[derive(Default)]
pub(super) struct Received {
    /// The one heard of last comes first.
    senders: Vec<Sender>,
}

#[derive(Clone, Copy)]
struct Sender {
    ssrc: u32,
    rtp: Seen,
    rtcp: Seen,
}

/// Which indexes came of late.
#[derive(Clone, Copy, Default)]
struct Seen {
    highest: Option<u64>,
    /// Bit n: `highest - n` came.
    window: u64,
}

impl Sent {
    /// Of a packet with this sequence number; it may be a late one.
    pub(super) fn rtp_index(&mut self, sequence: u16) -> u64 {
        let index = nearest(self.highest, sequence).unwrap_or(u64::from(sequence));
        self.highest = self.highest.max(Some(index));
        index
    }

    /// Of the next RTCP packet, 31 bits.
    pub(super) fn next_rtcp_index(&mut self) -> u32 {
        self.rtcp = (self.rtcp + 1) & 0x7fff_ffff;
        self.rtcp
    }
}

impl Received {
    /// What must be the index of a packet; none if it came before or is too old to tell.
    pub(super) fn rtp_index(&self, ssrc: u32, sequence: u16) -> Option<u64> {
        let seen = self.sender(ssrc).map(|sender| sender.rtp).unwrap_or_default();
        let index = nearest(seen.highest, sequence)?;
        seen.is_new(index).then_some(index)
    }

    /// A packet was authentic.
    pub(super) fn rtp_came(&mut self, ssrc: u32, index: u64) {
        self.sender_mut(ssrc).rtp.came(index);
    }

    /// Whether an RTCP packet did not come before.
    pub(super) fn is_new_rtcp(&self, ssrc: u32, index: u32) -> bool {
        self.sender(ssrc).is_none_or(|sender| sender.rtcp.is_new(index.into()))
    }

    /// One was authentic.
    pub(super) fn rtcp_came(&mut self, ssrc: u32, index: u32) {
        self.sender_mut(ssrc).rtcp.came(index.into());
    }

    fn sender(&self, ssrc: u32) -> Option<&Sender> {
        self.senders.iter().find(|sender| sender.ssrc == ssrc)
    }

    /// Only authentic packets get here, so no stranger fills the places.
    fn sender_mut(&mut self, ssrc: u32) -> &mut Sender {
        let found = self.senders.iter().position(|sender| sender.ssrc == ssrc);
        let sender = match found {
            Some(0) => return &mut self.senders[0],
            Some(place) => self.senders.remove(place),
            None => {
                self.senders.truncate(MAX_SENDERS - 1);
                Sender {
                    ssrc,
                    rtp: Seen::default(),
                    rtcp: Seen::default(),
                }
            }
        };
        self.senders.insert(0, sender);
        &mut self.senders[0]
    }
}

impl Seen {
    fn is_new(&self, index: u64) -> bool {
        let Some(highest) = self.highest else { return true };
        match highest.checked_sub(index) {
            None => true,
            Some(back) => back < WINDOW && self.window & (1 << back) == 0,
        }
    }

    fn came(&mut self, index: u64) {
        let highest = self.highest.unwrap_or(index);
        if let Some(back) = highest.checked_sub(index) {
            if back < WINDOW {
                self.window |= 1 << back;
            }
            self.highest = Some(highest);
            return;
        }
        let ahead = index - highest;
        self.window = if ahead < WINDOW { (self.window << ahead) | 1 } else { 1 };
        self.highest = Some(index);
    }
}

/// The index with this sequence number that is nearest to the highest one; none if that would be before the first.
fn nearest(highest: Option<u64>, sequence: u16) -> Option<u64> {
    let Some(highest) = highest else {
        return Some(sequence.into());
    };
    let step = i64::from(sequence.wrapping_sub(highest as u16) as i16);
    highest.checked_add_signed(step)
}
