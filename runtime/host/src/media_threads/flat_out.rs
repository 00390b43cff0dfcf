//! A media thread's loop without its pace: the same slices on real sockets, as fast as its caller runs them. For the
//! bench `rtp`, which compares the loop with bare system calls. Not used by a node.

use super::{MediaQueue, Seat, Slices, relays};
use crate::figures::Figures;
use crate::layout::Layout;
use crate::ports;
use crate::shard_threads::Inbox;
use crate::start_error::StartError;
use patchcord_media::{
    Clip, Codec, Command, Flow, OpusOptions, PHASES, PacketTimes, Plan, PlayId, Prompt, Segment, SessionId, StopOnKey,
    TelephoneEvent,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

/// One media thread's sessions and sockets, run by the caller's own thread.
pub struct FlatOut {
    slices: Slices,
    rounds: u64,
}

impl FlatOut {
    /// Binds the ports on the loopback interface and opens a session for each of `callers`, in the order of the ports,
    /// that plays `clip` to it without end. RTCP of all of them goes to `reports`.
    ///
    /// # Errors
    /// A port that cannot be had.
    ///
    /// # Panics
    /// If there are more callers than pairs of ports, or so many that the queue of commands cannot take them.
    pub fn new(
        ports: RangeInclusive<u16>,
        callers: &[SocketAddr],
        reports: SocketAddr,
        clip: &Arc<Clip>,
    ) -> Result<Self, StartError> {
        let pairs = ports::pairs_in(&ports);
        assert!(
            callers.len() <= pairs && 2 * callers.len() <= super::COMMANDS,
            "a place for every caller"
        );
        let layout = Layout::fit(1, 1, pairs);
        let mut bound = ports::bind(Ipv4Addr::LOCALHOST.into(), &ports, layout)?;
        let (queue, commands) = MediaQueue::new();
        for (number, caller) in callers.iter().enumerate() {
            let session = SessionId(number as u32);
            queue.command(Command::Open {
                session,
                plan: plan(*caller, reports),
            });
            queue.command(Command::Play {
                session,
                play: PlayId(1),
                prompt: Prompt {
                    segments: vec![Segment::Clip(clip.clone())],
                    times: 0,
                },
                stop_on_key: StopOnKey::Stop,
            });
        }
        let mut slices = Slices::new(Seat {
            index: 0,
            layout,
            pairs: bound.pairs.remove(0),
            queue,
            commands,
            browsers: None,
            relays: relays::between(1).remove(0),
            recorded: None,
            streamed: None,
            // Nobody reads it: no session of a bench reports anything while it plays.
            inboxes: vec![Inbox::new().0],
            figures: Arc::new(Figures::new(layout)),
            seed: 1,
        });
        slices.take_commands();
        Ok(Self { slices, rounds: 0 })
    }

    /// What a media thread does in 20 ms: the four slices of a round, each at the time `now`.
    pub fn round(&mut self, now: Instant) {
        let phases = PHASES as u64;
        for slice in 0..phases {
            self.slices.take_commands();
            self.slices.slice(now, self.rounds * phases + slice);
            self.slices.publish();
        }
        self.rounds += 1;
    }

    /// RTP packets the sessions received and sent so far.
    pub fn packets(&self) -> (u64, u64) {
        let sessions = (0..PHASES).flat_map(|phase| self.slices.engine.sessions(phase));
        let counters = sessions.filter_map(|session| self.slices.engine.counters(*session));
        counters.fold((0, 0), |(received, sent), counters| {
            (received + counters.packets_in, sent + counters.packets_out)
        })
    }
}

fn plan(caller: SocketAddr, reports: SocketAddr) -> Plan {
    Plan {
        remote: caller,
        remote_rtcp: reports,
        codec: Codec::Pcmu,
        payload_type: 0,
        receives: Vec::new(),
        telephone_event: Some(TelephoneEvent::new(101)),
        opus: OpusOptions::default(),
        packets: PacketTimes::default(),
        srtp: None,
        flow: Flow::SendRecv,
        timeout: None,
    }
}
