//! Whose lines a reader is told.

use super::*;
use patchcord_control::words::{LogLevel, UnixTime};
use tokio::sync::broadcast;

fn line(tenant: &str, call: u128, handler: &str) -> LogLine {
    LogLine {
        at: UnixTime {
            seconds: 0,
            nanoseconds: 0,
        },
        tenant: Tenant(tenant.to_owned()),
        call: CallId(call),
        handler: handler.into(),
        level: LogLevel::Info,
        text: "x".to_owned(),
    }
}

#[test]
fn a_reader_is_told_of_its_tenants_lines_and_of_no_others() {
    let (_sender, lines) = broadcast::channel(1);
    let mut reader = LogReader {
        lines,
        tenant: Tenant("acme".to_owned()),
        call: None,
        handler: None,
    };
    assert!(reader.wants(&line("acme", 1, "menu")));
    assert!(!reader.wants(&line("other", 1, "menu")));
    reader.call = Some(CallId(1));
    reader.handler = Some("menu".to_owned());
    assert!(reader.wants(&line("acme", 1, "menu")));
    assert!(!reader.wants(&line("acme", 2, "menu")) && !reader.wants(&line("acme", 1, "ivr")));
    assert!(!reader.wants(&line("other", 1, "menu")));
}

#[test]
fn a_reader_that_is_too_slow_is_told_how_much_was_lost() {
    let (sender, lines) = broadcast::channel(2);
    let mut reader = LogReader {
        lines,
        tenant: Tenant("acme".to_owned()),
        call: None,
        handler: None,
    };
    for call in 0..5 {
        sender.send(Arc::new(line("acme", call, "menu"))).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let told = runtime.block_on(async { [reader.next().await.unwrap(), reader.next().await.unwrap()] });
    assert_eq!(told[0], "event: lost\ndata: {\"lines\":3}\n\n");
    assert!(told[1].starts_with("event: log\ndata: {"), "{}", told[1]);
}
