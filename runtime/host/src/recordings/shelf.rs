//! Recordings as they are read and removed later: from this disk, or from the object store that got them. Which recordings there
//! are, and whose, others know; here is only where the bytes lie.

use super::PART;
use super::places::{Places, Stay};
use super::sending::{Remote, StoreConfig};
use super::sound_file::{OGG, WAV};
use crate::start_error::StartError;
use hyper::body::Bytes;
use patchcord_control::ids::{RecordingId, Tenant};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much is read at a time; what the store answers has to fit into its client.
pub(crate) const PIECE: u64 = 128 * 1024;

/// Where recordings lie.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf {
    places: Option<Places>,
    remote: Option<Remote>,
}

/// Why a recording's sound cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotHad {
    /// It is nowhere.
    Gone,
    /// It is still being written.
    Running,
    /// The store or the disk fails, in words without secrets.
    Failed(String),
}

/// The sound of a recording.
#[derive(Debug, Clone)]
pub(crate) struct Sound {
    /// `audio/wav` or `audio/ogg`.
    pub(crate) media_type: &'static str,
    /// How its file is called.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    lies: Lies,
}

#[derive(Debug, Clone)]
enum Lies {
    Here(Arc<File>, PathBuf),
    There(Remote, object_store::path::Path),
}

impl Shelf {
    /// By the configuration; nothing is asked of a store yet.
    pub(crate) fn new(folder: Option<&Path>, store: Option<&StoreConfig>) -> Result<Self, StartError> {
        let stay = if store.is_some() { Stay::UntilSent } else { Stay::Here };
        Ok(Self {
            places: folder.map(|folder| Places::new(folder, stay)),
            remote: store.map(Remote::new).transpose()?,
        })
    }

    /// Finds a recording of a tenant's.
    pub(crate) async fn find(&self, tenant: &Tenant, id: RecordingId) -> Result<Sound, NotHad> {
        let Some(places) = self.places.clone() else {
            return Err(NotHad::Gone);
        };
        let owner = tenant.clone();
        let here = blocking(move || find_here(&places, &owner, id)).await;
        match (here, &self.remote) {
            (Err(NotHad::Gone), Some(remote)) => find_there(remote, tenant, id).await,
            (found, _) => found,
        }
    }

    /// Removes it for good.
    pub(crate) async fn remove(&self, tenant: &Tenant, id: RecordingId) -> Result<(), NotHad> {
        match self.find(tenant, id).await?.lies {
            Lies::Here(_, path) => blocking(move || std::fs::remove_file(path).map_err(failed)).await,
            Lies::There(remote, name) => remote.delete(&name).await.map_err(NotHad::Failed),
        }
    }
}

impl Sound {
    /// The bytes from a place on, [`PIECE`] of them at most.
    pub(crate) async fn piece(&self, at: u64, end: u64) -> Result<Bytes, NotHad> {
        let end = end.min(at + PIECE);
        match &self.lies {
            Lies::Here(file, _) => {
                let file = file.clone();
                blocking(move || {
                    let mut bytes = vec![0; (end - at) as usize];
                    file.read_exact_at(&mut bytes, at).map_err(failed)?;
                    Ok(bytes.into())
                })
                .await
            }
            Lies::There(remote, name) => remote.read(name, at..end).await.map_err(NotHad::Failed),
        }
    }
}

/// How the file of a recording may be called, and what is in it then.
fn names(id: RecordingId) -> [(String, &'static str); 2] {
    [(WAV, "audio/wav"), (OGG, "audio/ogg")].map(|(ending, media_type)| (format!("{id}.{ending}"), media_type))
}

fn find_here(places: &Places, tenant: &Tenant, id: RecordingId) -> Result<Sound, NotHad> {
    let mut running = false;
    for folder in places.may_hold(tenant) {
        for (name, media_type) in names(id) {
            let path = folder.join(&name);
            running |= folder.join(format!("{name}.{PART}")).exists();
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
                Err(why) => return Err(failed(why)),
            };
            return Ok(Sound {
                media_type,
                name,
                bytes: file.metadata().map_err(failed)?.len(),
                lies: Lies::Here(Arc::new(file), path),
            });
        }
    }
    Err(if running { NotHad::Running } else { NotHad::Gone })
}

async fn find_there(remote: &Remote, tenant: &Tenant, id: RecordingId) -> Result<Sound, NotHad> {
    for (name, media_type) in names(id) {
        let at = remote.name(tenant, &name);
        if let Some(bytes) = remote.bytes(&at).await.map_err(NotHad::Failed)? {
            return Ok(Sound {
                media_type,
                name,
                bytes,
                lies: Lies::There(remote.clone(), at),
            });
        }
    }
    Err(NotHad::Gone)
}

fn failed(why: io::Error) -> NotHad {
    NotHad::Failed(why.to_string())
}

/// Files are read on a thread that may wait for the disk.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, NotHad> + Send + 'static) -> Result<T, NotHad> {
    let done = tokio::task::spawn_blocking(work).await;
    // An error is that the node stops, or a panic that was printed.
    done.unwrap_or_else(|_| Err(NotHad::Failed("the node stops".to_owned())))
}

#[cfg(test)]
mod tests;
