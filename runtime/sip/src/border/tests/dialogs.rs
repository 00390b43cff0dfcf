//! Whole calls: an endpoint at the anchor, endpoints as devices, and borders between them, under a virtual clock. What is
//! lost is lost between a border and a device on UDP; what goes elsewhere than to its hop is a failed test.

mod net;

use std::time::Duration;

use crate::tests::SDP;
use crate::{EndCause, Event, Last, Rejection};
use net::{At, Kind, Net};

const SECOND: Duration = Duration::from_secs(1);

/// Devices ring, answer and say yes to changes.
fn agree(net: &mut Net, at: At, event: &Event) {
    let now = net.now;
    match event {
        Event::Invite { dialog, .. } => {
            net.end(at).provisional(now, *dialog, 180, None).expect("a new call");
            net.end(at).accept(now, *dialog, SDP.into()).expect("a new call");
        }
        Event::Reinvite { dialog, .. } => net.end(at).accept_reinvite(now, *dialog, SDP.into()).expect("pending"),
        Event::Refer { refer, .. } => {
            net.end(at).accept_refer(now, *refer).expect("pending");
            net.end(at).refer_progress(now, *refer, 180).expect("open");
            net.end(at).refer_progress(now, *refer, 200).expect("open");
        }
        _ => {}
    }
}

/// Nothing is left over anywhere.
#[track_caller]
fn is_quiet(net: &mut Net, what: &str) {
    for at in net.ends() {
        let end = net.end(at);
        let counters = end.counters();
        assert_eq!(
            (counters.transactions, counters.dialogs, counters.malformed),
            (0, 0, 0),
            "{what}: {at:?}"
        );
        assert_eq!(end.wake_at(), None, "{what}: {at:?}");
    }
}

fn each_kind(test: impl Fn(Kind)) {
    for kind in [Kind::Udp, Kind::Wss, Kind::Tls] {
        test(kind);
    }
}

#[test]
fn a_device_is_called_and_either_end_hangs_up() {
    each_kind(|kind| {
        for by in [At::Anchor, At::Device(0)] {
            let mut net = Net::new(1, &[("b", kind)]);
            let call = net.call_device(0);
            net.run(SECOND, agree);
            assert_eq!(net.answered(At::Anchor), 1, "{kind:?}");
            assert_eq!(net.confirmed(At::Device(0)), 1, "{kind:?}");
            let dialog = if by == At::Anchor { call } else { net.dialog_of(by) };
            let now = net.now;
            net.end(by).bye(now, dialog).expect("up");
            net.run(100 * SECOND, agree);
            let (near, far) = if by == At::Anchor {
                (At::Anchor, At::Device(0))
            } else {
                (At::Device(0), At::Anchor)
            };
            assert_eq!(net.causes(near), [EndCause::LocalBye], "{kind:?}");
            assert_eq!(net.causes(far), [EndCause::RemoteBye], "{kind:?}");
            assert_eq!(net.repeated(), 0, "nothing is lost, nothing is repeated");
            is_quiet(&mut net, "hung up");
        }
    });
}

#[test]
fn a_device_calls_and_its_anchor_knows_who_it_is() {
    each_kind(|kind| {
        for by in [At::Anchor, At::Device(0)] {
            let mut net = Net::new(2, &[("b", kind)]);
            net.call_anchor(0);
            net.run(SECOND, agree);
            assert_eq!(
                (net.answered(At::Device(0)), net.confirmed(At::Anchor)),
                (1, 1),
                "{kind:?}"
            );
            let asserted = net.asserted.first().expect("told with the INVITE");
            assert_eq!((asserted.node.as_str(), asserted.who.identity()), ("b", "device-0"));
            let (now, dialog) = (net.now, net.dialog_of(by));
            net.end(by).bye(now, dialog).expect("up");
            net.run(100 * SECOND, agree);
            assert_eq!(net.endings(), 2);
            assert_eq!(net.repeated(), 0);
            is_quiet(&mut net, "hung up");
        }
    });
}

/// Changes, keys and a transfer, one after the other; then it hangs up.
fn busy(net: &mut Net, at: At, event: &Event) {
    let (now, caller) = (net.now, net.caller);
    match event {
        Event::Invite { dialog, .. } => {
            net.end(at)
                .provisional(now, *dialog, 183, Some(SDP.into()))
                .expect("a new call");
            net.end(at)
                .accept(now, *dialog, SDP.into())
                .expect("waits for the PRACK");
        }
        Event::Answered { dialog, .. } if at == caller => {
            net.end(at)
                .reinvite(now, *dialog, Some(SDP.into()))
                .expect("just answered");
        }
        Event::ReinviteAnswered { dialog, .. } if at == caller && !net.has_updated => {
            net.has_updated = true;
            net.end(at)
                .update(now, *dialog, SDP.into())
                .expect("the far end takes it");
        }
        Event::ReinviteAnswered { dialog, .. } if at == caller => {
            // The call may be over already, in bad weather.
            let _ = net.end(at).info_key(now, *dialog, 5, 100);
            let _ = net.end(at).refer(now, *dialog, "<sip:c@203.0.113.9>", None);
        }
        Event::ReferProgress {
            dialog,
            last: Last::Yes,
            ..
        } if at == caller => {
            let _ = net.end(at).bye(now, *dialog);
        }
        _ => agree(net, at, event),
    }
}

#[test]
fn early_media_changes_keys_and_transfers_come_through_both_ways() {
    each_kind(|kind| {
        for caller in [At::Anchor, At::Device(0)] {
            let mut net = Net::new(3, &[("b", kind)]);
            net.start_call(caller);
            net.run(100 * SECOND, busy);
            let far = if caller == At::Anchor {
                At::Device(0)
            } else {
                At::Anchor
            };
            let count = |at, wanted: fn(&Event) -> bool| net.count(at, wanted);
            assert_eq!(
                count(far, |event| matches!(event, Event::Reinvite { .. })),
                2,
                "{kind:?}"
            );
            assert_eq!(count(far, |event| matches!(event, Event::Key { .. })), 1);
            assert_eq!(count(far, |event| matches!(event, Event::Refer { .. })), 1);
            let is_done = |event: &Event| {
                matches!(
                    event,
                    Event::ReferProgress {
                        status: 200,
                        last: Last::Yes,
                        ..
                    }
                )
            };
            assert_eq!(count(caller, is_done), 1);
            assert_eq!(net.causes(caller), [EndCause::LocalBye]);
            for method in ["PRACK", "UPDATE", "INFO", "REFER", "NOTIFY", "BYE"] {
                assert!(net.carried(method), "{method} came by the border, {kind:?}");
            }
            assert_eq!(net.repeated(), 0);
            is_quiet(&mut net, "all done");
        }
    });
}

#[test]
fn what_is_lost_behind_the_border_is_repeated_by_the_ends() {
    let (mut done, mut repeated, mut keys) = (0, 0, 0);
    for seed in 0..200 {
        let mut net = Net::new(seed, &[("b", Kind::Udp)]);
        net.lost = 20;
        net.start_call(if seed % 2 == 0 { At::Anchor } else { At::Device(0) });
        net.run(2_500 * SECOND, busy);
        for at in net.ends() {
            let calls = net.count(at, |event| matches!(event, Event::Invite { .. }));
            assert!(calls <= 1, "seed {seed}: a repeated INVITE became a second call");
            let pressed = net.count(at, |event| matches!(event, Event::Key { .. }));
            assert!(pressed <= 1, "seed {seed}: a repeated INFO became a second key");
            keys += pressed;
        }
        assert_eq!(net.causes(net.caller).len(), 1, "seed {seed}: {:?}", net.log);
        done += usize::from(net.causes(net.caller) == [EndCause::LocalBye]);
        repeated += net.repeated();
        is_quiet(&mut net, &format!("seed {seed}"));
    }
    assert!(repeated > 200, "the weather is bad: {repeated}");
    assert!(
        done > 190 && keys > 140,
        "{done} calls and {keys} keys of 200 came through"
    );
}

#[test]
fn the_same_seed_gives_the_same_log() {
    let log = |seed| {
        let mut net = Net::new(seed, &[("b", Kind::Udp)]);
        net.lost = 20;
        net.start_call(At::Anchor);
        net.run(2_500 * SECOND, busy);
        format!("{:?}", net.log)
    };
    assert_eq!(log(9), log(9));
    assert_ne!(log(9), log(10));
}

fn ring_only(net: &mut Net, at: At, event: &Event) {
    if let Event::Invite { dialog, .. } = event {
        let now = net.now;
        net.end(at).provisional(now, *dialog, 180, None).expect("a new call");
    }
}

#[test]
fn a_call_is_cancelled_from_either_side() {
    for lost in [0, 20] {
        let mut cancelled = 0;
        for seed in 0..40 {
            for kind in [Kind::Udp, Kind::Wss] {
                for caller in [At::Anchor, At::Device(0)] {
                    let mut net = Net::new(seed, &[("b", kind)]);
                    net.lost = lost;
                    let call = net.start_call(caller);
                    net.run(5 * SECOND, ring_only);
                    let now = net.now;
                    net.end(caller).cancel(now, call).expect("not answered");
                    net.run(200 * SECOND, ring_only);
                    assert_eq!(net.causes(caller), [EndCause::Cancelled], "seed {seed}, {kind:?}");
                    cancelled += net.count(At::Device(0), is_cancelled) + net.count(At::Anchor, is_cancelled);
                    is_quiet(&mut net, &format!("seed {seed}, {kind:?}"));
                }
            }
        }
        assert!(cancelled >= 310, "both ends know of nearly all of 160: {cancelled}");
    }
}

fn is_cancelled(event: &Event) -> bool {
    matches!(
        event,
        Event::Ended {
            cause: EndCause::Cancelled,
            ..
        }
    )
}

fn busy_here(net: &mut Net, at: At, event: &Event) {
    if let Event::Invite { dialog, .. } = event {
        let rejection = Rejection {
            status: 486,
            retry_after_s: None,
        };
        let now = net.now;
        net.end(at).reject(now, *dialog, rejection).expect("a new call");
    }
}

#[test]
fn a_refusal_is_acknowledged_to_whoever_refused() {
    for lost in [0, 30] {
        for seed in 0..40 {
            for (kind, caller) in [
                (Kind::Udp, At::Anchor),
                (Kind::Udp, At::Device(0)),
                (Kind::Wss, At::Anchor),
            ] {
                let mut net = Net::new(seed, &[("b", kind)]);
                net.lost = lost;
                net.start_call(caller);
                net.run(200 * SECOND, busy_here);
                let refused = net.count(caller, |event| matches!(event, Event::Refused { .. }));
                if lost == 0 {
                    assert_eq!((refused, net.repeated()), (1, 0), "an ACK stops the refusal, {kind:?}");
                    assert_eq!(net.carried_times("ACK"), 1);
                }
                assert!(lost > 0 || net.causes(caller) == [EndCause::Rejected { status: 486 }]);
                is_quiet(&mut net, &format!("seed {seed}"));
            }
        }
    }
}

/// Device 0 answers, the others ring; when it is up the anchor gives up the others.
fn first_wins(net: &mut Net, at: At, event: &Event) {
    match (at, event) {
        (At::Device(0), Event::Invite { .. }) => agree(net, at, event),
        (At::Anchor, Event::Answered { dialog, .. }) => {
            let (now, winner) = (net.now, *dialog);
            for call in net.calls.clone() {
                if call != winner {
                    net.end(At::Anchor).cancel(now, call).expect("still rings");
                }
            }
        }
        _ => ring_only(net, at, event),
    }
}

#[test]
fn of_several_devices_the_first_wins_and_the_others_are_cancelled() {
    for devices in [
        [("b", Kind::Udp), ("b", Kind::Udp)],
        [("b", Kind::Wss), ("b", Kind::Wss)],
        [("b", Kind::Udp), ("c", Kind::Tls)],
    ] {
        let mut net = Net::new(4, &devices);
        // The winner is called last: the others ring by then.
        net.call_device(1);
        net.run(SECOND, first_wins);
        net.call_device(0);
        net.run(5 * SECOND, first_wins);
        assert_eq!(net.causes(At::Device(1)), [EndCause::Cancelled]);
        assert_eq!((net.confirmed(At::Device(0)), net.causes(At::Device(0)).len()), (1, 0));
        let (now, dialog) = (net.now, net.dialog_of(At::Device(0)));
        net.end(At::Device(0)).bye(now, dialog).expect("up");
        net.run(100 * SECOND, first_wins);
        assert_eq!(net.causes(At::Device(0)), [EndCause::LocalBye]);
        assert_eq!(net.repeated(), 0);
        is_quiet(&mut net, "all over");
    }
}

#[test]
fn a_flow_that_is_gone_ends_the_call_at_the_anchor_at_once() {
    let mut net = Net::new(5, &[("b", Kind::Wss)]);
    net.gone = true;
    net.call_device(0);
    net.run(SECOND, agree);
    assert_eq!(net.causes(At::Anchor), [EndCause::Rejected { status: 430 }]);
    is_quiet(&mut net, "refused");
}

#[test]
fn an_owner_that_came_back_over_another_connection_can_hang_up() {
    let mut net = Net::new(6, &[("b", Kind::Wss)]);
    net.call_device(0);
    net.run(SECOND, agree);
    net.reconnect(0);
    let (now, dialog) = (net.now, net.dialog_of(At::Device(0)));
    net.end(At::Device(0)).bye(now, dialog).expect("up");
    net.run(SECOND, agree);
    assert_eq!(net.causes(At::Anchor), [EndCause::RemoteBye]);
}
