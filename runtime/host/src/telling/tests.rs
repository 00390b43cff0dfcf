//! Receivers on loopback that take, refuse, hang and go: in order, tried again, given up.

use super::*;
use crate::shard_threads::{Outbox, SinkWish};
use patchcord_control::events::{Happening, Receiver};
use patchcord_control::http_urls::HttpUrl;
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::words::UnixTime;
use patchcord_sip::identity::LiteralRule;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Got, SyncSender, sync_channel};
use std::time::Instant;

const PATIENCE: Duration = Duration::from_secs(20);
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// What a server does with the n-th request, from 0.
type Answer = fn(usize, &mut TcpStream);

/// A server; the `sequence` and the call of each request it has read.
fn serve(answer: Answer) -> (u16, Got<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, requests) = sync_channel(256);
    std::thread::spawn(move || {
        for (place, stream) in listener.incoming().enumerate() {
            let heard = heard.clone();
            std::thread::spawn(move || exchange(stream.unwrap(), place, answer, &heard));
        }
    });
    (port, requests)
}

fn exchange(mut stream: TcpStream, place: usize, answer: Answer, heard: &SyncSender<(String, String)>) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.contains("patchcord-signature: t="), "{head}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap()];
    stream.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let value = |name: &str| {
        let mut pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned())
            .unwrap()
    };
    let _ = heard.send((value("sequence"), value("call-id")));
    answer(place, &mut stream);
}

struct Rig {
    queue: Option<TellingQueue>,
    figures: Arc<TellingFigures>,
    outbox: Outbox,
    thread: Option<TellingThread>,
}

fn rig(webhooks: &[(&str, u16)]) -> Rig {
    let (inbox, outbox) = Inbox::new();
    let figures = Arc::new(TellingFigures::default());
    let webhook = |(name, port): &(&str, u16)| {
        let url = format!("http://127.0.0.1:{port}/hook");
        Webhook {
            name: Arc::from(*name),
            url: HttpUrl::parse(&url).unwrap(),
            written: url.into(),
            secret: "a long secret".to_owned().into(),
        }
    };
    let config = TellingConfig {
        webhooks: webhooks.iter().map(webhook).collect(),
        attempts: 3,
        pause: Duration::from_millis(5),
        attempt_time: Duration::from_millis(500),
    };
    let web = WebRequestsConfig {
        networks: LiteralRule::Any,
        ..WebRequestsConfig::default()
    };
    let listeners = Listeners {
        readers: broadcast::channel(1).0,
        proofs: mpsc::channel(1).0,
    };
    let (thread, queue) = start((&config, &web), None, (&inbox, listeners), &figures).unwrap();
    Rig {
        queue: Some(queue),
        figures,
        outbox,
        thread: Some(thread),
    }
}

impl Rig {
    fn tell(&self, call: u128, to: &str, sequence: u32) {
        let event = Event {
            call: CallId(call),
            tenant: Tenant("t".to_owned()),
            handler: "h".to_owned(),
            module: "m".to_owned(),
            at: UnixTime {
                seconds: 1,
                nanoseconds: 0,
            },
            what: Happening::LegRinging(0),
        };
        let to = vec![(Receiver::Named(to.into()), sequence)];
        self.queue.as_ref().unwrap().tell(Box::new(Telling { event, to }));
    }

    fn until(&self, figure: fn(&TellingFigures) -> &Figure, value: u64) {
        let deadline = Instant::now() + PATIENCE;
        while figure(&self.figures).get() != value {
            assert!(Instant::now() < deadline, "{:?}", self.figures);
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn what_is_refused_comes_again_before_the_next_of_its_call() {
    let (port, heard) = serve(|place, stream| {
        let status: &[u8] = match place {
            0 => b"HTTP/1.1 503 Later\r\n\r\n",
            1 => b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n",
            _ => OK,
        };
        let _ = stream.write_all(status);
    });
    let rig = rig(&[("crm", port)]);
    rig.tell(1, "crm", 1);
    rig.tell(1, "crm", 2);
    rig.until(|figures| &figures.received, 2);
    let sequences: Vec<_> = heard.try_iter().map(|(sequence, _)| sequence).collect();
    assert_eq!(sequences, ["1", "1", "1", "2"]);
    assert_eq!((rig.figures.failed.get(), rig.figures.given_up.get()), (2, 0));
}

#[test]
fn one_that_hangs_is_given_up_and_holds_up_neither_other_calls_nor_others() {
    let (hangs, heard) = serve(|_, stream| {
        let _ = stream.read(&mut [0]);
    });
    let (takes, taken) = serve(|_, stream| {
        let _ = stream.write_all(OK);
    });
    let rig = rig(&[("hangs", hangs), ("takes", takes)]);
    rig.tell(1, "hangs", 1);
    rig.tell(2, "hangs", 1);
    rig.tell(1, "takes", 1);
    assert_eq!(taken.recv_timeout(PATIENCE).unwrap().0, "1");
    let calls = [
        heard.recv_timeout(PATIENCE).unwrap().1,
        heard.recv_timeout(PATIENCE).unwrap().1,
    ];
    assert_ne!(calls[0], calls[1], "both calls are told before either is given up");
    rig.until(|figures| &figures.given_up, 2);
    assert_eq!(rig.figures.failed.get(), 6);
}

#[test]
fn one_that_is_gone_is_given_up_at_once_and_an_endless_answer_is_not_read() {
    let (gone, _) = serve(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 410 Gone\r\n\r\n");
    });
    let (endless, _) = serve(|_, stream| {
        let _ =
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n<Response><Hangup/></Response>");
        while stream.write_all(&[b'x'; 65_536]).is_ok() {}
    });
    let rig = rig(&[("gone", gone), ("endless", endless)]);
    rig.tell(1, "gone", 1);
    rig.tell(1, "endless", 1);
    rig.until(|figures| &figures.given_up, 1);
    rig.until(|figures| &figures.received, 1);
    assert_eq!(rig.figures.failed.get(), 1);
}

#[test]
fn a_sink_is_told_through_its_shard_three_times_at_most() {
    let rig = rig(&[]);
    rig.tell(1, "billing", 1);
    for attempt in 1..=3 {
        let SinkWish { to, done } = rig.outbox.sink(PATIENCE).expect("it is told");
        assert_eq!((&*to.sink, to.sequence), ("billing", 1));
        assert_eq!(rig.figures.failed.get(), attempt - 1);
        done.send(Err(NotReceived::Failed("as told".to_owned()))).unwrap();
    }
    rig.until(|figures| &figures.given_up, 1);
    rig.tell(1, "billing", 2);
    let SinkWish { done, .. } = rig.outbox.sink(PATIENCE).expect("it is told");
    done.send(Ok(())).unwrap();
    rig.until(|figures| &figures.received, 1);
    rig.tell(1, "nobody", 3);
    let SinkWish { done, .. } = rig.outbox.sink(PATIENCE).expect("it is told");
    done.send(Err(NotReceived::NoSuchSink)).unwrap();
    rig.until(|figures| &figures.given_up, 2);
    assert_eq!(rig.figures.waiting.get(), 0);
}

#[test]
fn what_waits_when_the_node_stops_still_goes_out() {
    let (port, heard) = serve(|_, stream| {
        let _ = stream.write_all(OK);
    });
    let mut rig = rig(&[("crm", port)]);
    for sequence in 1..=20 {
        rig.tell(1, "crm", sequence);
    }
    drop(rig.queue.take());
    drop(rig.thread.take());
    assert_eq!(rig.figures.received.get(), 20);
    assert_eq!(heard.try_iter().count(), 20);
}
