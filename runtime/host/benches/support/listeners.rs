//! The callers' sound: a socket each, that speaks a packet every 20 ms and counts what it hears. The sound itself is not
//! looked at; that is what the tests are for.

use super::slices::{GROUPS, Slices};
use super::sockets;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

const HEAD_BYTES: usize = 12;
const FRAME_BYTES: usize = 160;
const PACKET_BYTES: usize = HEAD_BYTES + FRAME_BYTES;
/// What is said where nothing else is.
const HUM: [u8; FRAME_BYTES] = [0xd5; FRAME_BYTES];
/// About a quarter of a second of sound, as the kernel counts memory.
const BUFFER_BYTES: usize = 32 * 1024;

/// All callers' sockets.
pub struct Listeners {
    callers: Vec<Listener>,
    /// How many of them are in a call.
    calls: usize,
    slices: Slices,
    /// What each says, over and over.
    frames: Vec<[u8; FRAME_BYTES]>,
}

struct Listener {
    socket: UdpSocket,
    address: SocketAddr,
    /// Where the server's packets come from, known from the first one on.
    far: Option<SocketAddr>,
    sequence: u16,
    /// Number of the last packet heard, and when.
    last: Option<(u16, Instant)>,
    heard: Heard,
}

/// What was heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    pub packets: u64,
    /// Numbers that are missing between those heard.
    pub lost: u64,
    /// The longest time between two packets of a call, as the callers saw it.
    pub longest_gap: Duration,
}

impl Listeners {
    pub fn new(most: usize) -> Self {
        let callers = (0..most).map(|_| {
            let socket = sockets::bind(BUFFER_BYTES);
            Listener {
                address: sockets::address(&socket),
                socket,
                far: None,
                sequence: 0,
                last: None,
                heard: Heard::default(),
            }
        });
        Self {
            callers: callers.collect(),
            calls: 0,
            slices: Slices::new(),
            frames: vec![HUM],
        }
    }

    /// The same, who all say this, in mu-law.
    pub fn saying(most: usize, frames: Vec<[u8; FRAME_BYTES]>) -> Self {
        Self {
            frames,
            ..Self::new(most)
        }
    }

    /// The address for one more call.
    pub fn next(&mut self) -> SocketAddr {
        self.calls += 1;
        self.callers[self.calls - 1].address
    }

    /// Says where those who listen at an address have to speak to; else they find out by what they hear.
    pub fn connect(&mut self, connected: &[(SocketAddr, SocketAddr)]) {
        for (sound, far) in connected {
            let listener = self.callers.iter_mut().find(|listener| listener.address == *sound);
            listener.expect("it listens").far = Some(*far);
        }
    }

    pub fn calls(&self) -> usize {
        self.calls
    }

    /// When there is something to do.
    pub fn due(&self) -> Instant {
        self.slices.due()
    }

    /// Hears and speaks for the group whose turn it is, if it is time. Groups too late are left out.
    pub fn work(&mut self, now: Instant) {
        let Some(group) = self.slices.next(now) else {
            return;
        };
        for caller in self.callers[..self.calls].iter_mut().skip(group).step_by(GROUPS) {
            caller.hear(now);
            caller.speak(&self.frames);
        }
    }

    /// Counts anew from here on.
    pub fn begin(&mut self) {
        for caller in &mut self.callers {
            caller.heard = Heard::default();
        }
    }

    /// What all callers heard since they began to count.
    pub fn heard(&self) -> Heard {
        Heard::of_all(self.callers.iter().map(|caller| caller.heard))
    }
}

impl Heard {
    /// All of them together.
    pub fn of_all(each: impl Iterator<Item = Heard>) -> Heard {
        each.fold(Heard::default(), |sum, one| Heard {
            packets: sum.packets + one.packets,
            lost: sum.lost + one.lost,
            longest_gap: sum.longest_gap.max(one.longest_gap),
        })
    }

    /// Counts a packet by its number; `last` is the one before.
    pub fn packet(&mut self, number: u16, now: Instant, last: &mut Option<(u16, Instant)>) {
        if let Some((last, at)) = *last {
            self.lost += u64::from(number.wrapping_sub(last).saturating_sub(1));
            self.longest_gap = self.longest_gap.max(now - at);
        }
        *last = Some((number, now));
        self.packets += 1;
    }
}

impl Listener {
    fn hear(&mut self, now: Instant) {
        let mut packet = [0; 2 * PACKET_BYTES];
        while let Ok((bytes, from)) = self.socket.recv_from(&mut packet) {
            if bytes != PACKET_BYTES {
                continue;
            }
            self.far = Some(from);
            let number = u16::from_be_bytes([packet[2], packet[3]]);
            self.heard.packet(number, now, &mut self.last);
        }
    }

    fn speak(&mut self, frames: &[[u8; FRAME_BYTES]]) {
        let Some(far) = self.far else { return };
        let mut packet = [0; PACKET_BYTES];
        packet[HEAD_BYTES..].copy_from_slice(&frames[usize::from(self.sequence) % frames.len()]);
        packet[..HEAD_BYTES].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(self.sequence) * 160).to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        // What the kernel does not take is as lost as on any other way.
        let _ = self.socket.send_to(&packet, far);
    }
}
