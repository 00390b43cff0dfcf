//! Two media threads' loops without their pace, on real sockets: a bridge between them, and what happens when the
//! queue is full or the session gone.

use super::*;
use patchcord_media::mixer::{Part, Rate};
use patchcord_media::{
    Codec, Flow, Joined, OpusOptions, PacketTimes, Plan, RelayContent, RelayHead, RelayKeys, RoomId, RoomOrder,
    SeatPlan,
};
use std::net::{Ipv4Addr, UdpSocket};

/// Two blocks of sessions: 0 to 3 belong to thread 0, 4 to 7 to thread 1.
const PORTS: std::ops::RangeInclusive<u16> = 31_200..=31_215;
const A: SessionId = SessionId(0);
const B: SessionId = SessionId(5);

struct Pair {
    threads: Vec<Slices>,
    figures: Arc<Figures>,
    slice: u64,
    now: Instant,
}

impl Pair {
    fn new(ports: std::ops::RangeInclusive<u16>) -> Pair {
        let layout = Layout::fit(1, 2, crate::ports::pairs_in(&ports));
        let bound = crate::ports::bind(Ipv4Addr::LOCALHOST.into(), &ports, layout).unwrap();
        let figures = Arc::new(Figures::new(layout));
        let seats = bound.pairs.into_iter().zip(relays::between(2)).enumerate();
        let threads = seats.map(|(index, (pairs, relays))| {
            let (queue, commands) = MediaQueue::new();
            Slices::new(Seat {
                index,
                layout,
                pairs,
                queue,
                commands,
                browsers: None,
                relays,
                recorded: None,
                streamed: None,
                inboxes: vec![Inbox::new().0],
                figures: figures.clone(),
                seed: index as u64,
            })
        });
        Pair {
            threads: threads.collect(),
            figures,
            slice: 0,
            now: Instant::now(),
        }
    }

    fn tell(&mut self, thread: usize, command: Command) {
        assert!(matches!(self.threads[thread].take(ToMedia::Command(command)), Go::On));
    }

    /// 20 ms of both threads.
    fn round(&mut self) {
        for _ in 0..PHASES {
            for thread in &mut self.threads {
                thread.slice(self.now, self.slice);
                thread.publish();
            }
            self.slice += 1;
            self.now += SLICE;
        }
    }
}

fn plan(remote: SocketAddr) -> Plan {
    Plan {
        remote,
        remote_rtcp: remote,
        codec: Codec::Pcmu,
        payload_type: 0,
        receives: Vec::new(),
        opus: OpusOptions::default(),
        packets: PacketTimes::default(),
        srtp: None,
        telephone_event: None,
        flow: Flow::SendRecv,
        timeout: None,
    }
}

fn phone() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

fn open(session: SessionId, phone: &UdpSocket) -> Command {
    Command::Open {
        session,
        plan: plan(phone.local_addr().unwrap()),
    }
}

fn bridge() -> Command {
    Command::Relay {
        session: A,
        to: Some(B),
        keys: RelayKeys::Keep,
    }
}

/// The first byte of the sound of each packet a phone got.
fn heard(phone: &UdpSocket) -> Vec<u8> {
    let mut bytes = [0; 2_000];
    std::iter::from_fn(|| phone.recv(&mut bytes).ok().map(|_| bytes[12])).collect()
}

#[test]
fn sound_crosses_from_one_thread_to_the_other() {
    let mut pair = Pair::new(PORTS);
    let (a, b) = (phone(), phone());
    pair.tell(0, open(A, &a));
    pair.tell(1, open(B, &b));
    pair.tell(0, bridge());
    for n in 0..20u8 {
        let mut packet = vec![0x80, 0, 0, n, 0, 0, n, 0, 0, 0, 0, 9];
        packet[4..8].copy_from_slice(&(u32::from(n) * 160).to_be_bytes());
        packet.extend_from_slice(&[n; 160]);
        a.send_to(&packet, (Ipv4Addr::LOCALHOST, *PORTS.start())).unwrap();
        pair.round();
    }
    let sound: Vec<u8> = heard(&b).into_iter().filter(|byte| *byte != 0xff).collect();
    assert_eq!(sound, (0..20).collect::<Vec<u8>>());
    let counters = pair.threads[1].engine.counters(B).unwrap();
    assert_eq!((counters.relayed, counters.relay_dropped), (20, 0));
    let media = &pair.figures.media;
    assert_eq!((media[0].relays_dropped.get(), media[1].relays_stray.get()), (0, 0));
}

#[test]
fn a_room_has_seats_on_both_threads() {
    let mut pair = Pair::new(31_260..=31_275);
    let (a, b) = (phone(), phone());
    pair.tell(0, open(A, &a));
    pair.tell(1, open(B, &b));
    let room = RoomId { home: A, number: 3 };
    pair.tell(
        0,
        Command::Room {
            room,
            order: RoomOrder::Open,
        },
    );
    for (thread, session) in [(0, A), (1, B)] {
        let order = RoomOrder::Seat {
            session,
            rate: Rate::Hz8000,
            plan: SeatPlan::default(),
        };
        pair.tell(0, Command::Room { room, order });
        let joined = Some(Joined {
            room,
            part: Part::Talks,
        });
        pair.tell(thread, Command::Join { session, joined });
    }
    for n in 0..50u8 {
        for (phone, port, byte) in [(&a, 31_260, 0x10), (&b, 31_270, 0x90)] {
            let mut packet = vec![0x80, 0, 0, n, 0, 0, 0, 0, 0, 0, 0, 9];
            packet[4..8].copy_from_slice(&(u32::from(n) * 160).to_be_bytes());
            packet.extend_from_slice(&[byte; 160]);
            phone.send_to(&packet, (Ipv4Addr::LOCALHOST, port)).unwrap();
        }
        pair.round();
    }
    // Each hears the other and not itself, once what is new has faded in.
    assert_eq!(heard(&a).last(), Some(&0x90));
    assert_eq!(heard(&b).last(), Some(&0x10));
    let media = &pair.figures.media;
    assert_eq!((media[0].relays_dropped.get(), media[1].relays_dropped.get()), (0, 0));
    // A room that closes leaves strays behind, and silence.
    pair.tell(
        0,
        Command::Room {
            room,
            order: RoomOrder::Close,
        },
    );
    (0..5).for_each(|_| pair.round());
    assert_eq!((heard(&a).last(), heard(&b).last()), (Some(&0xff), Some(&0xff)));
    assert!(pair.figures.media[0].relays_stray.get() > 0);
}

#[test]
fn a_full_queue_drops_and_counts_and_an_old_packet_reaches_no_new_session() {
    let mut pair = Pair::new(31_220..=31_235);
    let head = RelayHead {
        from: A,
        stream: 0,
        number: 70_000,
        timestamp: 0,
        clock: 8_000,
        marker: false,
        content: RelayContent::Sound(Codec::Pcmu),
    };
    let payload = [7; 160];
    let relayed = Relayed {
        head,
        payload: &payload,
    };
    for _ in 0..relays::RELAYS + 3 {
        (&mut &pair.threads[0].wires).relay(B, &relayed);
    }
    // A place of this very thread where nobody is.
    (&mut &pair.threads[0].wires).relay(SessionId(1), &relayed);
    pair.threads[0].publish();
    let media = &pair.figures.media;
    assert_eq!((media[0].relays_dropped.get(), media[0].relays_stray.get()), (3, 1));
    // Somebody else's call gets the place; what waited for the one before is not for it.
    let b = phone();
    pair.tell(1, open(B, &b));
    pair.round();
    assert_eq!(heard(&b), [0xff], "silence");
    assert_eq!(pair.figures.media[1].relays_stray.get(), relays::RELAYS as u64);
}

#[test]
fn reports_are_read_in_the_round_they_come_in_and_several_of_them_to_the_end() {
    let ports = 31_240..=31_255;
    let mut pair = Pair::new(ports.clone());
    let (rtp, rtcp) = (phone(), phone());
    let plan = plan_with(rtp.local_addr().unwrap(), rtcp.local_addr().unwrap());
    let open = Command::Open { session: A, plan };
    pair.tell(0, open.clone());
    let report = [0x80, 201, 0, 1, 0, 0, 0, 9];
    let to = (Ipv4Addr::LOCALHOST, *ports.start() + 1);
    let came = |pair: &Pair| pair.threads[0].engine.counters(A).unwrap().rtcp_in;
    for n in 1..=5 {
        rtcp.send_to(&report, to).unwrap();
        pair.round();
        assert_eq!(came(&pair), n);
    }
    // More than one call reads, less than the socket holds.
    let flood = BATCH as u64 * 2 - 1;
    for _ in 0..flood {
        rtcp.send_to(&report, to).unwrap();
    }
    pair.round();
    assert_eq!(came(&pair), 5 + flood);
    // What comes while the session is closed is thrown away when it opens again.
    pair.tell(0, Command::Close { session: A });
    pair.round();
    rtcp.send_to(&report, to).unwrap();
    pair.round();
    pair.tell(0, open);
    pair.round();
    assert_eq!(came(&pair), 0);
    rtcp.send_to(&report, to).unwrap();
    pair.round();
    assert_eq!(came(&pair), 1);
}

fn plan_with(remote: SocketAddr, remote_rtcp: SocketAddr) -> Plan {
    Plan {
        remote_rtcp,
        ..plan(remote)
    }
}
