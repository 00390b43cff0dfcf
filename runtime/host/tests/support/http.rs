//! A client of HTTP/1.1 on a bare connection, for tests of the API: what is sent and what comes is exactly what stands here.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// A client with a key.
pub struct Client {
    address: SocketAddr,
    key: String,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
    /// The text as JSON, null if it is none.
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_str())
    }
}

impl Client {
    pub fn new(address: SocketAddr, key: &str) -> Self {
        Self {
            address,
            key: key.to_owned(),
        }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], None)
    }

    pub fn post(&self, path: &str, body: Option<Value>) -> Answer {
        self.ask("POST", path, &[], body)
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let text = body.map(|body| body.to_string());
        let mut headers = headers.to_vec();
        if text.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        self.raw(method, path, &headers, text.unwrap_or_default().as_bytes())
    }

    pub fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut reader = BufReader::new(self.send(method, path, headers, body));
        let (status, headers) = head(&mut reader);
        let mut text = String::new();
        // Closed by the server; one that refuses a body may do so with a reset.
        let _ = reader.read_to_string(&mut text);
        let chunked = headers
            .iter()
            .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        assert!(!chunked, "whole answers have a length");
        Answer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    /// An answer that is no text: its head, and its bytes.
    pub fn bytes(&self, path: &str, headers: &[(&str, &str)]) -> (Answer, Vec<u8>) {
        let mut reader = BufReader::new(self.send("GET", path, headers, b""));
        let (status, headers) = head(&mut reader);
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        let head = Answer {
            status,
            headers,
            text: String::new(),
            body: Value::Null,
        };
        (head, bytes)
    }

    /// Server-sent events from now on.
    pub fn stream(&self, path: &str) -> Stream {
        let mut reader = BufReader::new(self.send("GET", path, &[], b""));
        let (status, headers) = head(&mut reader);
        assert_eq!(status, 200);
        let kind = headers
            .iter()
            .find(|(name, _)| name == "content-type")
            .map(|(_, value)| value.as_str());
        assert_eq!(kind, Some("text/event-stream"));
        Stream(reader)
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        request += &format!(
            "Authorization: Bearer {}\r\nContent-Length: {}\r\n",
            self.key,
            body.len()
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        stream.write_all(request.as_bytes()).unwrap();
        stream.write_all(b"\r\n").unwrap();
        // A server may refuse a body before all of it is there.
        let _ = stream.write_all(body);
        stream
    }
}

fn head(reader: &mut BufReader<TcpStream>) -> (u16, Vec<(String, String)>) {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &String| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_ascii_lowercase(), value.to_owned()))
    };
    (status, lines[1..].iter().filter_map(header).collect())
}

/// Server-sent events.
pub struct Stream(BufReader<TcpStream>);

impl Stream {
    /// All events up to one of this kind.
    pub fn until(mut self, last: &str) -> Vec<(String, Value)> {
        let mut all = Vec::new();
        while let Some(event) = self.next() {
            let over = event.0 == last;
            all.push(event);
            if over {
                return all;
            }
        }
        panic!("the stream ended before {last}: {all:?}");
    }

    /// All events until the server ends the stream.
    pub fn until_end(mut self) -> Vec<(String, Value)> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// The next event; chunk sizes and comments are passed over.
    pub fn next(&mut self) -> Option<(String, Value)> {
        let mut kind = None;
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let line = line.trim_end();
            if let Some(name) = line.strip_prefix("event: ") {
                kind = Some(name.to_owned());
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return Some((kind.unwrap(), serde_json::from_str(data).unwrap()));
            }
            if line == "0" {
                return None;
            }
        }
    }
}
