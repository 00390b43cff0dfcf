//! The hosted runtime: how long a node with many deployed modules takes to start, the first time and with its compiled code kept; from
//! an upload to the version serving; and how many requests of the API it answers a second. One node in this process, one client.
//! Prints a table and fails on nothing.

#[path = "support/mod.rs"]
mod support;

use hyper::Method;
use patchcord_control::ids::Tenant;
use patchcord_control::route::Routes;
use patchcord_guest::Runtime;
use patchcord_host::api_client::{ApiClient, Sent};
use patchcord_host::{ApiConfig, ApiKey, DatabaseConfig, KeyHash, Node, NodeConfig, Scope, programs, usual_outbound};
use patchcord_switch::Directory;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};
use support::{Pace, headline, line, ms, quantile};

const KEY: &str = "pck_0000000000000000000000000000000000000000000000000000000000000031";
const PORT: u16 = 26_000;

fn main() {
    let pace = Pace::of_environment();
    let count = pace.pick(100, 1_000);
    let folder = std::env::temp_dir().join(format!("patchcord-bench-hosted-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the database");
    let module = std::fs::read(support::server::build("examples/hello")).expect("what was just built");
    headline(&format!("A hosted runtime with {count} deployed modules"));
    {
        let node = node(&folder);
        let client = client(&node);
        let took: Vec<_> = (0..count).map(|number| deploy(&client, &module, number)).collect();
        let mut took = took;
        took.sort();
        line(
            "upload to serving",
            &ms(quantile(&took, 0.5)),
            &format!("p99 {}", ms(quantile(&took, 0.99))),
        );
        requests(&client, pace.pick(Duration::from_secs(2), Duration::from_secs(10)));
    }
    let kept = started(&folder);
    std::fs::remove_dir_all(folder.join("code")).expect("the compiled code");
    let compiled = started(&folder);
    let ratio = kept.as_secs_f64() / compiled.as_secs_f64();
    line("start, everything compiled", &ms(compiled), "");
    line(
        "start, compiled code kept",
        &ms(kept),
        &format!("{:.1} % of that", 100.0 * ratio),
    );
    let _ = std::fs::remove_dir_all(&folder);
}

fn node(folder: &Path) -> Node {
    let sip = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = NodeConfig {
        api: Some(ApiConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: None,
            keys: vec![ApiKey {
                name: "bench".to_owned(),
                tenant: Tenant("default".to_owned()),
                scopes: Scope::USUAL.to_vec(),
                hash: KeyHash::of(KEY),
                token_key: None,
            }],
            outbound: usual_outbound(),
            database: DatabaseConfig {
                url: format!("sqlite:{}", folder.join("patchcord.db").display()),
                sealing: None,
                code_cache: Some(folder.join("code")),
            },
            home: Tenant("default".to_owned()),
            caller_ids: None,
        }),
        calls: 4,
        ..NodeConfig::local(sip, PORT..=PORT + 7)
    };
    let runtime = Runtime::new(config.runtime()).expect("room for a small engine");
    let node = Node::start(config, runtime).expect("ports of this machine");
    node.set_directory(Directory::new(Routes::default(), Vec::new(), programs::announcement()));
    node
}

fn started(folder: &Path) -> Duration {
    let began = Instant::now();
    let node = node(folder);
    let took = began.elapsed();
    drop(node);
    took
}

fn client(node: &Node) -> ApiClient {
    let address = node.local_api().expect("it has an API");
    ApiClient::new(&format!("http://{address}"), KEY, None).expect("an address and a key")
}

/// From the upload of a module of its own to its serving all calls of a handler.
fn deploy(client: &ApiClient, module: &[u8], number: u32) -> Duration {
    // A section that nobody reads makes it another module.
    let mark = number.to_le_bytes();
    let section = [&[0, 6, 1, b'n'], &mark[..]].concat();
    let bytes = [module, &section].concat();
    let began = Instant::now();
    let ask = |method, path: &str, sent| client.ask(method, path, sent).expect("the node does it");
    let uploaded = ask(Method::POST, "/v1/modules", Sent::Bytes("application/wasm", bytes));
    let handler = format!("/v1/handlers/h{number}");
    let version = json!({ "module": uploaded["hash"] });
    ask(Method::POST, &format!("{handler}/versions"), Sent::Json(version));
    ask(
        Method::PUT,
        &format!("{handler}/rollout"),
        Sent::Json(json!({ "version": 1 })),
    );
    began.elapsed()
}

/// Reads and writes, one after the other on a connection each.
fn requests(client: &ApiClient, time: Duration) {
    let read = || client.ask(Method::GET, "/v1/handlers/h0", Sent::Nothing);
    let write = || {
        let body = json!({ "handler": "h0" });
        client.ask(Method::PUT, "/v1/routes/100", Sent::Json(body))
    };
    let measured: [(&str, &dyn Fn() -> anyhow::Result<Value>); 2] = [("reads", &read), ("changes of a route", &write)];
    for (what, ask) in measured {
        let (began, mut took) = (Instant::now(), Vec::new());
        while began.elapsed() < time {
            let asked = Instant::now();
            ask().expect("the node answers");
            took.push(asked.elapsed());
        }
        took.sort();
        let rate = took.len() as f64 / began.elapsed().as_secs_f64();
        line(
            what,
            &format!("{rate:.0} a second"),
            &format!("p99 {}", ms(quantile(&took, 0.99))),
        );
    }
}
