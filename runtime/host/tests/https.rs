//! The API by https: the command line's client trusts the authority it is told of, and no other; what speaks no TLS gets nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and this one needs a part of what the others do"
)]

#[path = "support/database.rs"]
mod database;
mod support;

use database::database;
use hyper::Method;
use patchcord_control::ids::Tenant;
use patchcord_host::api_client::{ApiClient, Sent};
use patchcord_host::{ApiConfig, ApiKey, Identity, KeyHash, Node, NodeConfig, Scope, usual_outbound};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;
use support::{TENANT, config, node};

const KEY: &str = "pck_0000000000000000000000000000000000000000000000000000000000000021";

/// A node served by https, and the file of the authority that certified it.
fn secure_node() -> (Node, PathBuf) {
    let folder = std::env::temp_dir().join(format!("patchcord-https-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("chain.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let (usual, _) = config(2);
    let config = NodeConfig {
        api: Some(ApiConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: Some(Identity {
                certificate: certificate.clone(),
                key,
            }),
            keys: vec![ApiKey {
                name: "test".to_owned(),
                tenant: Tenant(TENANT.to_owned()),
                scopes: Scope::USUAL.to_vec(),
                hash: KeyHash::of(KEY),
                token_key: None,
            }],
            outbound: usual_outbound(),
            database: database("https"),
            home: Tenant(TENANT.to_owned()),
            caller_ids: None,
        }),
        ..usual
    };
    (node(config, Vec::new()), certificate)
}

#[test]
fn a_client_that_knows_the_authority_is_served_and_others_are_not() {
    let (node, authority) = secure_node();
    let address = node.local_api().unwrap();
    let server = format!("https://localhost:{}", address.port());
    let trusting = ApiClient::new(&server, KEY, Some(authority)).unwrap();
    let me = trusting.ask(Method::GET, "/v1/me", Sent::Nothing).unwrap();
    assert_eq!(me["tenant"], TENANT);
    let wrong = trusting
        .ask(Method::GET, "/v1/calls?limit=0", Sent::Nothing)
        .unwrap_err()
        .to_string();
    assert!(wrong.contains("limit"), "what the node said is told: {wrong}");
    let doubting = ApiClient::new(&server, KEY, None).unwrap();
    let refused = doubting
        .ask(Method::GET, "/v1/me", Sent::Nothing)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("certificate"), "{refused}");

    let mut plain = TcpStream::connect(address).unwrap();
    plain.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = format!("GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n");
    plain.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "nothing without TLS");
}
