//! What a tenant may spend and keep, and how fast it calls, on a node as its operator starts it. For any database.

use super::http::Client;
use super::served::{FRIEND, KEY, OWN, PATIENCE, Rung, Served, ms, place, shows, trunk, until};
use super::support::phone::TestPhone;
use patchcord_sim::phone::Action;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::UdpSocket;

/// A number that costs a unit a second.
const DEAR: &str = "+442079460000";

fn used(client: &Client, metric: &str) -> i64 {
    let usage = client.get("/v1/usage").body;
    let all = usage["usage"].as_array().unwrap().iter();
    all.filter(|one| one["metric"] == metric)
        .filter_map(|one| one["amount"].as_i64())
        .sum()
}

#[test]
fn money_is_a_quota_and_what_was_spent_counts_after_a_restart() {
    let phone = TestPhone::new("carrier", 311);
    let mut served = Served::start("money", phone.address(), "");
    served.give_number();
    let (phone, first) = shows(&served.client(KEY), phone, DEAR, Some(OWN));
    assert_eq!(first.unwrap(), OWN);
    until(&served.client(KEY), "/v1/usage", |usage| {
        usage.to_string().contains("spend_micros")
    });
    assert_eq!(
        used(&served.client(KEY), "spend_micros"),
        1_000_000,
        "one second that was begun"
    );
    // A call is worth dialling for if half a minute is left.
    served.limit("spend_per_day", 30);
    let (phone, second) = shows(&served.client(KEY), phone, DEAR, Some(OWN));
    assert!(second.unwrap_err().contains("TenantSpend"), "29 are left");
    served.restart();
    let ours = served.client(KEY);
    let (phone, third) = shows(&ours, phone, DEAR, Some(OWN));
    assert!(third.unwrap_err().contains("TenantSpend"), "29 are left still");
    served.limit("spend_per_day", 32);
    let (_, fourth) = shows(&ours, phone, DEAR, Some(OWN));
    assert_eq!(fourth.unwrap(), OWN);
    let quotas = ours.get("/v1/quotas").body;
    assert_eq!(quotas, json!({ "quotas": [{ "metric": "spend_per_day", "most": 32 }] }));
}

/// A call that is recorded for a while; its recording as it is shown in the end.
fn recorded(client: &Client, phone: TestPhone) -> (TestPhone, Value) {
    let rung = Rung::told(phone, vec![(ms(20_000), Action::HangUp)]);
    let call = place(client, FRIEND, Some(OWN));
    until(client, &call, |call| call["status"] == "in-progress");
    let begun = client.post(&format!("{call}/recordings"), Some(json!({ "legs": [0] })));
    assert_eq!(begun.status, 201, "{}", begun.text);
    std::thread::sleep(ms(500));
    client.post(&format!("{call}/end"), None);
    let over = until(client, &call, |call| call["ended_at"].is_string());
    (rung.over().0, over["recordings"][0].clone())
}

#[test]
fn recordings_that_are_kept_count_until_they_are_removed_after_a_restart_too() {
    let phone = TestPhone::new("carrier", 312);
    let mut served = Served::start("kept", phone.address(), "");
    served.give_number();
    let (phone, first) = recorded(&served.client(KEY), phone);
    assert_eq!(first["state"], "completed", "{first}");
    assert!(first["bytes"].as_u64().unwrap() > 1_000, "{first}");
    until(&served.client(KEY), "/v1/usage", |usage| {
        usage.to_string().contains("recording_bytes")
    });
    served.limit("recording_bytes", 1_000);
    let (phone, second) = recorded(&served.client(KEY), phone);
    assert_eq!(second["state"], "failed", "so much is kept");
    served.restart();
    let ours = served.client(KEY);
    let (phone, third) = recorded(&ours, phone);
    assert_eq!(third["state"], "failed", "so much is kept still");
    let path = format!("/v1/recordings/{}", first["id"].as_str().unwrap());
    assert_eq!(ours.ask("DELETE", &path, &[], None).status, 204);
    let (_, fourth) = recorded(&ours, phone);
    assert_eq!(fourth["state"], "completed", "there is room again");
}

/// The calls whose INVITE has come to a socket.
fn invited(socket: &UdpSocket) -> usize {
    let (mut calls, mut buffer) = (BTreeSet::new(), [0; 65_536]);
    while let Ok((size, _)) = socket.recv_from(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..size]).into_owned();
        let id = text
            .lines()
            .find(|line| line.to_ascii_lowercase().starts_with("call-id:"));
        calls.extend(id.map(str::to_owned));
    }
    calls.len()
}

#[test]
fn a_slow_trunk_holds_up_no_calls_over_another() {
    const SLOW: usize = 40;
    let phone = TestPhone::new("carrier", 313);
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let slow = trunk("slow", silent.local_addr().unwrap(), "\"+43\"");
    let paces = "[outbound]\ncalls_per_second = 1000\n[[outbound.trunk]]\nname = \"slow\"\ncalls_per_second = 1\n";
    let served = Served::start("pace", phone.address(), &format!("{paces}{slow}"));
    served.give_number();
    let ours = served.client(KEY);
    for number in 0..SLOW {
        place(&ours, &format!("+43123456{number:02}"), Some(OWN));
    }
    let (_, shown) = shows(&ours, phone, FRIEND, Some(OWN));
    assert_eq!(shown.unwrap(), OWN);
    // One a second goes out, and there would have to go forty seconds by.
    let came = invited(&silent);
    assert!(
        came < SLOW,
        "all {came} of them were placed before one over the other trunk"
    );
    let deadline = std::time::Instant::now() + PATIENCE;
    let mut more = came;
    while more == 0 {
        assert!(
            std::time::Instant::now() < deadline,
            "none is ever placed over the slow trunk"
        );
        more = invited(&silent);
    }
}
