//! Offers of real phones, and what must be answered to them.

use super::*;

fn local() -> Local {
    Local {
        address: IpAddr::from([198, 51, 100, 2]),
        port: 30_000,
        session_id: 42,
        version: 1,
        codecs: vec![Codec::Pcmu, Codec::Pcma],
        ptime_ms: 20,
        direction: Direction::SendRecv,
        srtp: Srtp::Accept,
        srtp_key: SrtpKey([7; SRTP_KEY_BYTES]),
        webrtc: None,
    }
}

fn session(rest: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{rest}")
}

fn answered(rest: &str) -> (String, Agreed) {
    let (text, agreed) = answer(session(rest).as_bytes(), &local()).unwrap_or_else(|why| panic!("{rest}: {why}"));
    (String::from_utf8(text).expect("text"), agreed)
}

fn refused(rest: &str) -> SdpError {
    answer(session(rest).as_bytes(), &local()).expect_err("no agreement is possible")
}

#[test]
fn our_offer_and_answer_agree_with_each_other() {
    let caller = Local {
        address: IpAddr::from([192, 0, 2, 1]),
        port: 4000,
        ..local()
    };
    let (text, at_callee) = answer(&offer(&caller), &local()).expect("our own offer is answerable");
    let at_caller = accept_answer(&text, &caller).expect("our own answer is acceptable");
    assert_eq!(at_callee.remote, "192.0.2.1:4000".parse().expect("an address"));
    assert_eq!(at_caller.remote_rtcp, "198.51.100.2:30001".parse().expect("an address"));
    for agreed in [at_callee, at_caller] {
        assert_eq!(
            (
                agreed.codec,
                agreed.payload_type,
                agreed.telephone_event.map(|events| events.payload_type)
            ),
            (Codec::Pcmu, 0, Some(101))
        );
        assert_eq!((agreed.ptime_ms, agreed.direction), (20, Direction::SendRecv));
    }
}

#[test]
fn takes_the_first_common_codec_in_the_offerers_order() {
    let (text, agreed) = answered("m=audio 4000 RTP/AVP 9 18 8 0\r\na=ptime:30\r\na=rtcp:4010 IN IP4 192.0.2.9\r\n");
    assert_eq!(
        (
            agreed.codec,
            agreed.payload_type,
            agreed.telephone_event.map(|events| events.payload_type)
        ),
        (Codec::Pcma, 8, None)
    );
    assert_eq!(
        (agreed.ptime_ms, agreed.remote_rtcp.to_string().as_str()),
        (30, "192.0.2.9:4010")
    );
    assert!(
        text.contains("m=audio 30000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"),
        "{text}"
    );
    assert!(!text.contains("telephone-event"));
}

#[test]
fn keeps_dynamic_payload_types_as_offered() {
    let (text, agreed) = answered(
        "m=audio 4000 RTP/AVP 96 97 98\r\na=rtpmap:96 telephone-event/48000\r\na=rtpmap:97 pcmu/8000/1\r\na=rtpmap:98 Telephone-Event/8000\r\n",
    );
    assert_eq!(
        (
            agreed.codec,
            agreed.payload_type,
            agreed.telephone_event.map(|events| events.payload_type)
        ),
        (Codec::Pcmu, 97, Some(98))
    );
    assert!(
        text.contains("m=audio 30000 RTP/AVP 97 98\r\n") && text.contains("a=fmtp:98 0-15\r\n"),
        "{text}"
    );
    assert_eq!(
        refused("m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/16000\r\n"),
        SdpError::NoCommonCodec
    );
}

#[test]
fn answers_every_line_and_refuses_what_is_not_ours() {
    let (text, agreed) = answered(
        "m=video 5000 RTP/AVP 31 32\r\nm=audio 4000 RTP/SAVP 0\r\nm=audio 4002 RTP/AVP 0\r\nm=image 6000 udptl t38\r\nm=audio 4004 RTP/AVP 0\r\n",
    );
    assert_eq!(agreed.remote.port(), 4002);
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("m=")).collect();
    let expected = [
        "m=video 0 RTP/AVP 31 32",
        "m=audio 0 RTP/SAVP 0",
        "m=audio 30000 RTP/AVP 0",
        "m=image 0 udptl t38",
        "m=audio 0 RTP/AVP 0",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn hold_in_all_its_forms() {
    for (theirs, ours, says) in [
        ("a=sendonly\r\n", Direction::RecvOnly, "a=recvonly"),
        ("a=inactive\r\n", Direction::Inactive, "a=inactive"),
        ("a=recvonly\r\n", Direction::SendOnly, "a=sendonly"),
        ("c=IN IP4 0.0.0.0\r\n", Direction::RecvOnly, "a=recvonly"),
        ("c=IN IP4 0.0.0.0\r\na=inactive\r\n", Direction::Inactive, "a=inactive"),
    ] {
        let (text, agreed) = answered(&format!("m=audio 4000 RTP/AVP 0\r\n{theirs}"));
        assert_eq!(agreed.direction, ours, "{theirs}");
        assert!(text.contains(says), "{text}");
    }
    // At session level it holds for every line without its own.
    let (_, agreed) = answered("a=sendonly\r\nm=audio 4000 RTP/AVP 0\r\n");
    assert_eq!(agreed.direction, Direction::RecvOnly);
    let (_, agreed) = answered("a=sendonly\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n");
    assert_eq!(agreed.direction, Direction::SendRecv);
}

#[test]
fn takes_addresses_at_either_level_and_ipv6() {
    let text = "v=0\no=x 1 1 IN IP6 2001:db8::1\ns=-\nm=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::1\n";
    let agreed = accept_answer(text.as_bytes(), &local()).expect("bare LF and no t= are understood");
    assert_eq!(agreed.remote.to_string(), "[2001:db8::1]:4000");
    let (text, _) = answer(
        text.as_bytes(),
        &Local {
            address: "2001:db8::2".parse().expect("an address"),
            ..local()
        },
    )
    .expect("an answer");
    assert!(String::from_utf8_lossy(&text).contains("c=IN IP6 2001:db8::2\r\n"));
    let nameless = "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    assert_eq!(accept_answer(nameless.as_bytes(), &local()), Err(SdpError::NoAddress));
}

#[test]
fn says_why_there_is_no_agreement() {
    assert_eq!(answer(b"hello", &local()), Err(SdpError::Unreadable));
    assert_eq!(answer(&vec![b'a'; 20_000], &local()), Err(SdpError::Unreadable));
    assert_eq!(refused(""), SdpError::NoAudio);
    assert_eq!(refused("m=audio 0 RTP/AVP 0\r\n"), SdpError::NoAudio);
    assert_eq!(refused("m=audio 4000 RTP/AVP 18\r\n"), SdpError::NoCommonCodec);
    assert_eq!(refused(&"m=audio 4000 RTP/AVP 0\r\n".repeat(17)), SdpError::Unreadable);
}

#[test]
fn how_long_packets_are_is_theirs_to_ask_and_nonsense_is_not_heard() {
    for (said, wanted) in [
        ("", (20, None)),
        ("a=ptime:10\r\n", (10, None)),
        ("a=ptime:60\r\na=maxptime:60\r\n", (60, Some(60))),
        ("a=maxptime:10\r\n", (10, Some(10))),
        ("a=maxptime:120\r\n", (20, Some(120))),
        ("a=ptime:40\r\na=maxptime:30\r\n", (30, Some(30))),
        ("a=ptime:22.5\r\n", (22, None)),
        ("a=ptime: 30 \r\n", (30, None)),
        ("a=ptime:0030\r\n", (30, None)),
        ("a=ptime:7\r\n", (7, None)),
        ("a=ptime:65535\r\n", (65_535, None)),
        // The first one counts, even if it is nonsense.
        ("a=ptime:30\r\na=ptime:60\r\n", (30, None)),
        ("a=ptime:x\r\na=ptime:60\r\n", (20, None)),
        ("a=ptime:0\r\na=maxptime:0\r\n", (20, None)),
        ("a=ptime:0.9\r\n", (20, None)),
        ("a=ptime:-40\r\na=maxptime:-1\r\n", (20, None)),
        ("a=ptime:+40\r\n", (20, None)),
        ("a=ptime:4e1\r\n", (20, None)),
        ("a=ptime:inf\r\na=maxptime:NaN\r\n", (20, None)),
        ("a=ptime:65536\r\n", (20, None)),
        ("a=ptime:99999999999999999999999\r\n", (20, None)),
        ("a=ptime\r\na=maxptime\r\n", (20, None)),
        ("a=ptime:\r\n", (20, None)),
        ("a=ptime:30.\r\n", (20, None)),
        ("a=ptime:.5\r\n", (20, None)),
        ("a=ptime:30.5.5\r\n", (20, None)),
        ("a=ptime:\u{661}\u{660}\r\n", (20, None)),
    ] {
        let (text, agreed) = answered(&format!("m=audio 4000 RTP/AVP 0\r\n{said}"));
        assert_eq!((agreed.ptime_ms, agreed.max_ptime_ms), wanted, "{said:?}");
        assert!(text.contains("\r\na=ptime:20\r\n"), "ours is ours: {text}");
    }
    let wishing = Local {
        ptime_ms: 40,
        ..local()
    };
    let ours = offer(&wishing);
    assert!(String::from_utf8_lossy(&ours).contains("\r\na=ptime:40\r\n"));
    let (text, at_callee) = answer(&ours, &local()).expect("our own offer is answerable");
    let at_caller = accept_answer(&text, &wishing).expect("our own answer is acceptable");
    assert_eq!(
        (at_callee.ptime_ms, at_caller.ptime_ms),
        (40, 20),
        "each sends what the other wants"
    );
}

#[test]
fn fuzz_no_mutation_makes_it_panic() {
    use crate::tests::{Dice, fuzz_rounds};
    let seed = session(
        "m=audio 4000/2 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20.5\r\na=maxptime:60\r\na=rtcp:1 IN IP4 h\r\nm=video 1 x 1\r\n",
    );
    let mut agreements = 0;
    for round in fuzz_rounds(4_000) {
        let mut dice = Dice::new(round);
        let mut bytes = seed.clone().into_bytes();
        for _ in 0..=dice.below(4) {
            let at = dice.below(bytes.len() as u64) as usize;
            match dice.below(4) {
                0 => bytes[at] = dice.roll() as u8,
                1 if bytes.len() > 1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\r\n=:/ 09\0\xff"[dice.below(10) as usize]),
                _ => bytes.truncate(at.max(1)),
            }
        }
        if let Ok((text, agreed)) = answer(&bytes, &local()) {
            agreements += 1;
            let back = accept_answer(&text, &local()).expect("what we answer reads as an answer");
            assert_eq!(back.codec, agreed.codec, "seed {round}");
        }
    }
    assert!(agreements > 100, "the mutations should not all be fatal: {agreements}");
}

fn wide_local() -> Local {
    Local {
        codecs: vec![Codec::Opus, Codec::G722, Codec::Pcmu],
        ..local()
    }
}

#[test]
fn a_browsers_offer_is_answered_with_opus_and_events_at_its_clock() {
    let offer = session(
        "m=audio 4000 RTP/AVP 111 63 9 0 8 13 110 126\r\na=rtpmap:111 opus/48000/2\r\n\
         a=fmtp:111 minptime=10;useinbandfec=1; usedtx=1;maxaveragebitrate=20000;stereo=1\r\na=rtpmap:63 red/48000/2\r\n\
         a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n",
    );
    let (text, agreed) = answer(offer.as_bytes(), &wide_local()).expect("an answer");
    let text = String::from_utf8(text).expect("text");
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::Opus, 111));
    assert_eq!(agreed.receives, [(111, Codec::Opus)]);
    let wishes = OpusWishes {
        fec: true,
        dtx: true,
        max_bit_rate: Some(20_000),
    };
    assert_eq!(agreed.opus, wishes);
    let events = Events {
        payload_type: 110,
        receives: 110,
        clock: 48_000,
    };
    assert_eq!(agreed.telephone_event, Some(events));
    assert!(text.contains("m=audio 30000 RTP/AVP 111 110\r\n"), "{text}");
    assert!(
        text.contains("a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n"),
        "{text}"
    );
    assert!(text.contains("a=rtpmap:110 telephone-event/48000\r\n"), "{text}");
}

#[test]
fn events_at_8000_serve_every_codec() {
    let rest = "m=audio 4000 RTP/AVP 96 101\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n";
    let (_, agreed) = answer(session(rest).as_bytes(), &wide_local()).expect("an answer");
    assert_eq!(
        agreed.telephone_event.map(|events| (events.payload_type, events.clock)),
        Some((101, 8_000))
    );
    assert_eq!(agreed.opus, OpusWishes::default());
}

#[test]
fn an_answer_may_number_its_codecs_anew_and_send_any_of_them() {
    let local = wide_local();
    let text = String::from_utf8(offer(&local)).expect("text");
    assert!(text.contains("m=audio 30000 RTP/AVP 96 9 0 101 102\r\n"), "{text}");
    let rest = "m=audio 4000 RTP/AVP 107 0 99\r\na=rtpmap:107 opus/48000/2\r\na=rtpmap:99 telephone-event/48000\r\n";
    let agreed = accept_answer(session(rest).as_bytes(), &local).expect("an answer");
    assert_eq!(
        (agreed.codec, agreed.payload_type),
        (Codec::Opus, 107),
        "what they want to receive"
    );
    assert_eq!(
        agreed.receives,
        [(96, Codec::Opus), (0, Codec::Pcmu), (107, Codec::Opus)]
    );
    let events = Events {
        payload_type: 99,
        receives: 102,
        clock: 48_000,
    };
    assert_eq!(agreed.telephone_event, Some(events));
}

#[test]
fn a_codec_of_another_clock_or_more_channels_is_another_codec() {
    for map in [
        "opus/48000",
        "opus/16000/2",
        "L16/44100",
        "L16/8000/2",
        "G722/16000",
        "PCMU/16000",
    ] {
        let rest = format!("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 {map}\r\n");
        let all = Local {
            codecs: Codec::ALL.to_vec(),
            ..local()
        };
        assert_eq!(
            answer(session(&rest).as_bytes(), &all),
            Err(SdpError::NoCommonCodec),
            "{map}"
        );
    }
    for codec in Codec::ALL {
        let local = Local {
            codecs: vec![codec],
            ..local()
        };
        let (_, agreed) = answer(&offer(&local), &local).expect("our own offer");
        assert_eq!(agreed.codec, codec);
    }
}

const THEIR_CRYPTO: &str =
    "a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20\r\n";

#[test]
fn srtp_is_answered_where_it_is_asked_for_and_never_in_the_clear() {
    let secure = |crypto: &str| format!("m=audio 4000 RTP/SAVP 0\r\n{crypto}");
    let (text, agreed) = answered(&secure(&format!(
        "a=crypto:1 F8_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n{THEIR_CRYPTO}"
    )));
    let srtp = agreed.srtp.expect("encrypted");
    assert_eq!((srtp.suite, srtp.send), (Suite::Tag80, SrtpKey([7; SRTP_KEY_BYTES])));
    assert_eq!(&srtp.receive.0[..4], b"wDfv");
    assert!(text.contains("m=audio 30000 RTP/SAVP 0\r\n"), "{text}");
    let ours = "a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\r\n";
    assert!(text.contains(ours), "{text}");
    assert!(!format!("{agreed:?}").contains("100"), "no key in a log: {agreed:?}");

    for unusable in [
        "",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2hvcnQ=\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj UNENCRYPTED_SRTP\r\n",
    ] {
        assert_eq!(refused(&secure(unusable)), SdpError::NoCommonSuite, "{unusable}");
    }
    // Beside a stream that cannot be agreed on, one that can be.
    let both = format!("{}m=audio 4002 RTP/AVP 0\r\n", secure(""));
    assert_eq!(answered(&both).1.remote.port(), 4002);
}

#[test]
fn who_requires_srtp_has_it_or_nothing() {
    let caller = Local {
        srtp: Srtp::Require,
        ..local()
    };
    let (text, at_callee) = answer(&offer(&caller), &local()).expect("an answer");
    let at_caller = accept_answer(&text, &caller).expect("our own answer");
    assert_eq!(at_caller.srtp.map(|srtp| srtp.suite), Some(Suite::Tag80));
    assert!(at_callee.srtp.is_some());
    let plain = session("m=audio 4000 RTP/AVP 0\r\n");
    assert_eq!(answer(plain.as_bytes(), &caller), Err(SdpError::OtherProtection));
    assert_eq!(accept_answer(plain.as_bytes(), &caller), Err(SdpError::OtherProtection));
    let secure = session(&format!("m=audio 4000 RTP/SAVP 0\r\n{THEIR_CRYPTO}"));
    assert_eq!(
        accept_answer(secure.as_bytes(), &local()),
        Err(SdpError::OtherProtection)
    );
    // A tag we did not offer.
    assert_eq!(accept_answer(secure.as_bytes(), &caller), Err(SdpError::NoCommonSuite));
}
