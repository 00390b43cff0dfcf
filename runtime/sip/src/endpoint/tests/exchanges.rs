//! Requests outside dialogs, both ways.

use std::time::Duration;

use crate::tests::{Bench, SDP, header, methods, phone_address, request, request_with, status, statuses};
use crate::{Credentials, DialogError, EndCause, Event, Flow, Method, NameAddr, Origin, OutgoingRequest, Reply};

const SECOND: Duration = Duration::from_secs(1);

fn outgoing(method: Method) -> OutgoingRequest {
    OutgoingRequest {
        method,
        uri: "sip:pbx.example".parse().expect("an address"),
        target: Flow::udp(phone_address()).into(),
        from: NameAddr::parse("sip:trunk@pbx.example").expect("an address"),
        to: Some(NameAddr::parse("sip:trunk@pbx.example").expect("an address")),
        headers: vec![("Contact".to_owned(), "<sip:trunk@198.51.100.2>".to_owned())],
        body: Vec::new(),
        credentials: Some(Credentials {
            username: "trunk".to_owned(),
            password: "secret".to_owned(),
            realm: None,
        }),
        routes: Vec::new(),
    }
}

#[test]
fn a_registration_is_answered_for_and_renewed_in_one_series() {
    let mut bench = Bench::new();
    let exchange = bench
        .endpoint
        .request(bench.now, outgoing(Method::Register))
        .expect("room");
    let register = bench.drain().remove(0);
    assert_eq!(
        (header(&register, "CSeq"), header(&register, "To")),
        (Some("1 REGISTER"), Some("<sip:trunk@pbx.example>"))
    );
    assert_eq!(header(&register, "Contact"), Some("<sip:trunk@198.51.100.2>"));
    let again = bench
        .hear(
            &register,
            401,
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n",
            "",
        )
        .remove(0);
    assert_eq!(header(&again, "CSeq"), Some("2 REGISTER"));
    assert!(bench.events.is_empty());
    bench.hear(&again, 200, "", "");
    let Some(Event::Response {
        exchange: of,
        response: Some(response),
    }) = bench.events.last()
    else {
        panic!("{:?}", bench.events)
    };
    assert_eq!((*of, response.status), (exchange, 200));
    bench
        .endpoint
        .request(bench.now, outgoing(Method::Register))
        .expect("room");
    let renewal = bench.drain().remove(0);
    assert_eq!(header(&renewal, "CSeq"), Some("3 REGISTER"));
    assert_eq!(header(&renewal, "Call-ID"), header(&register, "Call-ID"));
    assert_eq!(header(&renewal, "From"), header(&register, "From"));
    bench
        .endpoint
        .request(bench.now, outgoing(Method::Options))
        .expect("room");
    assert_ne!(header(&bench.drain()[0], "Call-ID"), header(&register, "Call-ID"));
}

#[test]
fn a_request_without_an_answer_has_an_outcome_too() {
    let mut bench = Bench::new();
    let lost = bench
        .endpoint
        .request(bench.now, outgoing(Method::Options))
        .expect("room");
    bench.pass(33 * SECOND);
    let expected = Event::Response {
        exchange: lost,
        response: None,
    };
    assert_eq!(bench.events, [expected]);
    let mut unreachable = outgoing(Method::Options);
    let to = Flow {
        transport: crate::Transport::Tcp,
        ..Flow::udp(phone_address())
    };
    unreachable.target = to.into();
    let exchange = bench.endpoint.request(bench.now, unreachable).expect("room");
    bench.drain();
    bench.endpoint.handle(bench.now, crate::Input::SendFailed { flow: to });
    bench.drain();
    let expected = Event::Response {
        exchange,
        response: None,
    };
    assert_eq!(bench.events.last(), Some(&expected));
}

#[test]
fn what_belongs_to_dialogs_or_is_ours_to_write_is_refused() {
    let mut bench = Bench::new();
    for method in [Method::Invite, Method::Ack, Method::Cancel, Method::Bye] {
        assert_eq!(
            bench.endpoint.request(bench.now, outgoing(method)),
            Err(DialogError::WrongState)
        );
    }
    for name in ["Via", "f", "Max-Forwards", "a b"] {
        let mut bad = outgoing(Method::Options);
        bad.headers = vec![(name.to_owned(), "x".to_owned())];
        assert_eq!(
            bench.endpoint.request(bench.now, bad),
            Err(DialogError::BadHeader),
            "{name}"
        );
    }
}

#[test]
fn a_body_goes_with_its_type() {
    let mut bench = Bench::new();
    let mut message = outgoing(Method::Message);
    message.headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
    message.body = b"hello".to_vec();
    bench.endpoint.request(bench.now, message).expect("room");
    let crate::Message::Request(sent) = bench.drain().remove(0) else {
        panic!("a request")
    };
    assert_eq!(
        (sent.headers.first("Content-Type"), &sent.body[..]),
        (Some("text/plain"), &b"hello"[..])
    );
    assert_eq!(sent.headers.raw("Content-Type").count(), 1);
}

#[test]
fn a_register_is_left_to_the_user() {
    let mut bench = Bench::new();
    let raw = request_with("REGISTER", "g1", 1, None, "Require: path, gruu\r\n", "");
    assert!(bench.feed(&raw).is_empty());
    let Some(Event::Request {
        exchange,
        request: asked,
        flow,
        origin,
    }) = bench.events.last().cloned()
    else {
        panic!("{:?}", bench.events)
    };
    assert_eq!(
        (asked.method.as_str(), flow, origin),
        ("REGISTER", Flow::udp(phone_address()), Origin::Anyone)
    );
    assert!(bench.feed(&raw).is_empty(), "absorbed");
    let reply = Reply {
        headers: vec![("Contact".to_owned(), "<sip:a@192.0.2.1>;expires=60".to_owned())],
        ..Reply::new(200)
    };
    bench
        .endpoint
        .reply(bench.now, exchange, reply.clone())
        .expect("pending");
    let answer = bench.drain().remove(0);
    assert_eq!(
        (status(&answer), header(&answer, "Contact")),
        (200, Some("<sip:a@192.0.2.1>;expires=60"))
    );
    assert_eq!(statuses(&bench.feed(&raw)), [200], "the same answer again");
    assert_eq!(
        bench.endpoint.reply(bench.now, exchange, reply),
        Err(DialogError::Unknown)
    );
    bench.pass(33 * SECOND);
    assert_eq!(bench.endpoint.counters().transactions, 0);
}

#[test]
fn a_register_nobody_answers_is_forgotten() {
    let mut bench = Bench::new();
    bench.feed(&request("REGISTER", "g1", 1, None, ""));
    let Some(Event::Request { exchange, .. }) = bench.events.last().cloned() else {
        panic!("{:?}", bench.events)
    };
    assert_eq!(
        bench.endpoint.reply(bench.now, exchange, Reply::new(100)),
        Err(DialogError::BadStatus)
    );
    let own = Reply::new(200).with("Via", "x");
    assert_eq!(
        bench.endpoint.reply(bench.now, exchange, own),
        Err(DialogError::BadHeader)
    );
    bench.pass(33 * SECOND);
    assert_eq!(
        bench.endpoint.reply(bench.now, exchange, Reply::new(200)),
        Err(DialogError::Unknown)
    );
    assert!(bench.endpoint.exchanges.is_empty());
}

#[test]
fn a_call_that_has_gone_round_ends_here() {
    let mut bench = Bench::new();
    let raw = request("INVITE", "l", 1, None, SDP).replace("Max-Forwards: 70", "Max-Forwards: 0");
    assert_eq!(statuses(&bench.feed(&raw)), [483]);
    assert!(bench.events.is_empty());
    let (_, invite) = bench.place(|call| call.max_forwards = 12);
    assert_eq!(header(&invite, "Max-Forwards"), Some("12"));
}

#[test]
fn each_message_tells_which_dialog_it_touched() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.up();
    assert_eq!(bench.endpoint.touched(), Some(dialog));
    bench.feed(&request("OPTIONS", "o", 1, None, ""));
    assert_eq!(bench.endpoint.touched(), None);
    bench.feed(&request("OPTIONS", "o2", 2, Some(&tag), ""));
    assert_eq!(bench.endpoint.touched(), Some(dialog));
    bench.endpoint.bye(bench.now, dialog).expect("up");
    let bye = bench.drain().remove(0);
    assert_eq!(methods(std::slice::from_ref(&bye)), ["BYE"]);
    bench.hear(&bye, 200, "", "");
    assert_eq!(bench.endpoint.touched(), Some(dialog), "even after its end");
}

#[test]
fn the_whole_refusal_is_told_before_the_end() {
    let mut bench = Bench::new();
    let (dialog, invite) = bench.place(|_| {});
    bench.hear(&invite, 302, "Reason: Q.850;cause=31\r\n", "");
    let [Event::Refused { response, .. }, Event::Ended { cause, .. }] = &bench.events[..] else {
        panic!("{:?}", bench.events)
    };
    assert_eq!(
        (response.status, response.headers.first("Reason")),
        (302, Some("Q.850;cause=31"))
    );
    assert_eq!(*cause, EndCause::Rejected { status: 302 });
    assert_eq!(bench.events[0].dialog(), Some(dialog));
}
