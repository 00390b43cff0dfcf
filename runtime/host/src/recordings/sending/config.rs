//! Which object store gets the recordings, and what it is told to let us in.

use crate::web::WebAddress;
use object_store::path::Path;
use patchcord_control::private::Private;
use std::fmt;
use std::path::PathBuf;

/// An object store that speaks S3.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The bucket.
    pub bucket: String,
    /// What all names in it begin with; may be empty.
    pub prefix: Path,
    /// The server; none: that of Amazon in the region.
    pub endpoint: Option<WebAddress>,
    /// The region that requests are signed for.
    pub region: String,
    /// Who we are.
    pub access_key: Private<String>,
    /// What requests are signed with.
    pub secret_key: Private<String>,
    /// Authorities one of which must have certified the server; none: those of the system.
    pub roots: Option<PathBuf>,
    /// How much may wait on this disk to be sent, in bytes; beyond it new recordings are refused.
    pub waiting_bytes: u64,
}

impl fmt::Display for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}
