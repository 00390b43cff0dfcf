//! Files from a web server on loopback with a certificate made on the spot: a right one, and everything a hostile or dead
//! server can do.

use super::*;
use crate::shard_threads::{Heard, Outbox};
use crate::web::HEAD_BYTES;
use hickory_resolver::proto::op::{Message, MessageType, OpCode};
use hickory_resolver::proto::rr::rdata::A;
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use patchcord_sip::identity::UrlRules;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What a server does with a connection once it has read a request.
type Answer = fn(&mut Line);
type Line = StreamOwned<ServerConnection, std::net::TcpStream>;

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// What servers are certified for.
const NAMES: [&str; 2] = ["127.0.0.1", "cert.example.org"];

/// An authority that certifies [`NAMES`].
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(NAMES.map(str::to_owned)).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Arc::new(config)
    }

    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}

/// A server that does the same with every connection, each on a thread of its own; the requests it read.
fn serve(authority: &Authority, answer: Answer) -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind((LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, requests) = std::sync::mpsc::sync_channel(64);
    let config = authority.server();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (config, heard) = (config.clone(), heard.clone());
            std::thread::spawn(move || {
                let stream = stream.unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let mut line = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && line.read_exact(&mut byte).is_ok() {
                    request.push(byte[0]);
                }
                let _ = heard.send(String::from_utf8(request).unwrap());
                answer(&mut line);
            });
        }
    });
    (port, requests)
}

struct Rig {
    outbox: Outbox,
    queue: FetchQueue,
    figures: Arc<FetchFigures>,
    // Ends before the shard's end of its queue.
    _thread: AsyncThread,
}

fn start_with(setup: FetchSetup) -> Rig {
    let (inbox, outbox) = Inbox::new();
    let figures = Arc::new(FetchFigures::default());
    let (thread, queue) = start(setup, vec![inbox], figures.clone()).unwrap();
    Rig {
        outbox,
        queue,
        figures,
        _thread: thread,
    }
}

fn start_for(authority: &Authority) -> Rig {
    start_with(FetchSetup::new(None, LiteralRule::Any, authority.client()))
}

fn url(text: &str, port: u16) -> CertificateUrl {
    let rules = UrlRules {
        literals: LiteralRule::Any,
        ports: vec![port],
        ..UrlRules::default()
    };
    CertificateUrl::check(text, &rules).unwrap()
}

impl Rig {
    fn ask(&self, number: u64, url: CertificateUrl) -> Ordered {
        self.queue.fetch(Wanted {
            shard: 0,
            query: Query(number),
            url,
        })
    }

    fn answer(&self) -> (Query, Result<Vec<u8>, FetchFailure>) {
        match self.outbox.heard(PATIENCE) {
            Some(Heard::Fetched(query, file)) => (query, file),
            other => panic!("no file but {other:?}"),
        }
    }

    fn get(&self, port: u16) -> Result<Vec<u8>, FetchFailure> {
        let url = url(&format!("https://127.0.0.1:{port}/signer.pem"), port);
        assert_eq!(self.ask(1, url), Ordered::Yes);
        self.answer().1
    }
}

fn say(line: &mut Line, text: &str) {
    // Whoever has heard enough hangs up first.
    let _ = line.write_all(text.as_bytes());
    line.conn.send_close_notify();
    let _ = line.flush();
}

#[test]
fn a_file_is_asked_for_as_a_browser_would() {
    let authority = Authority::new();
    let (port, requests) = serve(&authority, |line| {
        say(line, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfile");
    });
    let rig = start_for(&authority);
    let cases = [
        ("/cert/signer.pem?v=2", "/cert/signer.pem?v=2"),
        ("", "/"),
        ("?v=2", "/?v=2"),
    ];
    for (place, (path, asked)) in cases.into_iter().enumerate() {
        let number = place as u64;
        rig.ask(number, url(&format!("https://127.0.0.1:{port}{path}"), port));
        assert_eq!(rig.answer(), (Query(number), Ok(b"file".to_vec())));
        let request = requests.recv_timeout(PATIENCE).unwrap().to_ascii_lowercase();
        assert!(request.starts_with(&format!("get {asked} http/1.1\r\n")), "{request}");
        assert!(request.contains(&format!("host: 127.0.0.1:{port}\r\n")), "{request}");
    }
    assert_eq!((rig.figures.files.get(), rig.figures.failures.get()), (3, 0));
}

#[test]
fn every_way_to_send_a_body_is_read_to_its_limit() {
    let authority = Authority::new();
    let rig = start_for(&authority);
    let answers: [(Answer, Result<usize, FetchFailure>); 5] = [
        (
            |line| {
                say(
                    line,
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
                )
            },
            Ok(3),
        ),
        (|line| say(line, "HTTP/1.0 200 OK\r\n\r\nto the end"), Ok(10)),
        (
            |line| {
                let text = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(CHAIN_BYTES));
                say(line, &text);
            },
            Ok(CHAIN_BYTES),
        ),
        (
            |line| {
                let text = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(CHAIN_BYTES + 1));
                say(line, &text);
            },
            Err(FetchFailure::TooLong),
        ),
        (
            // Without an end: only the limit stops it.
            |line| {
                let _ = line.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                while line.write_all(&[b'x'; 1024]).is_ok() {}
            },
            Err(FetchFailure::TooLong),
        ),
    ];
    for (answer, expected) in answers {
        let (port, _requests) = serve(&authority, answer);
        assert_eq!(rig.get(port).map(|file| file.len()), expected);
    }
}

#[test]
fn wrong_answers_are_no_file() {
    let authority = Authority::new();
    let rig = start_for(&authority);
    let answers: [(Answer, FetchFailure); 6] = [
        (
            |line| say(line, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            FetchFailure::Status(404),
        ),
        (
            // Followed, it would lead past every rule.
            |line| {
                say(
                    line,
                    "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
                )
            },
            FetchFailure::Status(302),
        ),
        (|line| say(line, "SIP/2.0 200 OK\r\n\r\n"), FetchFailure::Unreachable),
        (
            |line| say(line, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut"),
            FetchFailure::Unreachable,
        ),
        (
            |line| {
                let text = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\nfile", "x".repeat(HEAD_BYTES));
                say(line, &text);
            },
            FetchFailure::Unreachable,
        ),
        (|_| {}, FetchFailure::Unreachable),
    ];
    let count = answers.len() as u64;
    for (answer, expected) in answers {
        let (port, _requests) = serve(&authority, answer);
        assert_eq!(rig.get(port), Err(expected));
    }
    assert_eq!(rig.figures.failures.get(), count);
}

#[test]
fn a_server_must_be_certified_and_in_an_allowed_network() {
    let authority = Authority::new();
    let answer = |line: &mut Line| say(line, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfile");
    let (port, _requests) = serve(&Authority::new(), answer);
    assert_eq!(start_for(&authority).get(port), Err(FetchFailure::Unreachable));

    let (port, requests) = serve(&authority, answer);
    let public = FetchSetup::new(None, LiteralRule::Public, authority.client());
    assert_eq!(start_with(public).get(port), Err(FetchFailure::Unresolved));
    assert!(requests.try_recv().is_err(), "it was not even asked");

    let listener = TcpListener::bind((LOCALHOST, 0)).unwrap();
    let closed = listener.local_addr().unwrap().port();
    drop(listener);
    assert_eq!(start_for(&authority).get(closed), Err(FetchFailure::Unreachable));
}

/// A name server that says of every name that it leads to this machine.
fn name_server() -> SocketAddr {
    let socket = UdpSocket::bind((LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    // Ends with the test's process.
    std::thread::spawn(move || {
        let mut bytes = [0; 4_096];
        while let Ok((length, from)) = socket.recv_from(&mut bytes) {
            let question = Message::from_vec(&bytes[..length]).unwrap();
            let query = question.queries[0].clone();
            let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
            if query.query_type() == RecordType::A {
                let here = RData::A(A(Ipv4Addr::LOCALHOST));
                answer.add_answer(Record::from_rdata(query.name().clone(), 300, here));
            }
            answer.add_query(query);
            socket.send_to(&answer.to_vec().unwrap(), from).unwrap();
        }
    });
    address
}

#[test]
fn a_name_is_no_way_into_an_inner_network() {
    let authority = Authority::new();
    let (port, requests) = serve(&authority, |line| {
        say(line, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfile");
    });
    let server = Some(name_server());
    for (networks, host, expected) in [
        (LiteralRule::Any, "cert.example.org", Ok(b"file".to_vec())),
        (LiteralRule::Public, "cert.example.org", Err(FetchFailure::Unresolved)),
        // Certified for another name.
        (LiteralRule::Any, "other.example.org", Err(FetchFailure::Unreachable)),
    ] {
        let rig = start_with(FetchSetup::new(server, networks, authority.client()));
        rig.ask(1, url(&format!("https://{host}:{port}/signer.pem"), port));
        assert_eq!(rig.answer().1, expected);
    }
    assert!(requests.recv_timeout(PATIENCE).is_ok());
}

#[test]
fn a_slow_server_takes_no_longer_than_a_file_may() {
    let authority = Authority::new();
    let short = |authority: &Authority| FetchSetup {
        time: Duration::from_millis(300),
        ..FetchSetup::new(None, LiteralRule::Any, authority.client())
    };
    // One byte at a time, each in good time.
    let (port, _requests) = serve(&authority, |line| {
        let _ = line.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while line.write_all(b"x").and_then(|()| line.flush()).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert_eq!(start_with(short(&authority)).get(port), Err(FetchFailure::TimedOut));
    // One that takes the connection and never says a word, not even of TLS.
    let silent = TcpListener::bind((LOCALHOST, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    assert_eq!(start_with(short(&authority)).get(port), Err(FetchFailure::TimedOut));
}

#[test]
fn a_flood_is_bounded_and_every_wish_is_answered() {
    let authority = Authority::new();
    let silent = TcpListener::bind((LOCALHOST, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let rig = start_with(FetchSetup {
        time: Duration::from_millis(200),
        ..FetchSetup::new(None, LiteralRule::Any, authority.client())
    });
    let total = 4 * (WAITING + AT_ONCE) as u64;
    let wish = |number| rig.ask(number, url(&format!("https://127.0.0.1:{port}/{number}"), port));
    let taken = (0..total).filter(|number| wish(*number) == Ordered::Yes).count();
    // One more may be in the hand of the thread that waits for a place.
    assert!(taken <= WAITING + AT_ONCE + 1, "{taken}");
    assert_eq!(rig.figures.dropped.get(), total - taken as u64);
    for _ in 0..taken {
        assert_eq!(rig.answer().1, Err(FetchFailure::TimedOut));
    }
}
