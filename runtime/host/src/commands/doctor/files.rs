//! Whether what a node reads is there, and what it writes can be written.

use super::{Finding, Verdict};
use patchcord_host::RecordsTo;
use patchcord_host::config::Config;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let node = &config.node;
    let mut findings: Vec<Finding> = config
        .handlers
        .iter()
        .map(|handler| module(&handler.name, &handler.module))
        .collect();
    if let RecordsTo::File(file) = &node.records {
        let opened = OpenOptions::new().append(true).create(true).open(file);
        findings.push(written(format!("end records in {}", file.display()), opened.err()));
    }
    let folders: [(&str, Option<&PathBuf>); 4] = [
        ("recordings", node.recordings.as_ref()),
        ("traces", node.traces.as_ref().map(|traces| &traces.folder)),
        ("journals", node.journals.as_ref().map(|journals| &journals.folder)),
        ("the store", node.store.folder.as_ref()),
    ];
    for (name, folder) in folders {
        findings
            .extend(folder.map(|folder| written(format!("{name} in {}", folder.display()), try_folder(folder).err())));
    }
    findings
}

fn module(name: &str, file: &Path) -> Finding {
    let what = format!("handler {name:?}, {}", file.display());
    match File::open(file) {
        Ok(_) => Finding::new(what, Verdict::Fine),
        Err(why) => Finding::wrong(
            what,
            format!("it cannot be read: {why}; build it with `patchcord build`, and name what that wrote"),
        ),
    }
}

/// Puts a file into a folder, which is made if it is not there, and takes it away again.
fn try_folder(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let file = folder.join(format!(".doctor-{}", std::process::id()));
    fs::write(&file, b"")?;
    fs::remove_file(file)
}

fn written(what: String, refused: Option<std::io::Error>) -> Finding {
    match refused {
        None => Finding::new(what, Verdict::Fine),
        Some(why) => Finding::wrong(
            what,
            format!(
                "it cannot be written: {why}; give the user that the node runs as the right to, or name another place"
            ),
        ),
    }
}
