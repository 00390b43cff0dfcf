//! A signed call into a whole node: a real clock, a certificate on a web server of the test's own, and the handler's log.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and uses a part of what tests share"
)]

mod support;

use patchcord_host::{Node, Seen};
use patchcord_sip::identity::{Attestation, LiteralRule, Number, Policy, Signer, TrustRoots, UrlRules};
use patchcord_switch::{IdentityConfig, Notice};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use support::{cargo_build, config, metric, node, program, wait_for_metric};

const PATIENCE: Duration = Duration::from_secs(20);
const CALLER: &str = "+12155551212";
const HANDLER: &str = "says_who";

/// The handler, of `tests/calls/handlers`.
fn handler() -> Vec<u8> {
    let folder = cargo_build(&["-p", "call-handlers", "--examples"]).join("examples");
    let core = std::fs::read(folder.join(HANDLER).with_extension("wasm")).unwrap();
    patchcord_guest::wrap(&core, &[]).unwrap()
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// A certificate and its key.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// Serves this file to everybody, over TLS on loopback.
fn serve(web: &Authority, file: String) -> u16 {
    let (certificate, key) = web.sign("127.0.0.1");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut line = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream.unwrap());
            let (mut request, mut byte) = (Vec::new(), [0]);
            while !request.ends_with(b"\r\n\r\n") && line.read_exact(&mut byte).is_ok() {
                request.push(byte[0]);
            }
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", file.len());
            let _ = line.write_all(format!("{head}{file}").as_bytes());
            line.conn.send_close_notify();
            let _ = line.flush();
        }
    });
    port
}

/// Calls the node with this signature, and gives what its handler logs first.
fn said_of(node: &Node, identity: &str, call_id: &str) -> String {
    let watcher = node.watch();
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let us = socket.local_addr().unwrap();
    let body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let invite = format!(
        "INVITE sip:{HANDLER}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {us};branch=z9hG4bK{call_id}\r\n\
         From: <sip:{CALLER}@127.0.0.1>;tag=a\r\nTo: <sip:+12125551213@127.0.0.1>\r\nCall-ID: {call_id}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:{us}>\r\nMax-Forwards: 70\r\nIdentity: {identity}\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.send_to(invite.as_bytes(), node.local_sip()).unwrap();
    loop {
        if let Seen::Notice {
            notice: Notice::Log { message, .. },
            ..
        } = watcher.recv_timeout(PATIENCE).unwrap()
        {
            return message;
        }
    }
}

#[test]
fn a_signed_call_is_believed_by_a_certificate_from_the_web() {
    let (web, carriers) = (Authority::new(), Authority::new());
    let (certificate, key) = carriers.sign("carrier.example");
    let port = serve(&web, certificate);
    let rules = UrlRules {
        literals: LiteralRule::Any,
        ports: vec![port],
        ..UrlRules::default()
    };
    let mut policy = Policy::new(TrustRoots::read(carriers.pem.as_bytes()).unwrap());
    policy.urls = rules.clone();
    // Longer than a test machine under load takes.
    policy.fetch_timeout = PATIENCE;
    let (mut config, records) = config(4);
    let web_roots = records.with_extension("pem");
    std::fs::write(&web_roots, &web.pem).unwrap();
    config.identity = IdentityConfig {
        verify: Some(Arc::new(policy)),
        sign: None,
    };
    config.identity_servers = Some(web_roots.clone());
    let node = node(config, vec![program(HANDLER, &handler())]);

    let url = format!("https://127.0.0.1:{port}/carrier.pem");
    let party = |text| Number::parse(text).unwrap();
    let sign = |key: &str| {
        let signer = Signer::from_pem(key.as_bytes(), &url, &rules).unwrap();
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let called = [party("+12125551213")];
        signer.sign(
            now,
            &party(CALLER),
            &called,
            Attestation::Full,
            signer.origin_of("acme"),
        )
    };
    assert_eq!(said_of(&node, &sign(&key).unwrap(), "one"), "signed Attestation::Full");
    // A key that is not the certificate's, and the certificate at hand.
    let other = carriers.sign("carrier.example").1;
    let said = said_of(&node, &sign(&other).unwrap(), "two");
    assert_eq!(said, "invalid: the signature is not by the certificate's key");
    assert_eq!(metric(&node, "patchcord_identity_files_failed_total"), 0);
    for verdict in ["good", "bad"] {
        let name = format!("patchcord_identity_signatures_total{{verdict=\"{verdict}\"}}");
        wait_for_metric(&node, &name, 1);
    }
    let files = metric(&node, "patchcord_identity_files_total");
    assert_eq!(files, 1, "the second call needs no file");
    let _ = std::fs::remove_file(web_roots);
    drop(node);
    let _ = std::fs::remove_file(records);
}
