//! A call that takes the place of another.

use crate::tests::{Bench, SDP, header, methods, request, request_with, statuses, tag_of};
use crate::{DialogId, EndCause, Event};

fn replacing(bench: &mut Bench, value: &str) -> (Vec<crate::Message>, Option<DialogId>) {
    let fields = format!("Replaces: {value}\r\nRequire: replaces\r\n");
    let raw = request_with("INVITE", "new", 1, None, &fields, SDP).replace("Call-ID: call-1", "Call-ID: call-2");
    let before = bench.events.len();
    let sent = bench.feed(&raw);
    match bench.events.get(before) {
        Some(Event::Invite { replaces, .. }) => (sent, *replaces),
        _ => (sent, None),
    }
}

#[test]
fn it_ends_the_other_when_it_is_accepted() {
    let mut bench = Bench::new();
    let (old, tag) = bench.up();
    let (sent, replaces) = replacing(&mut bench, &format!("call-1;from-tag=phone;to-tag={tag}"));
    assert_eq!((statuses(&sent), replaces), (vec![100], Some(old)));
    let new = bench.events.last().and_then(Event::dialog).expect("the new call");
    bench.endpoint.accept(bench.now, new, SDP.into()).expect("ringing");
    let sent = bench.drain();
    assert_eq!((statuses(&sent)[0], methods(&sent)), (200, vec!["BYE".to_owned()]));
    assert_eq!(header(&sent[1], "Call-ID"), Some("call-1"));
    let cause = EndCause::Replaced;
    assert_eq!(bench.events.last(), Some(&Event::Ended { dialog: old, cause }));
}

#[test]
fn a_refused_one_leaves_the_other_alone() {
    let mut bench = Bench::new();
    let (_, tag) = bench.up();
    replacing(&mut bench, &format!("call-1;to-tag={tag};from-tag=phone"));
    let new = bench.events.last().and_then(Event::dialog).expect("the new call");
    let busy = crate::Rejection {
        status: 486,
        retry_after_s: None,
    };
    bench.endpoint.reject(bench.now, new, busy).expect("ringing");
    assert!(methods(&bench.drain()).is_empty());
    assert_eq!(bench.endings(), 1);
}

#[test]
fn what_cannot_be_replaced_is_refused_as_the_rfc_says() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.up();
    let named = format!("call-1;to-tag={tag};from-tag=phone");
    let mut refusal = |value: &str| statuses(&replacing(&mut bench, value).0);
    assert_eq!(refusal(&format!("{named};early-only")), [486]);
    assert_eq!(refusal("call-1;to-tag=x;from-tag=phone"), [481]);
    assert_eq!(refusal(&format!("call-1;to-tag={tag};from-tag=x")), [481]);
    assert_eq!(refusal(&format!("call-9;to-tag={tag};from-tag=phone")), [481]);
    assert_eq!(refusal("call-1"), [400]);
    assert_eq!(refusal(&format!("{named}\r\nReplaces: {named}")), [400]);
    // One that is just ending.
    bench.endpoint.bye(bench.now, dialog).expect("up");
    bench.drain();
    assert_eq!(statuses(&replacing(&mut bench, &named).0), [603]);
    // One that rings here belongs to nobody yet.
    let mut bench = Bench::new();
    let ringing = bench.ring();
    bench
        .endpoint
        .provisional(bench.now, ringing, 180, None)
        .expect("ringing");
    let tag = tag_of(&bench.drain()[0]);
    assert_eq!(
        statuses(&replacing(&mut bench, &format!("call-1;to-tag={tag};from-tag=phone")).0),
        [481]
    );
}

#[test]
fn a_call_we_placed_may_be_taken_while_it_rings() {
    let mut bench = Bench::new();
    let (old, invite) = bench.place(|_| {});
    bench.hear(&invite, 180, "", "");
    let (call_id, ours) = (header(&invite, "Call-ID").expect("one").to_owned(), tag_of(&invite));
    let (_, replaces) = replacing(&mut bench, &format!("{call_id};to-tag={ours};from-tag=far;early-only"));
    assert_eq!(replaces, Some(old));
    let new = bench.events.last().and_then(Event::dialog).expect("the new call");
    bench.endpoint.accept(bench.now, new, SDP.into()).expect("ringing");
    assert_eq!(methods(&bench.drain()), ["CANCEL"]);
    bench.hear(&invite, 487, "", "");
    let cause = EndCause::Cancelled;
    assert_eq!(bench.events.last(), Some(&Event::Ended { dialog: old, cause }));
}

#[test]
fn a_dialog_is_named_as_its_peer_knows_it() {
    let mut bench = Bench::new();
    let (up, tag) = bench.up();
    assert_eq!(
        bench.endpoint.replaces_header(up),
        Some(format!("call-1;to-tag=phone;from-tag={tag}"))
    );
    assert_eq!(
        bench
            .endpoint
            .find_replaced(&format!("call-1;to-tag={tag};from-tag=phone")),
        Ok(up)
    );
    assert_eq!(bench.endpoint.find_replaced("x"), Err(crate::DialogError::BadHeader));
    let ringing = bench.place(|_| {}).0;
    assert_eq!(bench.endpoint.replaces_header(ringing), None);
}

#[test]
fn a_transfer_to_a_call_of_ours_names_it() {
    let mut bench = Bench::new();
    let (first, tag) = bench.up();
    let second = request("INVITE", "s1", 1, None, SDP).replace("call-1", "call-2");
    bench.feed(&second);
    let dialog = bench.events.last().and_then(Event::dialog).expect("the second call");
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("ringing");
    let answer = bench.drain().remove(0);
    let ack = request("ACK", "s2", 1, Some(&tag_of(&answer)), "").replace("call-1", "call-2");
    bench.feed(&ack);
    let fields = format!(
        "Refer-To: <sip:b@198.51.100.2?Replaces=call-2%3Bto-tag%3D{}%3Bfrom-tag%3Dphone>\r\n",
        tag_of(&answer)
    );
    bench.feed(&request_with("REFER", "r", 2, Some(&tag), &fields, ""));
    let Some(Event::Refer {
        dialog: asked_in,
        replaces,
        ..
    }) = bench.events.last()
    else {
        panic!("{:?}", bench.events)
    };
    assert_eq!((*asked_in, *replaces), (first, Some(dialog)));
}

#[test]
fn our_own_call_may_replace_another_and_requires_it() {
    let mut bench = Bench::new();
    let (_, invite) =
        bench.place(|call| call.headers = vec![("Replaces".to_owned(), "x;to-tag=1;from-tag=2".to_owned())]);
    assert_eq!(header(&invite, "Require"), Some("replaces"));
}
