//! Modules by their hash, in an object store that all nodes share. What comes out is what the hash says, or an error.

use crate::config::Config;
use crate::names::Names;
use crate::{Error, limits};
use async_nats::jetstream::Context;
use async_nats::jetstream::object_store::{self, GetErrorKind, ObjectStore};
use async_nats::jetstream::stream::StorageType;
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use std::fmt::Write as _;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

/// The SHA-256 of a module, which is its name.
pub type Hash = [u8; 32];

pub(crate) struct Modules {
    context: Context,
    bucket: String,
    replicas: usize,
}

impl Modules {
    pub(crate) fn new(context: Context, names: &Names, config: &Config) -> Self {
        Self {
            context,
            bucket: names.modules_bucket(),
            replicas: config.replicas,
        }
    }

    /// Whoever is first makes the store.
    async fn store(&self) -> Result<ObjectStore, Error> {
        if let Ok(store) = self.context.get_object_store(&self.bucket).await {
            return Ok(store);
        }
        let made = self.context.create_object_store(object_store::Config {
            bucket: self.bucket.clone(),
            description: Some("modules by the SHA-256 of their bytes".to_owned()),
            storage: StorageType::File,
            num_replicas: self.replicas,
            ..object_store::Config::default()
        });
        let Err(error) = made.await.map(drop) else {
            return self.context.get_object_store(&self.bucket).await.map_err(failed);
        };
        // Another node was quicker, or it cannot be made.
        self.context
            .get_object_store(&self.bucket)
            .await
            .map_err(|_| failed(error))
    }

    pub(crate) async fn put(&self, hash: &Hash, bytes: &Bytes) -> Result<(), Error> {
        if bytes.len() > limits::MODULE_BYTES {
            return Err(too_large(bytes.len()));
        }
        if !is(hash, bytes) {
            return Err(Error::Invalid("the module's hash", "the SHA-256 of its bytes"));
        }
        let put = async {
            let store = self.store().await?;
            // Whoever reads it meanwhile is not disturbed by what is there already.
            if self.read(hash).await.is_ok() {
                return Ok(());
            }
            let mut reader = &bytes[..];
            store.put(name(hash).as_str(), &mut reader).await.map_err(failed)?;
            Ok(())
        };
        timeout(limits::MODULE_PATIENCE, put)
            .await
            .unwrap_or(Err(Error::TimedOut(limits::MODULE_PATIENCE)))
    }

    pub(crate) async fn get(&self, hash: &Hash) -> Result<Bytes, Error> {
        timeout(limits::MODULE_PATIENCE, self.read(hash))
            .await
            .unwrap_or(Err(Error::TimedOut(limits::MODULE_PATIENCE)))
    }

    async fn read(&self, hash: &Hash) -> Result<Bytes, Error> {
        let store = self.store().await?;
        let object = match store.get(name(hash)).await {
            Ok(object) => object,
            Err(error) if error.kind() == GetErrorKind::NotFound => return Err(Error::NotFound),
            Err(error) => return Err(failed(error)),
        };
        let size = object.info().size;
        if size > limits::MODULE_BYTES {
            return Err(too_large(size));
        }
        let mut bytes = Vec::with_capacity(size);
        // Whoever wrote the size may have lied.
        let mut limited = object.take(limits::MODULE_BYTES as u64 + 1);
        limited.read_to_end(&mut bytes).await.map_err(failed)?;
        match is(hash, &bytes) {
            true => Ok(Bytes::from(bytes)),
            false => Err(Error::Corrupt),
        }
    }
}

fn is(hash: &Hash, bytes: &[u8]) -> bool {
    digest(&SHA256, bytes).as_ref() == hash
}

fn name(hash: &Hash) -> String {
    hash.iter().fold(String::with_capacity(64), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

fn too_large(bytes: usize) -> Error {
    Error::TooLarge {
        what: "a module",
        bytes,
        limit: limits::MODULE_BYTES,
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Store(error.to_string())
}
