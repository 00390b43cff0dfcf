//! The port, with a client that is a bare TCP stream.

use super::*;
use crate::layout::Layout;
use std::io::{Read, Write};
use std::net::TcpStream;

fn get(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn pages_health_and_what_is_not_there() {
    let figures = Arc::new(Figures::new(Layout {
        shards: 1,
        media_threads: 1,
    }));
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let sources = Sources {
        figures: figures.clone(),
        watchers: Arc::default(),
    };
    let thread = start(listener, sources).unwrap();
    let health = get(address, "GET /health");
    assert!(
        health.starts_with("HTTP/1.1 503") && health.ends_with("starting\n"),
        "{health}"
    );
    figures.open.store(true, Ordering::Relaxed);
    assert!(get(address, "GET /health").starts_with("HTTP/1.1 200"));
    assert!(get(address, "GET /metrics").contains("\npatchcord_calls_active 0\n"));
    assert!(get(address, "GET /other").starts_with("HTTP/1.1 404"));
    assert!(get(address, "POST /metrics").starts_with("HTTP/1.1 405"));
    figures.draining.set(1);
    assert!(get(address, "GET /health").starts_with("HTTP/1.1 503"));
    let in_use = bind(address).unwrap_err();
    assert!(
        in_use.is_port_in_use() && in_use.to_string().contains("[http] listen"),
        "{in_use}"
    );
    drop(thread);
    bind(address).expect("a stopped thread has given its port back");
}
