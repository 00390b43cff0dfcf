//! What goes between nodes comes out as it went in, and what is strange is told as such.

use super::*;

fn body_of(reply: Reply) -> Vec<u8> {
    let collected = futures_util::FutureExt::now_or_never(reply.body.collect());
    let Ok(body) = collected.expect("it is there");
    body.to_bytes().to_vec()
}

#[test]
fn an_answer_keeps_its_status_headers_and_body() {
    let head = Answered::Done {
        status: 201,
        headers: vec![("etag".to_owned(), "\"7\"".to_owned())],
    };
    let reply = outcome(&joined(&head, b"{\"two\":\n\"lines\"}")).unwrap_or_else(|_| panic!("it was done"));
    assert_eq!(reply.status, StatusCode::CREATED);
    assert_eq!(reply.headers, [(hyper::header::ETAG, "\"7\"".to_owned())]);
    assert_eq!(body_of(reply), b"{\"two\":\n\"lines\"}");
}

#[test]
fn a_refusal_keeps_its_code_and_field() {
    let head = Answered::Refused {
        code: Code::WrongState,
        detail: "it is held".to_owned(),
        field: Some("leg".to_owned()),
    };
    let Err(problem) = outcome(&joined(&head, &[])) else {
        panic!("it was refused");
    };
    assert_eq!(problem, Problem::of_field(Code::WrongState, "leg", "it is held"));
}

#[test]
fn what_is_not_understood_is_not_taken_for_a_call_that_is_nowhere() {
    for strange in [
        &b""[..],
        b"{}",
        b"{}\n",
        b"\xff\n",
        b"{\"done\":{\"status\":9,\"headers\":[]}}\n",
    ] {
        let Err(problem) = outcome(strange) else {
            panic!("{strange:?}");
        };
        assert_eq!(problem.code, Code::Unavailable, "{strange:?}");
    }
}

#[test]
fn a_notice_of_a_later_program_is_one_to_read_all() {
    let notice = Notice::of(
        &Tenant("acme".to_owned()),
        &crate::deployments::Changed::Handler("line".to_owned()),
    );
    let text = serde_json::to_vec(&notice).expect("it is JSON");
    assert_eq!(Notice::read(&text), notice);
    assert_eq!(
        Notice::read(b"{\"of\":{\"tenant\":\"acme\",\"changed\":\"colours\"}}"),
        Notice::All
    );
}
