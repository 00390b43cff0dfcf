//! The torture messages of RFC 4475 and RFC 5118 as bytes out of the RFCs' own archives (`rfc4475/README.md`), each given
//! to the parser and to an endpoint: in a datagram, and in pieces on a stream. What has to come of each stands in
//! `torture/table.rs`; what a message says once it is read, in `torture/meaning.rs`.

mod meaning;
mod table;

use std::path::{Path, PathBuf};

use patchcord_sip::stream::{Framed, Framer, FramingError};
use patchcord_sip::{ConnectionId, Event, Flow, Message, Transport, parse};

use crate::door::Door;
use table::{RFC4475, RFC5118, Row, Stream, Verdict};

/// An RFC's folder and rows.
const SETS: [(&str, &[Row]); 2] = [("rfc4475", RFC4475), ("rfc5118", RFC5118)];

fn folder(rfc: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("wire").join(rfc)
}

/// The bytes as they stand in the RFC's archive.
fn archived(rfc: &str, file: &str) -> Vec<u8> {
    let path = folder(rfc).join(format!("{file}.dat"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The message that the RFC's text means. The archive of RFC 5118 has bare line feeds and lengths that count neither
/// them nor CRLF; it lacks two empty lines, that of RFC 4475 one. Nothing else is touched.
fn meant(rfc: &str, file: &str) -> Vec<u8> {
    let mut bytes = archived(rfc, file);
    if rfc == "rfc5118" {
        let text = String::from_utf8(bytes).expect("RFC 5118 has only text");
        bytes = with_its_length(&text.replace('\n', "\r\n")).into_bytes();
    }
    if file != "test" && !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// The text with a Content-Length that counts its body.
fn with_its_length(text: &str) -> String {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return text.to_owned();
    };
    let lines = head
        .split("\r\n")
        .map(|line| match line.starts_with("Content-Length:") {
            true => format!("Content-Length: {}", body.len()),
            false => line.to_owned(),
        });
    format!("{}\r\n\r\n{body}", lines.collect::<Vec<_>>().join("\r\n"))
}

fn every_row(check: impl Fn(&str, &Row) -> Result<(), String>) {
    let mut wrong = Vec::new();
    for (rfc, rows) in SETS {
        for row in rows {
            if let Err(what) = check(rfc, row) {
                wrong.push(format!(
                    "{rfc} {} {}: {what}; the row says: {}",
                    row.section, row.file, row.why
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{what}: {found:?} instead of {expected:?}")),
    }
}

/// What a fresh endpoint makes of a datagram.
fn verdict(bytes: &[u8]) -> Verdict {
    let mut door = Door::from("192.0.2.95:5060");
    let statuses = door.feed(bytes);
    judge(&door, &statuses, bytes)
}

/// What becomes of bytes that come in pieces on a fresh connection: the verdict of each message, and whether the
/// connection was closed for its framing. Each message goes to an endpoint of its own, as the row of a datagram does.
fn streamed(bytes: &[u8], piece: usize) -> (Vec<Verdict>, Option<FramingError>) {
    let peer = "192.0.2.95:5060".parse().expect("an address");
    let mut framer = Framer::new(64 * 1024);
    let mut verdicts = Vec::new();
    for portion in bytes.chunks(piece) {
        framer.push(portion);
        for item in framer.by_ref() {
            match item {
                Ok(Framed::Message(message)) => {
                    let mut door = Door::by(Flow {
                        transport: Transport::Tcp,
                        peer,
                        connection: Some(ConnectionId(1)),
                    });
                    let statuses = door.feed(&message);
                    verdicts.push(judge(&door, &statuses, &message));
                }
                Ok(Framed::Ping | Framed::Pong) => {}
                Err(error) => return (verdicts, Some(error)),
            }
        }
    }
    (verdicts, None)
}

fn judge(door: &Door, statuses: &[u16], bytes: &[u8]) -> Verdict {
    let is_response = bytes.get(..4).is_some_and(|start| start == b"SIP/");
    match (door.events.as_slice(), statuses) {
        ([], []) if is_response => Verdict::Ignored,
        ([], []) => Verdict::Silence,
        ([Event::Request { .. }], []) if bytes.starts_with(b"REGISTER ") => Verdict::Register,
        ([], [status]) => Verdict::Status(*status),
        ([Event::Invite { .. }], [100]) => Verdict::Call,
        (events, statuses) => panic!("{} events and the answers {statuses:?}", events.len()),
    }
}

#[test]
fn every_file_has_its_row_and_every_row_its_file() {
    for (rfc, rows) in SETS {
        let listed = std::fs::read_dir(folder(rfc)).expect("the folder stands beside this file");
        let names = listed.map(|entry| entry.expect("a listed file has a name").path());
        let mut files: Vec<String> = names
            .filter(|path| path.extension().is_some_and(|ending| ending == "dat"))
            .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
            .collect();
        files.sort();
        let mut named: Vec<String> = rows.iter().map(|row| row.file.to_owned()).collect();
        named.sort();
        assert_eq!(files, named, "{rfc}");
    }
}

#[test]
fn the_parser_takes_what_is_valid_and_names_the_fault_of_the_rest() {
    every_row(|rfc, row| {
        expect(
            "the parser",
            parse(&meant(rfc, row.file)).err().map(|bad| bad.why),
            row.fault,
        )
    });
}

#[test]
fn an_endpoint_gives_each_datagram_its_verdict() {
    every_row(|rfc, row| expect("the verdict", verdict(&meant(rfc, row.file)), row.verdict));
}

#[test]
fn a_stream_gives_each_message_its_verdict_in_whatever_pieces_it_comes() {
    every_row(|rfc, row| {
        let bytes = meant(rfc, row.file);
        for piece in [1, 7, 64, bytes.len()] {
            let (verdicts, error) = streamed(&bytes, piece);
            let expected = match row.stream {
                Stream::Same => vec![row.verdict],
                Stream::Then(status) => vec![row.verdict, Verdict::Status(status)],
                Stream::Closed | Stream::Waits => Vec::new(),
            };
            expect("the verdicts on a stream", verdicts, expected)?;
            let is_closed = matches!(row.stream, Stream::Closed | Stream::Then(_));
            expect("closed", error.is_some(), is_closed)?;
        }
        Ok(())
    });
}

/// A bare line feed might end a head for one reader and not for another.
#[test]
fn a_stream_with_bare_line_feeds_is_closed() {
    for row in RFC5118 {
        let (verdicts, error) = streamed(&archived("rfc5118", row.file), 16);
        assert_eq!(
            (verdicts, error),
            (Vec::new(), Some(FramingError::BareLineEnd)),
            "{}",
            row.file
        );
    }
}

#[test]
fn the_bytes_as_archived_have_the_same_verdict_or_the_one_their_slips_deserve() {
    every_row(|rfc, row| {
        let bytes = archived(rfc, row.file);
        let fault = parse(&bytes).err().map(|bad| bad.why);
        let (expected_fault, expected) = match row.as_archived {
            Some((fault, verdict)) => (Some(fault), verdict),
            None => (row.fault, row.verdict),
        };
        expect("the parser", fault, expected_fault)?;
        expect("the verdict", verdict(&bytes), expected)
    });
}

#[test]
fn an_answer_copies_what_it_must() {
    every_row(|rfc, row| {
        let bytes = meant(rfc, row.file);
        let Ok(Message::Request(request)) = parse(&bytes) else {
            return Ok(());
        };
        let mut door = Door::from("192.0.2.95:5060");
        for raw in door.feed_raw(&bytes) {
            let Ok(Message::Response(response)) = parse(&raw) else {
                return Err("the answer cannot be read".to_owned());
            };
            for name in ["Via", "From", "Call-ID", "CSeq"] {
                let (there, back) = (request.headers.list(name), response.headers.list(name));
                let same = there.count() == back.count() || name == "From";
                expect(name, same, true)?;
            }
            expect("Call-ID", response.call_id(), request.call_id())?;
            let (there, back) = (request.cseq(), response.cseq());
            expect(
                "CSeq",
                back.map(|cseq| cseq.number).ok(),
                there.map(|cseq| cseq.number).ok(),
            )?;
            expect("From", response.from().ok(), request.from().ok())?;
            let answered = (response.to().map(|to| to.uri).ok(), request.to().map(|to| to.uri).ok());
            expect("To", answered.0, answered.1)?;
        }
        Ok(())
    });
}

#[test]
fn what_is_printed_again_reads_the_same() {
    every_row(|rfc, row| {
        let Ok(message) = parse(&meant(rfc, row.file)) else {
            return Ok(());
        };
        let again = parse(&message.to_bytes()).map_err(|bad| bad.to_string())?;
        expect("the second print", again.to_bytes() == message.to_bytes(), true)
    });
}
