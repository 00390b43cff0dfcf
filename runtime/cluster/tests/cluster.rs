//! Nodes of a cluster over a real nats-server with JetStream, TLS on both sides, and the users and permissions of docs/nats.conf.
//! Each test has a server of its own on loopback. Whatever is waited for is waited for by its condition; the time-outs are long.

#![allow(
    clippy::disallowed_methods,
    reason = "these tests start servers, open sockets and make folders"
)]

#[path = "cluster/asking.rs"]
mod asking;
#[path = "cluster/bus.rs"]
mod bus;
#[path = "cluster/joining.rs"]
mod joining;
#[path = "cluster/logs.rs"]
mod logs;
#[path = "cluster/modules.rs"]
mod modules;
#[path = "cluster/outages.rs"]
mod outages;
#[path = "cluster/registry.rs"]
mod registry;
#[path = "cluster/server.rs"]
mod server;
#[path = "cluster/topics.rs"]
mod topics;
