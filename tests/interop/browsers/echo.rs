//! A server for browsers' audio, as small as it can be: one UDP port, one TCP port for media, a page and a few requests by HTTP. What it
//! hears it decrypts, counts, encrypts anew and sends back. SDP is read by its lines and written as one text, since only what the
//! transport needs is in it.

use patchcord_media::{Srtp, SrtpKey, SrtpKeys, SrtpSuite};
use patchcord_webrtc::{
    Arrival, Candidate, Credentials, Frames, IceMode, Identity, Input, Keys, Output, Path, PeerId, Port, PortSettings,
    Remote, Settings, Setup, Side, SrtpProfile, State, Transport,
};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const PAGE: &str =
    "<!doctype html><meta charset=utf-8><title>Echo</title><link rel=icon href=data:,><audio autoplay></audio>";
const LOCALHOST: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Room behind a packet for what protects it.
const TRAILER: usize = 20;
/// The sender that the echo is.
const OUR_SSRC: u32 = 0x5eed_5eed;

/// A running server; stopped when dropped.
pub struct Echo {
    pub http: SocketAddr,
    pub udp: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Echo {
    pub fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut server = Server::new();
        let address = |address: std::io::Result<SocketAddr>| address.expect("a bound socket has an address");
        let (http, udp) = (address(server.http.local_addr()), address(server.udp.local_addr()));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                server.turn();
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Self {
            http,
            udp,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // If it has panicked, the browser had no answer, and the test says so.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// What is known of one browser.
struct Call {
    srtp: Option<Srtp>,
    payload_type: u8,
    mid: String,
    setup: Setup,
    ice: IceMode,
    over: Transport,
    profile: &'static str,
    heard: u64,
    reports: u64,
    unreadable: u64,
    states: Vec<State>,
    paths: u64,
    keys: u64,
    closed: Option<String>,
}

struct Connection {
    stream: TcpStream,
    frames: Frames,
}

struct Server {
    http: TcpListener,
    udp: UdpSocket,
    tcp: TcpListener,
    connections: BTreeMap<SocketAddr, Connection>,
    port: Port,
    identity: Identity,
    calls: BTreeMap<PeerId, Call>,
    ids: Vec<PeerId>,
}

impl Server {
    fn new() -> Self {
        let listener = || {
            let listener = TcpListener::bind((LOCALHOST, 0)).expect("a port is free");
            listener
                .set_nonblocking(true)
                .expect("a socket can be told not to wait");
            listener
        };
        let udp = UdpSocket::bind((LOCALHOST, 0)).expect("a port is free");
        udp.set_nonblocking(true).expect("a socket can be told not to wait");
        Self {
            http: listener(),
            udp,
            tcp: listener(),
            connections: BTreeMap::new(),
            port: Port::new(PortSettings::new([5; 32])),
            identity: Identity::generate().expect("this machine has randomness"),
            calls: BTreeMap::new(),
            ids: Vec::new(),
        }
    }

    fn turn(&mut self) {
        while let Ok((stream, _)) = self.http.accept() {
            self.serve(stream);
        }
        while let Ok((stream, remote)) = self.tcp.accept() {
            stream.set_nonblocking(true).expect("a socket can be told not to wait");
            let frames = Frames::new();
            self.connections.insert(remote, Connection { stream, frames });
        }
        self.read_udp();
        self.read_tcp();
        if self.port.wake_at().is_some_and(|at| at <= Instant::now()) {
            self.port.tick(Instant::now());
        }
        self.drain();
    }

    fn read_udp(&mut self) {
        let local = self.udp.local_addr().expect("a bound socket has an address");
        let mut buffer = [0; 2_048];
        while let Ok((length, remote)) = self.udp.recv_from(&mut buffer) {
            let path = Path {
                transport: Transport::Udp,
                local,
                remote,
            };
            self.receive(path, &mut buffer[..length]);
        }
    }

    fn read_tcp(&mut self) {
        let local = self.tcp.local_addr().expect("a bound socket has an address");
        let mut datagrams = Vec::new();
        let mut gone = Vec::new();
        for (remote, connection) in &mut self.connections {
            let path = Path {
                transport: Transport::Tcp,
                local,
                remote: *remote,
            };
            let mut buffer = [0; 4_096];
            match connection.stream.read(&mut buffer) {
                Ok(length) if length > 0 => {
                    let take = |datagram: &[u8]| datagrams.push((path, datagram.to_vec()));
                    connection
                        .frames
                        .read(&buffer[..length], take)
                        .expect("a browser frames as it should");
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                _ => gone.push(path),
            }
        }
        for (path, mut datagram) in datagrams {
            self.receive(path, &mut datagram);
        }
        for path in gone {
            self.connections.remove(&path.remote);
            for id in &self.ids {
                // Those that are over do not care.
                let _ = self.port.handle(Instant::now(), *id, Input::ConnectionClosed(path));
            }
        }
    }

    fn receive(&mut self, path: Path, datagram: &mut [u8]) {
        match self.port.receive(Instant::now(), path, datagram) {
            Arrival::Rtp(id) => self.echo(id, datagram),
            Arrival::Rtcp(id) => {
                let call = self.calls.get_mut(&id).expect("each peer has its call");
                match call.srtp.as_mut().and_then(|srtp| srtp.unprotect_rtcp(datagram)) {
                    Some(_) => call.reports += 1,
                    None => call.unreadable += 1,
                }
            }
            Arrival::Taken | Arrival::Dropped(_) => {}
        }
        self.drain();
    }

    /// Sends sound back to whom it is from.
    fn echo(&mut self, id: PeerId, packet: &mut [u8]) {
        let call = self.calls.get_mut(&id).expect("each peer has its call");
        let Some(srtp) = call.srtp.as_mut() else {
            return;
        };
        let Some(length) = srtp.unprotect_rtp(packet) else {
            call.unreadable += 1;
            return;
        };
        let packet = &packet[..length];
        if packet[1] & 0x7f != call.payload_type {
            return;
        }
        call.heard += 1;
        let has_extension = packet[0] & 0x10 != 0;
        let start = if has_extension {
            16 + 4 * usize::from(u16::from_be_bytes([packet[14], packet[15]]))
        } else {
            12
        };
        let mut sent = vec![0x80, packet[1]];
        sent.extend_from_slice(&packet[2..8]);
        sent.extend_from_slice(&OUR_SSRC.to_be_bytes());
        sent.extend_from_slice(&packet[start..]);
        let length = sent.len();
        sent.resize(length + TRAILER, 0);
        let length = srtp.protect_rtp(&mut sent, length);
        if let Some(path) = self.port.peer(id).and_then(|peer| peer.selected()) {
            self.send(path, &sent[..length]);
        }
    }

    fn send(&mut self, path: Path, bytes: &[u8]) {
        match path.transport {
            // What a socket does not take is lost, as on any network.
            Transport::Udp => drop(self.udp.send_to(bytes, path.remote)),
            Transport::Tcp => {
                if let Some(connection) = self.connections.get_mut(&path.remote) {
                    let head = Frames::head(bytes).expect("a datagram is short");
                    let _ = connection.stream.write_all(&[&head[..], bytes].concat());
                }
            }
        }
    }

    fn drain(&mut self) {
        while let Some((id, output)) = self.port.poll() {
            let call = self.calls.get_mut(&id).expect("each peer has its call");
            match output {
                Output::Send { path, bytes } => self.send(path, &bytes),
                Output::State(state) => call.states.push(state),
                Output::Selected(path) => call.paths += u64::from(path.is_some()),
                Output::Keys(keys) => {
                    call.keys += 1;
                    call.profile = name_of(keys.profile);
                    call.srtp = Some(srtp_of(&keys));
                }
                Output::Closed(why) => call.closed = Some(format!("{why:?}")),
                Output::Opened(_) | Output::Gone(_) | Output::HandshakeWanted => {}
            }
        }
    }

    /// One request by HTTP, and its answer.
    fn serve(&mut self, mut stream: TcpStream) {
        stream.set_nonblocking(false).expect("a socket can be told to wait");
        let patience = Some(Duration::from_secs(5));
        stream.set_read_timeout(patience).expect("a socket can be told to wait");
        let Some((head, body)) = read_request(&mut stream) else {
            return;
        };
        let body: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let line = head.lines().next().unwrap_or_default();
        let answer = if line.starts_with("POST /offer ") {
            self.offer(&body)
        } else if line.starts_with("POST /candidate ") {
            self.candidate(&body)
        } else if line.starts_with("POST /report ") {
            self.report(&body)
        } else {
            PAGE.to_owned()
        };
        let kind = if answer == PAGE {
            "text/html"
        } else {
            "application/json"
        };
        let length = answer.len();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        // Who does not wait for the answer does not get it.
        let _ = stream.write_all(format!("{head}{answer}").as_bytes());
    }

    fn id(&self, body: &serde_json::Value) -> PeerId {
        self.ids[body["call"].as_u64().expect("a request says which call") as usize]
    }

    /// A first offer makes a peer, a later one restarts its ICE.
    fn offer(&mut self, body: &serde_json::Value) -> String {
        let now = Instant::now();
        let sdp = body["sdp"].as_str().expect("an offer has a description");
        let is_new = body["call"].is_null();
        let id = if is_new {
            self.new_call(body, sdp)
        } else {
            self.id(body)
        };
        if !is_new {
            self.port
                .handle(now, id, Input::Restart)
                .expect("a peer that lives can be restarted");
        }
        let call = &self.calls[&id];
        let remote = Remote {
            credentials: Credentials::new(&value(sdp, "ice-ufrag:"), &value(sdp, "ice-pwd:"))
                .expect("a browser has good ones"),
            ice: IceMode::Full,
            fingerprints: vec![value(sdp, "fingerprint:").parse().expect("a browser has a good one")],
            setup: call.setup,
        };
        self.port
            .handle(now, id, Input::Remote(remote))
            .expect("it is what it was");
        if is_new {
            let (udp, tcp) = (self.udp.local_addr(), self.tcp.local_addr());
            let candidate = match self.calls[&id].over {
                Transport::Udp => Candidate::host(udp.expect("a bound socket has an address"), 1),
                Transport::Tcp => Candidate::tcp_passive(tcp.expect("a bound socket has an address"), 1),
            };
            self.port
                .handle(now, id, Input::LocalCandidate(candidate))
                .expect("there is room for one");
        }
        self.drain();
        let number = self.ids.iter().position(|known| *known == id);
        serde_json::json!({ "call": number, "sdp": self.answer(id) }).to_string()
    }

    fn new_call(&mut self, body: &serde_json::Value, sdp: &str) -> PeerId {
        let is = |name: &str, value: &str| body[name] == value;
        let ice = if is("ice", "lite") {
            IceMode::Lite
        } else {
            IceMode::Full
        };
        let settings = Settings {
            ice,
            side: Side::Answerer,
            identity: self.identity.clone(),
            seed: [self.ids.len() as u8; 32],
        };
        let id = self.port.add(Instant::now(), settings).expect("there are few");
        let opus = sdp
            .lines()
            .find(|line| line.ends_with(" opus/48000/2"))
            .expect("a browser has Opus");
        let payload_type = opus.trim_start_matches("a=rtpmap:").split(' ').next();
        let call = Call {
            srtp: None,
            payload_type: payload_type
                .and_then(|text| text.parse().ok())
                .expect("a number of Opus"),
            mid: value(sdp, "mid:"),
            setup: if is("setup", "active") {
                Setup::Active
            } else {
                Setup::Passive
            },
            ice,
            over: if is("over", "tcp") {
                Transport::Tcp
            } else {
                Transport::Udp
            },
            profile: "",
            heard: 0,
            reports: 0,
            unreadable: 0,
            states: Vec::new(),
            paths: 0,
            keys: 0,
            closed: None,
        };
        self.ids.push(id);
        self.calls.insert(id, call);
        id
    }

    fn answer(&self, id: PeerId) -> String {
        let (call, peer) = (&self.calls[&id], self.port.peer(id).expect("it was just there"));
        let candidate = match call.over {
            Transport::Udp => Candidate::host(self.udp.local_addr().expect("it is bound"), 1),
            Transport::Tcp => Candidate::tcp_passive(self.tcp.local_addr().expect("it is bound"), 1),
        };
        let lite = if call.ice == IceMode::Lite {
            "a=ice-lite\r\n"
        } else {
            ""
        };
        let setup = if call.setup == Setup::Active {
            "active"
        } else {
            "passive"
        };
        let (opus, mid) = (call.payload_type, &call.mid);
        let (ufrag, password) = (peer.local().ufrag(), peer.local().password());
        let fingerprint = self.identity.fingerprint();
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mid}\r\n{lite}m=audio 9 UDP/TLS/RTP/SAVPF {opus}\r\n\
             c=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\na=ice-options:trickle\r\n\
             a=fingerprint:{fingerprint}\r\na=setup:{setup}\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:{opus} opus/48000/2\r\n\
             a=ssrc:{OUR_SSRC} cname:echo\r\na={candidate}\r\na=end-of-candidates\r\n"
        )
    }

    fn candidate(&mut self, body: &serde_json::Value) -> String {
        let id = self.id(body);
        let text = body["candidate"].as_str().unwrap_or_default();
        let input = if text.is_empty() {
            Some(Input::EndOfRemoteCandidates)
        } else {
            // Names of the browser's own machine are passed over.
            text.parse().ok().map(Input::RemoteCandidate)
        };
        if let Some(input) = input {
            // Ports that say nothing (those of TCP) are refused.
            let _ = self.port.handle(Instant::now(), id, input);
        }
        self.drain();
        "{}".to_owned()
    }

    fn report(&self, body: &serde_json::Value) -> String {
        let call = &self.calls[&self.id(body)];
        let counts = self.port.counts();
        serde_json::json!({
            "profile": call.profile,
            "heard": call.heard,
            "reports": call.reports,
            "unreadable": call.unreadable,
            "states": call.states.iter().map(|state| format!("{state:?}")).collect::<Vec<_>>(),
            "paths": call.paths,
            "keys": call.keys,
            "closed": call.closed,
            "strangers": counts.strangers,
        })
        .to_string()
    }
}

/// What stands behind a name in the first attribute of that name.
fn value(sdp: &str, name: &str) -> String {
    let of = |line: &str| {
        line.strip_prefix("a=")
            .and_then(|line| line.strip_prefix(name))
            .map(str::to_owned)
    };
    sdp.lines().find_map(of).unwrap_or_else(|| panic!("no {name} in {sdp}"))
}

fn name_of(profile: SrtpProfile) -> &'static str {
    match profile {
        SrtpProfile::Aes128CmSha1Tag80 => "AES_CM_128_HMAC_SHA1_80",
        SrtpProfile::AeadAes128Gcm => "AEAD_AES_128_GCM",
        SrtpProfile::AeadAes256Gcm => "AEAD_AES_256_GCM",
    }
}

fn srtp_of(keys: &Keys) -> Srtp {
    let suite = match keys.profile {
        SrtpProfile::Aes128CmSha1Tag80 => SrtpSuite::Tag80,
        SrtpProfile::AeadAes128Gcm => SrtpSuite::Gcm128,
        SrtpProfile::AeadAes256Gcm => SrtpSuite::Gcm256,
    };
    let key = |bytes: &[u8]| SrtpKey::new(suite, bytes).expect("a key is as long as its suite has it");
    Srtp::new(SrtpKeys {
        suite,
        send: key(keys.send.bytes()),
        receive: key(keys.receive.bytes()),
    })
}

/// Head and body; none if it does not come.
fn read_request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        match stream.read(&mut buffer) {
            Ok(length) if length > 0 => bytes.extend_from_slice(&buffer[..length]),
            _ => return None,
        }
    }
}
