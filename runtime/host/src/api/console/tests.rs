//! The console's files: all of them are there, and none asks anything of another host.

use super::*;
use hyper::header::IF_NONE_MATCH;
use patchcord_sip::{Listener, Transport};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

fn below(folder: &Path, name: &str, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            below(&entry.path(), &name, found);
        } else {
            found.insert(name);
        }
    }
}

#[test]
fn every_file_of_the_folder_is_served_or_for_the_checker() {
    let mut there = BTreeSet::new();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    below(&here.join("console"), "/console", &mut there);
    below(&here.join("../../client-sdk/js/src"), "/console/sdk", &mut there);
    let served: BTreeSet<String> = FILES.iter().map(|file| file.path.to_owned()).collect();
    let other: Vec<_> = there.difference(&served).map(String::as_str).collect();
    assert_eq!(
        other,
        [
            "/console/index.html",
            "/console/sdk/index.d.ts",
            "/console/tsconfig.json",
            "/console/types.js"
        ]
    );
    let missing: Vec<_> = served.difference(&there).map(String::as_str).collect();
    assert_eq!(missing, ["/"]);
}

#[test]
fn a_file_names_no_other_host_and_no_script_within_a_page() {
    for file in FILES {
        let text = std::str::from_utf8(file.bytes)
            .unwrap()
            .replace("http://www.w3.org/2000/svg", "");
        for foreign in ["http:", "https:", "innerHTML", "eval(", "<script>", "style=\""] {
            assert!(!text.contains(foreign), "{} holds {foreign}", file.path);
        }
    }
}

#[test]
fn a_file_that_is_known_is_not_sent_again() {
    let ask = |method, path: &str, etag: &str| {
        let request = Request::builder().method(method).uri(path).header(IF_NONE_MATCH, etag);
        page(&request.body(()).unwrap(), "default-src 'none'")
    };
    let first = ask(Method::GET, "/", "\"x\"").unwrap();
    assert_eq!(first.status, StatusCode::OK);
    let (_, etag) = first.headers.iter().find(|(name, _)| *name == ETAG).unwrap();
    assert_eq!(ask(Method::GET, "/", etag).unwrap().status, StatusCode::NOT_MODIFIED);
    assert!(ask(Method::POST, "/", etag).is_none());
    assert!(ask(Method::GET, "/console/types.js", etag).is_none());
}

#[test]
fn a_page_may_use_the_microphone_and_the_doors_for_clients() {
    let at = |transport, port| Listener {
        transport,
        address: SocketAddr::from(([192, 0, 2, 1], port)),
    };
    let doors = ClientDoors::new(&[at(Transport::Udp, 5060), at(Transport::Wss, 7443)], None);
    let request = Request::builder().uri("/").body(()).unwrap();
    let reply = page(&request, &policy(&doors)).unwrap();
    let header = |wanted: HeaderName| {
        let found = reply.headers.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| value.as_str()).unwrap()
    };
    assert!(header(PERMISSIONS_POLICY).contains("microphone=(self)"));
    let policy = header(CONTENT_SECURITY_POLICY);
    assert!(policy.contains("connect-src 'self' wss://*:7443;"), "{policy}");
    assert!(!policy.contains("5060") && !policy.contains("unsafe"), "{policy}");
}
