//! What `dev` says when it cannot start.

use super::*;
use std::io;

#[test]
fn ports_in_use_name_the_option_that_changes_them() {
    let address: SocketAddr = "127.0.0.1:20004".parse().unwrap();
    let why = || io::Error::from(io::ErrorKind::AddrInUse);
    for (error, option) in [
        (StartError::MediaPort { address, why: why() }, "--media-ports"),
        (StartError::Sip { address, why: why() }, "--sip"),
        (StartError::Http { address, why: why() }, "--http"),
        (StartError::Api { address, why: why() }, "--api"),
        (
            StartError::NoMediaPorts {
                ports: (20_001, 20_002),
            },
            "--media-ports",
        ),
    ] {
        let text = explain(error, 20_000, 20_199).to_string();
        assert!(text.contains(option), "{text}");
    }
}
