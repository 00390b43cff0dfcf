//! What a client may do by its token alone, at the gate and at the registrar.

use super::*;
use crate::endpoint::{Config, Endpoint, Input, Output};
use crate::event::Event;
use crate::flow::{ConnectionId, Flow, Listener, Transport};
use crate::registrar::{Owner, Registrar, RegistrarConfig};
use crate::tests::start;
use crate::{Message, parse};
use std::time::Duration;

const LIFE: Duration = Duration::from_secs(600);

fn flow() -> Flow {
    Flow {
        transport: Transport::Wss,
        peer: "192.0.2.9:50000".parse().expect("an address"),
        connection: Some(ConnectionId(1)),
    }
}

fn handler() -> MayCall {
    MayCall::Handler {
        name: "reception".into(),
        parameters: Arc::new([]),
    }
}

fn alice(calls: MayCall, may_be_called: bool) -> Arc<Proven> {
    alice_watching(calls, may_be_called, MayWatch::Only(Arc::new([])))
}

fn alice_watching(calls: MayCall, may_be_called: bool, watches: MayWatch) -> Arc<Proven> {
    Arc::new(Proven {
        tenant: "acme".into(),
        identity: "alice".into(),
        may_be_called,
        calls,
        watches,
        expires_at: start() + LIFE,
    })
}

/// When the client got its token.
fn begun(proven: &Proven) -> Instant {
    proven.expires_at - LIFE
}

fn request(method: &str, to: &str, extra: &str) -> Request {
    let text = text(method, to, extra);
    match parse(text.as_bytes()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn text(method: &str, to: &str, extra: &str) -> String {
    format!(
        "{method} sip:anything@example.com SIP/2.0\r\nVia: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK-{method}\r\n\
         From: <sip:mallory@example.com>;tag=1\r\nTo: <{to}>\r\nCall-ID: {method}\r\nCSeq: 1 {method}\r\n\
         Max-Forwards: 70\r\n{extra}Content-Length: 0\r\n\r\n"
    )
}

fn verdict(proven: &Arc<Proven>, method: &str, extra: &str, after: Duration) -> Verdict {
    proven.judge(
        begun(proven) + after,
        &request(method, "sip:alice@anywhere.example", extra),
    )
}

fn is_client(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Admit(Origin::Client(_)))
}

fn is_refused(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Refuse(reply) if reply.status == 403 && reply.headers.iter().any(|(name, _)| name == "Warning"))
}

#[test]
fn each_request_needs_its_grant() {
    let all = alice(handler(), true);
    assert!(is_client(&verdict(&all, "REGISTER", "", Duration::ZERO)));
    assert!(is_client(&verdict(&all, "INVITE", "", Duration::ZERO)));
    let none = alice(MayCall::Nobody, false);
    assert!(is_refused(&verdict(&none, "REGISTER", "", Duration::ZERO)));
    assert!(is_refused(&verdict(&none, "INVITE", "", Duration::ZERO)));
    assert!(is_refused(&verdict(&none, "SUBSCRIBE", "", Duration::ZERO)));
    assert!(
        is_client(&verdict(&none, "PUBLISH", "", Duration::ZERO)),
        "it has no grant, and is refused further on"
    );
}

#[test]
fn a_client_watches_those_of_its_token() {
    let bob = alice_watching(MayCall::Nobody, false, MayWatch::Only(Arc::new(["bob".into()])));
    let everyone = alice_watching(MayCall::Nobody, false, MayWatch::Everyone);
    let asks = |who: &Arc<Proven>, whom: &str, after: Duration| {
        let text = text("SUBSCRIBE", whom, "").replacen("sip:anything@example.com", whom, 1);
        match parse(text.as_bytes()) {
            Ok(Message::Request(request)) => who.judge(begun(who) + after, &request),
            other => panic!("{other:?}"),
        }
    };
    assert!(is_client(&asks(&bob, "sip:bob@anywhere.example", Duration::ZERO)));
    assert!(is_refused(&asks(&bob, "sip:carol@anywhere.example", Duration::ZERO)));
    assert!(is_refused(&asks(&bob, "sip:alice@anywhere.example", Duration::ZERO)));
    assert!(is_client(&asks(
        &everyone,
        "sip:carol@anywhere.example",
        Duration::ZERO
    )));
    assert!(is_refused(&asks(&everyone, "sip:anywhere.example", Duration::ZERO)));
    assert!(is_refused(&asks(&everyone, "sip:carol@anywhere.example", LIFE)));
}

#[test]
fn a_client_registers_nobody_else() {
    let all = alice(MayCall::Anyone, true);
    let other = all.judge(begun(&all), &request("REGISTER", "sip:bob@anywhere.example", ""));
    assert!(is_refused(&other));
    let nobody = all.judge(begun(&all), &request("REGISTER", "sip:anywhere.example", ""));
    assert!(is_refused(&nobody));
}

#[test]
fn only_who_may_call_anyone_takes_over_a_call() {
    let replaces = "Replaces: a;to-tag=b;from-tag=c\r\n";
    assert!(is_refused(&verdict(
        &alice(handler(), true),
        "INVITE",
        replaces,
        Duration::ZERO
    )));
    assert!(is_client(&verdict(
        &alice(MayCall::Anyone, true),
        "INVITE",
        replaces,
        Duration::ZERO
    )));
}

#[test]
fn nothing_begins_after_the_end() {
    let all = alice(MayCall::Anyone, true);
    let last = LIFE - Duration::from_nanos(1);
    for method in ["REGISTER", "INVITE"] {
        assert!(is_client(&verdict(&all, method, "", last)), "{method}");
        assert!(is_refused(&verdict(&all, method, "", LIFE)), "{method}");
    }
}

#[test]
fn a_registration_ends_with_the_token_and_is_under_the_domain_of_clients() {
    let proven = alice(handler(), true);
    let mut registrar = Registrar::new(RegistrarConfig::default());
    let contact = "Contact: <sip:x@df7jal23ls0d.invalid;transport=ws>;expires=3600\r\n";
    let aor = proven.aor();
    assert_eq!(&*aor, "alice@clients.invalid");
    let owner = Owner {
        tenant: &proven.tenant,
        aor: &aor,
        until: Some(proven.expires_at),
    };
    let done = registrar.register(
        begun(&proven),
        flow(),
        owner,
        &request("REGISTER", "sip:alice@x", contact),
    );
    assert_eq!(done.reply.status, 200);
    let shown = |reply: &Reply| reply.headers.iter().any(|(_, value)| value.contains(";expires=600"));
    assert!(shown(&done.reply), "the client is told when it ends");
    assert_eq!(registrar.wake_at(), Some(proven.expires_at));
    let gone = registrar.expire(proven.expires_at);
    assert!(gone[0].bindings.is_empty());
}

#[test]
fn an_endpoint_without_a_gate_asks_for_grants_too() {
    let door = Listener::udp("192.0.2.1:5060".parse().expect("an address"));
    let mut endpoint = Endpoint::new(Config::new(vec![door], ""), 1);
    let mut tell = |proven: &Arc<Proven>, method: &str| {
        let bytes = text(method, "sip:alice@x", "Contact: <sip:x@y.invalid>\r\n");
        let input = Input::Message {
            flow: flow(),
            bytes: bytes.as_bytes(),
            proven: Some(proven),
        };
        endpoint.handle(begun(proven), input);
        std::iter::from_fn(|| endpoint.poll()).collect::<Vec<_>>()
    };
    let refused = tell(&alice(MayCall::Nobody, true), "INVITE");
    let [Output::Send { bytes, .. }] = refused.as_slice() else {
        panic!("{refused:?}")
    };
    assert!(bytes.starts_with(b"SIP/2.0 403"));
    let told = tell(&alice(handler(), true), "REGISTER");
    let [Output::Event(Event::Request { origin, .. })] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert!(matches!(origin, Origin::Client(proven) if &*proven.identity == "alice"));
}

#[test]
fn a_client_is_not_printed() {
    let proven = alice(handler(), true);
    let printed = format!("{proven:?} {:?}", Origin::Client(proven.clone()));
    assert!(
        !printed.contains("alice") && !printed.contains("reception"),
        "{printed}"
    );
}
