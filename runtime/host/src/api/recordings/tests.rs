//! Which texts name recordings.

use super::listing::cursor;
use super::*;
use patchcord_control::ids::CallId;

#[test]
fn only_the_text_that_we_write_names_a_recording() {
    let id = RecordingId {
        call: CallId(0x3f),
        number: 12,
    };
    assert_eq!(read_id(&id.to_string()), Some(id));
    let upper = id.to_string().replace("3f", "3F");
    let others = ["", "rec_", "rec_1_1", "rec_0000000000000000000000000000003f_+1", &upper];
    let zero = format!("rec_{:032x}_01", 0x3f);
    for text in others
        .into_iter()
        .chain([&*zero, "call_0000000000000000000000000000003f"])
    {
        assert_eq!(read_id(text), None, "{text}");
    }
    assert_eq!(cursor(&format!("17.{id}")), Some((17, id)));
    assert!(cursor(&id.to_string()).is_none() && cursor("17.").is_none());
    assert_eq!(percent("a b/é~"), "a%20b%2F%C3%A9~");
}
