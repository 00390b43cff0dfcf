//! What the torture messages say once they are read: a message can be taken and still be misunderstood. RFC 4475 3.1.1,
//! 3.3.12 to 3.3.14, RFC 5118 4.

use patchcord_sip::{Message, Method, NameAddr, Request, Response, Scheme, parse};

use super::meant;

fn request(rfc: &str, file: &str) -> Request {
    match parse(&meant(rfc, file)) {
        Ok(Message::Request(request)) => request,
        other => panic!("{file}: {other:?}"),
    }
}

fn response(file: &str) -> Response {
    match parse(&meant("rfc4475", file)) {
        Ok(Message::Response(response)) => response,
        other => panic!("{file}: {other:?}"),
    }
}

#[test]
fn tortuous_white_space() {
    let request = request("rfc4475", "wsinv");
    assert_eq!(request.to().expect("To").tag(), Some("1918181833n"));
    let from = request.from().expect("From");
    assert_eq!(
        (from.display.as_deref(), from.tag()),
        (Some("J Rosenberg \\\""), Some("98asjd8"))
    );
    assert_eq!(request.cseq().expect("CSeq").number, 9);
    assert_eq!(request.header_values("Via").count(), 2);
    let via = request.via().expect("Via");
    assert_eq!((via.host, via.branch()), ("192.0.2.2", Some("390skdjuw")));
    let vias: Vec<&str> = request.headers.list("Via").collect();
    assert_eq!(vias.len(), 3);
    let words = request
        .headers
        .first("NewFangledHeader")
        .map(|text| text.split_whitespace().count());
    assert_eq!(words, Some(5));
    assert_eq!(request.headers.first("UnknownHeaderWithUnusualValue"), Some(";;,,;;,;"));
    assert_eq!(request.headers.first("Subject"), Some(""));
    let contact = request.contact().expect("Contact");
    assert_eq!(
        (contact.param("newparam"), contact.param("q")),
        (Some("newvalue"), Some("0.33"))
    );
    assert_eq!(request.uri.param("unknownparam"), Some(""));
    assert!(request.sdp().is_some_and(|sdp| sdp.starts_with(b"v=0")));
}

#[test]
fn a_wide_range_of_characters() {
    let request = request("rfc4475", "intmeth");
    assert_eq!(
        request.method,
        Method::Other("!interesting-Method0123456789_*+`.%indeed'~".into())
    );
    assert_eq!(
        (request.uri.user(), request.uri.host()),
        (Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"), "example.com")
    );
    assert_eq!(request.via().expect("Via").branch(), Some("z9hG4bK-.!%66*_+`'~"));
    let to = request.to().expect("To");
    assert_eq!(to.display.as_deref(), Some("BEL:\u{7} NUL:\u{0} DEL:\u{7f}"));
    let from = request.from().expect("From");
    assert_eq!(from.display.as_deref(), Some("token1~` token2'+_ token3*%!.-"));
    assert_eq!(from.tag(), Some("_token~1'+`*%!-."));
    assert_eq!(
        from.param("fromParam''~+*_!.-%"),
        Some("\"\u{440}\u{430}\u{431}\u{43e}\u{442}\u{430}\u{44e}\u{449}\u{438}\u{439}\"")
    );
    assert_eq!(request.call_id(), Some("intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"));
    assert_eq!(
        request.headers.first("extensionHeader-!.%*+_`'~"),
        Some("\u{feff}\u{5927}\u{505c}\u{96fb}")
    );
}

#[test]
fn escapes() {
    let escaped = request("rfc4475", "esc01");
    assert_eq!(escaped.uri.user(), Some("sips%3Auser%40example.com"));
    assert_eq!(escaped.from().expect("From").uri.user(), Some("I%20have%20spaces"));
    let contact = escaped.contact().expect("Contact");
    assert_eq!(contact.uri.user(), Some("cal%6Cer"));
    assert_eq!(contact.uri.params().last(), Some(("n%61me", Some("v%61lue%25%34%31"))));
    let null = request("rfc4475", "escnull");
    assert_eq!(null.to().expect("To").uri.user(), Some("null-%00-null"));
    assert_eq!(null.headers.list("Contact").count(), 2);
    let no_escape = request("rfc4475", "esc02");
    assert_eq!(no_escape.method, Method::Other("RE%47IST%45R".into()));
    assert_eq!(no_escape.headers.list("Contact").count(), 2);
    assert_eq!(no_escape.from().expect("From").display.as_deref(), Some("%Z%45"));
}

#[test]
fn names_and_parameters_belong_where_the_grammar_puts_them() {
    let tight = request("rfc4475", "lwsdisp");
    assert_eq!(tight.from().expect("From").display.as_deref(), Some("caller"));
    let semicolon = request("rfc4475", "semiuri");
    assert_eq!(
        (semicolon.uri.user(), semicolon.uri.params().count()),
        (Some("user;par=u%40example.net"), 0)
    );
    let contact = |file: &str| -> NameAddr { request("rfc4475", file).contact().expect("Contact") };
    let (outside, inside) = (contact("cparam01"), contact("cparam02"));
    assert_eq!(
        (outside.param("unknownparam"), outside.uri.param("unknownparam")),
        (Some(""), None)
    );
    assert_eq!(
        (inside.param("unknownparam"), inside.uri.param("unknownparam")),
        (None, Some(""))
    );
    assert_eq!(
        contact("regescrt").uri.as_str(),
        "sip:user@example.com?Route=%3Csip:sip.example.com%3E"
    );
    let unquoted = request("rfc4475", "baddn");
    assert_eq!(
        unquoted.from().expect("From").display.as_deref(),
        Some("Bell, Alexander")
    );
    assert_eq!(unquoted.to().expect("To").uri.as_str(), "sip:t.watson@example.org");
}

#[test]
fn long_values_and_many_of_them() {
    let long = request("rfc4475", "longreq");
    assert_eq!(long.header_values("Via").count(), 34);
    assert_eq!(long.from().expect("From").tag().map(str::len), Some(155));
    assert_eq!(
        long.call_id().map(str::len),
        Some("longreq.onelongcallid".len() + 20 * "really".len())
    );
    let shown = long.to().expect("To").display;
    assert_eq!(shown.map(|name| name.matches("extreme").count()), Some(10));
}

#[test]
fn a_binary_body_ends_where_its_length_says() {
    let parts = request("rfc4475", "mpart01");
    assert_eq!(parts.body.len(), 553);
    assert!(parts.body.contains(&0) && parts.body.ends_with(b"--7a9cbec02ceef655--\r\n"));
    let first = request("rfc4475", "dblreq");
    assert_eq!((first.body.len(), first.method), (0, Method::Register));
}

#[test]
fn schemes_and_transports_outside_our_own() {
    assert_eq!(request("rfc4475", "unkscm").uri.scheme(), Scheme::Other);
    assert_eq!(
        request("rfc4475", "novelsc").uri.as_str(),
        "soap.beep://192.0.2.103:3002"
    );
    let strange = request("rfc4475", "unksm2");
    assert_eq!(strange.to().expect("To").uri.as_str(), "isbn:2983792873");
    assert_eq!(strange.from().expect("From").tag(), Some("3234233"));
    assert_eq!(strange.contact().expect("Contact").uri.as_str(), "name:John_Smith");
    let transports = request("rfc4475", "transports");
    let named: Vec<&str> = transports
        .headers
        .list("Via")
        .filter_map(|via| via.strip_prefix("SIP/2.0/")?.split(' ').next())
        .collect();
    assert_eq!(named, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
}

#[test]
fn reason_phrases_full_and_empty() {
    let unusual = response("unreason");
    assert_eq!(unusual.status, 200);
    assert!(
        unusual.reason.starts_with("= 2**3 * 5**2 \u{43d}\u{43e}"),
        "{}",
        unusual.reason
    );
    let empty = response("noreason");
    assert_eq!((empty.status, empty.reason.as_str()), (100, ""));
}

#[test]
fn ipv6_in_every_place() {
    let ambiguous = request("rfc5118", "port-ambiguous");
    assert_eq!(
        (ambiguous.uri.host(), ambiguous.uri.port()),
        ("[2001:db8::10:5070]", None)
    );
    let clear = request("rfc5118", "port-unambiguous");
    assert_eq!((clear.uri.host(), clear.uri.port()), ("[2001:db8::10]", Some(5070)));
    assert_eq!(clear.uri.ip(), "2001:db8::10".parse().ok());
    for (file, received) in [
        ("via-received-param-with-delim", "[2001:db8::9:255]"),
        ("via-received-param-no-delim", "2001:db8::9:255"),
    ] {
        let message = request("rfc5118", file);
        let via = message.via().expect("Via");
        assert_eq!((via.host, via.param("received")), ("[2001:db8::9:1]", Some(received)));
    }
    let mapped = request("rfc5118", "ipv4-mapped-ipv6");
    let via = mapped.via().expect("Via");
    assert_eq!((via.host, via.port), ("[::ffff:192.0.2.10]", Some(19823)));
    assert_eq!(
        mapped.contact().expect("Contact").uri.ip(),
        "::ffff:192.0.2.2".parse().ok()
    );
}

#[test]
fn three_colons_are_read_as_two() {
    let (three, two) = (
        request("rfc5118", "ipv6-bug-abnf-3-colons"),
        request("rfc5118", "ipv6-correct-abnf-2-colons"),
    );
    assert_eq!(three.uri.ip(), "2001:db8::192.0.2.1".parse().ok());
    assert_eq!(three.uri.ip(), two.uri.ip());
    assert_eq!(three.to().expect("To").uri.ip(), two.uri.ip());
}
