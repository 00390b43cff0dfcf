//! What a way may be, and that it keeps its texts to itself.

use super::*;

#[test]
fn a_way_has_a_contact_and_a_path() {
    let way = Way::new("sip:ann@192.0.2.7:5060", "<sip:token@eu1-a.invalid;lr>", Carrier::Wss).expect("good texts");
    assert_eq!(*way.contact().reveal(), "sip:ann@192.0.2.7:5060");
    assert_eq!(*way.path().reveal(), "<sip:token@eu1-a.invalid;lr>");
    assert!(way.carrier().is_websocket());
    assert!(
        ![Carrier::Udp, Carrier::Tcp, Carrier::Tls]
            .iter()
            .any(|carrier| carrier.is_websocket())
    );
}

#[test]
fn its_texts_are_not_printed() {
    let way = Way::new("sip:ann@192.0.2.7", "<sip:token@eu1-a.invalid;lr>", Carrier::Tls).expect("good texts");
    let printed = format!("{way:?}");
    assert!(
        printed.contains("Tls") && !printed.contains("ann") && !printed.contains("token"),
        "{printed}"
    );
}

#[test]
fn texts_out_of_their_range_are_no_way() {
    let longest = "a".repeat(CONTACT_BYTES);
    assert!(Way::new(&longest, &longest, Carrier::Udp).is_ok());
    let longer = format!("{longest}a");
    for (contact, path) in [
        ("", "p"),
        ("c", ""),
        (&*longer, "p"),
        ("c", &*longer),
        ("c\r\n", "p"),
        ("c", "p\n"),
    ] {
        let error = Way::new(contact, path, Carrier::Udp).expect_err("it is out of its range");
        assert!(error.to_string().contains("1 to 1024 bytes"), "{error}");
    }
}
