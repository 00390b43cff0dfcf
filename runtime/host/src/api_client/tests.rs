//! Events as a client reads them.

use super::*;

#[test]
fn events_are_put_together_from_whatever_pieces_come() {
    let text = ": hello\r\n\r\nevent: one\ndata: {\"a\":\ndata: 1}\n\ndata:two\n\nevent: no data\n\n";
    for size in 1..text.len() {
        let mut seen = Vec::new();
        let mut lines = Lines::default();
        for piece in text.as_bytes().chunks(size) {
            let read = lines.read(piece, &mut |event, data| {
                seen.push((event.to_owned(), data.to_owned()));
                ControlFlow::Continue(())
            });
            assert!(read.is_ok());
        }
        let wanted = [("one", "{\"a\":\n1}"), ("", "two")];
        let wanted = wanted.map(|(event, data)| (event.to_owned(), data.to_owned()));
        assert_eq!(seen, wanted, "in pieces of {size}");
    }
    let mut lines = Lines::default();
    let huge = vec![b'x'; LINE_BYTES + 1];
    assert!(lines.read(&huge, &mut |_, _| ControlFlow::Continue(())).is_err());
}
