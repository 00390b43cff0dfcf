//! What is written is read again; what is cut short or of another format is not read.

use super::*;

fn region() -> Region {
    Region::new("eu1").expect("a region")
}

fn node() -> NodeId {
    NodeId::new("eu1-a").expect("a node")
}

#[test]
fn frames_are_read_as_they_were_written() {
    let entry = Entry {
        incarnation: 7,
        heads: [1, u64::MAX],
        region: region(),
        bytes: Bytes::from_static(b"host"),
    };
    assert_eq!(Entry::read(entry.write()), Some(entry));
    let request = Request {
        patience: Duration::from_millis(1500),
        from: node(),
        bytes: Bytes::from_static(b"which calls"),
    };
    assert_eq!(Request::read(request.write()), Some(request));
    let piece = Bytes::from_static(b"piece");
    for answer in [
        Answer::Piece(3, piece.clone()),
        Answer::Last(4, piece),
        Answer::Busy,
        Answer::Unanswered,
        Answer::TooLarge(1 << 40),
    ] {
        assert_eq!(Answer::read(answer.write()), Some(answer));
    }
    let change = Numbered {
        incarnation: 1,
        sequence: 2,
        bytes: Bytes::new(),
    };
    let written = change.write();
    assert_eq!(written.len(), NUMBERED_HEAD);
    assert_eq!(Numbered::read(written), Some(change));
}

#[test]
fn what_is_cut_short_or_of_another_format_is_not_read() {
    let entry = Entry {
        incarnation: 7,
        heads: [1, 2],
        region: region(),
        bytes: Bytes::new(),
    };
    let written = entry.write();
    for length in 0..written.len() {
        assert_eq!(Entry::read(written.slice(..length)), None, "{length} bytes");
    }
    let mut other = BytesMut::from(&written[..]);
    other[0] = FORMAT + 1;
    assert_eq!(Entry::read(other.freeze()), None);
    let request = Request {
        patience: Duration::ZERO,
        from: node(),
        bytes: Bytes::new(),
    };
    let written = request.write();
    for length in 0..written.len() {
        assert_eq!(Request::read(written.slice(..length)), None, "{length} bytes");
    }
    assert_eq!(Answer::read(Bytes::from_static(&[FORMAT, 9])), None);
    assert_eq!(Answer::read(Bytes::from_static(&[FORMAT, 1, 0, 0])), None);
    assert_eq!(Numbered::read(Bytes::from_static(&[FORMAT; NUMBERED_HEAD - 1])), None);
}
