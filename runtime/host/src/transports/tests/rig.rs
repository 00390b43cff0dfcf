//! A streams' thread on loopback with shards that only listen, certificates made on the spot, and messages.

use crate::api::ApiKey;
use crate::border::{BorderFigures, BorderProxy, Passage, WaysOut};
use crate::certificates::{Certificates, Identity, TlsFiles};
use crate::clients::signing_keys::signing_keys;
use crate::cluster::NodeDoors;
use crate::deal::Dealer;
use crate::net::Datagrams;
use crate::shard_threads::{Heard, Inbox, Outbox};
use crate::transports::{
    Limits, NodeLinks, SendOrder, Sender, Setup, StreamFigures, StreamQueue, StreamThread, Times, bind, queue, start,
};
use patchcord_sip::border::{BorderConfig, NodeName, Region};
use patchcord_sip::{Flow, Listener, Transport};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Longer than anything here takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// As long as nothing is to happen.
pub(super) const MOMENT: Duration = Duration::from_millis(100);

pub(super) const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(super) struct Rig {
    pub(super) figures: Arc<StreamFigures>,
    pub(super) border: Arc<BorderFigures>,
    pub(super) shards: Vec<Outbox>,
    pub(super) addresses: Vec<SocketAddr>,
    queue: StreamQueue,
    // Ends before the shards' ends of its queues.
    _thread: StreamThread,
    _desk: crate::async_thread::AsyncThread,
}

pub(super) struct Plan {
    pub(super) doors: Vec<(Transport, IpAddr)>,
    pub(super) tls: TlsFiles,
    pub(super) limits: Limits,
    pub(super) times: Times,
    pub(super) shards: usize,
    /// Those that may make tokens.
    pub(super) keys: Vec<ApiKey>,
    /// Which other nodes there are, for a rig that is node `b` among them.
    pub(super) nodes: Option<Arc<NodeDoors>>,
}

impl Plan {
    pub(super) fn of(transport: Transport) -> Self {
        Self {
            doors: vec![(transport, LOCALHOST)],
            tls: TlsFiles::default(),
            limits: Limits::default(),
            times: Times::default(),
            shards: 1,
            keys: Vec::new(),
            nodes: None,
        }
    }

    /// A border, and what the connections of nodes are made with, by the same certificates as all others.
    fn among_nodes(&self, streams: &StreamQueue, border: &Arc<BorderFigures>) -> Option<(BorderProxy, NodeLinks)> {
        let nodes = self.nodes.clone()?;
        let own = Listener::udp(SocketAddr::new(LOCALHOST, 5060));
        let config = BorderConfig {
            node: NodeName::new("b").unwrap(),
            region: Region::new("us1").unwrap(),
            internal: SocketAddr::new(LOCALHOST, 5071),
            doors: vec![own],
            secret: [4; 32],
            message_bytes: 65_536,
        };
        let out = WaysOut {
            datagrams: Datagrams::new(Vec::new()),
            streams: streams.clone(),
            nodes: nodes.clone(),
            figures: border.clone(),
        };
        let links = NodeLinks {
            nodes,
            certificates: Arc::new(Certificates::load(self.tls.clone()).unwrap()),
            figures: border.clone(),
        };
        Some((BorderProxy::new(config, None, out).unwrap(), links))
    }

    pub(super) fn start(self) -> Rig {
        let (figures, border) = (Arc::new(StreamFigures::default()), Arc::new(BorderFigures::default()));
        let (queue, orders) = queue(figures.clone());
        let (proxy, nodes) = self.among_nodes(&queue, &border).unzip();
        let (inboxes, shards): (Vec<_>, Vec<_>) = (0..self.shards).map(|_| Inbox::new()).unzip();
        let bound = self.doors.into_iter().map(|(transport, host)| {
            let listener = bind(SocketAddr::new(host, 0)).unwrap();
            (transport, listener)
        });
        let listeners: Vec<_> = bound.collect();
        let addresses = listeners
            .iter()
            .map(|(_, listener)| listener.local_addr().unwrap())
            .collect();
        let (desk, presence) = crate::presence::start(&inboxes, &Arc::default(), None).unwrap();
        let thread = start(Setup {
            listeners,
            certificates: Certificates::load(self.tls).unwrap(),
            nodes,
            limits: self.limits,
            times: self.times,
            dealer: Arc::new(Dealer::new(inboxes, 7).behind(proxy.map(Arc::new))),
            orders,
            figures: figures.clone(),
            signing: signing_keys(&self.keys).0,
            presence,
            ice: Arc::default(),
        });
        Rig {
            figures,
            border,
            shards,
            addresses,
            queue,
            _thread: thread.unwrap(),
            _desk: desk,
        }
    }
}

impl Rig {
    pub(super) fn send(&self, to: Flow, name: Option<&str>, bytes: &[u8]) {
        self.queue.send(SendOrder {
            sender: Sender::Shard(0),
            to,
            name: name.map(Arc::from),
            bytes: bytes.into(),
        });
    }

    /// As the border sends what came this way.
    pub(super) fn pass(&self, (from, came): (Flow, &[u8]), to: Flow) {
        self.queue.send(SendOrder {
            sender: Sender::Border(Some(Passage::of_device(from, came))),
            to,
            name: None,
            bytes: came.into(),
        });
    }

    /// The next message of the first shard.
    pub(super) fn message(&self) -> (Flow, Vec<u8>) {
        match self.shards[0].heard(PATIENCE) {
            Some(Heard::Message(flow, bytes)) => (flow, bytes),
            other => panic!("no message but {other:?}"),
        }
    }

    /// The way that the first shard hears to have failed.
    pub(super) fn failure(&self) -> Flow {
        match self.shards[0].heard(PATIENCE) {
            Some(Heard::Failed(flow)) => flow,
            other => panic!("no failure but {other:?}"),
        }
    }

    pub(super) fn silence(&self) {
        assert_eq!(self.shards[0].heard(MOMENT), None);
    }

    pub(super) fn dial(&self) -> TcpStream {
        dial(self.addresses[0])
    }

    /// Waits until a figure has a value.
    pub(super) fn wait(&self, figure: impl Fn(&StreamFigures) -> u64, value: u64) {
        let until = Instant::now() + PATIENCE;
        while figure(&self.figures) != value {
            assert!(Instant::now() < until, "{} and not {value}", figure(&self.figures));
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

pub(super) fn dial(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads exactly what is expected.
pub(super) fn expect(stream: &mut impl Read, bytes: &[u8]) {
    let mut read = vec![0; bytes.len()];
    stream.read_exact(&mut read).unwrap();
    assert_eq!(read, bytes, "{}", read.escape_ascii());
}

/// Reads to the end of the connection, which must come.
pub(super) fn expect_end(stream: &mut impl Read) -> Vec<u8> {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert!(
            matches!(
                error.kind(),
                std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::UnexpectedEof
            ),
            "{error}"
        ),
    }
    rest
}

pub(super) fn write(stream: &mut impl Write, bytes: &[u8]) {
    stream.write_all(bytes).unwrap();
    stream.flush().unwrap();
}

/// A request of a call.
pub(super) fn options(call_id: &str) -> Vec<u8> {
    format!("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: {call_id}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// An authority, and files of certificates it signed in a folder of their own.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) pem: String,
    folder: PathBuf,
}

impl Authority {
    pub(super) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("patchcord-tls-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        std::fs::write(folder.join("ca.pem"), &pem).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            pem,
            folder,
        }
    }

    /// Its own certificate.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    pub(super) fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Writes a new certificate for `name` where [`Authority::identity`] says.
    pub(super) fn write(&self, name: &str) {
        let (certificate, key) = self.sign(name);
        let files = self.identity();
        std::fs::write(files.certificate, certificate).unwrap();
        std::fs::write(files.key, key).unwrap();
    }

    pub(super) fn identity(&self) -> Identity {
        Identity {
            certificate: self.folder.join("certificate.pem"),
            key: self.folder.join("key.pem"),
        }
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
