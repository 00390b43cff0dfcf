//! Handlers that ask real servers on loopback and keep something in a real folder, in calls over real sockets: whatever a server
//! does, the caller goes on hearing the tone, and the handler gets an answer or a typed error.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and this one needs a part of what the others do"
)]

#[path = "support/handlers.rs"]
mod handlers;
mod support;

use handlers::log_lines;
use patchcord_control::grants::Grants;
use patchcord_control::http_urls::{HttpAllow, HttpUrl};
use patchcord_control::ids::Tenant;
use patchcord_guest::wrap;
use patchcord_host::{Node, NodeConfig, TenantStoreConfig, WebRequestsConfig};
use patchcord_sim::phone::End;
use patchcord_sip::identity::LiteralRule;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;
use support::phone::TestPhone;
use support::{TENANT, cargo_build, config, directory, log, metric, node, program, wait_for_metric};

const PATIENCE: Duration = Duration::from_secs(20);
const SECRET: &str = "sk-9876-wxyz";

/// What a server does with a connection once it has read a request.
type Answer = fn(&mut TcpStream);

/// A server that does the same with every connection.
fn serve(answer: Answer) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let (mut request, mut byte) = (Vec::new(), [0]);
                while !request.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                    request.push(byte[0]);
                }
                answer(&mut stream);
            });
        }
    });
    port
}

/// A node whose handlers of these names may ask a server of this machine, and have one secret.
fn asking_node(changed: NodeConfig, port: u16, names: &[&str]) -> Node {
    let folder = cargo_build(&["-p", "call-handlers", "--example", "asks_port"]).join("examples");
    let module = wrap(&std::fs::read(folder.join("asks_port.wasm")).unwrap(), &[]).unwrap();
    let names: Vec<String> = names.iter().map(|what| format!("asks_port-{port}-{what}")).collect();
    let programs = names.iter().map(|name| program(name, &module)).collect();
    let node = node(changed, Vec::new());
    let url = HttpUrl::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
    let grants = Grants::default().with_secret("crm-token", SECRET).unwrap();
    let grants = grants.with_http(HttpAllow::Below(vec![url]));
    let tenant = Tenant(TENANT.to_owned());
    let directory = names.iter().fold(directory(programs), |directory, name| {
        directory.with_grants(&tenant, name, grants.clone())
    });
    node.set_directory(directory);
    node
}

fn private_networks(config: NodeConfig) -> NodeConfig {
    NodeConfig {
        web_requests: WebRequestsConfig {
            networks: LiteralRule::Any,
            ..WebRequestsConfig::default()
        },
        ..config
    }
}

/// One call, which the handler ends; what it said in its log.
fn one_call(node: &Node, port: u16, what: &str) -> Vec<String> {
    let watcher = node.watch();
    let name = format!("asks_port-{port}-{what}");
    let outcome = TestPhone::new("alice", 9).call(node.local_sip(), &name, Vec::new());
    assert_eq!(outcome.end, End::ByFarEnd, "{:?}", outcome.events);
    // The handler plays 440 Hz while it asks, and 880 Hz after that.
    assert!(outcome.heard_tone(440.0), "the tone went on meanwhile");
    assert!(outcome.heard_tone(880.0), "and the call after that");
    wait_for_metric(node, "patchcord_calls_active", 0);
    log_lines(&watcher)
}

#[test]
fn bad_servers_cost_a_typed_error_and_nothing_of_the_sound() {
    let answers: [(Answer, &str); 4] = [
        (
            |stream| {
                let _ = stream.read(&mut [0]);
            },
            "TimedOut",
        ),
        (
            |stream| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
                while stream.write_all(b"x").is_ok() {
                    std::thread::sleep(Duration::from_millis(100));
                }
            },
            "TimedOut",
        ),
        (
            |stream| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
                while stream.write_all(&[b'x'; 65_536]).is_ok() {}
            },
            "TooLarge",
        ),
        (
            |stream| {
                let _ = stream
                    .write_all(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n");
            },
            "302",
        ),
    ];
    for (answer, told) in answers {
        let port = serve(answer);
        let (config, _) = config(2);
        let node = asking_node(private_networks(config), port, &["asks"]);
        let lines = one_call(&node, port, "asks");
        assert!(lines[0].contains(told), "{told}: {lines:?}");
        assert_eq!(metric(&node, "patchcord_web_requests_asked_total"), 1);
    }
}

#[test]
fn a_server_in_a_private_network_is_not_asked_unless_the_operator_says_so() {
    let port = serve(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    let (first, _) = config(2);
    let lines = one_call(&asking_node(first, port, &["asks"]), port, "asks");
    assert!(lines[0].contains("Refused"), "{lines:?}");
    let (second, _) = config(2);
    let lines = one_call(&asking_node(private_networks(second), port, &["asks"]), port, "asks");
    assert!(lines[0].contains("200"), "{lines:?}");
    assert!(!log().contains(SECRET));
}

#[test]
fn what_is_kept_is_there_after_a_restart() {
    let folder: PathBuf = std::env::temp_dir().join(format!("patchcord-kept-{}", std::process::id()));
    let kept = |config: NodeConfig| NodeConfig {
        store: TenantStoreConfig {
            folder: Some(folder.clone()),
            ..TenantStoreConfig::default()
        },
        ..config
    };
    for sum in 1..=3 {
        let (config, _) = config(2);
        let node = asking_node(kept(config), 9, &["counts"]);
        assert_eq!(one_call(&node, 9, "counts"), [format!("sum: {sum}")]);
        assert_eq!(metric(&node, "patchcord_store_entries"), 1);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
