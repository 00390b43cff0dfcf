//! The border between sockets and shards: what goes out which way, what is left for the shards, and who hears of what failed.

use super::*;
use crate::deal::Dealer;
use crate::shard_threads::{Heard, Inbox, Outbox, Taken};
use crate::transports::{StreamFigures, StreamOrders, queue};
use patchcord_control::regions::NodeId;
use patchcord_sip::border::Region;
use patchcord_sip::{ConnectionId, Listener, MayCall, MayWatch};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(50);
const DOOR_OF_A: &str = "10.0.0.1:5071";

/// Node `b` with a shard that only listens, a telephone, and streams that are never written.
struct Rig {
    dealer: Dealer,
    border: Arc<BorderProxy>,
    shard: Outbox,
    phone: UdpSocket,
    orders: StreamOrders,
    figures: Arc<BorderFigures>,
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn a() -> NodeName {
    NodeName::new("a").unwrap()
}

fn rig(strangers: Strangers) -> Rig {
    let socket = || UdpSocket::bind("127.0.0.1:0").unwrap();
    let (ours, phone) = (socket(), socket());
    phone.set_read_timeout(Some(PATIENCE)).unwrap();
    let (streams, orders) = queue(Arc::new(StreamFigures::default()));
    let nodes = Arc::new(NodeDoors::default());
    nodes.set(&"a".parse::<NodeId>().unwrap(), address(DOOR_OF_A));
    let config = BorderConfig {
        node: NodeName::new("b").unwrap(),
        region: Region::new("us1").unwrap(),
        internal: address("10.0.0.2:5071"),
        doors: vec![Listener::udp(ours.local_addr().unwrap())],
        secret: [9; 32],
        message_bytes: 65_536,
    };
    let figures = Arc::new(BorderFigures::default());
    let out = WaysOut {
        datagrams: Datagrams::new(vec![ours]),
        streams,
        nodes,
        figures: figures.clone(),
    };
    let gate = GateConfig {
        strangers,
        ..GateConfig::default()
    };
    let border = Arc::new(BorderProxy::new(config, Some(&gate), out).unwrap());
    let (inbox, shard) = Inbox::new();
    let dealer = Dealer::new(vec![inbox], 3).behind(Some(border.clone()));
    Rig {
        dealer,
        border,
        shard,
        phone,
        orders,
        figures,
    }
}

impl Rig {
    fn flow(&self) -> Flow {
        Flow::udp(self.phone.local_addr().unwrap())
    }

    /// What the telephone receives next.
    fn rings(&self) -> String {
        let mut bytes = [0; 4_096];
        let read = self.phone.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..read].to_vec()).unwrap()
    }

    fn of_a(&self, bytes: &str) -> Taken {
        let way = node_flow(address(DOOR_OF_A));
        self.dealer.deal_of_node((&a(), way), bytes.as_bytes())
    }

    fn of_phone(&self, bytes: &str) -> Taken {
        self.dealer.deal(self.flow(), bytes.as_bytes(), None)
    }

    /// What goes to node `a` next.
    fn sent_to_a(&mut self) -> String {
        let order = self.orders.next().expect("something is sent");
        assert_eq!(order.to, node_flow(address(DOOR_OF_A)));
        assert_eq!(order.name.as_deref(), Some("a"));
        String::from_utf8(order.bytes.to_vec()).unwrap()
    }

    fn refused(&self, why: NotPassed) -> u64 {
        self.figures.refused[why.kind()].get()
    }

    /// Nothing is left for the shard, and nothing goes over a stream.
    fn is_quiet(&mut self) {
        assert_eq!(self.shard.heard(MOMENT), None);
        assert!(self.orders.next().is_none());
    }
}

/// A request of node `a` with this Route.
fn invite(route: &str) -> String {
    format!(
        "INVITE sip:phone@192.168.1.7 SIP/2.0\r\nVia: SIP/2.0/TLS {DOOR_OF_A};branch=z9hG4bKa1;rport;alias\r\nRoute: {route}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:menu@example.com>;tag=anchor\r\nTo: <sip:phone@example.com>\r\nCall-ID: call-1\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:{DOOR_OF_A};transport=tls>\r\nContent-Length: 0\r\n\r\n"
    )
}

fn lines<'a>(message: &'a str, name: &str) -> Vec<&'a str> {
    let of_name = |line: &'a str| line.strip_prefix(name)?.strip_prefix(": ");
    message.lines().filter_map(of_name).collect()
}

/// The telephone's answer to what it received.
fn answer(received: &str, status: &str) -> String {
    let copied = ["Via", "Record-Route", "From", "Call-ID", "CSeq"].map(|name| {
        let lines = lines(received, name).into_iter();
        lines.map(|line| format!("{name}: {line}\r\n")).collect::<String>()
    });
    format!(
        "SIP/2.0 {status}\r\n{}To: {};tag=phone\r\nContact: <sip:phone@192.168.1.7>\r\nContent-Length: 0\r\n\r\n",
        copied.concat(),
        lines(received, "To")[0]
    )
}

/// The telephone hangs up.
fn bye(received: &str) -> String {
    let routes = lines(received, "Record-Route").into_iter();
    let routes: String = routes.map(|route| format!("Route: {route}\r\n")).collect();
    format!(
        "BYE sip:{DOOR_OF_A};transport=tls SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.7:5062;branch=z9hG4bKp1;rport\r\n{routes}\
         Max-Forwards: 70\r\nFrom: <sip:phone@example.com>;tag=phone\r\nTo: <sip:menu@example.com>;tag=anchor\r\n\
         Call-ID: call-1\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn a_nodes_call_rings_the_telephone_and_what_it_says_goes_back() {
    let mut rig = rig(Strangers::Drop);
    let path = rig.border.path(rig.flow(), None);
    assert!(path.contains("@10.0.0.2:5071;transport=tls;lr;ob;pc-lossy>"), "{path}");
    assert_eq!(rig.of_a(&invite(&path)), Taken::Yes);
    let rings = rig.rings();
    assert!(rings.starts_with("INVITE sip:phone@192.168.1.7 SIP/2.0\r\n"));
    assert_eq!(
        (lines(&rings, "Record-Route").len(), lines(&rings, "Route").len()),
        (2, 0)
    );
    assert_eq!(rig.of_phone(&answer(&rings, "200 OK")), Taken::Yes);
    let answered = rig.sent_to_a();
    assert!(answered.starts_with("SIP/2.0 200 OK\r\n"));
    assert_eq!(lines(&answered, "Via").len(), 1);
    assert_eq!(rig.of_phone(&bye(&rings)), Taken::Yes);
    let hangs_up = rig.sent_to_a();
    assert!(
        hangs_up.starts_with("BYE ") && lines(&hangs_up, "Route").is_empty(),
        "{hangs_up}"
    );
    assert_eq!(rig.of_a(&answer(&hangs_up, "200 OK")), Taken::Yes);
    assert!(rig.rings().starts_with("SIP/2.0 200 OK\r\n"));
    assert_eq!((rig.figures.to_devices.get(), rig.figures.to_nodes.get()), (2, 2));
    rig.is_quiet();
}

#[test]
fn what_is_the_nodes_own_reaches_its_shard() {
    let mut rig = rig(Strangers::Drop);
    let own = bye("");
    assert_eq!(rig.of_phone(&own), Taken::Yes);
    let flow = rig.flow();
    assert_eq!(
        rig.shard.heard(PATIENCE),
        Some(Heard::Message(flow, own.clone().into_bytes()))
    );
    assert_eq!(rig.of_a(&own), Taken::Yes);
    let way = node_flow(address(DOOR_OF_A));
    assert_eq!(rig.shard.heard(PATIENCE), Some(Heard::Message(way, own.into_bytes())));
    rig.is_quiet();
}

#[test]
fn nobody_but_a_node_says_who_begins_a_call() {
    let mut rig = rig(Strangers::Drop);
    let clean = invite("<sip:proxy.example.com;lr>");
    let origin = "P-Patchcord-Origin: region=us1;tenant=acme;identity=boss\r\nMax-Forwards";
    let claims = clean.replacen("Max-Forwards", origin, 1);
    rig.of_phone(&claims);
    let Some(Heard::Message(_, bytes)) = rig.shard.heard(PATIENCE) else {
        panic!("it is the node's own");
    };
    assert_eq!(String::from_utf8(bytes).unwrap(), clean);
    rig.is_quiet();
}

#[test]
fn a_flow_that_is_gone_is_told_the_node() {
    let mut rig = rig(Strangers::Drop);
    let flow = Flow {
        transport: Transport::Tls,
        peer: address("192.0.2.9:40001"),
        connection: Some(ConnectionId(7)),
    };
    let path = rig.border.path(flow, Some(("acme", "ann")));
    rig.of_a(&invite(&path));
    let order = rig.orders.next().expect("over the connection");
    assert_eq!((order.to, order.name), (flow, None));
    let Sender::Border(Some(passage)) = order.sender else {
        panic!("it would be answered");
    };
    // As the connections say it.
    rig.dealer.passage_failed(&passage);
    assert!(rig.sent_to_a().starts_with("SIP/2.0 430 "));
    assert_eq!(rig.refused(NotPassed::FlowGone), 1);
    // What is never answered is not kept for it.
    let ack = invite(&path).replace("INVITE", "ACK");
    rig.of_a(&ack);
    let order = rig.orders.next().expect("over the connection");
    assert!(matches!(order.sender, Sender::Border(None)));
    rig.is_quiet();
}

#[test]
fn a_node_that_is_nowhere_is_told_the_telephone() {
    let mut rig = rig(Strangers::Drop);
    let c = NodeName::new("c").unwrap();
    let path = rig.border.path(rig.flow(), None);
    let way = node_flow(address("10.0.0.3:5071"));
    rig.dealer.deal_of_node((&c, way), invite(&path).as_bytes());
    let rings = rig.rings();
    rig.of_phone(&bye(&rings));
    assert!(rig.rings().starts_with("SIP/2.0 503 "));
    assert_eq!(rig.refused(NotPassed::NodeGone), 1);
    rig.is_quiet();
}

#[test]
fn a_forged_token_is_refused_and_a_stranger_hears_nothing_where_strangers_hear_nothing() {
    let forged = "Route: <sip:pcb1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA@127.0.0.1;lr>\r\nMax-Forwards";
    let forged = bye("").replacen("Max-Forwards", forged, 1);
    let mut quiet = rig(Strangers::Drop);
    quiet.of_phone(&forged);
    assert_eq!(quiet.refused(NotPassed::ForgedToken), 1);
    quiet.phone.set_nonblocking(true).unwrap();
    assert!(quiet.phone.recv(&mut [0; 100]).is_err());
    quiet.phone.set_nonblocking(false).unwrap();
    // As after the configuration was read again.
    quiet.border.set_strangers(Strangers::Refuse);
    quiet.of_phone(&forged);
    assert!(quiet.rings().starts_with("SIP/2.0 403 "));
    quiet.is_quiet();

    // Who has proved who it is, is no stranger.
    let mut rig = rig(Strangers::Drop);
    let proven = Arc::new(Proven {
        tenant: "acme".into(),
        identity: "ann".into(),
        may_be_called: true,
        calls: MayCall::Anyone,
        watches: MayWatch::Everyone,
        expires_at: Instant::now() + Duration::from_secs(60),
    });
    rig.dealer.deal(rig.flow(), forged.as_bytes(), Some(&proven));
    assert!(rig.rings().starts_with("SIP/2.0 403 "));
    // Neither is a node.
    rig.of_a(&forged);
    assert!(rig.sent_to_a().starts_with("SIP/2.0 403 "));
    rig.is_quiet();
}

#[test]
fn a_client_that_came_back_goes_on_with_its_call_and_nobody_else_does() {
    let mut rig = rig(Strangers::Drop);
    let flow = |connection| Flow {
        transport: Transport::Wss,
        peer: address("192.0.2.9:40001"),
        connection: Some(ConnectionId(connection)),
    };
    let proven = |identity: &str| {
        Arc::new(Proven {
            tenant: "acme".into(),
            identity: identity.into(),
            may_be_called: true,
            calls: MayCall::Anyone,
            watches: MayWatch::Everyone,
            expires_at: Instant::now() + Duration::from_secs(60),
        })
    };
    let path = rig.border.path(flow(1), Some(("acme", "ann")));
    rig.of_a(&invite(&path));
    let order = rig.orders.next().expect("over the connection");
    let rings = String::from_utf8(order.bytes.to_vec()).unwrap();
    rig.dealer.deal(flow(2), bye(&rings).as_bytes(), Some(&proven("ann")));
    assert!(rig.sent_to_a().starts_with("BYE "));
    rig.dealer.deal(flow(3), bye(&rings).as_bytes(), Some(&proven("bob")));
    assert_eq!(rig.refused(NotPassed::NotItsToken), 1);
    let refusal = rig.orders.next().expect("an answer");
    assert_eq!(refusal.to, flow(3));
}
