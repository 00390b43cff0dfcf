//! A web server on loopback: what is fetched, from where it may come, and how long it is remembered.

use super::*;
use crate::shard_threads::{Heard, Outbox};
use crate::sounds::Sound;
use crate::testing;
use patchcord_media::write_wav;
use patchcord_switch::Query;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::mpsc::Receiver;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that answers every request so, and what is asked of it.
fn serve(answer: Vec<u8>) -> (String, Receiver<Vec<u8>>) {
    let (port, requests) = testing::serve(move |_| answer.clone(), b"\r\n\r\n");
    (format!("http://127.0.0.1:{port}"), requests)
}

/// The first line of a request.
fn asked(request: &[u8]) -> String {
    let request = String::from_utf8_lossy(request);
    request.lines().next().unwrap_or_default().to_owned()
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{head}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn beep(ms: usize) -> Vec<u8> {
    write_wav(8_000, &vec![5_000; ms * 8])
}

struct Rig {
    outbox: Outbox,
    queue: WebFilesQueue,
    // Ends before the shard's end of its queue.
    _thread: AsyncThread,
}

fn rig(allow: &[&str], time: Duration) -> Rig {
    let (inbox, outbox) = Inbox::new();
    let config = WebFilesConfig {
        allow: allow.iter().map(|text| WebAddress::parse(text).unwrap()).collect(),
        time,
        ..WebFilesConfig::default()
    };
    let (thread, queue) = start(&config, &[inbox], &Arc::default()).unwrap().unwrap();
    Rig {
        outbox,
        queue,
        _thread: thread,
    }
}

impl Rig {
    fn get(&self, tenant: &str, url: &str) -> Sound {
        let wanted = ToFetch {
            tenant: Tenant(tenant.to_owned()),
            url: url.to_owned().into(),
        };
        fetch(Some(&self.queue), (0, Query(7)), wanted).unwrap();
        match self.outbox.heard(PATIENCE) {
            Some(Heard::Spoken(Query(7), sound)) => sound,
            other => panic!("no sound but {other:?}"),
        }
    }
}

#[test]
fn a_file_is_fetched_once_for_each_tenant_and_address() {
    let (base, requests) = serve(answer("Cache-Control: public, max-age=600\r\n", &beep(300)));
    let rig = rig(&[&format!("{base}/prompts/")], PATIENCE);
    let url = format!("{base}/prompts/a.wav?version=2");
    for _ in 0..3 {
        assert_eq!(rig.get("one", &url).unwrap().duration().as_millis(), 300);
    }
    assert!(rig.get("two", &url).is_ok());
    assert!(rig.get("one", &format!("{base}/prompts/b.wav")).is_ok());
    let asked: Vec<String> = requests.try_iter().map(|request| asked(&request)).collect();
    let [a, b] = ["a.wav?version=2", "b.wav"].map(|name| format!("GET /prompts/{name} HTTP/1.1"));
    assert_eq!(asked, [a.clone(), a, b]);
}

#[test]
fn what_its_server_does_not_want_remembered_is_fetched_anew() {
    for order in ["no-store", "private, no-cache", "max-age=0"] {
        let (base, requests) = serve(answer(&format!("Cache-Control: {order}\r\n"), &beep(20)));
        let rig = rig(&[&base], PATIENCE);
        for _ in 0..2 {
            assert!(rig.get("one", &format!("{base}/a.wav")).is_ok());
        }
        assert_eq!(requests.try_iter().count(), 2, "{order}");
    }
    let fresh_of = |value: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, value.parse().unwrap());
        fresh(&headers)
    };
    assert_eq!(fresh(&HeaderMap::new()), USUAL_FRESH);
    assert_eq!(fresh_of("Public, Max-Age=30"), Duration::from_secs(30));
    assert_eq!(fresh_of("max-age=99999999999"), LONGEST_FRESH);
    assert_eq!(fresh_of("max-age=soon"), USUAL_FRESH);
}

#[test]
fn nothing_is_asked_of_who_is_not_allowed() {
    let (base, requests) = serve(answer("", &beep(20)));
    let port = base.rsplit(':').next().unwrap();
    let rig = rig(&[&format!("{base}/prompts/"), &format!("{base}/one.wav")], PATIENCE);
    for url in [
        format!("{base}/other/a.wav"),
        format!("{base}/prompts/../other/a.wav"),
        format!("{base}/prompts/%2E%2e/other/a.wav"),
        format!("{base}/promptsa.wav"),
        format!("{base}/one.wave"),
        format!("http://localhost:{port}/prompts/a.wav"),
        format!("https://127.0.0.1:{port}/prompts/a.wav"),
        "http://127.0.0.1:1/prompts/a.wav".to_owned(),
        "http://user@127.0.0.1/prompts/".to_owned(),
    ] {
        let error = rig.get("one", &url).unwrap_err();
        assert!(
            error == ELSEWHERE || error == "its address cannot be read",
            "{url}: {error}"
        );
    }
    assert_eq!(requests.try_iter().count(), 0);
    assert!(rig.get("one", &format!("{base}/one.wav?x=../y")).is_ok());
}

#[test]
fn what_a_server_can_do_wrong_is_said_and_nothing_of_the_address() {
    for (answer, reason) in [
        (
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
            "answered with 404",
        ),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n".to_vec(),
            "answered with 302",
        ),
        (answer("", b"<html>"), "not one: it begins like no sound file"),
        (answer("", b""), "it is empty"),
        (answer("", &vec![0; SOUND_BYTES + 1]), "larger than 16 MiB"),
    ] {
        let (base, _requests) = serve(answer);
        let error = rig(&[&base], PATIENCE)
            .get("one", &format!("{base}/a?token=4711"))
            .unwrap_err();
        assert!(error.contains(reason), "{reason}: {error}");
        assert!(!error.contains("4711"), "{error}");
    }
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let base = format!("http://{}", silent.local_addr().unwrap());
    let error = rig(&[&base], Duration::from_millis(200)).get("one", &format!("{base}/a"));
    assert_eq!(error, Err("it was not there within 200 ms".to_owned()));
}
