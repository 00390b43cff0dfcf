//! Offers as browsers make them, and what is answered and offered to them.

use super::*;
use crate::sdp::{
    Agreed, Codec, Direction, Local, SRTP_KEY_BYTES, SdpError, Srtp, SrtpKey, accept_answer, answer, ice_ufrag, offer,
};
use std::net::IpAddr;

const BROWSER: &str = "v=0\r\no=- 4611 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE audio video\r\n\
a=extmap-allow-mixed\r\na=msid-semantic: WMS x\r\n\
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
a=candidate:1 1 udp 2113937151 5d6c.local 51000 typ host generation 0\r\n\
a=ice-ufrag:aBcD\r\na=ice-pwd:0123456789012345678901\r\na=ice-options:trickle\r\n\
a=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\na=mid:audio\r\na=sendrecv\r\na=rtcp-mux\r\n\
a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\n\
a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n\
m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:video\r\na=rtpmap:96 VP8/90000\r\n";

fn local(srtp: Srtp) -> Local {
    Local {
        address: IpAddr::from([198, 51, 100, 2]),
        port: 30_000,
        session_id: 42,
        version: 1,
        codecs: vec![Codec::Opus, Codec::Pcmu],
        ptime_ms: 20,
        direction: Direction::SendRecv,
        srtp,
        srtp_key: SrtpKey([7; SRTP_KEY_BYTES]),
        webrtc: Some(LocalWebrtc {
            side: Webrtc {
                ufrag: "ours".into(),
                password: "secretsecretsecretsecret".into(),
                lite: true,
                fingerprints: vec!["sha-256 CC:DD".into()],
                setup: Setup::Either,
                candidates: vec!["U1 1 udp 2130706431 198.51.100.2 4000 typ host".into()],
            },
            address: "198.51.100.2:4000".parse().expect("an address"),
        }),
    }
}

fn answered(text: &str, local: &Local) -> (String, Agreed) {
    let (answer, agreed) = answer(text.as_bytes(), local).unwrap_or_else(|why| panic!("{why}: {text}"));
    (String::from_utf8(answer).expect("text"), agreed)
}

#[test]
fn answers_a_browser_with_ice_dtls_and_the_names_of_its_streams() {
    for srtp in [Srtp::Accept, Srtp::Require] {
        let (text, agreed) = answered(BROWSER, &local(srtp));
        let webrtc = agreed.webrtc.expect("a browser's");
        assert_eq!((webrtc.setup, webrtc.theirs.setup), (Setup::Passive, Setup::Either));
        assert_eq!((webrtc.theirs.ufrag.as_str(), webrtc.theirs.lite), ("aBcD", false));
        assert_eq!(webrtc.theirs.fingerprints, ["sha-256 AA:BB"]);
        assert_eq!(webrtc.theirs.candidates.len(), 1);
        assert_eq!(
            (agreed.codec, agreed.payload_type, agreed.direction),
            (Codec::Opus, 111, Direction::SendRecv)
        );
        assert_eq!(agreed.srtp, None);
        let lines = [
            "c=IN IP4 198.51.100.2\r\n",
            "a=group:BUNDLE audio\r\n",
            "a=ice-lite\r\n",
            "m=audio 4000 UDP/TLS/RTP/SAVPF 111 110\r\n",
            "a=mid:audio\r\n",
            "a=rtcp-mux\r\n",
            "a=ice-ufrag:ours\r\n",
            "a=fingerprint:sha-256 CC:DD\r\n",
            "a=setup:passive\r\n",
            "a=candidate:U1 1 udp 2130706431 198.51.100.2 4000 typ host\r\n",
            "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:video\r\n",
        ];
        for line in lines {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("a=crypto"), "{text}");
    }
    assert_eq!(ice_ufrag(BROWSER.as_bytes()).as_deref(), Some("aBcD"));
}

#[test]
fn our_own_offer_to_a_browser_is_answerable_and_its_answer_makes_us_wait_for_hello() {
    let ours = local(Srtp::Dtls);
    let text = String::from_utf8(offer(&ours)).expect("text");
    assert!(
        text.contains("a=setup:actpass\r\n") && text.contains("a=mid:0\r\n"),
        "{text}"
    );
    let mut browser = local(Srtp::Accept);
    let side = &mut browser.webrtc.as_mut().expect("set above").side;
    (side.setup, side.lite) = (Setup::Active, false);
    let (reply, theirs) = answered(&text, &browser);
    assert_eq!(theirs.webrtc.expect("agreed").setup, Setup::Active);
    let agreed = accept_answer(reply.as_bytes(), &ours).expect("agreed");
    assert_eq!(agreed.webrtc.expect("agreed").setup, Setup::Passive);
}

#[test]
fn a_role_stays_over_offers_and_two_of_the_same_role_do_not_agree() {
    let mut ours = local(Srtp::Dtls);
    ours.webrtc.as_mut().expect("set above").side.setup = Setup::Active;
    let (text, agreed) = answered(BROWSER, &ours);
    assert_eq!(agreed.webrtc.expect("agreed").setup, Setup::Active);
    assert!(text.contains("a=setup:active"), "{text}");
    let active = BROWSER.replace("actpass", "active");
    assert_eq!(
        answer(active.as_bytes(), &ours).map(|_| ()),
        Err(SdpError::BrokenWebrtc)
    );
}

#[test]
fn says_what_is_missing_and_never_answers_in_the_clear() {
    for line in [
        "a=ice-ufrag:aBcD\r\n",
        "a=ice-pwd:0123456789012345678901\r\n",
        "a=fingerprint:sha-256 AA:BB\r\n",
        "a=setup:actpass\r\n",
        "a=rtcp-mux\r\n",
    ] {
        let without = BROWSER.replace(line, "");
        let refused = answer(without.as_bytes(), &local(Srtp::Accept)).map(|_| ());
        assert_eq!(refused, Err(SdpError::BrokenWebrtc), "{line}");
    }
    let none = Local {
        webrtc: None,
        ..local(Srtp::Accept)
    };
    assert_eq!(answer(BROWSER.as_bytes(), &none).map(|_| ()), Err(SdpError::NoBrowsers));
    let phone = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let refused = answer(phone.as_bytes(), &local(Srtp::Dtls)).map(|_| ());
    assert_eq!(refused, Err(SdpError::OtherProtection));
    let (text, agreed) = answered(phone, &local(Srtp::Accept));
    assert_eq!(agreed.webrtc, None);
    assert!(
        !text.contains("ice-") && text.contains("m=audio 30000 RTP/AVP 0"),
        "{text}"
    );
}
