//! What the thread of streams does beside a call: connections by TLS, and what happens when there is too much.

use super::*;
use crate::fetch::tests::Authority;
use crate::shard_threads::{Heard, Outbox};
use crate::tapped_frame;
use crate::transports::websocket::accept_value;
use patchcord_control::ids::{CallId, StreamId};
use patchcord_control::stream_urls::StreamUrl;
use patchcord_control::words::{StreamDirection, StreamFormat, StreamOptions};
use patchcord_media::SessionId;
use patchcord_switch::stream::StreamSetup;
use rustls::{ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn url(scheme: &str, port: u16) -> StreamUrl {
    StreamUrl::parse(&format!("{scheme}://127.0.0.1:{port}/agent")).unwrap()
}

/// A server with a certificate that takes one connection and upgrades it.
fn secure_server(authority: &Authority) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = authority.server();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut line = BufReader::new(StreamOwned::new(ServerConnection::new(config).unwrap(), stream));
        let asked: Vec<String> = line
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .collect();
        let key = asked.iter().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let Some(key) = key else { return };
        let answer = format!(
            "HTTP/1.1 101 Yes\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            accept_value(key)
        );
        line.get_mut().write_all(answer.as_bytes()).unwrap();
        // Until the client is gone.
        let _ = line.read_line(&mut String::new());
    });
    port
}

fn opens(client: &Client, url: &StreamUrl) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(client.open(url, &[])).map(drop)
}

#[test]
fn a_secure_server_must_be_certified_by_somebody_we_trust() {
    let (known, stranger) = (Authority::new(), Authority::new());
    let client = Client::new(None, known.client());
    assert_eq!(opens(&client, &url("wss", secure_server(&known))), Ok(()));
    assert_eq!(
        opens(&client, &url("wss", secure_server(&stranger))),
        Err(Failure::Unreachable)
    );
    // Without a name server only addresses are reached.
    let named = StreamUrl::parse("wss://agents.example/").unwrap();
    assert_eq!(opens(&client, &named), Err(Failure::Unreachable));
}

fn setup(number: u64, url: StreamUrl) -> Box<StreamSetup> {
    Box::new(StreamSetup {
        key: StreamKey(number),
        id: StreamId {
            call: CallId(1),
            number: 1,
        },
        session: SessionId(0),
        thread: 0,
        url,
        options: StreamOptions {
            url: String::new().into(),
            format: StreamFormat::Mulaw8k,
            direction: StreamDirection::Listen,
            parameters: Vec::new(),
            reconnect: 0,
        },
    })
}

struct Rig {
    outbox: Outbox,
    queue: LiveQueue,
    figures: Arc<LiveFigures>,
    // Ends before the shard's end of its queue.
    _thread: AsyncThread,
}

fn rig() -> Rig {
    let (inbox, outbox) = Inbox::new();
    let figures = Arc::new(LiveFigures::default());
    let (thread, _, queue) = start(LiveSetup {
        resolver: None,
        tls: Authority::new().client(),
        recogniser: None,
        inboxes: vec![inbox],
        media: vec![MediaQueue::new().0],
        figures: figures.clone(),
    })
    .unwrap();
    Rig {
        outbox,
        queue,
        figures,
        _thread: thread,
    }
}

#[test]
fn one_stream_too_many_is_over_at_once() {
    // It takes connections and never answers.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = url("ws", silent.local_addr().unwrap().port());
    let rig = rig();
    for number in 0..=STREAMS as u64 {
        let begin = StreamOrder::Begin(setup(number, url.clone()));
        rig.queue.order(0, begin).unwrap();
    }
    let over = Heard::Stream(StreamKey(STREAMS as u64), overloaded());
    assert_eq!(rig.outbox.heard(PATIENCE), Some(over));
    assert_eq!(
        (rig.figures.begun.get(), rig.figures.refused.get()),
        (STREAMS as u64, 1)
    );
}

#[test]
fn a_call_that_ends_while_a_connection_is_opened_does_not_wait_for_it() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let rig = rig();
    let url = url("ws", silent.local_addr().unwrap().port());
    rig.queue.order(0, StreamOrder::Begin(setup(1, url))).unwrap();
    let why = StreamEnd::Stopped;
    rig.queue.order(0, StreamOrder::End { key: StreamKey(1), why }).unwrap();
    let Some(Heard::Stream(key, StreamSignal::Over { why, .. })) = rig.outbox.heard(PATIENCE) else {
        panic!("it is over");
    };
    assert_eq!((key, why), (StreamKey(1), StreamOver::AsOrdered));
}

/// The order to end finds no room; the stream ends all the same, and is not counted as running.
#[test]
fn a_stream_whose_order_finds_no_room_ends() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let rig = rig();
    let url = url("ws", silent.local_addr().unwrap().port());
    rig.queue.order(0, StreamOrder::Begin(setup(1, url))).unwrap();
    let why = StreamEnd::Stopped;
    let key = StreamKey(1);
    // Never read from: as full as the real one may be.
    let full = LiveQueue {
        orders: mpsc::channel(1).0,
        missed: rig.queue.missed.clone(),
    };
    assert_eq!(full.order(0, StreamOrder::End { key, why }), Err(key));
    let Some(Heard::Stream(over, StreamSignal::Over { .. })) = rig.outbox.heard(PATIENCE) else {
        panic!("it is over");
    };
    assert_eq!(over, key);
}

#[test]
fn frames_without_room_are_counted_and_the_tap_goes_on() {
    let (sender, _frames) = sync_channel(1);
    let figures = Arc::new(LiveFigures::default());
    let frames = StreamFrames {
        sender,
        figures: figures.clone(),
    };
    let tapped = tapped_frame::silence();
    assert_eq!(
        (frames.put(&tapped), frames.put(&tapped)),
        (TapTaken::Yes, TapTaken::Yes)
    );
    assert_eq!(figures.frames_dropped.get(), 1);
}
