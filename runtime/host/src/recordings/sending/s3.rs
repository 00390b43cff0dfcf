//! The store of a configuration, and what its failures mean in a sentence. What a server answers is not repeated but for its
//! status and code: the answer to a bad signature, for one, holds the access key.

use super::config::StoreConfig;
use super::web::Web;
use crate::certificates::{Certificates, TlsFiles};
use crate::start_error::StartError;
use object_store::aws::AmazonS3Builder;
use object_store::client::{HttpError, HttpErrorKind};
use object_store::{ObjectStore, RetryConfig};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Longest code of an error that is repeated.
const CODE_BYTES_MAX: usize = 64;

/// The store. Nothing is asked of it yet.
pub(super) fn open(config: &StoreConfig) -> Result<Arc<dyn ObjectStore>, StartError> {
    let files = TlsFiles {
        roots: config.roots.clone(),
        ..TlsFiles::default()
    };
    let tls = Certificates::load(files).map_err(StartError::Certificates)?.client();
    // Tries are ours to count, space out and tell.
    let retry = RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&config.bucket)
        .with_region(&config.region)
        .with_access_key_id(config.access_key.reveal())
        .with_secret_access_key(config.secret_key.reveal())
        .with_retry(retry)
        .with_http_connector(Web::new(tls));
    if let Some(endpoint) = &config.endpoint {
        builder = builder.with_endpoint(endpoint.stem()).with_allow_http(true);
    }
    let store = builder.build().map_err(|error| StartError::Store(error.to_string()))?;
    Ok(Arc::new(store))
}

/// Why a request failed.
pub(super) fn reason(error: &object_store::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(why) = http_error(error) {
        return f.write_str(match why.kind() {
            HttpErrorKind::Connect => "it cannot be reached, or broke off",
            HttpErrorKind::Decode => "its answer cannot be read",
            _ => "the request failed",
        });
    }
    // Of what it answered the library gives the text alone.
    let text = error.to_string();
    match (status(&text), code(&text)) {
        (Some(status), Some(code)) => write!(f, "it answered with {status} {code}"),
        (Some(status), None) => write!(f, "it answered with {status}"),
        (None, Some(code)) => write!(f, "it answered with {code}"),
        (None, None) => f.write_str("the request failed"),
    }
}

fn http_error(error: &object_store::Error) -> Option<&HttpError> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The status of an answer in the library's sentence about it.
fn status(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3)
        .filter(|status| status.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The code of an error in the words of S3, such as `SignatureDoesNotMatch`.
fn code(body: &str) -> Option<&str> {
    let (_, rest) = body.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let fits = (1..=CODE_BYTES_MAX).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then_some(code)
}

#[cfg(test)]
mod tests;
