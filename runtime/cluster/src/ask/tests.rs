//! Answers put together from pieces.

use super::*;

fn partial(limit: usize) -> Partial {
    let (answer, _) = oneshot::channel();
    Partial {
        answer,
        limit,
        pieces: 0,
        bytes: BytesMut::new(),
    }
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

#[test]
fn pieces_in_order_make_the_whole() {
    let mut partial = partial(100);
    assert!(piece(&mut partial, Answer::Piece(0, bytes("a"))).is_none());
    assert!(piece(&mut partial, Answer::Piece(1, bytes("b"))).is_none());
    let whole = piece(&mut partial, Answer::Last(2, bytes("c")));
    assert!(matches!(whole, Some(Came::Whole(whole)) if whole == "abc"));
}

#[test]
fn a_missing_piece_is_no_answer() {
    let mut partial = partial(100);
    assert!(piece(&mut partial, Answer::Piece(0, bytes("a"))).is_none());
    let broken = piece(&mut partial, Answer::Last(2, bytes("c")));
    assert!(matches!(broken, Some(Came::Malformed)));
}

#[test]
fn whoever_sends_more_than_may_be_is_not_listened_to() {
    let mut partial = partial(3);
    assert!(piece(&mut partial, Answer::Piece(0, bytes("ab"))).is_none());
    let long = piece(&mut partial, Answer::Piece(1, bytes("cd")));
    assert!(matches!(long, Some(Came::TooLarge(4))));
}
