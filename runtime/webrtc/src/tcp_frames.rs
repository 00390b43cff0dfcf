//! Datagrams in a TCP connection: two bytes of length before each (RFC 4571). No socket: bytes of the stream go in, datagrams come out.

use crate::limits::DATAGRAM_BYTES;

/// The connection carries something else, or a datagram that is too long: close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadFrame {
    /// The length that was stated, in bytes; 1 to [`DATAGRAM_BYTES`] are taken.
    pub length: u16,
}

/// Takes datagrams out of one connection. It holds one datagram that is not complete, never more.
#[derive(Debug, Default)]
pub struct Frames {
    begun: Vec<u8>,
}

impl Frames {
    /// At the beginning of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives each datagram that these bytes complete to `take`, in order. Those that lie in `bytes` whole are not copied.
    ///
    /// # Errors
    /// A length that is not taken; what stands before it was given.
    pub fn read(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8])) -> Result<(), BadFrame> {
        if !self.begun.is_empty() {
            bytes = self.complete(bytes)?;
            match stated(&self.begun)? {
                Some(length) if self.begun.len() == 2 + length => take(&self.begun[2..]),
                _ => return Ok(()),
            }
            self.begun.clear();
        }
        while let Some(length) = stated(bytes)? {
            let Some(datagram) = bytes.get(2..2 + length) else {
                break;
            };
            take(datagram);
            bytes = &bytes[2 + length..];
        }
        self.begun.extend_from_slice(bytes);
        Ok(())
    }

    /// Moves what is missing of the begun datagram over; what is left.
    fn complete<'a>(&mut self, mut bytes: &'a [u8]) -> Result<&'a [u8], BadFrame> {
        if self.begun.len() == 1
            && let Some((first, rest)) = bytes.split_first()
        {
            self.begun.push(*first);
            bytes = rest;
        }
        let missing = stated(&self.begun)?.map_or(0, |length| 2 + length - self.begun.len());
        let (now, later) = bytes.split_at(missing.min(bytes.len()));
        self.begun.extend_from_slice(now);
        Ok(later)
    }

    /// What stands before a datagram that is sent. None for one that is too long to be sent.
    #[must_use]
    pub fn head(datagram: &[u8]) -> Option<[u8; 2]> {
        u16::try_from(datagram.len()).ok().map(u16::to_be_bytes)
    }
}

/// The length of the first datagram, once it is there.
fn stated(bytes: &[u8]) -> Result<Option<usize>, BadFrame> {
    let Some(head) = bytes.first_chunk::<2>() else {
        return Ok(None);
    };
    let length = u16::from_be_bytes(*head);
    if (1..=DATAGRAM_BYTES).contains(&usize::from(length)) {
        Ok(Some(length.into()))
    } else {
        Err(BadFrame { length })
    }
}

#[cfg(test)]
mod tests;
