//! Another node as the test is one: its door and its connection over mutual TLS, an endpoint that holds calls, and a telephone on UDP.

use super::nats::Bus;
use patchcord_sip::stream::{Framed, Framer};
use patchcord_sip::{
    Config, DialogId, EndCause, Endpoint, Event, Flow, Input, Listener, NameAddr, Outgoing, Output, Target, Transport,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(40);
/// Messages that may wait to be read.
const WAITING: usize = 256;
const SDP: &[u8] =
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";

/// A certificate and its key.
pub type Own = Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>;

/// The certificate of these files.
pub fn certified(bus: &Bus, name: &str) -> Own {
    let file = |kind: &str| bus.file(&format!("{name}.{kind}"));
    let certificate = CertificateDer::from_pem_file(file("pem")).unwrap();
    Some((certificate, PrivateKeyDer::from_pem_file(file("key")).unwrap()))
}

/// One in this name by an authority that nobody knows.
pub fn of_another_authority(name: &str) -> Own {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(params, KeyPair::generate().unwrap());
    let key = KeyPair::generate().unwrap();
    let made = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let made = made.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    Some((made.der().clone(), key))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn roots(bus: &Bus) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(bus.file("authority.pem")).unwrap();
    roots.add(authority).unwrap();
    Arc::new(roots)
}

/// The door of the other node, and what comes in there.
pub struct Link {
    pub door: SocketAddr,
    heard: Receiver<Vec<u8>>,
}

impl Link {
    /// Listens with the certificate of `eu1-a`; who connects must have one by the authority of the nodes.
    pub fn listen(bus: &Bus) -> Self {
        let (certificate, key) = certified(bus, "eu1-a").unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots(bus), provider())
            .build()
            .unwrap();
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let door = listener.local_addr().unwrap();
        let (tell, heard) = sync_channel(WAITING);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = ServerConnection::new(config.clone()).unwrap();
                let tell = tell.clone();
                std::thread::spawn(move || listen(StreamOwned::new(connection, stream), &tell));
            }
        });
        Self { door, heard }
    }
}

/// Cuts what comes into messages until there is no more.
fn listen(mut stream: impl Read, tell: &SyncSender<Vec<u8>>) {
    let mut framer = Framer::new(64 * 1024);
    let mut bytes = [0; 4_096];
    while let Ok(read @ 1..) = stream.read(&mut bytes) {
        framer.push(&bytes[..read]);
        for framed in framer.by_ref() {
            if let Ok(Framed::Message(message)) = framed
                && tell.send(message).is_err()
            {
                return;
            }
        }
    }
}

/// A connection to a door for nodes.
pub struct Line {
    pub stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Line {
    /// None if the handshake fails already. Whom it connects to is not asked: that is another test's.
    pub fn to(door: SocketAddr, own: Own) -> Option<Self> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody));
        let config = match own {
            Some((certificate, key)) => builder.with_client_auth_cert(vec![certificate], key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        let stream = TcpStream::connect(door).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = ServerName::try_from("us1-a").unwrap();
        let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut socket = stream;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket).ok()?;
        }
        Some(Self {
            stream: StreamOwned::new(connection, socket),
        })
    }
}

/// Takes any server's certificate.
#[derive(Debug)]
struct Anybody;

impl rustls::client::danger::ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// The two ends of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Anchor,
    Phone,
}

/// The other node and the telephone, with all that they were told.
pub struct World {
    anchor: Endpoint,
    phone: Endpoint,
    link: Link,
    line: Line,
    /// The door of the node between.
    gateway: SocketAddr,
    socket: UdpSocket,
    events: Vec<(At, Event)>,
    received: Vec<(At, String)>,
    /// Whether the telephone is answered when it rings.
    pub answers: bool,
    /// Datagrams from and to the telephone that do not arrive.
    pub lose: usize,
}

fn node_flow(door: SocketAddr) -> Flow {
    Flow {
        transport: Transport::Node,
        peer: door,
        connection: None,
    }
}

impl World {
    pub fn new(link: Link, line: Line, gateway: SocketAddr) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let own = Listener {
            transport: Transport::Node,
            address: link.door,
        };
        let at = Listener::udp(socket.local_addr().unwrap());
        Self {
            anchor: Endpoint::new(Config::new(vec![own], "anchor"), 9_101),
            phone: Endpoint::new(Config::new(vec![at], "phone"), 9_102),
            link,
            line,
            gateway,
            socket,
            events: Vec::new(),
            received: Vec::new(),
            answers: true,
            lose: 0,
        }
    }

    /// The telephone as the node between sees it.
    pub fn phone_flow(&self) -> Flow {
        Flow::udp(self.socket.local_addr().unwrap())
    }

    /// The anchor calls the telephone by its Path.
    pub fn call(&mut self, path: &str) {
        let target = Target {
            flow: node_flow(self.gateway),
            name: Some("us1-a".into()),
        };
        let uri = format!("sip:phone@{}", self.socket.local_addr().unwrap());
        let outgoing = Outgoing {
            sdp: Some(SDP.into()),
            routes: vec![path.to_owned()],
            ..Outgoing::new(
                uri.parse().unwrap(),
                target,
                NameAddr::parse("<sip:menu@example.com>").unwrap(),
            )
        };
        self.anchor.invite(Instant::now(), outgoing).unwrap();
    }

    pub fn reinvite(&mut self, by: At) {
        let dialog = self.dialog(by);
        self.end(by).reinvite(Instant::now(), dialog, Some(SDP.into())).unwrap();
    }

    pub fn bye(&mut self, by: At) {
        let dialog = self.dialog(by);
        self.end(by).bye(Instant::now(), dialog).unwrap();
    }

    pub fn cancel(&mut self) {
        let dialog = self.dialog(At::Anchor);
        self.anchor.cancel(Instant::now(), dialog).unwrap();
    }

    /// Sends these bytes as the other node does.
    pub fn say(&mut self, message: &str) {
        self.write(message.as_bytes());
    }

    /// Sends these bytes as the telephone does.
    pub fn say_to(&mut self, to: SocketAddr, message: &str) {
        self.socket.send_to(message.as_bytes(), to).unwrap();
    }

    /// Of what was told and received so far nothing counts any more.
    pub fn forget(&mut self) {
        self.events.clear();
        self.received.clear();
    }

    pub fn has(&self, at: At, wanted: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(|(place, event)| *place == at && wanted(event))
    }

    pub fn ended(&self, at: At) -> Option<EndCause> {
        self.events.iter().find_map(|(place, event)| match event {
            Event::Ended { cause, .. } if *place == at => Some(*cause),
            _ => None,
        })
    }

    /// The first message that begins so.
    pub fn received(&self, at: At, begins: &str) -> String {
        let mut received = self.received.iter();
        let found = received.find(|(place, message)| *place == at && message.starts_with(begins));
        found.map(|(_, message)| message.clone()).expect("it was received")
    }

    pub fn count(&self, at: At, begins: &str) -> usize {
        let is_one = |(place, message): &&(At, String)| *place == at && message.starts_with(begins);
        self.received.iter().filter(is_one).count()
    }

    pub fn repeated(&mut self, at: At) -> u64 {
        self.end(at).counters().retransmissions_sent
    }

    /// Lets everybody do what is to be done until this is true.
    pub fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(
                Instant::now() < deadline,
                "not: {what}\n{:?}\n{:#?}",
                self.events,
                self.received
            );
            self.drain(At::Anchor);
            self.drain(At::Phone);
            self.hear();
            for at in [At::Anchor, At::Phone] {
                self.end(at).handle(Instant::now(), Input::Deadline);
            }
        }
    }

    fn dialog(&self, at: At) -> DialogId {
        let mut events = self.events.iter().filter(|(place, _)| *place == at);
        events.find_map(|(_, event)| event.dialog()).unwrap()
    }

    fn end(&mut self, at: At) -> &mut Endpoint {
        match at {
            At::Anchor => &mut self.anchor,
            At::Phone => &mut self.phone,
        }
    }

    fn drain(&mut self, at: At) {
        while let Some(output) = self.end(at).poll() {
            match output {
                Output::Event(event) => {
                    self.agree(at, &event);
                    self.events.push((at, event));
                }
                Output::Send { to, bytes, .. } if at == At::Anchor => {
                    assert_eq!(to, node_flow(self.gateway), "all goes by the node between");
                    self.write(&bytes);
                }
                Output::Send { to, bytes, .. } => {
                    if !self.is_lost() {
                        self.socket.send_to(&bytes, to.peer).unwrap();
                    }
                }
            }
        }
    }

    fn is_lost(&mut self) -> bool {
        let is_lost = self.lose > 0;
        self.lose -= usize::from(is_lost);
        is_lost
    }

    fn agree(&mut self, at: At, event: &Event) {
        let (now, answers) = (Instant::now(), self.answers);
        match event {
            Event::Invite { dialog, .. } => {
                let end = self.end(at);
                end.provisional(now, *dialog, 180, None).unwrap();
                if answers {
                    end.accept(now, *dialog, SDP.into()).unwrap();
                }
            }
            Event::Reinvite { dialog, .. } => self.end(at).accept_reinvite(now, *dialog, SDP.into()).unwrap(),
            _ => {}
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.line.stream.write_all(bytes).unwrap();
        self.line.stream.flush().unwrap();
    }

    fn hear(&mut self) {
        while let Ok(bytes) = self.link.heard.try_recv() {
            self.take(At::Anchor, node_flow(self.gateway), &bytes);
        }
        let mut bytes = [0; 8_192];
        if let Ok((read, from)) = self.socket.recv_from(&mut bytes)
            && !self.is_lost()
        {
            self.take(At::Phone, Flow::udp(from), &bytes[..read]);
        }
    }

    fn take(&mut self, at: At, flow: Flow, bytes: &[u8]) {
        self.received.push((at, String::from_utf8(bytes.to_vec()).unwrap()));
        let input = Input::Message {
            flow,
            bytes,
            proven: None,
        };
        self.end(at).handle(Instant::now(), input);
    }
}
