//! Valid but unusual messages, after RFC 4475 3.1.1 and RFC 5118 4. Written anew after the shapes the RFCs describe; a
//! grading against the RFCs' own bytes needs their archive and is not done here.

use patchcord_sip::{Message, Method, Request, Response, Scheme, parse};

use crate::door::{Door, wire};

fn request(text: &str) -> Request {
    match parse(&wire(text)) {
        Ok(Message::Request(request)) => request,
        other => panic!("{text}\n{other:?}"),
    }
}

fn response(text: &str) -> Response {
    match parse(&wire(text)) {
        Ok(Message::Response(response)) => response,
        other => panic!("{text}\n{other:?}"),
    }
}

/// 3.1.1.1 wsinv: folds, compact names, odd spacing, unknown headers, escapes in quoted names.
const TORTUOUS: &str = "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
Content-Length   : 150
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33

v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.3
s=-
c=IN IP4 192.0.2.4
t=0 0
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
";

#[test]
fn tortuous_white_space() {
    let request = request(TORTUOUS);
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
    assert_eq!(
        request
            .headers
            .first("NewFangledHeader")
            .map(|text| text.split_whitespace().count()),
        Some(5)
    );
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
fn wide_range_of_characters_in_an_extension_method() {
    // 3.1.1.2 intmeth
    let method = "!interesting-Method0123456789_*+`.%indeed'~";
    let text = format!(
        "{method} sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0
Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~
To: \"BEL:\u{7} NUL:\u{0} DEL:\u{7f}\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>
From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"\u{440}\u{430}\u{431}\";tag=_token~1'+`*%!-.
Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}}{{
CSeq: 139122385 {method}
Max-Forwards: 255
extensionHeader-!.%*+_`'~:\u{ff}\u{fe}
Content-Length: 0

"
    );
    let request = request(&text);
    assert_eq!(request.method, Method::Other(method.into()));
    assert_eq!(request.uri.host(), "example.com");
    assert_eq!(request.from().expect("From").tag(), Some("_token~1'+`*%!-."));
    assert_eq!(request.call_id(), Some("intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"));
    assert_eq!(request.via().expect("Via").branch(), Some("z9hG4bK-.!%66*_+`'~"));
    assert_eq!(Door::from("192.0.2.1:5060").feed(&wire(&text)), [501]);
}

/// The frame of the shorter messages.
fn framed(line: &str, via: &str, from: &str, to: &str, cseq: &str, more: &str) -> String {
    format!(
        "{line}\nVia: {via}\nFrom: {from}\nTo: {to}\nCall-ID: t\nCSeq: {cseq}\nMax-Forwards: 70\n{more}Content-Length: 0\n\n"
    )
}

fn options(uri: &str, from: &str, to: &str) -> Request {
    let via = "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKx";
    request(&framed(
        &format!("OPTIONS {uri} SIP/2.0"),
        via,
        from,
        to,
        "1 OPTIONS",
        "",
    ))
}

#[test]
fn escapes_semicolons_and_missing_spaces() {
    // 3.1.1.3 esc01, 3.1.1.4 escnull, 3.1.1.6 lwsdisp, 3.1.1.9 semiuri
    let escaped = options(
        "sip:sips%3Auser%40example.com@example.net",
        "<sip:I%20have%20spaces@example.net>;tag=1",
        "sip:%75se%72@example.com",
    );
    assert_eq!(escaped.uri.user(), Some("sips%3Auser%40example.com"));
    assert_eq!(
        options(
            "sip:null-%00-null@example.com",
            "sip:null-%00-null@example.com;tag=8",
            "sip:a@b"
        )
        .uri
        .host(),
        "example.com"
    );
    let tight = options(
        "sip:user@example.com",
        "caller<sip:caller@example.com>;tag=323",
        "sip:user@example.com",
    );
    assert_eq!(tight.from().expect("From").display.as_deref(), Some("caller"));
    let semicolon = options(
        "sip:user;par=u%40example.net@example.com",
        "sip:caller@example.org;tag=33242",
        "sip:j_user@example.com",
    );
    assert_eq!(
        (semicolon.uri.user(), semicolon.uri.params().count()),
        (Some("user;par=u%40example.net"), 0)
    );
}

#[test]
fn long_values_and_many_of_them() {
    // 3.1.1.7 longreq
    let mut more = String::new();
    for number in 0..40 {
        more += &format!(
            "Via: SIP/2.0/TCP sip{number}.example.com;branch=z9hG4bK{}\n",
            "long".repeat(20)
        );
    }
    more += &format!(
        "Contact: <sip:{}@host5.example.net>\n",
        "amazinglylongcallername".repeat(15)
    );
    let long = format!("sip:user@example.com;unknownparam1={}", "verylong".repeat(30));
    let tag = format!(
        "\"I have a user name of {}\" <sip:user@example.com>;tag={}",
        "extreme ".repeat(40),
        "2980".repeat(20)
    );
    let text = framed(
        &format!("INVITE {long} SIP/2.0"),
        "SIP/2.0/TCP sip33.example.com;branch=z9hG4bKa",
        &tag,
        "sip:x@y",
        "3882340 INVITE",
        &more,
    );
    let request = request(&text);
    assert_eq!(request.header_values("Via").count(), 41);
    assert_eq!(request.from().expect("From").tag().map(str::len), Some(80));
}

#[test]
fn what_follows_the_message_in_a_datagram_is_ignored() {
    // 3.1.1.8 dblreq
    let via = "SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKk";
    let first = framed(
        "OPTIONS sip:a@example.com SIP/2.0",
        via,
        "sip:j@e.com;tag=4",
        "sip:j@e.com",
        "8 OPTIONS",
        "",
    );
    let both = format!("\n\n{first}{}", first.replace("OPTIONS", "INVITE"));
    assert_eq!(request(&both).method, Method::Options);
    let mut door = Door::from("192.0.2.125:5060");
    assert_eq!((door.feed(&wire(&both)), door.events.len()), (vec![200], 0));
}

#[test]
fn many_transports_and_unknown_schemes_in_their_places() {
    // 3.1.1.10 transports; 3.3.2 unkscm is refused with 416; tel and urn are understood
    for transport in ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP", "WSS"] {
        let via = format!("SIP/2.0/{transport} t1.example.org;branch=z9hG4bKkdjuw");
        assert_eq!(
            request(&framed(
                "OPTIONS sip:u@e.com SIP/2.0",
                &via,
                "sip:c@e.net;tag=1",
                "sip:u@e.com",
                "1 OPTIONS",
                ""
            ))
            .via()
            .map(|via| via.transport.to_owned()),
            Ok(transport.to_owned())
        );
    }
    assert_eq!(
        options(
            "tel:+1-800-555-0199;phone-context=example.com",
            "<tel:+12015550123>;tag=1",
            "<tel:112>"
        )
        .uri
        .scheme(),
        Scheme::Tel
    );
    assert_eq!(
        options("urn:service:sos.fire", "<sip:a@b>;tag=1", "<urn:service:sos>")
            .uri
            .scheme(),
        Scheme::Urn
    );
    let unknown = framed(
        "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0",
        "SIP/2.0/UDP h;branch=z9hG4bKs",
        "<sip:c@e.net>;tag=1",
        "<nobodyKnowsThisScheme:x>",
        "1 OPTIONS",
        "",
    );
    assert_eq!(Door::from("192.0.2.1:5060").feed(&wire(&unknown)), [416]);
}

#[test]
fn reason_phrases_full_and_empty() {
    // 3.1.1.12 unreason, 3.1.1.13 noreason
    let frame = |line: &str| {
        framed(
            line,
            "SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923",
            "sip:u@e.com;tag=1",
            "sip:u@e.com;tag=2",
            "35 INVITE",
            "",
        )
    };
    assert_eq!(
        response(&frame("SIP/2.0 200 = 2**3 * 5**2 \u{43d}\u{43e} \u{441}\u{442}\u{43e}")).reason,
        "= 2**3 * 5**2 \u{43d}\u{43e} \u{441}\u{442}\u{43e}"
    );
    assert_eq!(response(&frame("SIP/2.0 100 ")).reason, "");
    assert_eq!(response(&frame("SIP/2.0 100")).status, 100);
}

#[test]
fn ipv6_in_every_place() {
    // RFC 5118 4.1, 4.4, 4.5, 4.10
    let via = "SIP/2.0/UDP [2001:db8::9:1]:5070;received=[2001:db8::9:255];branch=z9hG4bKas3-111";
    let text = framed(
        "OPTIONS sip:[2001:db8::10]:5061;lr SIP/2.0",
        via,
        "sip:user@[2001:db8::7];tag=8",
        "<sip:[2001:db8::10:5070]>",
        "8 OPTIONS",
        "Contact: \"Caller\" <sip:caller@[2001:db8::1]>\n",
    );
    let request = request(&text);
    assert_eq!((request.uri.host(), request.uri.port()), ("[2001:db8::10]", Some(5061)));
    assert_eq!(request.uri.ip(), "2001:db8::10".parse().ok());
    let via = request.via().expect("Via");
    assert_eq!(
        (via.host, via.port, via.param("received")),
        ("[2001:db8::9:1]", Some(5070), Some("[2001:db8::9:255]"))
    );
    // 4.5: the ambiguous port is part of the address when it is inside the brackets.
    assert_eq!(request.to().expect("To").uri.port(), None);
    let mut door = Door::from("[2001:db8::9:1]:6000");
    assert_eq!(door.feed(&wire(&text)), [200]);
}

#[test]
fn an_unbracketed_ipv6_received_is_let_pass() {
    // RFC 5118 4.3: old elements write it without brackets.
    let via = "SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3";
    let text = framed(
        "OPTIONS sip:u@e.com SIP/2.0",
        via,
        "sip:u@e.com;tag=8",
        "sip:u@e.com",
        "8 OPTIONS",
        "",
    );
    assert_eq!(
        request(&text).via().expect("Via").param("received"),
        Some("2001:db8::9:255")
    );
}

#[test]
fn bytes_that_are_not_utf8_stay_as_they_are() {
    // Latin-1 in a display name of a header nobody needs, and in an unknown one: kept, and everything after them too.
    let mut raw = wire(&framed(
        "OPTIONS sip:u@e.com SIP/2.0",
        "SIP/2.0/UDP h;branch=z9hG4bKl",
        "sip:u@e.com;tag=8",
        "sip:u@e.com",
        "8 OPTIONS",
        "Subject: caf@\nX-After: still here\n",
    ));
    let at = raw.windows(4).position(|four| four == b"caf@").expect("written above");
    raw[at + 3] = 0xe9;
    let Ok(Message::Request(request)) = parse(&raw) else {
        panic!("valid")
    };
    assert_eq!(request.headers.raw("Subject").next(), Some(&b"caf\xe9"[..]));
    assert_eq!(request.headers.first("X-After"), Some("still here"));
    assert!(request.to_bytes().windows(4).any(|four| four == b"caf\xe9"));
}
