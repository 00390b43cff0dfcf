//! TLS: who must prove what to whom, and certificates that change while connections stay.

use super::rig::{Authority, LOCALHOST, PATIENCE, Plan, Rig, expect, expect_end, options, write};
use crate::certificates::TlsFiles;
use patchcord_sip::{Flow, Transport};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

type Client = StreamOwned<ClientConnection, TcpStream>;

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

pub(super) fn client_config(authority: &Authority, own: Option<(String, String)>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap())
        .unwrap();
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    }
}

/// A TLS client that asks for `name`.
pub(super) fn secure(stream: TcpStream, authority: &Authority, name: &str) -> Client {
    secure_as(stream, client_config(authority, None), name)
}

pub(super) fn secure_as(stream: TcpStream, config: ClientConfig, name: &str) -> Client {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}

pub(super) fn shaken(client: &mut Client) -> Result<(), std::io::Error> {
    while client.conn.is_handshaking() {
        client.conn.complete_io(&mut client.sock)?;
    }
    Ok(())
}

pub(super) fn plan(transport: Transport, authority: &Authority) -> Plan {
    authority.write("localhost");
    let mut plan = Plan::of(transport);
    plan.tls = TlsFiles {
        identity: Some(authority.identity()),
        client_ca: None,
        roots: Some(authority.file()),
    };
    plan
}

#[test]
fn messages_go_both_ways_under_tls() {
    let authority = Authority::new();
    let rig = plan(Transport::Tls, &authority).start();
    let mut phone = secure(rig.dial(), &authority, "localhost");
    write(&mut phone, &options("1"));
    let (flow, bytes) = rig.message();
    assert_eq!((flow.transport, bytes), (Transport::Tls, options("1")));
    rig.send(flow, None, &[b'x'; 50_000]);
    expect(&mut phone, &[b'x'; 50_000]);
    write(&mut phone, b"\r\n\r\n");
    expect(&mut phone, b"\r\n");
}

#[test]
fn who_speaks_no_tls_is_counted() {
    let authority = Authority::new();
    let rig = plan(Transport::Tls, &authority).start();
    let mut plain = rig.dial();
    write(&mut plain, &options("1"));
    expect_end(&mut plain);
    rig.wait(|figures| figures.handshakes_failed.get(), 1);
    rig.silence();
}

#[test]
fn with_an_authority_for_clients_only_its_own_come_in() {
    let authority = Authority::new();
    let mut plan = plan(Transport::Tls, &authority);
    plan.tls.client_ca = Some(authority.file());
    let rig = plan.start();

    let mut known = secure_as(
        rig.dial(),
        client_config(&authority, Some(authority.sign("office"))),
        "localhost",
    );
    write(&mut known, &options("1"));
    assert_eq!(rig.message().1, options("1"));

    let stranger = Authority::new();
    for own in [None, Some(stranger.sign("office"))] {
        let mut unknown = secure_as(rig.dial(), client_config(&authority, own), "localhost");
        // TLS 1.3 says no only after the client is done; whatever it sends is not heard.
        let _ = std::io::Write::write_all(&mut unknown, &options("2"));
        let mut rest = Vec::new();
        let _ = unknown.read_to_end(&mut rest);
        assert_eq!(rest, b"");
    }
    rig.wait(|figures| figures.handshakes_failed.get(), 2);
    rig.silence();
}

/// A carrier with a certificate for `name`: takes one connection, gives back what it reads first.
pub(super) fn carrier(
    authority: &Authority,
    name: &str,
    bytes: usize,
) -> (Flow, std::thread::JoinHandle<Option<Vec<u8>>>) {
    let (certificate, key) = authority.sign(name);
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind((LOCALHOST, 0)).unwrap();
    let flow = Flow {
        transport: Transport::Tls,
        peer: listener.local_addr().unwrap(),
        connection: None,
    };
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut line = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream);
        let mut read = vec![0; bytes];
        line.read_exact(&mut read).ok()?;
        Some(read)
    });
    (flow, thread)
}

#[test]
fn whom_we_connect_to_must_prove_its_name() {
    let authority = Authority::new();
    let rig = plan(Transport::Tls, &authority).start();
    let (to, right) = carrier(&authority, "carrier.example", 6);
    rig.send(to, Some("carrier.example"), b"secret");
    assert_eq!(right.join().unwrap().as_deref(), Some(&b"secret"[..]));
    assert_eq!(rig.failure(), to, "it hung up afterwards");

    let (to, other_name) = carrier(&authority, "other.example", 6);
    rig.send(to, Some("carrier.example"), b"secret");
    assert_eq!(rig.failure(), to);
    assert_eq!(other_name.join().unwrap(), None);

    let (to, other_authority) = carrier(&Authority::new(), "carrier.example", 6);
    rig.send(to, Some("carrier.example"), b"secret");
    assert_eq!(rig.failure(), to);
    assert_eq!(other_authority.join().unwrap(), None);
    rig.wait(|figures| figures.not_opened.get(), 2);

    // Without a name it is the address that has to be in the certificate.
    let (to, address) = carrier(&authority, "127.0.0.1", 6);
    rig.send(to, None, b"secret");
    assert_eq!(address.join().unwrap().as_deref(), Some(&b"secret"[..]));
}

pub(super) fn common_name(client: &Client) -> Vec<u8> {
    client.conn.peer_certificates().unwrap()[0].to_vec()
}

fn reload(rig: &Rig) {
    // As an operator does; the files are looked at every some seconds too.
    nix::sys::signal::raise(nix::sys::signal::Signal::SIGHUP).unwrap();
    let _ = rig;
}

#[test]
fn certificates_change_while_connections_stay() {
    let authority = Authority::new();
    let rig = plan(Transport::Tls, &authority).start();
    let mut old = secure(rig.dial(), &authority, "localhost");
    shaken(&mut old).unwrap();
    write(&mut old, &options("1"));
    let (flow, _) = rig.message();

    authority.write("localhost");
    reload(&rig);
    rig.wait(|figures| figures.certificate_loads.get(), 1);
    let mut new = secure(rig.dial(), &authority, "localhost");
    shaken(&mut new).unwrap();
    assert_ne!(common_name(&old), common_name(&new));
    write(&mut old, &options("2"));
    assert_eq!(rig.message(), (flow, options("2")));
    rig.send(flow, None, b"still the same");
    expect(&mut old, b"still the same");

    // A key that does not fit: refused, and everything goes on as before.
    std::fs::write(authority.identity().key, authority.sign("localhost").1).unwrap();
    reload(&rig);
    rig.wait(|figures| figures.certificate_errors.get(), 1);
    let mut after = secure(rig.dial(), &authority, "localhost");
    shaken(&mut after).unwrap();
    assert_eq!(common_name(&after), common_name(&new));
}

#[test]
fn changed_files_are_found_without_a_signal() {
    let authority = Authority::new();
    let rig = plan(Transport::Tls, &authority).start();
    authority.write("localhost");
    rig.wait(|figures| figures.certificate_loads.get().min(1), 1);
}
