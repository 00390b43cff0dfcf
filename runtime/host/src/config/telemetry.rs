//! The section `[telemetry]`: where a trace of each call is sent by OpenTelemetry's protocol, OTLP over HTTP in JSON. Without
//! it none is made.
//!
//! ```toml
//! [telemetry]
//! otlp = "http://127.0.0.1:4318"   # a collector; traces go to /v1/traces below it
//! service = "patchcord"            # what this node is called there
//! sample_percent = 100             # of the calls
//! ```

use super::reader::{ConfigError, Table};
use super::{NAME, name};
use crate::telemetry::TelemetryConfig;
use crate::web::WebAddress;

/// The keys there are.
pub(super) const KEYS: &[&str] = &["otlp", "service", "sample_percent"];

/// Reads the section.
pub(super) fn read(section: &Table<'_>) -> Result<Option<TelemetryConfig>, ConfigError> {
    let right = "a collector such as \"http://127.0.0.1:4318\", without a password in it";
    let otlp = section.parsed("otlp", right, WebAddress::parse)?;
    let service = section.parsed("service", NAME, name)?;
    let percent = section.number("sample_percent", 1..=100)?;
    match otlp {
        Some(otlp) => Ok(Some(TelemetryConfig {
            otlp,
            service: service.unwrap_or_else(|| "patchcord".to_owned()),
            sample_percent: percent.unwrap_or(100) as u8,
        })),
        None if service.is_some() || percent.is_some() => {
            Err(section.wrong("otlp", "it is missing: give the collector that traces are sent to"))
        }
        None => Ok(None),
    }
}
