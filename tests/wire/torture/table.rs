//! The table: what each message of RFC 4475 and RFC 5118 is to our parser, to our endpoint as a datagram, and on a stream,
//! with the reason. Where an RFC leaves a choice, the reason says which one we take. Not here: how a row is played.

use patchcord_sip::Fault;

use self::Stream::{Closed, Then, Waits};
use self::Verdict::{Call, Ignored, Register, Silence, Status};

/// What an endpoint makes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Offered as a new call: an event, and 100 for the peer.
    Call,
    /// Offered as a registration to whoever keeps them. Until then it is refused.
    Register,
    /// Answered with this status; no event.
    Status(u16),
    /// A request that gets no answer and makes no event.
    Silence,
    /// A response nobody waits for: no event, nothing sent.
    Ignored,
}

/// What differs when the same bytes come on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// One message, the verdict of a datagram.
    Same,
    /// Its end is in doubt: the connection is closed without an answer.
    Closed,
    /// It is not complete: nothing happens until the peer sends more or the connection is given up.
    Waits,
    /// What a datagram ignores behind the message is a second one, answered with this status. Its length is too short, so
    /// what follows begins no message, and the connection is closed.
    Then(u16),
}

/// One message.
pub(crate) struct Row {
    /// The file without its ending, in the folder of its RFC.
    pub(crate) file: &'static str,
    /// Section of the RFC; empty for a file that stands only in the archive.
    pub(crate) section: &'static str,
    /// What the parser finds wrong.
    pub(crate) fault: Option<Fault>,
    pub(crate) verdict: Verdict,
    pub(crate) stream: Stream,
    /// Where the archive's own bytes differ from the message that the text means, what they are as a datagram.
    pub(crate) as_archived: Option<(Fault, Verdict)>,
    pub(crate) why: &'static str,
}

const fn ok(file: &'static str, section: &'static str, verdict: Verdict, why: &'static str) -> Row {
    Row {
        file,
        section,
        fault: None,
        verdict,
        stream: Stream::Same,
        as_archived: None,
        why,
    }
}

const fn bad(file: &'static str, section: &'static str, fault: Fault, verdict: Verdict, why: &'static str) -> Row {
    let mut row = ok(file, section, verdict, why);
    row.fault = Some(fault);
    row
}

impl Row {
    const fn on_stream(mut self, stream: Stream) -> Self {
        self.stream = stream;
        self
    }

    const fn but_archived(mut self, fault: Fault, verdict: Verdict) -> Self {
        self.as_archived = Some((fault, verdict));
        self
    }
}

/// RFC 4475, in its order.
#[rustfmt::skip]
pub(crate) const RFC4475: &[Row] = &[
    ok("wsinv", "3.1.1.1", Status(481), "well formed wherever the grammar has room for spaces; its To tag names no dialog of ours"),
    ok("intmeth", "3.1.1.2", Status(501), "a method nobody has, spelt with every token character"),
    ok("esc01", "3.1.1.3", Call, "escapes in addresses are part of their text"),
    ok("escnull", "3.1.1.4", Register, "an escaped null does not end a user's name"),
    ok("esc02", "3.1.1.5", Status(501), "RE%47IST%45R is a method of its own, not REGISTER"),
    ok("lwsdisp", "3.1.1.6", Status(200), "no space before `<`: a slip of the grammar that everybody forgives"),
    ok("longreq", "3.1.1.7", Call, "long values and 34 Vias are within our limits"),
    ok("dblreq", "3.1.1.8", Register, "a datagram ends with its body; on a stream an INVITE without Contact follows, and its spoiled end").on_stream(Then(400)),
    ok("semiuri", "3.1.1.9", Status(200), "a semicolon before the `@` belongs to the user"),
    ok("transports", "3.1.1.10", Status(200), "only the topmost Via is ours to use"),
    ok("mpart01", "3.1.1.11", Status(405), "framed by its length, null bytes and all; MESSAGE is not taken"),
    ok("unreason", "3.1.1.12", Ignored, "a reason phrase is any text; nobody waits for the response"),
    ok("noreason", "3.1.1.13", Ignored, "a reason phrase may be empty"),
    bad("badinv01", "3.1.2.1", Fault::Via, Status(400), "separators with nothing between them in Via"),
    bad("clerr", "3.1.2.2", Fault::ShortBody, Status(400), "9999 bytes were promised").on_stream(Waits),
    bad("ncl", "3.1.2.3", Fault::ContentLength, Status(400), "a length below zero").on_stream(Closed),
    bad("scalar02", "3.1.2.4", Fault::CSeq, Status(400), "a CSeq above 2^32"),
    bad("scalarlg", "3.1.2.5", Fault::CSeq, Ignored, "the same in a response"),
    bad("quotbal", "3.1.2.6", Fault::Quotes, Status(400), "where the quote ends would be a guess"),
    bad("ltgtruri", "3.1.2.7", Fault::RequestUri, Status(400), "brackets around the Request-URI"),
    bad("lwsruri", "3.1.2.8", Fault::RequestUri, Status(400), "a space inside the Request-URI"),
    bad("lwsstart", "3.1.2.9", Fault::RequestUri, Status(400), "two spaces in the start line"),
    bad("trws", "3.1.2.10", Fault::StartLine, Status(400), "spaces after the version"),
    bad("escruri", "3.1.2.11", Fault::RequestUri, Status(400), "headers inside the Request-URI are not taken over, but refused"),
    ok("baddate", "3.1.2.12", Call, "Date is not looked at, so a wrong zone harms nobody"),
    ok("regbadct", "3.1.2.13", Register, "a Contact is the registrar's to judge; nobody else reads it"),
    ok("badaspec", "3.1.2.14", Status(200), "spaces just inside the brackets are ignored, as the RFC allows"),
    ok("baddn", "3.1.2.15", Status(200), "real phones forget the quotes around a comma; there is only one reading")
        .but_archived(Fault::NoEmptyLine, Status(400)),
    bad("badvers", "3.1.2.16", Fault::Version, Status(505), "SIP/7.0"),
    bad("mismatch01", "3.1.2.17", Fault::MethodMismatch, Status(400), "CSeq names another method"),
    bad("mismatch02", "3.1.2.18", Fault::MethodMismatch, Status(400), "the same with an unknown method; 501 would do too"),
    bad("bigcode", "3.1.2.19", Fault::StartLine, Ignored, "a status of ten digits"),
    ok("badbranch", "3.2.1", Status(200), "a branch of nothing but the cookie is matched as RFC 2543 does"),
    bad("insuf", "3.3.1", Fault::Missing("From"), Silence, "an answer would have to copy From, To and Call-ID, and there are none"),
    ok("unkscm", "3.3.2", Status(416), "a scheme nobody knows"),
    ok("novelsc", "3.3.3", Status(416), "a scheme we never take in a Request-URI"),
    ok("unksm2", "3.3.4", Register, "schemes in To and Contact are the registrar's to judge"),
    ok("bext01", "3.3.5", Status(420), "extensions nobody has; Proxy-Require is not for an endpoint"),
    ok("invut", "3.3.6", Status(415), "an INVITE whose body is no SDP"),
    ok("regaut01", "3.3.7", Register, "a scheme of authorization nobody knows counts as none"),
    bad("multi01", "3.3.8", Fault::Repeated("From"), Status(400), "two of what may stand once"),
    bad("mcl01", "3.3.9", Fault::ContentLength, Status(400), "two lengths").on_stream(Closed),
    ok("bcast", "3.3.10", Ignored, "a 200 nobody waits for goes nowhere, least of all to a broadcast address"),
    ok("zeromf", "3.3.11", Status(200), "an endpoint does not forward, so it may be the last hop"),
    ok("cparam01", "3.3.12", Register, "without brackets a parameter is Contact's, not the address's"),
    ok("cparam02", "3.3.13", Register, "within brackets it is the address's"),
    ok("regescrt", "3.3.14", Register, "a header inside a Contact address stays in it"),
    ok("sdp01", "3.3.15", Call, "Accept without application/sdp; 406 is allowed, not asked for, and our SDP is all there is"),
    ok("inv2543", "3.4.1", Status(400), "an INVITE of RFC 2543 is taken, but not without a Contact: no BYE could reach it")
        .on_stream(Closed),
    bad("test", "", Fault::StartLine, Silence, "no version in the start line, so it is not SIP").on_stream(Closed),
];

/// RFC 5118, in its order.
#[rustfmt::skip]
pub(crate) const RFC5118: &[Row] = &[
    ok("ipv6-good", "4.1", Register, "addresses in brackets everywhere"),
    bad("ipv6-bad", "4.2", Fault::RequestUri, Status(400), "an address without brackets"),
    ok("port-ambiguous", "4.3", Register, "what looks like a port is the end of the address"),
    ok("port-unambiguous", "4.4", Register, "a port outside the brackets"),
    ok("via-received-param-with-delim", "4.5", Status(481), "brackets in received are let pass; a BYE of no dialog of ours"),
    ok("via-received-param-no-delim", "4.5", Status(200), "and so is received without them"),
    ok("ipv6-in-sdp", "4.6", Call, "an offer over IPv6").but_archived(Fault::ShortBody, Status(400)),
    ok("mult-ip-in-header", "4.7", Status(481), "both kinds of address in one list of Vias"),
    ok("mult-ip-in-sdp", "4.8", Call, "both kinds of address in one offer").but_archived(Fault::ShortBody, Status(400)),
    ok("ipv4-mapped-ipv6", "4.9", Call, "mapped addresses in Via, Contact and SDP"),
    ok("ipv6-bug-abnf-3-colons", "4.10", Status(200), "three colons were in the grammar once and must be let pass")
        .but_archived(Fault::NoEmptyLine, Status(400)),
    ok("ipv6-correct-abnf-2-colons", "4.10", Status(200), "two colons are right")
        .but_archived(Fault::NoEmptyLine, Status(400)),
];
