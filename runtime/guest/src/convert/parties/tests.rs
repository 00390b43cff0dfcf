//! Texts that name a call, and texts that do not.

use super::call_id;
use patchcord_control::ids::CallId;

#[test]
fn an_id_is_read_as_it_is_written() {
    for id in [CallId(0), CallId(1), CallId(u128::MAX), CallId(0x3f0c << 100)] {
        assert_eq!(call_id(&id.to_string()), Some(id));
    }
}

#[test]
fn every_other_text_names_no_call() {
    let good = CallId(0xabc).to_string();
    let digits = &good["call_".len()..];
    let texts = [
        String::new(),
        "call_".to_owned(),
        digits.to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good}0"),
        format!(" {good}"),
        good.to_uppercase(),
        format!("call_{}", digits.to_uppercase()),
        format!("call_+{}", &digits[1..]),
        format!("call_{}é", &digits[2..]),
        format!("Call_{digits}"),
    ];
    for text in texts {
        assert_eq!(call_id(&text), None, "{text:?}");
    }
}
