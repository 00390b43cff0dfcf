//! What a killed process left: files that were being written. Each gets a header that is true, its final name, and a line
//! beside the end records that says it was interrupted. A file that holds no recording of ours is left alone and told.

use super::keeper::hash;
use super::places::{self, Places};
use super::sending::Waiting;
use super::sound_file::{OGG, WAV, end_pages, page_bytes};
use super::{PART, RecordingFigures};
use crate::records::RecordQueue;
use patchcord_control::words::UnixTime;
use patchcord_media::{
    OggEnd, OggPage, RECORDING_HEADER_BYTES, SAMPLE_RATE, ogg_opus_samples, recording_header, recording_length,
    recording_wav_header,
};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A recording that a killed process left, repaired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interrupted {
    /// Its name, which begins with that of its call.
    pub(crate) id: String,
    /// When its last sound was written.
    pub(crate) written_at: UnixTime,
    /// The length of its sound.
    pub(crate) length_ms: u64,
    /// Bytes of its file.
    pub(crate) bytes: u64,
    /// Of its file.
    pub(crate) sha256: [u8; 32],
}

/// The files that nobody writes any more: to be listed before anybody writes.
pub(super) fn left_in(places: &Places) -> io::Result<Vec<PathBuf>> {
    let mut left = Vec::new();
    for folder in places.all()? {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if id_of(&path).is_some() {
                left.push(path);
            }
        }
    }
    left.sort();
    Ok(left)
}

/// Repairs them all, and tells whoever sends of those that lie in the folder of what is to be sent. One that cannot be repaired stays as it is, is told, and is tried again at the next start.
pub(super) fn repair(
    left: Vec<PathBuf>,
    to_send: Option<&(PathBuf, Arc<Waiting>)>,
    records: &RecordQueue,
    figures: &RecordingFigures,
) {
    for path in left {
        let Some(id) = id_of(&path) else { continue };
        // The line first: it is better told twice than never.
        let told = mend(&path, id).and_then(|interrupted| {
            let bytes = interrupted.bytes;
            records.put_interrupted(interrupted);
            places::keep(&path)?;
            if let Some((_, waiting)) = to_send.filter(|(folder, _)| path.starts_with(folder)) {
                waiting.add(bytes);
            }
            Ok(())
        });
        match told {
            Ok(()) => {
                figures.interrupted.one();
                tracing::warn!(recording = id, "a recording was interrupted; what was written is kept");
            }
            Err(error) => tracing::error!(%error, recording = id, "an interrupted recording cannot be repaired"),
        }
    }
}

/// Makes the header of a file true.
fn mend(path: &Path, id: &str) -> io::Result<Interrupted> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let metadata = file.metadata()?;
    let written_at = metadata.modified()?;
    let is_ogg = path.with_extension("").extension().is_some_and(|ending| ending == OGG);
    let (bytes, length) = if is_ogg {
        mend_ogg(&file)?
    } else {
        mend_wav(&file, metadata.len())?
    };
    file.set_len(bytes)?;
    file.sync_all()?;
    Ok(Interrupted {
        id: id.to_owned(),
        written_at: unix(written_at),
        length_ms: length.as_millis() as u64,
        bytes,
        sha256: hash(&file)?,
    })
}

/// How long the file is to be, and its sound.
fn mend_wav(file: &File, length: u64) -> io::Result<(u64, Duration)> {
    let (rate, channels) = header_of(file)?;
    let block = u64::from(channels) * 2;
    let sound = length.saturating_sub(RECORDING_HEADER_BYTES as u64) / block * block;
    file.write_all_at(&recording_wav_header(rate, channels, sound), 0)?;
    let bytes = RECORDING_HEADER_BYTES as u64 + sound;
    Ok((bytes, recording_length(rate, channels, sound)))
}

/// The same: the last whole page becomes the last one.
fn mend_ogg(file: &File) -> io::Result<(u64, Duration)> {
    let (mut at, mut last, mut first_packet) = (0, None, Vec::new());
    loop {
        let bytes = page_bytes(file, at)?;
        let Some(page) = OggPage::read(&bytes) else { break };
        if last.is_none() {
            first_packet = bytes[page.head..page.length].to_vec();
        }
        last = Some(OggEnd {
            last_page: at,
            granule: page.granule,
        });
        at += page.length as u64;
    }
    let strange = || io::Error::new(io::ErrorKind::InvalidData, "it does not begin like a recording");
    let Some(end) = last else {
        // Killed before anything was written; else it is none of ours.
        return if page_bytes(file, 0)?.is_empty() {
            Ok((0, Duration::ZERO))
        } else {
            Err(strange())
        };
    };
    let samples = ogg_opus_samples(&first_packet, end.granule).ok_or_else(strange)?;
    let length = Duration::from_micros(samples * 1_000_000 / u64::from(SAMPLE_RATE));
    Ok((end_pages(file, end)?, length))
}

/// Rate and channels of a file. One that was killed before its header was written has neither, and no sound.
fn header_of(file: &File) -> io::Result<(u32, u16)> {
    let mut header = [0; RECORDING_HEADER_BYTES];
    match file.read_exact_at(&mut header, 0) {
        Ok(()) => recording_header(&header)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it does not begin like a recording")),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok((SAMPLE_RATE, 1)),
        Err(error) => Err(error),
    }
}

fn unix(time: SystemTime) -> UnixTime {
    // A clock before 1970 is one that was never set.
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixTime {
        seconds: since_1970.as_secs(),
        nanoseconds: since_1970.subsec_nanos(),
    }
}

/// The recording of a file that was being written.
fn id_of(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let (id, ending) = name.strip_suffix(PART)?.strip_suffix('.')?.rsplit_once('.')?;
    (id.starts_with("rec_") && [WAV, OGG].contains(&ending)).then_some(id)
}
