//! Documents as telephones send them.

use super::*;

fn document(basic: &str, more: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:bob@office.example\">\n\
         <tuple id=\"t\"><status><basic>{basic}</basic></status></tuple>{more}</presence>"
    )
}

#[test]
fn what_documents_say_is_what_presence_has_a_word_for() {
    let cases = [
        ("open", "", Availability::Available, None),
        (
            "open",
            "<p><rpid:on-the-phone/></p>",
            Availability::Busy,
            Some(Reason::OnACall),
        ),
        (
            "open",
            "<dm:person><rpid:activities><rpid:busy/></rpid:activities></dm:person>",
            Availability::Busy,
            None,
        ),
        ("closed", "<rpid:busy />", Availability::DoNotDisturb, None),
        (
            "closed",
            "<r:away/>",
            Availability::Unavailable,
            Some(Reason::AwayShort),
        ),
        (
            "closed",
            "<vacation/>",
            Availability::Unavailable,
            Some(Reason::AwayLong),
        ),
        (" closed\n", "", Availability::Unavailable, None),
    ];
    for (basic, more, availability, reason) in cases {
        let status = status(&document(basic, more)).expect("it is PIDF");
        assert_eq!(
            (status.availability, status.reason),
            (availability, reason),
            "{basic} {more}"
        );
    }
}

#[test]
fn a_note_is_read_and_cut_and_what_is_no_pidf_is_refused() {
    let said = status(&document(
        "open",
        "<note xml:lang=\"en\"> Tea &amp; &lt;cake&gt; </note>",
    ))
    .expect("it is PIDF");
    assert_eq!(said.text.reveal(), "Tea & <cake>");
    let long = format!("<note>{}</note>", "ä".repeat(TEXT_BYTES));
    let said = status(&document("open", &long)).expect("it is PIDF");
    assert_eq!(said.text.reveal().len(), TEXT_BYTES);
    for broken in [
        "",
        "<basic>",
        "<basic>perhaps</basic>",
        "<presence/>",
        "<basic>open",
        "<<<>>><basic",
    ] {
        assert_eq!(status(broken), None, "{broken}");
    }
}
