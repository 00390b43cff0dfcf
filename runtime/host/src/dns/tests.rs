//! Names looked up at a name server of the test's own: services, addresses, what is not there and who does not answer.

use super::{AsyncThread, DnsFigures, DnsQueue, DnsSetup, LookUp, start};
use crate::shard_threads::{Heard, Inbox, Outbox};
use hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use patchcord_sip::{ResolveOptions, Target, Transport, Uri};
use patchcord_switch::Query;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

/// What a name server knows. Everything else is no such name; below `silent.` it does not answer.
fn zone(name: &str, kind: RecordType) -> Vec<RData> {
    let to = |name: &str| Name::from_ascii(name).unwrap();
    let text = |text: &str| text.as_bytes().into();
    match (name, kind) {
        ("carrier.example.", RecordType::NAPTR) => vec![
            RData::NAPTR(NAPTR::new(
                20,
                0,
                text("s"),
                text("SIP+D2U"),
                text(""),
                to("_sip._udp.carrier.example."),
            )),
            RData::NAPTR(NAPTR::new(
                10,
                0,
                text("s"),
                text("SIPS+D2T"),
                text(""),
                to("_sips._tcp.carrier.example."),
            )),
        ],
        ("_sips._tcp.carrier.example.", RecordType::SRV) => vec![
            RData::SRV(SRV::new(2, 0, 5071, to("second.carrier.example."))),
            RData::SRV(SRV::new(1, 0, 5061, to("first.carrier.example."))),
        ],
        ("_sip._udp.carrier.example.", RecordType::SRV) => {
            vec![RData::SRV(SRV::new(1, 0, 5060, to("first.carrier.example.")))]
        }
        ("first.carrier.example.", RecordType::A) => vec![RData::A(A(Ipv4Addr::new(192, 0, 2, 1)))],
        ("first.carrier.example.", RecordType::AAAA) => {
            vec![RData::AAAA(AAAA(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)))]
        }
        ("second.carrier.example.", RecordType::A) => vec![RData::A(A(Ipv4Addr::new(192, 0, 2, 2)))],
        ("plain.example.", RecordType::A) => vec![RData::A(A(Ipv4Addr::new(192, 0, 2, 9)))],
        _ => Vec::new(),
    }
}

struct Server {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

fn server() -> Server {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let (address, count) = (socket.local_addr().unwrap(), asked.clone());
    // Ends with the test's process.
    std::thread::spawn(move || {
        let mut bytes = [0; 4_096];
        while let Ok((length, from)) = socket.recv_from(&mut bytes) {
            count.fetch_add(1, Ordering::SeqCst);
            let question = Message::from_vec(&bytes[..length]).unwrap();
            if let Some(answer) = answer(&question) {
                socket.send_to(&answer.to_vec().unwrap(), from).unwrap();
            }
        }
    });
    Server { address, asked }
}

fn answer(question: &Message) -> Option<Message> {
    let query = question.queries[0].clone();
    let name = query.name().to_ascii().to_ascii_lowercase();
    if name.ends_with("silent.") {
        return None;
    }
    let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
    let found = zone(&name, query.query_type());
    if found.is_empty() {
        answer.metadata.response_code = ResponseCode::NXDomain;
    }
    for data in found {
        answer.add_answer(Record::from_rdata(query.name().clone(), 300, data));
    }
    answer.add_query(query);
    Some(answer)
}

struct Rig {
    queue: DnsQueue,
    shard: Outbox,
    figures: Arc<DnsFigures>,
    _thread: AsyncThread,
}

fn rig(server: Option<SocketAddr>) -> Rig {
    let (inbox, shard) = Inbox::new();
    let figures = Arc::new(DnsFigures::default());
    let setup = DnsSetup {
        server,
        options: ResolveOptions::default(),
    };
    let (thread, queue) = start(setup, vec![inbox], figures.clone()).unwrap();
    Rig {
        queue,
        shard,
        figures,
        _thread: thread,
    }
}

impl Rig {
    fn ask(&self, number: u64, uri: &str) {
        self.queue.ask(LookUp {
            shard: 0,
            query: Query(number),
            uri: Uri::parse(uri).unwrap(),
        });
    }

    fn places(&self, number: u64, uri: &str) -> Vec<String> {
        self.ask(number, uri);
        self.answer(number)
    }

    fn answer(&self, number: u64) -> Vec<String> {
        match self.shard.heard(PATIENCE) {
            Some(Heard::Resolved(query, targets)) => {
                assert_eq!(query, Query(number));
                targets.iter().map(shown).collect()
            }
            other => panic!("no answer but {other:?}"),
        }
    }
}

fn shown(target: &Target) -> String {
    let name = target.name.as_deref().unwrap_or("-");
    format!("{} {} {name}", target.flow.transport.via(), target.flow.peer)
}

#[test]
fn services_and_hosts_are_found_and_remembered() {
    let server = server();
    let rig = rig(Some(server.address));
    let places = rig.places(1, "sip:alice@carrier.example");
    assert_eq!(
        places,
        [
            "TLS 192.0.2.1:5061 carrier.example",
            "TLS [2001:db8::1]:5061 carrier.example",
            "TLS 192.0.2.2:5071 carrier.example",
            "UDP 192.0.2.1:5060 -",
            "UDP [2001:db8::1]:5060 -",
        ]
    );
    let asked = server.asked.load(Ordering::SeqCst);
    assert_eq!(rig.places(2, "sip:bob@CARRIER.example"), places);
    assert_eq!(server.asked.load(Ordering::SeqCst), asked, "nothing is asked twice");
    // Without records of services, the host itself.
    assert_eq!(rig.places(3, "sip:plain.example"), ["UDP 192.0.2.9:5060 -"]);
    assert_eq!(
        rig.places(4, "sip:plain.example:5080;transport=tcp"),
        ["TCP 192.0.2.9:5080 -"]
    );
    assert_eq!(rig.figures.nowhere.get(), 0);
}

#[test]
fn numbers_need_no_server() {
    let rig = rig(Some(SocketAddr::from(([127, 0, 0, 1], 9))));
    assert_eq!(rig.places(1, "sip:192.0.2.7:5070"), ["UDP 192.0.2.7:5070 -"]);
    assert_eq!(rig.places(2, "sips:[2001:db8::5]").len(), 1);
    assert_eq!(rig.figures.questions.get(), 0);
}

#[test]
fn what_is_not_there_is_nowhere() {
    let server = server();
    let rig = rig(Some(server.address));
    assert_eq!(rig.places(1, "sip:nobody.example"), Vec::<String>::new());
    let asked = server.asked.load(Ordering::SeqCst);
    assert_eq!(rig.places(2, "sip:nobody.example"), Vec::<String>::new());
    assert_eq!(
        server.asked.load(Ordering::SeqCst),
        asked,
        "that there is nothing is remembered"
    );
    assert_eq!(rig.places(3, "sip:x@y;transport=sctp"), Vec::<String>::new());
    assert_eq!(rig.figures.nowhere.get(), 3);
    assert_eq!(rig.figures.failures.get(), 0);
}

#[test]
fn who_does_not_answer_holds_up_nobody_else() {
    let server = server();
    let rig = rig(Some(server.address));
    let began = Instant::now();
    rig.ask(1, "sip:host.silent:5060");
    assert_eq!(rig.places(2, "sip:plain.example:5060"), ["UDP 192.0.2.9:5060 -"]);
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "it waits behind the silent one"
    );
    assert_eq!(rig.answer(1), Vec::<String>::new());
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert!(rig.figures.failures.get() > 0);
}

#[test]
fn transports_are_those_of_the_answer() {
    assert!(Transport::Tls.is_secure());
    let server = server();
    let rig = rig(Some(server.address));
    // A secure address never ends on an insecure way.
    let places = rig.places(1, "sips:carrier.example");
    assert!(
        !places.is_empty() && places.iter().all(|place| place.starts_with("TLS ")),
        "{places:?}"
    );
}
