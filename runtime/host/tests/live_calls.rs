//! The live calls of a whole node as its API reaches them: listed, described, changed, placed and ended from another thread,
//! each with a typed answer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and uses a part of what tests share"
)]

mod support;

use patchcord_control::call::{CALLER, CallSnapshot, Change, ChangeError, Changed, OnMachine, Opening};
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::record::CallStatus;
use patchcord_control::words::{CallerId, Destination, Endpoint, InboxMessage};
use patchcord_host::{LiveCalls, Node, NotDone};
use patchcord_sim::phone::End;
use patchcord_switch::{JoinError, PlaceError, PlacedCall, Purpose, RedirectError, Redirection};
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::phone::TestPhone;
use support::{TENANT, config, example, node, program};

fn tenant() -> Tenant {
    Tenant(TENANT.to_owned())
}

fn wait<T>(asked: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(asked)
}

/// The one live call, once it is answered.
fn answered_call(calls: &LiveCalls) -> CallSnapshot {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let page = wait(calls.list(&tenant(), None)).unwrap();
        if let [call] = &page.calls[..]
            && call.status == CallStatus::InProgress
        {
            return call.clone();
        }
        assert!(Instant::now() < deadline, "the phone's call is never answered");
    }
}

fn to_nobody() -> PlacedCall {
    PlacedCall {
        id: None,
        tenant: tenant(),
        handler: "menu".to_owned(),
        fallbacks: Arc::default(),
        opening: Opening {
            to: Endpoint {
                to: Destination::User("nobody".to_owned().into()),
                ring_ms: None,
                headers: Vec::new(),
                credentials: None,
            },
            caller_id: CallerId::Caller,
            caller_name: None,
            ring_ms: 20_000,
            longest: None,
            detect_machine: None,
            on_machine: OnMachine::Handle,
            redirects: 0,
        },
        purpose: Purpose::Handler,
        trunk: None,
    }
}

fn changed(calls: &LiveCalls, call: CallId) {
    let message = InboxMessage {
        name: "agent".to_owned(),
        data: "free".to_owned().into(),
    };
    let told = wait(calls.change(&tenant(), call, &Change::Tell(message)));
    assert_eq!(told, Ok(Changed::Done));
    let seen = wait(calls.describe(&tenant(), call)).unwrap().unwrap();
    assert_eq!((seen.messages_waiting, seen.legs[0].leg), (1, CALLER));
    let other = Tenant("other".to_owned());
    let refused = wait(calls.change(&other, call, &Change::End));
    assert_eq!(refused, Err(NotDone::Refused(ChangeError::NoSuchCall)));
    assert_eq!(wait(calls.describe(&other, call)), Ok(None));
    let nobody = CallId(1);
    let refused = wait(calls.join(&tenant(), (call, nobody)));
    assert_eq!(refused, Err(NotDone::Refused(JoinError::NoSuchCall(nobody))));
    let elsewhere = Redirection {
        tenant: tenant(),
        handler: "none".to_owned(),
        text: String::new(),
    };
    let refused = wait(calls.redirect(call, None, &elsewhere));
    assert_eq!(
        refused,
        Err(NotDone::Refused(RedirectError::NoSuchHandler("none".to_owned())))
    );
}

fn drained(node: &Node) {
    let calls = node.live_calls();
    assert_eq!(node.drain(Instant::now() + Duration::from_secs(10), || false), 0);
    let refused = wait(calls.place(to_nobody()));
    assert_eq!(refused, Err(NotDone::Refused(PlaceError::Draining)));
}

#[test]
fn a_live_call_is_seen_changed_and_ended_and_another_is_placed() {
    let (config, file) = config(4);
    let node = node(config, vec![program("menu", &example("menu"))]);
    let calls = node.live_calls();
    let address = node.local_sip();
    let phone = std::thread::spawn(move || TestPhone::new("alice", 1).call(address, "menu", Vec::new()));
    let call = answered_call(&calls).id;
    changed(&calls, call);
    let taken = PlacedCall {
        id: Some(call),
        ..to_nobody()
    };
    assert_eq!(
        wait(calls.place(taken)),
        Err(NotDone::Refused(PlaceError::SameId(call)))
    );
    assert_eq!(wait(calls.change(&tenant(), call, &Change::End)), Ok(Changed::Done));
    assert_eq!(phone.join().unwrap().end, End::ByFarEnd);
    let placed = wait(calls.place(to_nobody())).unwrap();
    drained(&node);
    drop(node);
    assert!(wait(calls.list(&tenant(), None)).is_err(), "the node is gone");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |id: CallId| records.iter().find(|record| record["call"] == id.to_string()).unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(
        (of(call)["status"].as_str(), of(call)["began"].as_str()),
        (Some("completed"), Some("offered"))
    );
    assert_eq!(
        (of(placed)["status"].as_str(), of(placed)["began"].as_str()),
        (Some("no-answer"), Some("placed"))
    );
    assert_eq!(of(placed)["handler_end"]["outcome"], "not_run");
}
