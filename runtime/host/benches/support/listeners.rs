//! The callers' sound: a socket each, that speaks a packet every 20 ms and counts what it hears. The sound itself is not
//! looked at; that is what the tests are for.

use super::sockets;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Callers are served in so many groups, one after the other, as real ones would spread.
const GROUPS: usize = 4;
const SLICE: Duration = Duration::from_millis(20 / GROUPS as u64);
const PACKET_BYTES: usize = 172;
/// About a quarter of a second of sound, as the kernel counts memory.
const BUFFER_BYTES: usize = 32 * 1024;

/// All callers' sockets.
pub struct Listeners {
    callers: Vec<Listener>,
    /// How many of them are in a call.
    calls: usize,
    slice: u64,
    due: Instant,
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
#[derive(Debug, Clone, Copy, Default)]
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
            slice: 0,
            due: Instant::now(),
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
        self.due
    }

    /// Hears and speaks for the group whose turn it is, if it is time. Groups too late are left out.
    pub fn work(&mut self, now: Instant) {
        if now < self.due {
            return;
        }
        let group = (self.slice % GROUPS as u64) as usize;
        for caller in self.callers[..self.calls].iter_mut().skip(group).step_by(GROUPS) {
            caller.hear(now);
            caller.speak();
        }
        self.slice += 1;
        self.due += SLICE;
        if now > self.due + SLICE * 20 {
            self.due = now;
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
        let sum = |sum: Heard, caller: &Listener| Heard {
            packets: sum.packets + caller.heard.packets,
            lost: sum.lost + caller.heard.lost,
            longest_gap: sum.longest_gap.max(caller.heard.longest_gap),
        };
        self.callers.iter().fold(Heard::default(), sum)
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
            if let Some((last, at)) = self.last {
                self.heard.lost += u64::from(number.wrapping_sub(last).saturating_sub(1));
                self.heard.longest_gap = self.heard.longest_gap.max(now - at);
            }
            self.last = Some((number, now));
            self.heard.packets += 1;
        }
    }

    fn speak(&mut self) {
        let Some(far) = self.far else { return };
        let mut packet = [0xd5; PACKET_BYTES];
        packet[..12].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(self.sequence) * 160).to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        // What the kernel does not take is as lost as on any other way.
        let _ = self.socket.send_to(&packet, far);
    }
}
