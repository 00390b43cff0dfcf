//! What a server is asked, byte by byte, and what its answers become.

use super::*;
use crate::recordings::sending::upload::{self, NotSent};
use crate::testing::{self, Folder};
use crate::web::WebAddress;
use object_store::path::Path;
use std::time::Duration;

const TIME: Duration = Duration::from_secs(20);
const SOUND: &[u8] = b"not really sound, but the end of the request";

fn config(port: u16) -> StoreConfig {
    StoreConfig {
        bucket: "recordings".to_owned(),
        prefix: Path::default(),
        endpoint: WebAddress::parse(&format!("http://127.0.0.1:{port}/")),
        region: "eu-central-1".to_owned(),
        access_key: "AKIATEST".to_owned().into(),
        secret_key: "hush".to_owned().into(),
        roots: None,
        waiting_bytes: 1 << 30,
    }
}

/// Sends a file to a server that answers so; what it was asked, and what came of it.
fn send(answer: &'static str) -> (String, Result<(), NotSent>) {
    let (port, requests) = testing::serve(move |_| answer.as_bytes().to_vec(), SOUND);
    let sent = send_to(port);
    let request = requests.recv().unwrap();
    (String::from_utf8_lossy(&request).to_ascii_lowercase(), sent)
}

fn send_to(port: u16) -> Result<(), NotSent> {
    let folder = Folder::new("s3");
    let file = folder.file("rec_1_1.ogg", SOUND);
    let store = open(&config(port)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let to = Path::from("office/acme/rec_1_1.ogg");
    let sent = runtime.block_on(upload::send(store.as_ref(), &to, &file, TIME));
    assert_eq!(
        file.exists(),
        sent.is_err(),
        "what was sent is removed, and nothing else"
    );
    sent
}

#[test]
fn a_recording_is_put_under_its_name_with_type_and_hash_and_signed() {
    let (request, sent) = send("HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 0\r\n\r\n");
    sent.unwrap();
    assert!(
        request.starts_with("put /recordings/office/acme/rec_1_1.ogg http/1.1\r\n"),
        "{request}"
    );
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, SOUND);
    let hash: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    for line in [
        "content-type: audio/ogg",
        "host: 127.0.0.1:",
        &format!("content-length: {}", SOUND.len()),
        &format!("x-amz-meta-sha256: {hash}"),
        &format!("x-amz-content-sha256: {hash}"),
        "authorization: aws4-hmac-sha256 credential=akiatest/",
        "/eu-central-1/s3/aws4_request",
    ] {
        assert!(request.contains(line), "{line} in {request}");
    }
    assert!(!request.contains("hush"));
}

#[test]
fn a_refusal_is_its_status_and_code_and_never_what_else_the_server_says() {
    let (_, sent) = send(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nContent-Length: 119\r\n\r\n\
         <Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>AKIATEST</AWSAccessKeyId><Message>secret</Message></Error>    ",
    );
    let told = sent.unwrap_err().to_string();
    assert_eq!(told, "it answered with 403 SignatureDoesNotMatch");
    let (_, sent) = send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(sent.unwrap_err().to_string(), "it answered with 404");
    let (_, sent) =
        send("HTTP/1.1 503 Slow Down\r\nContent-Length: 41\r\n\r\n<Error><Code>Slow &lt; Down</Code></Error>");
    assert_eq!(sent.unwrap_err().to_string(), "it answered with 503");
}

#[test]
fn a_server_that_is_not_there_or_hangs_up_is_said_to_be_so() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let told = send_to(nobody).unwrap_err().to_string();
    assert_eq!(told, "it cannot be reached, or broke off");
    let (_, sent) = send("");
    assert_eq!(sent.unwrap_err().to_string(), "it cannot be reached, or broke off");
}

#[test]
fn a_redirection_is_not_followed() {
    let (_, sent) = send("HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(sent.unwrap_err().to_string(), "it answered with 307");
}
