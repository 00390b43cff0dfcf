//! The framer under every split, hostile bytes and long streams. Nothing it is given may make it panic, hold more than it
//! says, or see something else because the bytes came in other portions.

use super::{Framed, Framer, FramingError};
use crate::tests::{Dice, fuzz_rounds};

const LIMIT: usize = 4_096;

fn options(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

fn with_length(line: &str, body: &str) -> Vec<u8> {
    format!("SIP/2.0 200 OK\r\n{line}\r\nCall-ID: 1\r\n\r\n{body}").into_bytes()
}

/// What a stream gives, pushed in these portions.
fn read<'a>(portions: impl IntoIterator<Item = &'a [u8]>) -> Vec<Result<Framed, FramingError>> {
    let mut framer = Framer::new(LIMIT);
    let mut items = Vec::new();
    for portion in portions {
        framer.push(portion);
        items.extend(framer.by_ref());
        assert!(framer.pending() <= LIMIT, "an unfinished message is held to the limit");
    }
    items
}

fn message(bytes: &[u8]) -> Result<Framed, FramingError> {
    Ok(Framed::Message(bytes.to_vec()))
}

fn one(bytes: &[u8]) -> Option<Result<Framed, FramingError>> {
    let mut items = read([bytes]);
    assert!(items.len() <= 1, "{items:?}");
    items.pop()
}

#[test]
fn messages_are_cut_where_their_length_says() {
    let (first, second) = (options("v=0"), options(""));
    let stream = [&first[..], &second[..], &first[..]].concat();
    assert_eq!(read([&stream[..]]), [message(&first), message(&second), message(&first)]);
}

#[test]
fn every_split_of_two_gives_the_same() {
    let stream = [b"\r\n\r\n\r\n", &options("v=0\r\n")[..], b"\r\n\r\n", &options("")[..]].concat();
    let whole = read([&stream[..]]);
    assert_eq!(whole.len(), 4, "{whole:?}");
    for at in 0..=stream.len() {
        let (head, tail) = stream.split_at(at);
        assert_eq!(read([head, tail]), whole, "split at {at}");
    }
    assert_eq!(read(stream.chunks(1)), whole, "byte by byte");
}

#[test]
fn content_length_is_found_in_every_form() {
    for line in [
        "Content-Length: 3",
        "content-length:3",
        "CONTENT-LENGTH  :   3  ",
        "l: 3",
        "L\t:\t003",
        "Content-Length:\r\n 3",
        "Content-Length:\r\n\t \r\n 3",
        "Subject: a\r\n Content-Length: 9\r\nl: 3",
    ] {
        let bytes = with_length(line, "abc");
        assert_eq!(one(&bytes), Some(message(&bytes)), "{line}");
    }
}

#[test]
fn doubt_about_the_length_is_an_error() {
    use FramingError::{ContentLength, NoContentLength, RepeatedContentLength, TooLong};
    for (line, why) in [
        ("X: 3", NoContentLength),
        ("Content-Length 3", NoContentLength),
        ("Subject: a\r\n Content-Length: 3", NoContentLength),
        ("Content-Length:", ContentLength),
        ("Content-Length: -3", ContentLength),
        ("Content-Length: +3", ContentLength),
        ("Content-Length: 3, 3", ContentLength),
        ("Content-Length: 3\r\n 3", ContentLength),
        ("Content-Length: 3\r\n \r\n 3", ContentLength),
        ("Content-Length: 0x3", ContentLength),
        ("Content-Length: 99999999999999999999999999", ContentLength),
        ("Content-Length: 18446744073709551615", TooLong),
        ("Content-Length: 4096", TooLong),
        ("Content-Length: 3\r\nl: 3", RepeatedContentLength),
        ("l: 3\r\nContent-Length: 5", RepeatedContentLength),
    ] {
        assert_eq!(one(&with_length(line, "abc")), Some(Err(why)), "{line}");
    }
}

#[test]
fn what_is_not_sip_is_an_error_at_its_first_line() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"\0\0\0\0",
        b" OPTIONS sip:a@b SIP/2.0\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"OPTIONS\r\n",
        b"CONNECT sip/2.0-is-no-version HTTP/1.1\r\n",
    ] {
        assert_eq!(one(bytes), Some(Err(FramingError::NotSip)), "{}", bytes.escape_ascii());
    }
    // Other versions and stray spaces are answered by the endpoint.
    for line in ["OPTIONS sip:a@b SIP/7.0", "OPTIONS  sip:a@b  SIP/2.0  ", "sip/2.0 200 "] {
        let bytes = format!("{line}\r\nl: 0\r\n\r\n").into_bytes();
        assert_eq!(one(&bytes), Some(message(&bytes)), "{line}");
    }
}

#[test]
fn bare_line_ends_are_doubt_before_the_body_only() {
    for bytes in [
        &b"\n"[..],
        b"\rX",
        b"\r\n\n",
        b"OPTIONS sip:a@b SIP/2.0\nl: 0\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\nX: a\rl: 5\r\nl: 0\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\nl: 0\r\n\n",
        b"OPTIONS sip:a@b SIP/2.0\r\nl: 0\r\r\n\r\n",
    ] {
        assert_eq!(
            one(bytes),
            Some(Err(FramingError::BareLineEnd)),
            "{}",
            bytes.escape_ascii()
        );
    }
    let bytes = options("\n\r\r\n\n");
    assert_eq!(one(&bytes), Some(message(&bytes)));
}

#[test]
fn an_error_is_the_last_item() {
    let mut stream = options("");
    stream.extend_from_slice(b"nonsense\r\n\r\n");
    stream.extend_from_slice(&options(""));
    let mut framer = Framer::new(LIMIT);
    framer.push(&stream);
    assert_eq!(framer.next(), Some(message(&options(""))));
    assert_eq!(framer.next(), Some(Err(FramingError::NotSip)));
    assert_eq!(framer.next(), None);
    framer.push(&options(""));
    assert_eq!((framer.next(), framer.pending()), (None, 0));
}

#[test]
fn pings_are_pairs_of_line_ends() {
    assert_eq!(read([&b"\r\n\r\n"[..]]), [Ok(Framed::Ping)]);
    assert_eq!(read([&b"\r\n"[..], b"\r", b"\n", b"\r\n"]), [Ok(Framed::Ping)]);
    assert_eq!(read([&b"\r\n\r\n\r\n\r\n"[..]]), [Ok(Framed::Ping), Ok(Framed::Ping)]);
    // A single one before a message is none, and does not count with the next.
    let stream = [b"\r\n", &options("")[..], b"\r\n", &options("")[..]].concat();
    assert_eq!(read([&stream[..]]), [message(&options("")), message(&options(""))]);
}

#[test]
fn a_pong_is_awaited() {
    let mut framer = Framer::new(LIMIT);
    framer.expect_pong();
    framer.push(b"\r\n");
    assert_eq!(framer.next(), Some(Ok(Framed::Pong)));
    assert_eq!(framer.next(), None);
    // A ping of theirs may cross ours.
    framer.expect_pong();
    framer.push(b"\r\n\r\n\r\n");
    assert_eq!(framer.next(), Some(Ok(Framed::Pong)));
    assert_eq!(framer.next(), Some(Ok(Framed::Ping)));
    assert_eq!(framer.next(), None);
}

#[test]
fn a_message_at_the_limit_passes_and_one_byte_more_does_not() {
    let head = options("").len() + "4000".len() - 1;
    let fits = options(&"x".repeat(LIMIT - head));
    assert_eq!(fits.len(), LIMIT);
    assert_eq!(one(&fits), Some(message(&fits)));
    let longer = options(&"x".repeat(LIMIT - head + 1));
    // Refused when its head is known: the body need not be sent.
    assert_eq!(one(&longer[..head]), Some(Err(FramingError::TooLong)));
}

#[test]
fn a_head_without_end_is_cut_off() {
    for endless in ["a", "X: y\r\n"] {
        let mut framer = Framer::new(LIMIT);
        framer.push(b"OPTIONS sip:a@b SIP/2.0\r\n");
        let mut sent = 25;
        let why = loop {
            framer.push(endless.as_bytes());
            sent += endless.len();
            if let Some(item) = framer.next() {
                break item;
            }
            assert!(sent <= LIMIT + endless.len(), "an endless head is refused at the limit");
        };
        assert_eq!(why, Err(FramingError::TooLong));
    }
}

#[test]
fn nothing_is_held_between_messages() {
    let mut framer = Framer::new(LIMIT);
    framer.push(&options("body"));
    while framer.next().is_some() {}
    assert_eq!((framer.pending(), framer.bytes.held.capacity()), (0, 0));
}

#[test]
fn portions_do_not_matter() {
    const PARTS: [&[u8]; 12] = [
        b"\r\n",
        b"\r\n\r\n",
        b"\r",
        b"\n",
        b"OPTIONS sip:a@b SIP/2.0\r\n",
        b"SIP/2.0 200 OK\r\n",
        b"Content-Length: 4\r\n",
        b"l: 0\r\n",
        b" 7\r\n",
        b"abcd",
        b"X: y\r\n",
        b"\0\xff",
    ];
    for round in fuzz_rounds(3_000) {
        let mut dice = Dice::new(round);
        let mut stream = Vec::new();
        for _ in 0..dice.below(12) {
            match dice.below(3) {
                0 => stream.extend(options(&"b".repeat(dice.below(40) as usize))),
                _ => stream.extend(PARTS[dice.below(12) as usize]),
            }
        }
        if dice.below(3) == 0 && !stream.is_empty() {
            let at = dice.below(stream.len() as u64) as usize;
            stream[at] = dice.below(256) as u8;
        }
        let whole = read([&stream[..]]);
        let mut portions = Vec::new();
        let mut rest = &stream[..];
        while !rest.is_empty() {
            let (portion, behind) = rest.split_at(1 + dice.below(rest.len().min(30) as u64) as usize);
            portions.push(portion);
            rest = behind;
        }
        assert_eq!(read(portions), whole, "round {round}: {}", stream.escape_ascii());
        let messages: usize = whole.iter().filter(|item| matches!(item, Ok(Framed::Message(_)))).count();
        assert!(messages <= stream.len() / 20, "round {round}");
    }
}

#[test]
fn random_bytes_never_panic() {
    for round in fuzz_rounds(2_000) {
        let mut dice = Dice::new(round ^ 0x5eed);
        let mut framer = Framer::new(64 + dice.below(256) as usize);
        for _ in 0..dice.below(50) {
            let portion: Vec<u8> = (0..dice.below(40))
                .map(|_| match dice.below(4) {
                    0 => b'\r',
                    1 => b'\n',
                    2 => b"SIP/2.0 :l0"[dice.below(11) as usize],
                    _ => dice.below(256) as u8,
                })
                .collect();
            framer.push(&portion);
            while framer.next().is_some() {}
            assert!(framer.pending() <= 64 + 256, "round {round}");
        }
    }
}
