//! A WebSocket server for streams of legs, on real sockets: its handshake is written here after RFC 6455, its frames are
//! tungstenite's. What it does on each connection is the test's.

use base64ct::{Base64, Encoding};
use patchcord_media::{WireEncoder, WireFormat};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Message, WebSocket};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server; dropping it stops it once its connections are over.
pub struct Agent {
    pub port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Agent {
    /// Serves one connection after the other; the script is told which it is, from 1.
    pub fn serve(mut script: impl FnMut(u32, Peer) + Send + 'static) -> Self {
        Self::raw(move |number, stream| script(number, Peer::accept(stream)))
    }

    /// The same before any handshake.
    pub fn raw(mut script: impl FnMut(u32, TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            for number in 1.. {
                let (stream, _) = listener.accept().unwrap();
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                script(number, stream);
            }
        });
        Self {
            port,
            stop,
            thread: Some(thread),
        }
    }

    /// Ends it; what its script found wrong is found wrong here.
    pub fn finish(mut self) {
        self.end().unwrap();
    }

    fn end(&mut self) -> std::thread::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        // Lets it see that.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        self.thread.take().map_or(Ok(()), JoinHandle::join)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// The request that opens a connection, by its lines.
pub fn request(stream: &TcpStream) -> Vec<String> {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect()
}

/// Answers a request with a status and nothing else.
pub fn refuse(mut stream: TcpStream, status: u16) {
    let asked = request(&stream);
    assert!(asked[0].starts_with("GET /agent?token=secret HTTP/1.1"), "{asked:?}");
    write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n").unwrap();
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read(&mut [0]);
}

/// One connection, and what was heard on it.
pub struct Peer {
    pub socket: WebSocket<TcpStream>,
    pub format: WireFormat,
    pub heard: Vec<i16>,
    /// Of the messages so far.
    pub numbers: Vec<u64>,
    /// Of the sound so far.
    pub times: Vec<u64>,
}

impl Peer {
    fn accept(mut stream: TcpStream) -> Self {
        let asked = request(&stream);
        let field = |name: &str| {
            let value = asked
                .iter()
                .find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name));
            value.map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        assert_eq!(field("Sec-WebSocket-Version"), "13");
        let joined = format!("{}258EAFA5-E914-47DA-95CA-C5AB0DC85B11", field("Sec-WebSocket-Key"));
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, joined.as_bytes());
        write!(
            stream,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            Base64::encode_string(digest.as_ref())
        )
        .unwrap();
        Self {
            socket: WebSocket::from_raw_socket(stream, Role::Server, None),
            format: WireFormat::Mulaw8k,
            heard: Vec::new(),
            numbers: Vec::new(),
            times: Vec::new(),
        }
    }

    /// What comes next; none once the connection is closed.
    pub fn next(&mut self) -> Option<Value> {
        loop {
            let text = match self.socket.read() {
                Ok(Message::Text(text)) => text,
                Ok(Message::Ping(_) | Message::Pong(_)) => continue,
                _ => return None,
            };
            let message: Value = serde_json::from_str(&text).unwrap();
            self.numbers.push(message["sequenceNumber"].as_u64().unwrap());
            if message["event"] == "media" {
                self.times.push(message["timestamp"].as_u64().unwrap());
                let payload = Base64::decode_vec(message["payload"].as_str().unwrap()).unwrap();
                self.heard.extend(self.format.decode(&payload).unwrap());
            }
            return Some(message);
        }
    }

    /// Everything up to an event, which is returned.
    pub fn until(&mut self, event: &str) -> Value {
        loop {
            let message = self.next().unwrap_or_else(|| panic!("{event} was to come"));
            if message["event"] == event {
                return message;
            }
        }
    }

    /// Hears so much more sound.
    pub fn hear(&mut self, ms: u64) {
        for _ in 0..ms / 20 {
            self.until("media");
        }
    }

    pub fn send(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).unwrap();
    }

    pub fn say(&mut self, hz: f64, ms: u32) {
        let mut encoder = WireEncoder::new(self.format);
        let place = |n: u32| f64::from(n) * hz * std::f64::consts::TAU / 8_000.0;
        let tone: Vec<i16> = (0..ms * 8).map(|n| (place(n).sin() * 8_000.0) as i16).collect();
        for sound in tone.chunks(800) {
            let bytes: Vec<u8> = sound
                .chunks(160)
                .flat_map(|frame| encoder.encode(8_000, frame))
                .collect();
            self.send(&json!({ "event": "media", "payload": Base64::encode_string(&bytes) }));
        }
    }

    pub fn mark(&mut self, name: &str) {
        self.send(&json!({ "event": "mark", "name": name }));
    }
}
