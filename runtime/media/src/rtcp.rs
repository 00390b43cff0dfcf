//! RTCP packets, read and written: sender and receiver reports, CNAME, BYE, as compound packets (RFC 3550 section 6).
//! Only their shape; when they are sent is in `rtcp_clock`.

use crate::reception::Quality;

/// Largest compound packet we write: a sender report with one block, CNAME, BYE.
pub(crate) const MAX_WRITTEN: usize = 28 + 24 + 28 + 8;
/// Bytes of a CNAME: 16 hexadecimal digits.
pub(crate) const CNAME_BYTES: usize = 16;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const BLOCK_BYTES: usize = 24;
const SENDER_INFO_BYTES: usize = 20;

/// What a compound packet says that matters to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Heard {
    /// The middle 32 bits of the NTP time of a sender report.
    pub(crate) sender_time: Option<u32>,
    /// The block about us.
    pub(crate) about_us: Option<Block>,
    /// The far end says goodbye. The call's end is decided by signalling, not by this.
    pub(crate) bye: bool,
}

/// A report block about what we sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// Since the report before, in 1/256.
    pub(crate) fraction_lost: u8,
    pub(crate) lost: i32,
    /// In units of our stream's clock.
    pub(crate) jitter: u32,
    /// Middle 32 bits of the time in our last sender report; 0 if none came.
    pub(crate) last_report: u32,
    /// Since then, in 1/65536 s.
    pub(crate) delay: u32,
}

impl Block {
    /// What was lost of late, in percent.
    pub(crate) fn percent_lost(&self) -> u8 {
        (u32::from(self.fraction_lost) * 100 / 256) as u8
    }
}

/// Reads a compound packet; none if it fails the tests of RFC 3550 appendix A.2.
pub(crate) fn parse(mut bytes: &[u8], our_ssrc: u32) -> Option<Heard> {
    let mut heard = Heard::default();
    let mut first = true;
    while !bytes.is_empty() {
        let head = bytes.first_chunk::<4>()?;
        let length = (usize::from(u16::from_be_bytes([head[2], head[3]])) + 1) * 4;
        let (packet, rest) = bytes.split_at_checked(length)?;
        let padded = head[0] & 0x20 != 0;
        let starts_well = !first || matches!(head[1], SENDER_REPORT | RECEIVER_REPORT);
        if head[0] >> 6 != 2 || !starts_well || (padded && !rest.is_empty()) {
            return None;
        }
        let body = without_padding(&packet[4..], padded)?;
        one(head[1], usize::from(head[0] & 0x1f), body, our_ssrc, &mut heard)?;
        (bytes, first) = (rest, false);
    }
    (!first).then_some(heard)
}

fn without_padding(body: &[u8], padded: bool) -> Option<&[u8]> {
    if !padded {
        return Some(body);
    }
    let padding = usize::from(*body.last()?);
    if padding == 0 || !padding.is_multiple_of(4) {
        return None;
    }
    body.get(..body.len().checked_sub(padding)?)
}

fn one(kind: u8, count: usize, body: &[u8], our_ssrc: u32, heard: &mut Heard) -> Option<()> {
    let blocks = match kind {
        SENDER_REPORT => {
            heard.sender_time = Some(word(body, 4)? << 16 | word(body, 8)? >> 16);
            body.get(4 + SENDER_INFO_BYTES..)?
        }
        RECEIVER_REPORT => body.get(4..)?,
        BYE => {
            heard.bye = true;
            return body.get(..count * 4).map(|_| ());
        }
        _ => return Some(()),
    };
    for block in blocks.get(..count * BLOCK_BYTES)?.chunks_exact(BLOCK_BYTES) {
        if word(block, 0)? == our_ssrc {
            // The cumulative loss is signed, 24 bits.
            let lost = ((word(block, 4)? << 8) as i32) >> 8;
            let block = Block {
                fraction_lost: (word(block, 4)? >> 24) as u8,
                lost,
                jitter: word(block, 12)?,
                last_report: word(block, 16)?,
                delay: word(block, 20)?,
            };
            heard.about_us = Some(block);
        }
    }
    Some(())
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk::<4>()
        .map(|word| u32::from_be_bytes(*word))
}

/// What a sender report says about the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SenderInfo {
    /// 32 bits of seconds, 32 of their fraction.
    pub(crate) ntp: u64,
    /// The RTP timestamp of the same moment.
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    pub(crate) bytes: u32,
}

/// What a compound packet of ours consists of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compound {
    pub(crate) ssrc: u32,
    pub(crate) cname: [u8; CNAME_BYTES],
    /// Present when we sent RTP lately.
    pub(crate) sender: Option<SenderInfo>,
    /// What we received, with last report and delay as the far end wants them back.
    pub(crate) reception: Option<(Quality, u32, u32)>,
    pub(crate) farewell: Farewell,
}

/// Whether a packet of ours is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// More will come.
    Stay,
    /// It ends with BYE.
    Bye,
}

/// A written packet.
pub(crate) struct Written {
    bytes: [u8; MAX_WRITTEN],
    len: usize,
}

impl Written {
    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn word(&mut self, word: u32) {
        self.put(&word.to_be_bytes());
    }

    fn head(&mut self, count: u8, kind: u8, body_words: u16) {
        self.put(&[0x80 | count, kind]);
        self.put(&body_words.to_be_bytes());
    }
}

impl Compound {
    /// The packet's bytes.
    pub(crate) fn write(&self) -> Written {
        let mut out = Written {
            bytes: [0; MAX_WRITTEN],
            len: 0,
        };
        let blocks = u8::from(self.reception.is_some());
        let block_words = u16::from(blocks) * 6;
        match self.sender {
            Some(sender) => {
                out.head(blocks, SENDER_REPORT, 6 + block_words);
                out.word(self.ssrc);
                out.word((sender.ntp >> 32) as u32);
                out.word(sender.ntp as u32);
                out.word(sender.timestamp);
                out.word(sender.packets);
                out.word(sender.bytes);
            }
            None => {
                out.head(blocks, RECEIVER_REPORT, 1 + block_words);
                out.word(self.ssrc);
            }
        }
        if let Some((quality, last_report, delay)) = self.reception {
            out.word(quality.ssrc);
            out.word(u32::from(quality.fraction_lost) << 24 | (quality.lost as u32 & 0xff_ffff));
            out.word(quality.highest_sequence);
            out.word(quality.jitter);
            out.word(last_report);
            out.word(delay);
        }
        // One chunk: our source, CNAME (1), its length, the text, and zeros to the next word.
        out.head(1, SOURCE_DESCRIPTION, 6);
        out.word(self.ssrc);
        out.put(&[1, CNAME_BYTES as u8]);
        out.put(&self.cname);
        out.put(&[0, 0]);
        if self.farewell == Farewell::Bye {
            out.head(1, BYE, 1);
            out.word(self.ssrc);
        }
        out
    }
}

#[cfg(test)]
mod tests;
