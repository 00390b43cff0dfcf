//! The file of a recording in either format: sound is appended, and whatever was appended can be played though nothing more
//! follows. Not here: what sound, and when.

use super::PART;
use patchcord_control::words::RecordFormat;
use patchcord_media::{OGG_PAGE_BYTES, OggEnd, OggOpus, OggPage, RECORDING_HEADER_BYTES, Recorder};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file that is being written.
pub(super) struct SoundFile {
    file: File,
    path: PathBuf,
    form: Form,
}

enum Form {
    /// A header that is written again with each piece of sound.
    Wav {
        /// Bytes of sound in the file.
        written: u64,
    },
    /// Pages, each whole in itself.
    Opus {
        pages: Box<OggOpus>,
        /// Pages that are not in the file yet.
        pending: Vec<u8>,
        /// Bytes in the file.
        written: u64,
        /// Bytes of 16-bit samples that a sample of all channels takes.
        block: u64,
    },
}

/// How files of each format end.
pub(super) const WAV: &str = "wav";
pub(super) const OGG: &str = "ogg";

impl SoundFile {
    /// Makes the file, with a header that says that nothing is in it.
    pub(super) fn create(
        folder: &Path,
        id: &str,
        format: RecordFormat,
        channels: u8,
        recorder: &Recorder,
    ) -> io::Result<Self> {
        let ending = match format {
            RecordFormat::Wav => WAV,
            RecordFormat::Opus => OGG,
        };
        let path = folder.join(format!("{id}.{ending}.{PART}"));
        let file = OpenOptions::new()
            .create_new(true)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)?;
        let form = match format {
            RecordFormat::Wav => {
                file.write_all_at(&recorder.header(0), 0)?;
                Form::Wav { written: 0 }
            }
            RecordFormat::Opus => {
                let mut head = Vec::new();
                // One stream in a file: its serial tells it from none.
                let pages = Box::new(OggOpus::new(channels, 1, &mut head));
                file.write_all_at(&head, 0)?;
                Form::Opus {
                    pages,
                    pending: Vec::new(),
                    written: head.len() as u64,
                    block: u64::from(channels) * 2,
                }
            }
        };
        Ok(Self { file, path, form })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts 16-bit samples into the file, and takes them out of `sound`.
    pub(super) fn append(&mut self, recorder: &Recorder, sound: &mut Vec<u8>) -> io::Result<()> {
        if sound.is_empty() {
            return Ok(());
        }
        match &mut self.form {
            Form::Wav { written } => {
                self.file
                    .write_all_at(sound, RECORDING_HEADER_BYTES as u64 + *written)?;
                *written += sound.len() as u64;
                self.file.write_all_at(&recorder.header(*written), 0)?;
            }
            Form::Opus {
                pages,
                pending,
                written,
                ..
            } => {
                pages.push(samples(sound), pending);
                pages.flush(pending);
                self.file.write_all_at(pending, *written)?;
                *written += pending.len() as u64;
                pending.clear();
            }
        }
        sound.clear();
        Ok(())
    }

    /// Ends the file after so many bytes of samples and syncs it; how long it is then.
    pub(super) fn finish(&mut self, recorder: &Recorder, keep: u64) -> io::Result<u64> {
        let length = match &mut self.form {
            Form::Wav { .. } => {
                self.file.write_all_at(&recorder.header(keep), 0)?;
                RECORDING_HEADER_BYTES as u64 + keep
            }
            Form::Opus {
                pages,
                pending,
                written,
                block,
            } => {
                let end = pages.finish(keep / *block, pending);
                self.file.write_all_at(pending, *written)?;
                end_pages(&self.file, end)?
            }
        };
        self.file.set_len(length)?;
        self.file.sync_all()?;
        Ok(length)
    }

    /// The file itself.
    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

/// Makes a page of a file its last one; where the file ends then.
pub(super) fn end_pages(file: &File, OggEnd { last_page, granule }: OggEnd) -> io::Result<u64> {
    let mut bytes = page_bytes(file, last_page)?;
    let page = OggPage::read(&bytes).ok_or_else(|| io::Error::other("the last page of a recording is damaged"))?;
    bytes.truncate(page.length);
    OggPage::end(&mut bytes, granule);
    file.write_all_at(&bytes, last_page)?;
    Ok(last_page + page.length as u64)
}

/// What is in a file from a place on, a page and perhaps more.
pub(super) fn page_bytes(file: &File, at: u64) -> io::Result<Vec<u8>> {
    let (mut bytes, mut filled) = (vec![0; OGG_PAGE_BYTES], 0);
    while filled < bytes.len() {
        let read = file.read_at(&mut bytes[filled..], at + filled as u64)?;
        if read == 0 {
            break;
        }
        filled += read;
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn samples(bytes: &[u8]) -> impl Iterator<Item = i16> {
    bytes.as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes))
}
