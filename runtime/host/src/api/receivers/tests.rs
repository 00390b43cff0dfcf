//! The words of the document are those of the contract.

use super::*;

#[test]
fn every_kind_of_event_has_its_word_and_comes_back() {
    let all: Vec<KindWord> = EventKind::ALL.into_iter().map(Into::into).collect();
    for (word, kind) in all.iter().zip(EventKind::ALL) {
        assert_eq!(serde_json::to_value(word).unwrap(), kind.name());
        assert_eq!(EventKind::from(*word), kind);
    }
    let twice = [KindWord::CallEnded, KindWord::CallStarted, KindWord::CallEnded];
    assert_eq!(stored(&twice), ["call-started", "call-ended"]);
    assert_eq!(shown(&stored(&twice)), [KindWord::CallStarted, KindWord::CallEnded]);
    assert_eq!(stored(&[]), [""; 0]);
}
