//! First INVITEs in the manner of phones, gateways and browsers that call such a service: header order, compact names,
//! parameters and bodies as these products are known to write them. Written by hand, with documentation addresses.

/// A softphone on libre: instance id, many codecs, telephone-event at 101.
pub(crate) const BARESIP: &str = "INVITE sip:menu@198.51.100.2 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:33455;branch=z9hG4bKa14e9bfb5a26d0b2;rport
Contact: <sip:alice-0x55a8c8b4b2d0@192.0.2.10:33455>;+sip.instance=\"<urn:uuid:2b7e1516-28ae-d2a6-abf7-158809cf4f3c>\"
Max-Forwards: 70
To: <sip:menu@198.51.100.2>
From: <sip:alice@192.0.2.10>;tag=33b1e5f9f5aa2d6c
Call-ID: 7b1f9b41a9a8d3b4
CSeq: 22470 INVITE
User-Agent: baresip v1.0.0 (x86_64/linux)
Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,SUBSCRIBE,INFO,MESSAGE,REFER
Supported: gruu
Content-Type: application/sdp
Content-Length: @

v=0
o=- 1850279363 3263071834 IN IP4 192.0.2.10
s=-
c=IN IP4 192.0.2.10
t=0 0
m=audio 10042 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=rtcp:10043
a=sendrecv
a=label:1
a=rtcp-rsize
a=ssrc:2713480422 cname:sip:alice@192.0.2.10
a=ptime:20
";

/// A load generator's built-in caller: no Max-Forwards order, no rport, `s=-`, one static codec.
pub(crate) const SIPP: &str = "INVITE sip:service@198.51.100.2:5060 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5061;branch=z9hG4bK-4711-1-0
From: sipp <sip:sipp@192.0.2.10:5061>;tag=4711SIPpTag001
To: service <sip:service@198.51.100.2:5060>
Call-ID: 1-4711@192.0.2.10
CSeq: 1 INVITE
Contact: sip:sipp@192.0.2.10:5061
Max-Forwards: 70
Subject: Performance Test
Content-Type: application/sdp
Content-Length:   @

v=0
o=user1 53655765 2353687637 IN IP4 192.0.2.10
s=-
c=IN IP4 192.0.2.10
t=0 0
m=audio 6000 RTP/AVP 0
a=rtpmap:0 PCMU/8000
";

/// A desk phone that writes Via with a translated address, privacy and identity headers, G.722 and G.729 first.
pub(crate) const DESK_PHONE: &str = "INVITE sip:800@198.51.100.2;user=phone SIP/2.0
Via: SIP/2.0/UDP 10.1.4.22:5062;branch=z9hG4bK1907651983;rport
From: \"Reception, 1st \\\"floor\\\"\" <sip:22@198.51.100.2;user=phone>;tag=1330545270
To: <sip:800@198.51.100.2;user=phone>
Call-ID: 2067551234-5062-9@BA.B.E.CC
CSeq: 80 INVITE
Contact: \"Reception\" <sip:22@10.1.4.22:5062;user=phone>;reg-id=1;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000B82AABBCC>\"
X-Grandstream-PBX: true
Max-Forwards: 70
User-Agent: Grandstream GXP2170 1.0.11.64
Privacy: none
P-Preferred-Identity: \"Reception\" <sip:22@198.51.100.2;user=phone>
P-Access-Network-Info: IEEE-EUI-48;eui-48-addr=00-0B-82-AA-BB-CC
P-Emergency-Info: IEEE-EUI-48;eui-48-addr=00-0B-82-AA-BB-CC
Supported: replaces, path, timer, 100rel
Session-Expires: 180;refresher=uac
Min-SE: 90
Allow: INVITE, ACK, OPTIONS, CANCEL, BYE, SUBSCRIBE, NOTIFY, INFO, REFER, UPDATE, MESSAGE
Content-Type: application/sdp
Accept: application/sdp, application/dtmf-relay
Content-Length:   @

v=0
o=22 8000 8000 IN IP4 10.1.4.22
s=SIP Call
c=IN IP4 10.1.4.22
t=0 0
m=audio 5004 RTP/AVP 9 18 8 0 101
a=sendrecv
a=rtpmap:9 G722/8000
a=ptime:20
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=no
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
";

/// A carrier's gateway: tel addresses, compact names, two record-routes, ISUP beside the SDP, no Content-Length.
pub(crate) const CARRIER: &str = "INVITE tel:+18005550199;npdi SIP/2.0
v: SIP/2.0/UDP 203.0.113.20;branch=z9hG4bK0cd.1;rport,SIP/2.0/UDP 203.0.113.21:5080 ; branch=z9hG4bKinner
Record-Route: <sip:203.0.113.20;lr;ftag=gK04>
Record-Route: <sip:203.0.113.21:5080;lr=on>
f: <tel:+12015550123;verstat=TN-Validation-Passed>;tag=gK0417b3e1
t: <tel:+18005550199>
i: 1677734503_134011234@203.0.113.21
CSeq: 441 INVITE
Max-Forwards: 66
m: <sip:+12015550123@203.0.113.21:5080>
k: timer,100rel,precondition
P-Asserted-Identity: <tel:+12015550123>
P-Charging-Vector: icid-value=\"abc,def\";orig-ioi=example.net
Allow: INVITE,ACK,CANCEL,BYE,PRACK,UPDATE,OPTIONS
c: multipart/mixed;boundary=unique-boundary-1

--unique-boundary-1
Content-Type: application/sdp

v=0
o=Sonus_UAC 963 261 IN IP4 203.0.113.21
s=SIP Media Capabilities
c=IN IP4 203.0.113.30
t=0 0
m=audio 20002 RTP/AVP 8 0 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=maxptime:20

--unique-boundary-1
Content-Type: application/isup;version=ansi88
Content-Disposition: signal;handling=optional

(isup)
--unique-boundary-1--
";

/// A video phone that holds every call it makes at first, over IPv6.
pub(crate) const VIDEO_PHONE_V6: &str = "INVITE sip:menu@[2001:db8::2] SIP/2.0
Via: SIP/2.0/UDP [2001:db8::10]:5060;branch=z9hG4bK.KxT0cLBxq;rport
From: <sip:bob@[2001:db8::10]>;tag=~tvq0HrXr
To: sip:menu@[2001:db8::2]
CSeq: 20 INVITE
Call-ID: WGcx5Tq8g3
Max-Forwards: 70
Supported: replaces, outbound, gruu
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO, PRACK, UPDATE
Content-Type: application/sdp
Content-Length: @
Contact: <sip:bob@[2001:db8::10];transport=udp>;expires=3600
User-Agent: Linphone/5.1.0

v=0
o=bob 3512 1718 IN IP6 2001:db8::10
s=Talk
c=IN IP6 2001:db8::10
t=0 0
a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics
a=sendonly
m=audio 7078 RTP/AVPF 96 97 0 8 101
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1
a=rtpmap:97 speex/16000
a=rtpmap:101 telephone-event/8000
a=rtcp-fb:* trr-int 5000
m=video 9078 RTP/AVPF 96
a=rtpmap:96 VP8/90000
";

/// An old gateway of RFC 2543: no branch, no tag rules, late offer.
pub(crate) const OLD_GATEWAY: &str = "INVITE sip:menu@198.51.100.2 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.33
From: <sip:15551234567@192.0.2.33>
To: <sip:menu@198.51.100.2>
Call-ID: 5A1B2C3D-11D5@192.0.2.33
CSeq: 101 INVITE
Contact: <sip:15551234567@192.0.2.33:5060>
Expires: 180
Content-Length: 0

";

pub(crate) const ALL: [(&str, &str); 6] = [
    ("a softphone", BARESIP),
    ("a load generator", SIPP),
    ("a desk phone", DESK_PHONE),
    ("a carrier", CARRIER),
    ("a video phone", VIDEO_PHONE_V6),
    ("an old gateway", OLD_GATEWAY),
];

/// The message with true line ends and its `@` replaced by the length of the body.
pub(crate) fn sealed(text: &str) -> Vec<u8> {
    let wire = text.replace('\n', "\r\n");
    let body = wire.find("\r\n\r\n").map_or(0, |at| wire.len() - at - 4);
    let (head, rest) = wire.split_once("\r\n\r\n").unwrap_or((&wire, ""));
    let head = head.lines().map(|line| match line.starts_with("Content-Length") {
        true => line.replace('@', &body.to_string()),
        false => line.to_owned(),
    });
    let head: Vec<String> = head.collect();
    format!("{}\r\n\r\n{rest}", head.join("\r\n")).into_bytes()
}
