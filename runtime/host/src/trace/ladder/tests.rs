//! The ladder of a call on two legs, letter by letter.

use super::{Messages, lines};
use crate::trace::mask::Show;
use crate::trace::tests::call;

#[test]
fn a_call_on_two_legs() {
    let shown = lines(&call(), Show::Harmless, Messages::Hidden);
    let expected = "\
call_00000000000000000000000000001234  7 messages on 2 legs, 1 turns
          handler                            leg 0 UDP                          leg 1 TLS
   0.000  |<---------- INVITE sdp -----------|                                  |
   0.001  |------- 100 Trying INVITE ------->|                                  |
   0.500  |<------- INVITE sdp again --------|                                  |
   0.600  |  dial(<private>) -> ringing  (0.590 s)
   0.610  |----------------------------------|----------- INVITE sdp ---------->|
   0.900  |<---------------------------------|------- 180 Ringing INVITE -------|
   1.000  |  * answered on bridge
   1.234  |--------- 200 OK INVITE --------->|                                  |
   9.000  |<------------- BYE ---------------|                                  |";
    assert_eq!(shown.join("\n"), expected);
}

#[test]
fn addresses_are_shown_on_demand_only() {
    let hidden = lines(&call(), Show::Harmless, Messages::Shown).join("\n");
    assert!(!hidden.contains("198.51.100.7") && !hidden.contains("203.0.113.9") && !hidden.contains("alice"), "{hidden}");
    assert!(hidden.contains("|    CSeq: 1 INVITE"), "{hidden}");
    let shown = lines(&call(), Show::Everything, Messages::Shown).join("\n");
    assert!(shown.contains("leg 1 TLS 203.0.113.9:5061") && shown.contains("sip:+4930123456@example.com"), "{shown}");
}

#[test]
fn what_had_no_room_is_said() {
    let mut trace = call();
    trace.left_out = 3;
    let shown = lines(&trace, Show::Harmless, Messages::Hidden);
    assert!(shown.last().unwrap().contains("3 records from the middle"));
    trace.records.clear();
    assert_eq!(lines(&trace, Show::Harmless, Messages::Hidden).len(), 3);
}

#[test]
fn odd_messages_have_a_line_too() {
    use crate::trace::Direction::In;
    use crate::trace::tests::{flow, sip};
    use patchcord_sip::Transport;
    let mut trace = call();
    let caller = flow(Transport::Udp, "198.51.100.7:5062");
    for text in ["", "\x1b[2J", "SIP/2.0", &"X".repeat(500), "SIP/2.0 200 \u{20ac}\u{20ac}\u{20ac}\r\n\r\n"] {
        trace.records = vec![sip(0, 0, In, caller, text)];
        let shown = lines(&trace, Show::Harmless, Messages::Hidden);
        assert_eq!(shown[2].chars().count(), 10 + 36, "{shown:?}");
        assert!(!shown[2].contains('\x1b'));
    }
}
