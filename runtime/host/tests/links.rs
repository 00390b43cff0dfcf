//! Calls between nodes on the wire: a real node of a real cluster, a telephone at it, and another node that calls that telephone through
//! it. The other node is the test: SIP of our own endpoint over mutual TLS, with a place in the registry. And those who are no node.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and this one needs a part of what the others do"
)]

#[path = "support/database.rs"]
mod database;
#[path = "support/link.rs"]
mod link;
#[path = "../../cluster/tests/cluster/server.rs"]
mod nats;
mod support;

use link::{At, Line, Link, World, certified};
use nats::{Bus, password};
use patchcord_cluster::{ANSWERED_AT_ONCE, Certificate, Cluster, Config, Credentials, Tls};
use patchcord_control::ids::Tenant;
use patchcord_host::{
    ApiConfig, ApiKey, ClusterConfig, Identity, KeyHash, Node, NodeConfig, NodeDoor, Scope, usual_outbound,
};
use patchcord_sip::{EndCause, Event};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;
use std::time::Duration;
use support::{TENANT, config, metric, node, wait_for_metric};
use tokio::sync::oneshot;

/// Connections that other nodes opened.
const ACCEPTED: &str = "patchcord_cluster_sip_connections_total{by=\"node\"}";

/// How a node of this name joins.
fn membership(bus: &Bus, name: &str, entry: String) -> Config {
    Config {
        servers: vec![bus.address()],
        tls: Tls {
            roots: bus.file("authority.pem"),
            certificate: Some(Certificate {
                chain: bus.file(&format!("{name}.pem")),
                key: bus.file(&format!("{name}.key")),
            }),
        },
        credentials: Credentials::Password {
            user: name.to_owned(),
            password: password(name),
        },
        cluster: "patchcord".to_owned(),
        node: name.parse().unwrap(),
        region: name[..3].parse().unwrap(),
        incarnation: 1,
        entry: entry.into(),
        lease: Duration::from_secs(2),
        replicas: 1,
        answered_at_once: ANSWERED_AT_ONCE,
    }
}

/// Node `us1-a`, where the telephone is.
fn gateway(bus: &Bus) -> Node {
    let (usual, _) = config(2);
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = NodeConfig {
        api: Some(ApiConfig {
            listen: any,
            tls: None,
            keys: vec![ApiKey {
                name: "test".to_owned(),
                tenant: Tenant(TENANT.to_owned()),
                scopes: Scope::USUAL.to_vec(),
                hash: KeyHash::of("pck_0000000000000000000000000000000000000000000000000000000000000031"),
                token_key: None,
            }],
            outbound: usual_outbound(),
            database: database::database("links"),
            home: Tenant(TENANT.to_owned()),
            caller_ids: None,
        }),
        cluster: Some(ClusterConfig {
            membership: membership(bus, "us1-a", String::new()),
            door: Some(NodeDoor {
                listen: any,
                advertise: any,
                identity: Identity {
                    certificate: bus.file("us1-a.pem"),
                    key: bus.file("us1-a.key"),
                },
                roots: bus.file("authority.pem"),
            }),
        }),
        ..usual
    };
    node(config, Vec::new())
}

/// Node `eu1-a` as the registry has it, with its door there; in the cluster for as long as it is held.
struct Registered {
    leave: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        drop(self.leave.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn register(bus: &Bus, door: SocketAddr) -> Registered {
    let entry = format!(
        "{{\"version\":\"0\",\"capabilities\":[],\"calls\":0,\"capacity\":1,\"draining\":false,\"sip\":\"{door}\"}}"
    );
    let (leave, left) = oneshot::channel::<()>();
    let membership = membership(bus, "eu1-a", entry);
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let _joined = Cluster::join(membership).await.unwrap();
            // Its sender is gone: that is the word.
            let _ = left.await;
        });
    });
    Registered {
        leave: Some(leave),
        thread: Some(thread),
    }
}

/// A world with a node that knows the other one.
fn world(bus: &Bus) -> (World, Node, Registered) {
    let gateway = gateway(bus);
    let link = Link::listen(bus);
    let registered = register(bus, link.door);
    wait_for_metric(&gateway, "patchcord_cluster_nodes", 1);
    let line = Line::to(gateway.door_for_nodes().unwrap(), certified(bus, "eu1-a")).unwrap();
    wait_for_metric(&gateway, ACCEPTED, 1);
    let world = World::new(link, line, gateway.door_for_nodes().unwrap());
    (world, gateway, registered)
}

#[test]
fn a_telephone_at_another_node_is_called_changed_and_hung_up_by_either_end() {
    let bus = Bus::start();
    let (mut world, gateway, _registered) = world(&bus);
    let path = gateway.path_to(world.phone_flow()).unwrap();

    world.call(&path);
    world.until("it is answered", |world| {
        world.has(At::Anchor, |event| matches!(event, Event::Answered { .. }))
            && world.has(At::Phone, |event| matches!(event, Event::Confirmed { .. }))
    });
    let invite = world.received(At::Phone, "INVITE ");
    let routes = |message: &str, name: &str| message.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(
        (routes(&invite, "Record-Route:"), routes(&invite, "Route:")),
        (2, 0),
        "{invite}"
    );
    assert!(invite.contains("pcb1.") && !invite.contains("P-Patchcord"), "{invite}");

    for by in [At::Anchor, At::Phone] {
        world.reinvite(by);
        world.until("both agree on the change", |world| {
            world.has(by, |event| matches!(event, Event::ReinviteAnswered { status: 200, .. }))
        });
    }
    world.bye(At::Phone);
    world.until("the anchor hears that the telephone hung up", |world| {
        world.ended(At::Anchor) == Some(EndCause::RemoteBye)
    });
    let bye = world.received(At::Anchor, "BYE ");
    assert_eq!(routes(&bye, "Route:"), 0, "{bye}");

    world.forget();
    world.call(&path);
    world.until("it is answered", |world| {
        world.has(At::Phone, |event| matches!(event, Event::Confirmed { .. }))
    });
    world.bye(At::Anchor);
    world.until("the telephone hears that the anchor hung up", |world| {
        world.ended(At::Phone) == Some(EndCause::RemoteBye)
    });

    // It is given up before it is answered.
    world.forget();
    world.answers = false;
    world.call(&path);
    world.until("it rings", |world| {
        world.has(At::Anchor, |event| matches!(event, Event::Progress { status: 180, .. }))
    });
    world.cancel();
    world.until("it rings no more", |world| {
        world.ended(At::Phone) == Some(EndCause::Cancelled) && world.ended(At::Anchor) == Some(EndCause::Cancelled)
    });
    assert_eq!(metric(&gateway, "patchcord_cluster_sip_connections"), 2);
    assert_eq!(
        metric(&gateway, "patchcord_cluster_sip_connections_total{by=\"us\"}"),
        1
    );
    assert!(metric(&gateway, "patchcord_cluster_sip_passed_total{to=\"node\"}") > 5);
    assert_eq!(
        metric(&gateway, "patchcord_dialogs"),
        0,
        "the node between keeps nothing"
    );
}

#[test]
fn datagrams_that_are_lost_behind_the_node_between_are_repeated_by_the_ends() {
    let bus = Bus::start();
    let (mut world, gateway, _registered) = world(&bus);
    let path = gateway.path_to(world.phone_flow()).unwrap();
    // The first INVITE, and the first 180 and 200, do not arrive: the anchor sends again over TLS, and the telephone again by itself.
    world.lose = 3;
    world.call(&path);
    world.until("it is answered in the end", |world| {
        world.has(At::Phone, |event| matches!(event, Event::Confirmed { .. }))
    });
    assert!(world.lose == 0 && world.repeated(At::Anchor) > 0);
}

#[test]
fn a_node_begins_no_call_and_a_device_shows_nobody_elses_token() {
    let bus = Bus::start();
    let (mut world, gateway, _registered) = world(&bus);
    let path = gateway.path_to(world.phone_flow()).unwrap();
    let door = gateway.door_for_nodes().unwrap();

    // What does not go to a device would begin a call here, whoever is said to begin it.
    let origin = "P-Patchcord-Origin: region=eu1;tenant=default;identity=ann\r\n";
    for (number, more) in ["", origin].into_iter().enumerate() {
        world.say(&raw("INVITE", number, &format!("sip:menu@{door}"), more));
        world.until("it is refused", |world| {
            world.count(At::Anchor, "SIP/2.0 403 ") == number + 1
        });
    }
    // A Path that was altered, and one that is shown by a device.
    let altered = path.replacen("pcb1.", "pcb1.B", 1);
    world.say(&raw(
        "INVITE",
        2,
        "sip:phone@127.0.0.1",
        &format!("Route: {altered}\r\n"),
    ));
    world.until("it is refused", |world| world.count(At::Anchor, "SIP/2.0 403 ") == 3);
    for (number, route) in [&path, &altered].into_iter().enumerate() {
        let invite = raw(
            "INVITE",
            3 + number,
            "sip:phone@127.0.0.1",
            &format!("Route: {route}\r\n"),
        );
        world.say_to(gateway.local_sip(), &invite);
        world.until("it is refused", |world| {
            world.count(At::Phone, "SIP/2.0 403 ") == number + 1
        });
    }
    assert_eq!(
        metric(&gateway, "patchcord_cluster_sip_refused_total{reason=\"forged_token\"}"),
        2
    );
    assert_eq!(
        metric(&gateway, "patchcord_cluster_sip_refused_total{reason=\"wrong_side\"}"),
        1
    );
    assert_eq!(metric(&gateway, "patchcord_calls_total"), 0);
}

#[test]
fn who_is_no_node_is_hung_up_on() {
    let bus = Bus::start();
    let (_world, gateway, _registered) = world(&bus);
    let door = gateway.door_for_nodes().unwrap();
    let own = |reason: &str| format!("patchcord_cluster_sip_connections_refused_total{{reason=\"{reason}\"}}");
    for (own_certificate, reason) in [
        (None, "no_certificate"),
        (link::of_another_authority("eu1-a"), "no_certificate"),
        // By the authority of the nodes, in the name of none.
        (certified(&bus, "node"), "not_a_node"),
        // Its own.
        (certified(&bus, "us1-a"), "not_a_node"),
    ] {
        let refused = metric(&gateway, &own(reason));
        // TLS 1.3 says no only after the client is done; whatever it sends is not heard.
        if let Some(mut line) = Line::to(door, own_certificate) {
            let options = raw("OPTIONS", 9, &format!("sip:{door}"), "");
            let _ = line
                .stream
                .write_all(options.as_bytes())
                .and_then(|()| line.stream.flush());
            let mut heard = Vec::new();
            let _ = line.stream.read_to_end(&mut heard);
            assert_eq!(heard, b"");
        }
        wait_for_metric(&gateway, &own(reason), refused + 1);
    }
    assert_eq!(metric(&gateway, ACCEPTED), 1);
}

/// A request that begins something, with these lines first.
fn raw(method: &str, number: usize, uri: &str, lines: &str) -> String {
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5999;branch=z9hG4bKraw{number};rport\r\n{lines}Max-Forwards: 70\r\n\
         From: <sip:someone@example.com>;tag=raw\r\nTo: <{uri}>\r\nCall-ID: raw-{number}\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:127.0.0.1:5999>\r\nContent-Length: 0\r\n\r\n"
    )
}
