//! Webhooks and event sinks of a configuration, good and bad.

use crate::config::Config;
use patchcord_control::events::{EventKind, EventKinds};
use patchcord_control::ids::Tenant;
use std::path::Path;

const BASE: &str = "[sip]\nlisten = \"127.0.0.1:5060\"\nstrangers = \"answer\"\n\n[[handler]]\nname = \"menu\"\nmodule = \"menu.wasm\"\n\n\
                    [[route]]\nto = \"*\"\nhandler = \"menu\"\n\n[[secret]]\nname = \"k\"\nvalue = \"0123456789\"\n\n";

fn read(more: &str) -> Result<Config, String> {
    Config::parse(Path::new("/etc/p.toml"), &format!("{BASE}{more}")).map_err(|error| error.to_string())
}

#[test]
fn webhooks_and_sinks_are_as_the_file_says() {
    let config = read(
        "[[webhook]]\nname = \"crm\"\nurl = \"https://crm.example.com/calls?x=1\"\nsecret = \"a long secret\"\n\
         handlers = [\"menu\"]\nevents = [\"call-started\", \"call-ended\"]\n\
         [[event_sink]]\nname = \"billing\"\nmodule = \"billing.wasm\"\nsecrets = [\"k\"]\n",
    )
    .expect("it can be read");
    let [webhook] = &config.node.telling.webhooks[..] else {
        panic!("{:?}", config.node.telling);
    };
    assert_eq!(webhook.written.reveal(), "https://crm.example.com/calls?x=1");
    assert_eq!(webhook.secret.reveal(), "a long secret");
    let [crm, billing] = &config.subscriptions[..] else {
        panic!("{:?}", config.subscriptions);
    };
    let default = Tenant("default".to_owned());
    assert!(crm.is_for(&default, "menu") && !crm.is_for(&default, "other"));
    assert_eq!(
        crm.kinds,
        EventKinds::of(&[EventKind::CallStarted, EventKind::CallEnded])
    );
    assert!(billing.is_for(&default, "other"));
    assert_eq!(billing.kinds, EventKinds::ALL);
    assert_eq!(config.event_sinks[0].module, Path::new("/etc/billing.wasm"));
    assert!(config.event_sinks[0].grants.secret("k").is_some());
}

#[test]
fn what_cannot_be_is_refused_with_what_would_be_right() {
    let webhook = |rest: &str| format!("[[webhook]]\nname = \"crm\"\n{rest}");
    let fine = "url = \"https://a.example/\"\nsecret = \"0123456789\"\n";
    for (more, said) in [
        (
            webhook("url = \"ftp://a\"\nsecret = \"0123456789\"\n"),
            "[[webhook]] url",
        ),
        (
            webhook("url = \"https://a.example/\"\n"),
            "[[webhook]] secret: it is missing",
        ),
        (
            webhook("url = \"https://a.example/\"\nsecret = \"short\"\n"),
            "too short",
        ),
        (
            webhook(&format!("{fine}events = [\"call-begun\"]\n")),
            "\"call-started\"",
        ),
        (
            webhook(&format!("{fine}handlers = [\"other\"]\n")),
            "the name of a [[handler]]",
        ),
        (webhook(fine) + &webhook(fine), "have a name each"),
        ("[[event_sink]]\nname = \"a\"\n".to_owned(), "[[event_sink]] module"),
    ] {
        let error = read(&more).expect_err(&more);
        assert!(error.contains(said), "{error}");
        assert!(!error.contains("0123456789"), "{error}");
    }
    let many: String = (0..17)
        .map(|n| format!("[[webhook]]\nname = \"w{n}\"\n{fine}"))
        .collect();
    let error = read(&many).expect_err("too many");
    assert!(error.contains("there may be 16"), "{error}");
}
