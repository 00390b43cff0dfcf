//! What it costs on one core to pass a message on at the border of a region, beside reading and writing the same message,
//! which every element does that has to do with it. No target is asserted: read the ratios.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock: it measures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use patchcord_sip::border::{Arrival, Border, BorderConfig, Device, NodeName, Passed, Region};
use patchcord_sip::{ConnectionId, Flow, Listener, Transport, limits, parse};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\n";

/// A message, where it comes from, and its name.
struct Case<'a> {
    name: &'static str,
    from: Arrival<'a>,
    bytes: Vec<u8>,
}

fn border() -> Border {
    let address = |text: &str| text.parse().expect("an address");
    let config = BorderConfig {
        node: NodeName::new("us1-b").expect("a name"),
        region: Region::new("us1").expect("a name"),
        internal: address("10.0.0.2:5071"),
        doors: vec![Listener {
            transport: Transport::Wss,
            address: address("198.51.100.2:443"),
        }],
        secret: [7; 32],
        message_bytes: limits::MESSAGE_BYTES,
    };
    Border::new(config).expect("a good configuration")
}

fn request(method: &str, uri: &str, lines: &str, to_tag: &str, body: &str) -> String {
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/TLS 10.0.0.1:5071;branch=z9hG4bK0123456789abcdef;rport;alias\r\n{lines}\
         Max-Forwards: 70\r\nFrom: \"Reception\" <sip:menu@example.com>;tag=0123456789abcdef\r\n\
         To: <sip:alice@clients.invalid>{to_tag}\r\nCall-ID: 0123456789abcdef0123456789abcdef\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:10.0.0.1:5071;transport=tls>\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, PRACK, UPDATE\r\n\
         Supported: 100rel, timer, replaces\r\nUser-Agent: patchcord\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn lines(message: &str, name: &str, as_name: &str) -> Vec<String> {
    let begins = format!("{name}: ");
    let values = message.split("\r\n").filter_map(|line| line.strip_prefix(&begins));
    values.map(|value| format!("{as_name}: {value}\r\n")).collect()
}

fn sent(passed: Passed<'_>) -> Vec<u8> {
    match passed {
        Passed::Send { bytes, .. } => bytes,
        other => panic!("a good message is passed on: {other:?}"),
    }
}

/// A call as it comes by: INVITE and its answer, and a request from either side.
fn cases<'a>(border: &Border, anchor: &'a NodeName, device: Device<'a>) -> Vec<Case<'a>> {
    const URI: &str = "sip:alice@192.168.1.7:5062;transport=ws";
    let (node, device) = (Arrival::Node(anchor), Arrival::Device(device));
    let Arrival::Device(known) = device else {
        unreachable!("made above")
    };
    let path = format!("Route: {}\r\n", border.path(known));
    let invite = request("INVITE", URI, &path, "", SDP);
    let rung = String::from_utf8(sent(border.pass(node, invite.as_bytes()))).expect("text");
    let vias = lines(&rung, "Via", "Via").concat();
    let answer = request("INVITE", URI, "", ";tag=far", SDP);
    let (_, rest) = answer.split_once("Max-Forwards: 70\r\n").expect("it has one");
    let answer = format!(
        "SIP/2.0 200 OK\r\n{vias}{}{rest}",
        lines(&rung, "Record-Route", "Record-Route").concat()
    );
    let told = lines(&rung, "Record-Route", "Route");
    let info = request(
        "INFO",
        "sip:10.0.0.1:5071;transport=tls",
        &told.concat(),
        ";tag=far",
        "",
    );
    let bye = request("BYE", URI, &[told[1].clone(), told[0].clone()].concat(), ";tag=far", "");
    let case = |name, from, text: String| Case {
        name,
        from,
        bytes: text.into_bytes(),
    };
    vec![
        case("INVITE to a device", node, invite),
        case("200 to the anchor", device, answer),
        case("INFO to the anchor", device, info),
        case("BYE to a device", node, bye),
        case(
            "not its business",
            device,
            request("REGISTER", "sip:example.com", "", "", ""),
        ),
    ]
}

/// Seconds each.
fn measure(time: Duration, mut once: impl FnMut()) -> f64 {
    const BATCH: u32 = 64;
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < time {
        for _ in 0..BATCH {
            once();
        }
        count += BATCH;
    }
    begun.elapsed().as_secs_f64() / f64::from(count)
}

fn main() {
    let quick = std::env::var("PATCHCORD_BENCH").is_ok_and(|how| how == "quick");
    let time = Duration::from_millis(if quick { 200 } else { 2_000 });
    let border = border();
    let anchor = NodeName::new("eu1-a").expect("a name");
    let device = Device {
        flow: Flow {
            transport: Transport::Wss,
            peer: "203.0.113.7:40000".parse().expect("an address"),
            connection: Some(ConnectionId(123_456)),
        },
        owner: Some("acme/alice"),
    };
    println!("border: one core, a call with a browser; beside it, reading and writing the same message");
    for case in cases(&border, &anchor, device) {
        // Caches and the allocator are warm before anything counts.
        let pass = || drop(black_box(border.pass(case.from, black_box(&case.bytes))));
        measure(time / 4, pass);
        let passed = measure(time, pass);
        let copied = measure(time, || {
            drop(black_box(
                parse(black_box(&case.bytes)).map(|message| message.to_bytes()),
            ));
        });
        println!(
            "  {:<20} {:>5} bytes: {:>9.0} messages/s, {:>4.2} times reading and writing it",
            case.name,
            case.bytes.len(),
            1.0 / passed,
            passed / copied,
        );
    }
}
