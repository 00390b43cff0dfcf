//! What was sent, asked back from the store: how long an object is, a part of it, and that it be removed. Each request has a limit
//! of time, and a failure is a sentence without secrets.

use super::config::StoreConfig;
use super::{s3, upload};
use crate::start_error::StartError;
use hyper::body::Bytes;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use patchcord_control::ids::Tenant;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The store, for reading.
#[derive(Clone)]
pub(in crate::recordings) struct Remote {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote({})", self.prefix)
    }
}

impl Remote {
    /// The store that a configuration names.
    pub(in crate::recordings) fn new(config: &StoreConfig) -> Result<Self, StartError> {
        Ok(Self::over(s3::open(config)?, config.prefix.clone()))
    }

    pub(in crate::recordings) fn over(store: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        Self { store, prefix }
    }

    /// The name of a tenant's file in the store.
    pub(in crate::recordings) fn name(&self, tenant: &Tenant, file: &str) -> Path {
        super::name_of(&self.prefix, &tenant.0, file)
    }

    /// How long it is; none if it is not there.
    pub(in crate::recordings) async fn bytes(&self, name: &Path) -> Result<Option<u64>, String> {
        match in_time(self.store.head(name)).await {
            Ok(about) => Ok(Some(about.size)),
            Err(Failure::Store(Error::NotFound { .. })) => Ok(None),
            Err(why) => Err(why.to_string()),
        }
    }

    /// A part of it.
    pub(in crate::recordings) async fn read(&self, name: &Path, range: Range<u64>) -> Result<Bytes, String> {
        let read = in_time(self.store.get_range(name, range)).await;
        read.map_err(|why| why.to_string())
    }

    /// Removes it.
    pub(in crate::recordings) async fn delete(&self, name: &Path) -> Result<(), String> {
        let removed = in_time(self.store.delete(name)).await;
        removed.map_err(|why| why.to_string())
    }
}

enum Failure {
    Late,
    Store(Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late => write!(f, "it did not answer within {} s", upload::REQUEST_TIME.as_secs()),
            Self::Store(error) => s3::reason(error, f),
        }
    }
}

async fn in_time<T>(asked: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
    match tokio::time::timeout(upload::REQUEST_TIME, asked).await {
        Ok(answered) => answered.map_err(Failure::Store),
        Err(_) => Err(Failure::Late),
    }
}
