//! Requests to servers on loopback: right ones, and everything that a hostile or dead server can do.

use super::*;
use crate::shard_threads::{Heard, Outbox};
use patchcord_control::http_urls::HttpUrl;
use patchcord_control::private::Private;
use patchcord_control::words::HttpMethod;
use patchcord_switch::Query;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that does the same with every connection, each on a thread of its own; the requests it read.
fn serve(answer: fn(&mut TcpStream)) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, requests) = std::sync::mpsc::sync_channel(64);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let heard = heard.clone();
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let _ = heard.send(request_of(&mut stream));
                answer(&mut stream);
            });
        }
    });
    (port, requests)
}

/// A whole request, with a body as long as its header says.
fn request_of(stream: &mut TcpStream) -> String {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        request.push(byte[0]);
    }
    let head = String::from_utf8(request).unwrap().to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

struct Rig {
    outbox: Outbox,
    queue: WebRequestQueue,
    figures: Arc<WebRequestFigures>,
    asked: u64,
    // Ends before the shard's end of its queue.
    _thread: AsyncThread,
}

fn rig(networks: LiteralRule) -> Rig {
    let (inbox, outbox) = Inbox::new();
    let figures = Arc::new(WebRequestFigures::default());
    let config = WebRequestsConfig {
        networks,
        at_once: 3,
        at_once_of_tenant: 2,
        ..WebRequestsConfig::default()
    };
    let (thread, queue) = start(&config, None, &[inbox], &figures).unwrap();
    Rig {
        outbox,
        queue,
        figures,
        asked: 0,
        _thread: thread,
    }
}

fn order(url: &str, time: Duration) -> HttpOrder {
    HttpOrder {
        method: HttpMethod::Get,
        url: HttpUrl::parse(url).unwrap(),
        headers: Vec::new(),
        body: None,
        time,
    }
}

impl Rig {
    fn ask(&mut self, tenant: &str, order: HttpOrder) -> Query {
        self.asked += 1;
        let wanted = ToAsk {
            tenant: Tenant(tenant.to_owned()),
            order: Box::new(order),
        };
        let query = Query(self.asked);
        self.queue.ask((0, query), wanted).unwrap();
        query
    }

    fn answer(&self) -> (Query, Responded) {
        match self.outbox.heard(PATIENCE) {
            Some(Heard::Responded(query, response)) => (query, response),
            other => panic!("{other:?} is no answer"),
        }
    }

    fn get(&mut self, port: u16, time: Duration) -> Responded {
        let query = self.ask("t", order(&format!("http://127.0.0.1:{port}/"), time));
        let (answered, response) = self.answer();
        assert_eq!(answered, query);
        response
    }
}

#[test]
fn a_request_is_sent_as_it_is_and_its_answer_told_as_it_is() {
    let (port, requests) = serve(|stream| {
        let answer = "HTTP/1.1 404 Not Found\r\nX-One: a\r\nx-one: b\r\nContent-Length: 4\r\n\r\nnone";
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let mut rig = rig(LiteralRule::Any);
    let token: Private<String> = "Bearer 12345678".to_owned().into();
    rig.ask(
        "t",
        HttpOrder {
            method: HttpMethod::Post,
            headers: vec![("Authorization".to_owned(), token)],
            body: Some(b"{}".to_vec().into()),
            ..order(&format!("http://127.0.0.1:{port}/a?b=c"), PATIENCE)
        },
    );
    let response = rig.answer().1.unwrap();
    assert_eq!((response.status, &response.body.reveal()[..]), (404, &b"none"[..]));
    let ones: Vec<&str> = response
        .headers
        .iter()
        .filter(|(name, _)| name == "x-one")
        .map(|(_, value)| value.reveal().as_str())
        .collect();
    assert_eq!(ones, ["a", "b"]);
    let request = requests.recv_timeout(PATIENCE).unwrap();
    assert!(request.starts_with("post /a?b=c http/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: 127.0.0.1:{port}\r\n")), "{request}");
    assert!(request.contains("authorization: bearer 12345678\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n{}"), "{request}");
    assert_eq!((rig.figures.asked.get(), rig.figures.failed.get()), (1, 0));
}

#[test]
fn a_redirection_is_an_answer_and_nobody_goes_there() {
    let (inner, asked) = serve(|_| {});
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        request_of(&mut stream);
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inner}/\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let response = rig(LiteralRule::Any).get(port, PATIENCE).unwrap();
    assert_eq!(response.status, 302);
    assert!(asked.try_recv().is_err());
}

#[test]
fn bad_servers_are_told_apart() {
    let without_end = |stream: &mut TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 65_536]).is_ok() {}
    };
    let long_head = |stream: &mut TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X-More: and more\r\n").is_ok() {}
    };
    type Answers = fn(&mut TcpStream);
    let answers: [(Answers, NoResponse); 4] = [
        (without_end, NoResponse::TooLarge),
        (long_head, NoResponse::Failed),
        (
            |stream| stream.write_all(b"220 mail.example ESMTP\r\n").unwrap(),
            NoResponse::Failed,
        ),
        (|_| {}, NoResponse::Failed),
    ];
    let mut rig = rig(LiteralRule::Any);
    for (answer, expected) in answers {
        let (port, _requests) = serve(answer);
        assert_eq!(rig.get(port, PATIENCE), Err(expected));
    }
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(rig.get(closed, PATIENCE), Err(NoResponse::Refused));
}

#[test]
fn a_server_that_is_slow_or_says_nothing_ends_at_the_time() {
    let (silent, _requests) = serve(|stream| {
        let _ = stream.read(&mut [0]);
    });
    let (slow, _slow_requests) = serve(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let mut rig = rig(LiteralRule::Any);
    for port in [silent, slow] {
        assert_eq!(rig.get(port, Duration::from_millis(200)), Err(NoResponse::TimedOut));
    }
}

#[test]
fn what_is_left_is_hung_up_on_and_makes_room() {
    let (port, requests) = serve(|stream| {
        // Whoever asked hangs up.
        let _ = stream.read(&mut [0]);
    });
    let url = format!("http://127.0.0.1:{port}/");
    let mut rig = rig(LiteralRule::Any);
    let first = rig.ask("t", order(&url, PATIENCE));
    rig.ask("t", order(&url, PATIENCE));
    for _ in 0..2 {
        requests.recv_timeout(PATIENCE).unwrap();
    }
    let third = rig.ask("t", order(&url, PATIENCE));
    assert_eq!(rig.answer(), (third, Err(NoResponse::Overloaded)), "two of a tenant");
    rig.ask("other", order(&url, PATIENCE));
    requests.recv_timeout(PATIENCE).unwrap();
    let fifth = rig.ask("another", order(&url, PATIENCE));
    assert_eq!(rig.answer(), (fifth, Err(NoResponse::Overloaded)), "three in all");
    rig.queue.leave((0, first));
    rig.ask("another", order(&url, PATIENCE));
    requests.recv_timeout(PATIENCE).unwrap();
    assert_eq!((rig.figures.left.get(), rig.figures.refused.get()), (1, 2));
}

#[test]
fn private_networks_are_not_asked() {
    let (port, requests) = serve(|_| {});
    let mut rig = rig(LiteralRule::Public);
    assert_eq!(rig.get(port, PATIENCE), Err(NoResponse::Refused));
    for host in [
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ] {
        rig.ask("t", order(&format!("http://{host}:{port}/"), PATIENCE));
        assert_eq!(rig.answer().1, Err(NoResponse::Refused), "{host}");
    }
    assert!(requests.try_recv().is_err());
}
