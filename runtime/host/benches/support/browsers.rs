//! Software browsers: each signs in, calls, finds its way (ICE), agrees on keys (DTLS), and then speaks Opus over SRTP every 20 ms and
//! counts what it hears and can read. ICE, DTLS and SRTP are our own crates, so what the two sides have wrong in common is not seen
//! here; that is what the tests with foreign browsers are for.

use super::listeners::Heard;
use super::signalling::{Said, Signalling, token};
use super::slices::{GROUPS, Slices};
use super::sockets;
use patchcord_media::{Srtp, SrtpKey, SrtpKeys, SrtpSuite};
use patchcord_webrtc::{
    Candidate, Credentials, IceMode, Identity, Input, Keys, Kind, Output, Path, Peer, Remote, Settings, Setup, Side,
    SrtpProfile, Transport,
};
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

const BUFFER_BYTES: usize = 64 * 1024;
const DATAGRAM_BYTES: usize = 2_048;
const HEAD_BYTES: usize = 12;
/// What SRTP may put behind a packet.
const TRAILER_BYTES: usize = 20;
const PAYLOAD_TYPE: u8 = 111;
/// Units of the clock of Opus in 20 ms.
const TICKS: u32 = 960;

/// All of them.
pub struct Browsers {
    all: Vec<Browser>,
    /// How many of them have called.
    calls: usize,
    slices: Slices,
    frames: Vec<Vec<u8>>,
    /// Calls that were refused or ended, and why the first was.
    pub failed: Vec<String>,
}

struct Browser {
    signalling: Signalling,
    socket: UdpSocket,
    address: SocketAddr,
    peer: Peer,
    identity: Identity,
    srtp: Option<Srtp>,
    path: Option<Path>,
    sequence: u16,
    ssrc: u32,
    last: Option<(u16, Instant)>,
    heard: Heard,
}

impl Browsers {
    /// So many, who have signed in and say this.
    pub fn new(most: usize, (door, api_key, tenant): (SocketAddr, &str, &str), frames: Vec<Vec<u8>>) -> Self {
        let identity = Identity::generate().expect("this machine has randomness");
        let all = (0..most).map(|number| {
            let token = token(api_key, tenant, &format!("browser{number}"));
            Browser::new(Signalling::sign_in(door, &token), number as u32, &identity)
        });
        Self {
            all: all.collect(),
            calls: 0,
            slices: Slices::new(),
            frames,
            failed: Vec::new(),
        }
    }

    /// The next one calls.
    pub fn call(&mut self, to: &str) {
        let browser = &mut self.all[self.calls];
        let offer = browser.offer();
        browser.signalling.call(to, &offer);
        self.calls += 1;
    }

    pub fn calls(&self) -> usize {
        self.calls
    }

    /// Those who hear somebody.
    pub fn connected(&self) -> usize {
        self.all.iter().filter(|browser| browser.last.is_some()).count()
    }

    /// When there is something to do.
    pub fn due(&self) -> Instant {
        self.slices.due()
    }

    /// Hears and speaks for the group whose turn it is, if it is time.
    pub fn work(&mut self, now: Instant) {
        let Some(group) = self.slices.next(now) else {
            return;
        };
        // Those who have not called yet say that they are there.
        for (number, browser) in self.all.iter_mut().enumerate().skip(group).step_by(GROUPS) {
            match browser.signalling.poll(now) {
                Some(Said::Answered(sdp)) => browser.answered(now, &sdp),
                Some(Said::Ended(why)) => self.failed.push(why),
                None => {}
            }
            if number < self.calls {
                browser.hear(now);
                browser.speak(&self.frames);
            }
        }
    }

    /// Counts anew from here on.
    pub fn begin(&mut self) {
        for browser in &mut self.all {
            browser.heard = Heard::default();
        }
    }

    /// What all heard since they began to count.
    pub fn heard(&self) -> Heard {
        Heard::of_all(self.all.iter().map(|browser| browser.heard))
    }

    /// All leave.
    pub fn leave(mut self) {
        for browser in &mut self.all {
            browser.signalling.leave();
        }
    }
}

impl Browser {
    fn new(signalling: Signalling, number: u32, identity: &Identity) -> Self {
        let socket = sockets::bind(BUFFER_BYTES);
        let address = sockets::address(&socket);
        let mut seed = [0x5b; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        let settings = Settings {
            ice: IceMode::Full,
            side: Side::Offerer,
            identity: identity.clone(),
            seed,
        };
        Self {
            signalling,
            peer: Peer::new(Instant::now(), settings),
            identity: identity.clone(),
            socket,
            address,
            srtp: None,
            path: None,
            sequence: 0,
            ssrc: 0x0b00_0000 + number,
            last: None,
            heard: Heard::default(),
        }
    }

    /// Opus and nothing else, so that it has to be coded anew for a telephone.
    fn offer(&self) -> String {
        let local = self.peer.local();
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
             m=audio 9 UDP/TLS/RTP/SAVPF {PAYLOAD_TYPE}\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\n\
             a=fingerprint:{}\r\na=setup:actpass\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:{PAYLOAD_TYPE} opus/48000/2\r\n\
             a=fmtp:{PAYLOAD_TYPE} minptime=10;useinbandfec=1\r\na={}\r\na=end-of-candidates\r\n",
            local.ufrag(),
            local.password(),
            self.identity.fingerprint(),
            Candidate::host(self.address, 1),
        )
    }

    fn answered(&mut self, now: Instant, sdp: &str) {
        let value = |name: &str| {
            let mut lines = sdp.lines().filter_map(|line| line.strip_prefix("a="));
            let value = lines.find_map(|line| line.strip_prefix(name));
            value.unwrap_or_else(|| panic!("no {name} in {sdp}"))
        };
        let remote = Remote {
            credentials: Credentials::new(value("ice-ufrag:"), value("ice-pwd:")).expect("the node has good ones"),
            ice: IceMode::Lite,
            fingerprints: vec![value("fingerprint:").parse().expect("the node has a good one")],
            setup: match value("setup:") {
                "passive" => Setup::Active,
                _ => Setup::Passive,
            },
        };
        let inputs = [
            Input::Remote(remote),
            Input::LocalCandidate(Candidate::host(self.address, 1)),
        ];
        let lines = sdp.lines().filter(|line| line.starts_with("a=candidate:"));
        let candidates = lines.map(|line| line.parse::<Candidate>().expect("the node writes good ones"));
        let by_udp = candidates.filter(|candidate| candidate.tcp.is_none());
        for input in inputs.into_iter().chain(by_udp.map(Input::RemoteCandidate)) {
            self.peer.handle(now, input).expect("it is as it should be");
        }
        self.follow(now);
    }

    /// Takes what came, and does what is due.
    fn hear(&mut self, now: Instant) {
        let mut buffer = [0; DATAGRAM_BYTES];
        while let Ok((bytes, from)) = self.socket.recv_from(&mut buffer) {
            let datagram = &mut buffer[..bytes];
            match Kind::of(datagram) {
                Some(Kind::Rtp) => self.packet(now, datagram),
                Some(Kind::Stun | Kind::Dtls) => {
                    let path = Path {
                        transport: Transport::Udp,
                        local: self.address,
                        remote: from,
                    };
                    // One that is over takes nothing; the call is counted as ended then.
                    let _ = self.peer.handle(now, Input::Datagram { path, bytes: datagram });
                    self.follow(now);
                }
                Some(Kind::Rtcp) | None => {}
            }
        }
        if self.peer.wake_at().is_some_and(|at| at <= now) {
            let _ = self.peer.handle(now, Input::Deadline);
            self.follow(now);
        }
    }

    /// Sound counts only if it is authentic.
    fn packet(&mut self, now: Instant, packet: &mut [u8]) {
        let read = self.srtp.as_mut().and_then(|srtp| srtp.unprotect_rtp(packet));
        if read.is_some() {
            let number = u16::from_be_bytes([packet[2], packet[3]]);
            self.heard.packet(number, now, &mut self.last);
        }
    }

    fn follow(&mut self, now: Instant) {
        while let Some(output) = self.peer.poll() {
            match output {
                // What a socket does not take is lost, as on any network.
                Output::Send { path, bytes } => drop(self.socket.send_to(&bytes, path.remote)),
                Output::HandshakeWanted => self.peer.handle(now, Input::Handshake).expect("it has asked for it"),
                Output::Keys(keys) => self.srtp = Some(Srtp::new(srtp_keys(&keys))),
                Output::Selected(path) => self.path = path,
                Output::Opened(_) | Output::Gone(_) | Output::State(_) | Output::Closed(_) => {}
            }
        }
    }

    fn speak(&mut self, frames: &[Vec<u8>]) {
        let (Some(srtp), Some(path)) = (&mut self.srtp, self.path) else {
            return;
        };
        let frame = &frames[usize::from(self.sequence) % frames.len()];
        let length = HEAD_BYTES + frame.len();
        let mut packet = vec![0; length + TRAILER_BYTES];
        packet[..2].copy_from_slice(&[0x80, PAYLOAD_TYPE]);
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(self.sequence).wrapping_mul(TICKS)).to_be_bytes());
        packet[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        packet[HEAD_BYTES..length].copy_from_slice(frame);
        let length = srtp.protect_rtp(&mut packet, length);
        self.sequence = self.sequence.wrapping_add(1);
        let _ = self.socket.send_to(&packet[..length], path.remote);
    }
}

fn srtp_keys(keys: &Keys) -> SrtpKeys {
    let suite = match keys.profile {
        SrtpProfile::Aes128CmSha1Tag80 => SrtpSuite::Tag80,
        SrtpProfile::AeadAes128Gcm => SrtpSuite::Gcm128,
        SrtpProfile::AeadAes256Gcm => SrtpSuite::Gcm256,
    };
    let key = |bytes: &[u8]| SrtpKey::new(suite, bytes).expect("a key is as long as its suite has it");
    SrtpKeys {
        suite,
        send: key(keys.send.bytes()),
        receive: key(keys.receive.bytes()),
    }
}
