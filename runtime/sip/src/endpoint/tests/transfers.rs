//! Transfers, asked of us and by us: each has one outcome, whatever is lost or comes in the wrong order.

use std::time::Duration;

use crate::tests::{Bench, SDP, header, methods, request, request_with, status, statuses, tag_of};
use crate::{DialogError, DialogId, Event, Last, Message, ReferId};

const SECOND: Duration = Duration::from_secs(1);

/// A REFER in a call of the peer; the transfer.
fn asked(bench: &mut Bench, tag: &str, cseq: u32, fields: &str) -> ReferId {
    let raw = request_with("REFER", &format!("r{cseq}"), cseq, Some(tag), fields, "");
    assert!(bench.feed(&raw).is_empty());
    match bench.events.last() {
        Some(Event::Refer { refer, .. }) => *refer,
        other => panic!("{other:?}"),
    }
}

fn body(message: &Message) -> String {
    match message {
        Message::Request(request) => String::from_utf8_lossy(&request.body).into_owned(),
        Message::Response(_) => String::new(),
    }
}

#[test]
fn a_transfer_from_refer_to_its_outcome() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.up();
    let fields = "Refer-To: \"C\" <sip:c@192.0.2.3?X=1>\r\nReferred-By: <sip:a@192.0.2.1>\r\n";
    let refer = asked(&mut bench, &tag, 2, fields);
    let Some(Event::Refer {
        to,
        referred_by,
        replaces,
        ..
    }) = bench.events.last()
    else {
        panic!("{:?}", bench.events)
    };
    assert_eq!((to.uri.as_str(), replaces), ("sip:c@192.0.2.3?X=1", &None));
    assert_eq!(referred_by.as_ref().map(|by| by.uri.as_str()), Some("sip:a@192.0.2.1"));
    assert_eq!(
        bench.endpoint.refer_progress(bench.now, refer, 180),
        Err(DialogError::WrongState)
    );
    bench.endpoint.accept_refer(bench.now, refer).expect("pending");
    let sent = bench.drain();
    assert_eq!((status(&sent[0]), methods(&sent)), (202, vec!["NOTIFY".to_owned()]));
    let notify = &sent[1];
    assert_eq!(header(notify, "Event"), Some("refer"));
    assert_eq!(header(notify, "Subscription-State"), Some("active;expires=600"));
    assert_eq!(header(notify, "Content-Type"), Some("message/sipfrag;version=2.0"));
    assert_eq!(body(notify), "SIP/2.0 100 Trying\r\n");
    // News that come faster than they are acknowledged are merged.
    for news in [180, 183, 200] {
        bench.endpoint.refer_progress(bench.now, refer, news).expect("open");
    }
    assert!(bench.drain().is_empty());
    let last = bench.hear(notify, 200, "", "").remove(0);
    assert_eq!(body(&last), "SIP/2.0 200 OK\r\n");
    assert_eq!(
        header(&last, "Subscription-State"),
        Some("terminated;reason=noresource")
    );
    assert_eq!(
        bench.endpoint.refer_progress(bench.now, refer, 486),
        Err(DialogError::Unknown)
    );
    bench.hear(&last, 200, "", "");
    assert!(bench.endpoint.refers.is_empty());
    assert_eq!(bench.endings(), 0, "the call itself stays up");
    bench.endpoint.bye(bench.now, dialog).expect("up");
}

#[test]
fn the_outcome_of_a_transfer_goes_out_before_the_bye() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.up();
    let refer = asked(&mut bench, &tag, 2, "Refer-To: <sip:c@192.0.2.3>\r\n");
    bench.endpoint.accept_refer(bench.now, refer).expect("pending");
    let sent = bench.drain();
    assert_eq!(methods(&sent), ["NOTIFY"]);
    bench.endpoint.refer_progress(bench.now, refer, 200).expect("open");
    assert!(bench.drain().is_empty(), "the first NOTIFY is not answered yet");
    bench.endpoint.bye(bench.now, dialog).expect("up");
    let sent = bench.drain();
    assert_eq!(methods(&sent), ["NOTIFY", "BYE"]);
    assert_eq!(body(&sent[0]), "SIP/2.0 200 OK\r\n");
    for request in &sent {
        bench.hear(request, 200, "", "");
    }
    assert!(bench.endpoint.refers.is_empty() && bench.endpoint.dialogs.is_empty());
}

#[test]
fn a_transfer_may_be_refused_or_not_be_one() {
    let mut bench = Bench::new();
    let (_, tag) = bench.up();
    let refer = asked(&mut bench, &tag, 2, "Refer-To: <sip:c@192.0.2.3>\r\n");
    bench.endpoint.reject_refer(bench.now, refer, 603).expect("pending");
    assert_eq!(statuses(&bench.drain()), [603]);
    assert_eq!(bench.endpoint.accept_refer(bench.now, refer), Err(DialogError::Unknown));
    for (cseq, fields) in [
        (3, ""),
        (4, "Refer-To: nonsense\r\n"),
        (5, "Refer-To: <sip:a@h>\r\nRefer-To: <sip:b@h>\r\n"),
    ] {
        let raw = request_with("REFER", &format!("x{cseq}"), cseq, Some(&tag), fields, "");
        assert_eq!(statuses(&bench.feed(&raw)), [400], "{fields}");
    }
    let one_that_nobody_answers = asked(&mut bench, &tag, 6, "Refer-To: <sip:c@192.0.2.3>\r\n");
    bench.pass(33 * SECOND);
    assert_eq!(
        bench.endpoint.accept_refer(bench.now, one_that_nobody_answers),
        Err(DialogError::Unknown)
    );
    for number in 0..crate::limits::REFERS_OPEN as u32 {
        asked(&mut bench, &tag, 10 + number, "Refer-To: <sip:c@192.0.2.3>\r\n");
    }
    let raw = request_with("REFER", "full", 50, Some(&tag), "Refer-To: <sip:c@h>\r\n", "");
    assert_eq!(statuses(&bench.feed(&raw)), [486]);
}

#[test]
fn the_second_transfer_of_a_dialog_has_an_id() {
    let mut bench = Bench::new();
    let (_, tag) = bench.up();
    for (cseq, event) in [(2, "refer"), (9, "refer;id=9")] {
        let refer = asked(&mut bench, &tag, cseq, "Refer-To: <sip:c@192.0.2.3>\r\n");
        bench.endpoint.accept_refer(bench.now, refer).expect("pending");
        assert_eq!(header(&bench.drain()[1], "Event"), Some(event));
    }
}

#[test]
fn a_peer_that_does_not_want_to_hear_is_not_told() {
    let mut bench = Bench::new();
    let (_, tag) = bench.up();
    let refer = asked(
        &mut bench,
        &tag,
        2,
        "Refer-To: <sip:c@192.0.2.3>\r\nRefer-Sub: false\r\n",
    );
    bench.endpoint.accept_refer(bench.now, refer).expect("pending");
    let sent = bench.drain();
    assert_eq!(
        (statuses(&sent), header(&sent[0], "Refer-Sub")),
        (vec![200], Some("false"))
    );
    bench.endpoint.refer_progress(bench.now, refer, 180).expect("open");
    bench.endpoint.refer_progress(bench.now, refer, 486).expect("open");
    assert!(bench.drain().is_empty());
    assert!(bench.endpoint.refers.is_empty());
}

#[test]
fn the_outcome_is_told_after_the_call_is_over() {
    let mut bench = Bench::new();
    let (_, tag) = bench.up();
    let refer = asked(&mut bench, &tag, 2, "Refer-To: <sip:c@192.0.2.3>\r\n");
    bench.endpoint.accept_refer(bench.now, refer).expect("pending");
    let notify = bench.drain().remove(1);
    bench.hear(&notify, 200, "", "");
    assert_eq!(statuses(&bench.feed(&request("BYE", "bye", 3, Some(&tag), ""))), [200]);
    assert_eq!(bench.endings(), 1);
    bench
        .endpoint
        .refer_progress(bench.now, refer, 200)
        .expect("the subscription lives on");
    let last = bench.drain().remove(0);
    assert_eq!(methods(std::slice::from_ref(&last)), ["NOTIFY"]);
    assert_eq!(
        statuses(&bench.feed(&request("INFO", "i", 4, Some(&tag), ""))),
        [481],
        "the call does not"
    );
    bench.hear(&last, 200, "", "");
    assert_eq!((bench.endpoint.dialogs.len(), bench.endpoint.refers.len()), (0, 0));
}

#[test]
fn a_subscription_ends_when_the_peer_forgets_it_or_in_time() {
    let mut bench = Bench::new();
    let (_, tag) = bench.up();
    let refer = asked(&mut bench, &tag, 2, "Refer-To: <sip:c@192.0.2.3>\r\n");
    bench.endpoint.accept_refer(bench.now, refer).expect("pending");
    let notify = bench.drain().remove(1);
    bench.hear(&notify, 481, "", "");
    assert_eq!(
        bench.endpoint.refer_progress(bench.now, refer, 200),
        Err(DialogError::Unknown)
    );
    let refer = asked(&mut bench, &tag, 3, "Refer-To: <sip:c@192.0.2.3>\r\n");
    bench.endpoint.accept_refer(bench.now, refer).expect("pending");
    let notify = bench.drain().remove(1);
    bench.hear(&notify, 200, "", "");
    let last = bench.pass(600 * SECOND).remove(0);
    assert_eq!(header(&last, "Subscription-State"), Some("terminated;reason=timeout"));
    assert_eq!(
        bench.endpoint.refer_progress(bench.now, refer, 200),
        Err(DialogError::Unknown)
    );
    bench.pass(100 * SECOND);
    assert!(bench.endpoint.refers.is_empty());
}

#[test]
fn a_bye_refuses_a_transfer_that_is_not_answered() {
    let mut bench = Bench::new();
    let (_, tag) = bench.up();
    asked(&mut bench, &tag, 2, "Refer-To: <sip:c@192.0.2.3>\r\n");
    assert_eq!(
        statuses(&bench.feed(&request("BYE", "bye", 3, Some(&tag), ""))),
        [200, 487]
    );
    assert_eq!((bench.endpoint.dialogs.len(), bench.endpoint.refers.len()), (0, 0));
}

/// A call of ours in which we ask for a transfer: dialog, INVITE, transfer and REFER.
fn asking(bench: &mut Bench) -> (DialogId, Message, ReferId, Message) {
    let (dialog, invite) = bench.placed("");
    let refer = bench
        .endpoint
        .refer(
            bench.now,
            dialog,
            "<sip:c@192.0.2.3?Replaces=x%3Bto-tag%3D1>",
            Some("sip:a@198.51.100.2"),
        )
        .expect("up");
    (dialog, invite, refer, bench.drain().remove(0))
}

fn notify(bench: &mut Bench, invite: &Message, cseq: u32, state: &str, fragment: &str) -> Vec<Message> {
    let fields = format!("Event: refer\r\nSubscription-State: {state}\r\n");
    bench.theirs(invite, "NOTIFY", cseq, &fields, fragment)
}

fn last_progress(bench: &Bench) -> Option<(u16, Last)> {
    match bench
        .events
        .iter()
        .rev()
        .find(|event| matches!(event, Event::ReferProgress { .. }))
    {
        Some(Event::ReferProgress { status, last, .. }) => Some((*status, *last)),
        _ => None,
    }
}

#[test]
fn our_transfer_is_followed_to_its_outcome() {
    let mut bench = Bench::new();
    let (_, invite, _, refer) = asking(&mut bench);
    assert_eq!(
        header(&refer, "Refer-To"),
        Some("<sip:c@192.0.2.3?Replaces=x%3Bto-tag%3D1>")
    );
    assert_eq!(header(&refer, "Referred-By"), Some("<sip:a@198.51.100.2>"));
    assert!(header(&refer, "Contact").is_some());
    bench.hear(&refer, 202, "", "");
    assert_eq!(
        statuses(&notify(
            &mut bench,
            &invite,
            5,
            "active;expires=60",
            "SIP/2.0 100 Trying\r\n"
        )),
        [200]
    );
    assert_eq!(last_progress(&bench), Some((100, Last::No)));
    notify(
        &mut bench,
        &invite,
        6,
        "terminated;reason=noresource",
        "SIP/2.0 486 Busy Here\r\n",
    );
    assert_eq!(last_progress(&bench), Some((486, Last::Yes)));
    let told = bench.events.len();
    assert_eq!(
        statuses(&notify(&mut bench, &invite, 7, "terminated", "SIP/2.0 200 OK\r\n")),
        [481]
    );
    assert_eq!((bench.events.len(), bench.endings()), (told, 0));
}

#[test]
fn a_notify_may_overtake_the_answer_and_a_final_status_is_final() {
    let mut bench = Bench::new();
    let (_, invite, _, refer) = asking(&mut bench);
    notify(&mut bench, &invite, 5, "active", "SIP/2.0 200 OK\r\n");
    assert_eq!(
        last_progress(&bench),
        Some((200, Last::Yes)),
        "although the state says that more follows"
    );
    bench.hear(&refer, 202, "", "");
    assert_eq!(
        statuses(&notify(&mut bench, &invite, 6, "terminated", "SIP/2.0 200 OK\r\n")),
        [200]
    );
    bench.pass(100 * SECOND);
    let outcomes = bench
        .events
        .iter()
        .filter(|event| matches!(event, Event::ReferProgress { last: Last::Yes, .. }));
    assert_eq!(outcomes.count(), 1);
    assert!(bench.endpoint.refers.is_empty());
}

#[test]
fn a_refused_silent_or_abandoned_transfer_has_an_outcome_too() {
    // Refused at once; no NOTIFY at all; no answer; a subscription that ends without a word.
    let mut bench = Bench::new();
    let (_, _, _, refer) = asking(&mut bench);
    bench.hear(&refer, 403, "", "");
    assert_eq!((last_progress(&bench), bench.endings()), (Some((403, Last::Yes)), 0));

    let mut bench = Bench::new();
    let (_, _, _, refer) = asking(&mut bench);
    bench.hear(&refer, 202, "", "");
    bench.pass(33 * SECOND);
    assert_eq!((last_progress(&bench), bench.endings()), (Some((408, Last::Yes)), 0));

    let mut bench = Bench::new();
    let (_, invite, _, refer) = asking(&mut bench);
    bench.hear(&refer, 202, "", "");
    notify(&mut bench, &invite, 5, "active;expires=60", "SIP/2.0 180 Ringing\r\n");
    notify(&mut bench, &invite, 6, "terminated;reason=giveup", "");
    assert_eq!(last_progress(&bench), Some((180, Last::Yes)));

    let mut bench = Bench::new();
    asking(&mut bench);
    bench.pass(33 * SECOND);
    assert_eq!(
        (last_progress(&bench), bench.endings()),
        (Some((408, Last::Yes)), 1),
        "the peer is gone"
    );

    let mut bench = Bench::new();
    let (_, _, _, refer) = asking(&mut bench);
    bench.hear(&refer, 200, "Refer-Sub: false\r\n", "");
    assert_eq!(last_progress(&bench), Some((200, Last::Yes)));
}

#[test]
fn our_transfer_outlives_the_call() {
    let mut bench = Bench::new();
    let (dialog, invite, _, refer) = asking(&mut bench);
    bench.hear(&refer, 202, "", "");
    notify(&mut bench, &invite, 5, "active;expires=60", "SIP/2.0 100 Trying\r\n");
    bench.endpoint.bye(bench.now, dialog).expect("up");
    let bye = bench.drain().remove(0);
    bench.hear(&bye, 200, "", "");
    assert_eq!(bench.endings(), 1);
    bench.pass(20 * SECOND);
    assert_eq!(
        statuses(&notify(
            &mut bench,
            &invite,
            6,
            "terminated;reason=noresource",
            "SIP/2.0 200 OK\r\n"
        )),
        [200]
    );
    assert_eq!(last_progress(&bench), Some((200, Last::Yes)));
    assert_eq!((bench.endpoint.dialogs.len(), bench.endpoint.refers.len()), (0, 0));
    // And one the peer never says more about ends by itself.
    let (dialog, _, _, refer) = asking(&mut bench);
    bench.hear(&refer, 202, "", "");
    bench.endpoint.bye(bench.now, dialog).expect("up");
    bench.pass(250 * SECOND);
    assert_eq!(last_progress(&bench), Some((408, Last::Yes)));
    assert_eq!(
        (bench.endpoint.dialogs.len(), bench.endpoint.counters().transactions),
        (0, 0)
    );
}

#[test]
fn what_is_no_address_is_not_sent() {
    let mut bench = Bench::new();
    let (dialog, _) = bench.placed("");
    for (to, by) in [("nonsense", None), ("<sip:c@h>", Some("nonsense"))] {
        assert_eq!(
            bench.endpoint.refer(bench.now, dialog, to, by),
            Err(DialogError::BadHeader)
        );
    }
    let ringing = bench.ring();
    assert_eq!(
        bench.endpoint.refer(bench.now, ringing, "<sip:c@h>", None),
        Err(DialogError::WrongState)
    );
    assert_eq!(tag_of(&bench.place(|call| call.sdp = Some(SDP.into())).1).len(), 16);
}
