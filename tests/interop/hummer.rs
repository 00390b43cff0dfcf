//! A telephone that calls, hums, and does not mind what becomes of the server: the simulator's phone on real sockets.

#![allow(
    clippy::disallowed_methods,
    reason = "a telephone on a real network looks at the real clock"
)]

use patchcord_sim::Phone;
use patchcord_sim::phone::{Action, Config, Dial, Event, Input, Lane, Offer, Output};
use patchcord_sip::{NameAddr, Uri};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What it hums.
pub const HUM_HZ: u16 = 500;
const ANSWER_MAX: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(2);

/// A telephone in a thread of its own; dropping it puts it away without a goodbye.
pub struct Hummer {
    hang_up: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    answered: Receiver<Instant>,
    thread: Option<JoinHandle<()>>,
}

impl Hummer {
    /// Calls a server after a while, whoever is there.
    pub fn call(server: SocketAddr, after: Duration, seed: u64) -> Self {
        Self::dial("recorder", server, after, seed)
    }

    /// The same, and somebody there.
    pub fn dial(user: &'static str, server: SocketAddr, after: Duration, seed: u64) -> Self {
        let (stop, hang_up) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (sender, answered) = channel();
        let (stopped, leaves) = (stop.clone(), hang_up.clone());
        let thread = std::thread::spawn(move || {
            std::thread::sleep(after);
            Line::new((user, server), seed).talk(&stopped, &leaves, &sender);
        });
        Self {
            hang_up,
            stop,
            answered,
            thread: Some(thread),
        }
    }

    /// When it was answered, if it was.
    pub fn answered(&self) -> Option<Instant> {
        self.answered.try_recv().ok()
    }

    /// Waits until it is answered.
    pub fn wait_answered(&self) {
        let answered = self.answered.recv_timeout(ANSWER_MAX);
        answered.expect("a caller is answered");
    }

    /// Ends its call.
    pub fn hang_up(&self) {
        self.hang_up.store(true, Ordering::Relaxed);
    }
}

impl Drop for Hummer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

struct Line {
    phone: Phone,
    sockets: [(Lane, UdpSocket); 3],
}

impl Line {
    fn new((user, server): (&str, SocketAddr), seed: u64) -> Self {
        let bind = |port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port));
        let sip = bind(0).expect("the loopback interface has a free port");
        let (rtp, rtcp) = loop {
            let rtp = bind(0).expect("the loopback interface has a free port");
            let port = rtp.local_addr().expect("a bound socket has an address").port();
            if let (0, Ok(rtcp)) = (port % 2, bind(port + 1)) {
                break (rtp, rtcp);
            }
        };
        let at = |socket: &UdpSocket| socket.local_addr().expect("a bound socket has an address");
        let config = Config {
            hum: Some(HUM_HZ),
            ..Config::new(at(&sip), at(&rtp), seed)
        };
        let sockets = [(Lane::Sip, sip), (Lane::Rtp, rtp), (Lane::Rtcp, rtcp)];
        for (_, socket) in &sockets {
            socket.set_nonblocking(true).expect("a socket need not block");
        }
        let uri = |text: String| Uri::parse(&text).expect("an address makes a URI");
        let dial = Dial {
            uri: uri(format!("sip:{user}@{server}")),
            destination: server,
            from: NameAddr::new(uri(format!("sip:hummer-{seed}@phones.invalid"))),
            offer: Offer::InInvite,
        };
        let mut phone = Phone::new(config);
        phone.handle(Instant::now(), Input::Action(Action::Call(dial)));
        Self { phone, sockets }
    }

    fn talk(&mut self, stop: &AtomicBool, hang_up: &AtomicBool, answered: &Sender<Instant>) {
        while !stop.load(Ordering::Relaxed) {
            let now = Instant::now();
            if hang_up.swap(false, Ordering::Relaxed) {
                self.phone.handle(now, Input::Action(Action::Leave));
            }
            while let Some(output) = self.phone.poll() {
                match output {
                    Output::Send { lane, to, bytes } => self.send(lane, to, &bytes),
                    Output::Event {
                        event: Event::Answered, ..
                    } => drop(answered.send(now)),
                    Output::Heard { .. } | Output::Event { .. } => {}
                }
            }
            if self.phone.wake_at().is_some_and(|at| at <= now) {
                self.phone.handle(now, Input::Deadline);
            } else if !self.receive(now) {
                std::thread::sleep(POLL);
            }
        }
    }

    fn send(&self, lane: Lane, to: SocketAddr, bytes: &[u8]) {
        let socket = self.sockets.iter().find(|(which, _)| *which == lane);
        // To a server that was killed, nothing arrives.
        let _ = socket.map(|(_, socket)| socket.send_to(bytes, to));
    }

    /// One datagram, if there is one.
    fn receive(&mut self, now: Instant) -> bool {
        let mut buffer = [0; 2_048];
        for (lane, socket) in &self.sockets {
            if let Ok((size, from)) = socket.recv_from(&mut buffer) {
                let (lane, bytes) = (*lane, &buffer[..size]);
                self.phone.handle(now, Input::Datagram { lane, from, bytes });
                return true;
            }
        }
        false
    }
}
