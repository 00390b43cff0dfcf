//! A phone and its registrar, which is driven by hand.

use super::*;
use patchcord_sip::{ExchangeId, Reply, Request};
use std::sync::Arc;

const SECOND: Duration = Duration::from_secs(1);

fn wanted() -> Registering {
    Registering {
        registrar: far_sip(),
        domain: "office.example".to_owned(),
        user: "alice".to_owned(),
        password: "secret".to_owned(),
        expires_s: 600,
        contact_params: ";q=0.5".to_owned(),
    }
}

/// The REGISTER requests that came, in order.
fn asked(pair: &Pair) -> Vec<(ExchangeId, Arc<Request>)> {
    let request = |event: &sip::Event| match event {
        sip::Event::Request { exchange, request, .. } => Some((*exchange, request.clone())),
        _ => None,
    };
    pair.far.events.iter().filter_map(request).collect()
}

fn reply(pair: &mut Pair, reply: Reply) {
    let (exchange, _) = asked(pair).pop().expect("a REGISTER came");
    pair.far.sip.reply(pair.now, exchange, reply).unwrap();
    pair.settle();
}

fn registered(pair: &mut Pair) {
    pair.act(Action::Register(wanted()));
    let challenge = "Digest realm=\"office.example\", nonce=\"1\", algorithm=SHA-256, qop=\"auth\"";
    reply(pair, Reply::new(401).with("WWW-Authenticate", challenge));
    let (_, request) = asked(pair).pop().unwrap();
    let answer = request
        .headers
        .first("Authorization")
        .expect("the challenge is answered");
    assert!(
        answer.contains("username=\"alice\"") && !answer.contains("secret"),
        "{answer}"
    );
    let contact = "<sip:alice@10.0.0.1:5060>;expires=400";
    reply(pair, Reply::new(200).with("Contact", contact));
    assert_eq!(pair.events.pop(), Some(Event::Registered { expires_s: 400 }));
}

#[test]
fn a_phone_registers_with_its_digest_renews_in_time_and_leaves() {
    let mut pair = Pair::new(Faults::default());
    registered(&mut pair);
    let (_, first) = asked(&pair).remove(0);
    assert_eq!(first.uri.as_str(), "sip:office.example");
    assert_eq!(first.headers.first("Contact"), Some("<sip:alice@10.0.0.1:5060>;q=0.5"));
    assert_eq!(first.headers.first("Expires"), Some("600"));
    let before = asked(&pair).len();
    pair.pass(299 * SECOND);
    assert_eq!(asked(&pair).len(), before);
    pair.pass(2 * SECOND);
    assert_eq!(asked(&pair).len(), before + 1, "three quarters of what was granted");
    reply(&mut pair, Reply::new(200).with("Expires", "600"));
    assert_eq!(pair.events.pop(), Some(Event::Registered { expires_s: 600 }));
    pair.act(Action::Unregister);
    let (_, last) = asked(&pair).pop().unwrap();
    assert_eq!(last.headers.first("Expires"), Some("0"));
    reply(&mut pair, Reply::new(200));
    assert_eq!(pair.events.pop(), Some(Event::Unregistered));
    pair.pass(40 * SECOND);
    assert_eq!((pair.phone.wake_at(), pair.phone.registers()), (None, false));
    pair.act(Action::Unregister);
    assert_eq!(pair.events.pop(), Some(Event::Refused(Refusal::NotRegistered)));
}

#[test]
fn a_registration_that_is_too_brief_is_made_longer_and_others_are_given_up() {
    let mut pair = Pair::new(Faults::default());
    pair.act(Action::Register(wanted()));
    reply(&mut pair, Reply::new(423).with("Min-Expires", "1800"));
    let (_, again) = asked(&pair).pop().unwrap();
    assert_eq!(again.headers.first("Expires"), Some("1800"));
    reply(&mut pair, Reply::new(403));
    assert_eq!(pair.events, [Event::RegistrationRefused { status: 403 }]);
    assert!(!pair.phone.registers());

    pair.act(Action::Register(wanted()));
    pair.pass(40 * SECOND);
    assert_eq!(pair.events.pop(), Some(Event::RegistrationRefused { status: 408 }));
}

#[test]
fn leaving_while_a_renewal_is_out_waits_for_it() {
    let mut pair = Pair::new(Faults::default());
    pair.act(Action::Register(wanted()));
    pair.act(Action::Unregister);
    assert!(pair.events.is_empty());
    reply(&mut pair, Reply::new(200));
    let (_, last) = asked(&pair).pop().unwrap();
    assert_eq!(last.headers.first("Expires"), Some("0"));
    reply(&mut pair, Reply::new(200));
    assert_eq!(pair.events, [Event::Registered { expires_s: 600 }, Event::Unregistered]);
}
