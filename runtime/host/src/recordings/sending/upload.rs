//! One recording from this disk into the store: its hash, then one request, or several for a large one. Then the file is
//! removed. Not here: when, and what follows a failure.

use super::s3;
use crate::recordings::keeper::hash;
use crate::recordings::sound_file::OGG;
use object_store::path::Path as StorePath;
use object_store::{
    Attribute, Attributes, MultipartUpload, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of one request: the least that S3 takes as a part. Of each recording on its way so much is in memory. 10,000 parts,
/// the most there may be, are 50 GB.
pub(super) const PART: u64 = 5 * 1024 * 1024;
/// How long one request may take: 350 kbit/s for a whole part.
pub(super) const REQUEST_TIME: Duration = Duration::from_secs(120);

/// Why a recording was not sent.
#[derive(Debug)]
pub(super) enum NotSent {
    /// It is not there any more.
    Gone,
    /// It cannot be read or removed.
    File(io::Error),
    /// The store did not answer in time.
    TimedOut(Duration),
    /// The store did not take it.
    Store(object_store::Error),
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotSent::Gone => f.write_str("it is not there any more"),
            NotSent::File(why) => write!(f, "{why}"),
            NotSent::TimedOut(time) => write!(f, "it did not answer within {} s", time.as_secs()),
            NotSent::Store(error) => s3::reason(error, f),
        }
    }
}

/// Sends a file and removes it.
pub(super) async fn send(store: &dyn ObjectStore, to: &StorePath, path: &Path, time: Duration) -> Result<(), NotSent> {
    let (file, facts) = blocking(path, |path| {
        let file = File::open(path)?;
        let facts = Facts::of(path, &file)?;
        Ok((Arc::new(file), facts))
    })
    .await?;
    if facts.bytes <= PART {
        let payload = part(&file, 0, facts.bytes).await?;
        let options = PutOptions {
            attributes: facts.attributes(),
            ..PutOptions::default()
        };
        in_time(time, store.put_opts(to, payload, options)).await?;
    } else {
        let options = PutMultipartOptions {
            attributes: facts.attributes(),
            ..PutMultipartOptions::default()
        };
        let mut upload = in_time(time, store.put_multipart_opts(to, options)).await?;
        if let Err(why) = in_parts(upload.as_mut(), &file, facts.bytes, time).await {
            // Else the store keeps, and charges for, the parts that it has. If this fails too its own rules must.
            let _ = tokio::time::timeout(time, upload.abort()).await;
            return Err(why);
        }
    }
    // A kill before this sends it once more, under the same name.
    blocking(path, |path| std::fs::remove_file(path)).await
}

async fn in_parts(
    upload: &mut dyn MultipartUpload,
    file: &Arc<File>,
    bytes: u64,
    time: Duration,
) -> Result<PutResult, NotSent> {
    let mut at = 0;
    while at < bytes {
        let payload = part(file, at, PART.min(bytes - at)).await?;
        at += payload.content_length() as u64;
        in_time(time, upload.put_part(payload)).await?;
    }
    in_time(time, upload.complete()).await
}

/// What the store is told of a recording.
struct Facts {
    bytes: u64,
    sha256: [u8; 32],
    content_type: &'static str,
}

impl Facts {
    fn of(path: &Path, file: &File) -> io::Result<Self> {
        let is_ogg = path.extension().is_some_and(|ending| ending == OGG);
        Ok(Self {
            bytes: file.metadata()?.len(),
            sha256: hash(file)?,
            content_type: if is_ogg { "audio/ogg" } else { "audio/wav" },
        })
    }

    fn attributes(&self) -> Attributes {
        let sha256 = crate::encoding::hex(&self.sha256);
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::ContentType, self.content_type.into());
        attributes.insert(Attribute::Metadata("sha256".into()), sha256.into());
        attributes
    }
}

async fn part(file: &Arc<File>, at: u64, bytes: u64) -> Result<PutPayload, NotSent> {
    let file = file.clone();
    let read = move || {
        let mut part = vec![0; bytes as usize];
        file.read_exact_at(&mut part, at)?;
        Ok(PutPayload::from(part))
    };
    wait_for(tokio::task::spawn_blocking(read)).await
}

/// Work with a file, beside the thread that waits for the store.
async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, NotSent> {
    let path = path.to_owned();
    wait_for(tokio::task::spawn_blocking(move || work(&path))).await
}

async fn wait_for<T>(work: tokio::task::JoinHandle<io::Result<T>>) -> Result<T, NotSent> {
    match work.await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(why)) if why.kind() == io::ErrorKind::NotFound => Err(NotSent::Gone),
        Ok(Err(why)) => Err(NotSent::File(why)),
        Err(_) => Err(NotSent::File(io::Error::other("the node ends"))),
    }
}

async fn in_time<T>(time: Duration, request: impl Future<Output = object_store::Result<T>>) -> Result<T, NotSent> {
    match tokio::time::timeout(time, request).await {
        Ok(answer) => answer.map_err(NotSent::Store),
        Err(_) => Err(NotSent::TimedOut(time)),
    }
}
