//! The repository as the rules see it: every text file that would be committed, read once. Not a build: manifests and
//! sources are text here; only [`dependencies_of`] asks cargo.

use super::rules::{Finding, is_test_path};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders that hold nothing of ours.
const SKIPPED_FOLDERS: &[&str] = &["target", ".git", "out", "node_modules"];
/// Endings of files that are text by our own hand.
const TEXT_ENDINGS: &[&str] = &[
    "rs", "toml", "md", "wit", "sh", "xml", "yml", "yaml", "json", "js", "ts", "py", "html", "css", "lock", "Makefile",
    "run",
];
/// Guards against walking into something that is not the repository.
const FILES_MAX: usize = 20_000;

/// One text file, its path relative to the repository with `/` between the parts.
pub struct File {
    pub path: String,
    pub text: String,
}

/// All text files, sorted by path.
pub struct Tree {
    files: Vec<File>,
}

impl Tree {
    /// Reads the repository this test was built from.
    pub fn read() -> Self {
        let root = root();
        let mut files = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder)
                .expect("a folder of the repository can be listed")
                .flatten()
            {
                let path = entry.path();
                let name = entry.file_name().to_string_lossy().into_owned();
                let kind = entry.file_type().expect("the kind of a listed file is known");
                if kind.is_dir() && !SKIPPED_FOLDERS.contains(&name.as_str()) {
                    folders.push(path);
                } else if kind.is_file() && TEXT_ENDINGS.iter().any(|ending| has_ending(&name, ending)) {
                    files.extend(read(&root, &path));
                }
            }
            assert!(
                files.len() < FILES_MAX,
                "more than {FILES_MAX} files: a build folder outside SKIPPED_FOLDERS?"
            );
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        assert!(files.len() > 20, "the repository was not found at {}", root.display());
        Self { files }
    }

    /// Every text file.
    pub fn text(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// Every Rust file.
    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// Every Rust file that is not a test.
    pub fn production(&self) -> impl Iterator<Item = &File> {
        self.rust().filter(|file| !is_test_path(&file.path))
    }

    /// The file at `path`, if it is there.
    pub fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The file at `path`, which has to be there.
    pub fn file(&self, path: &str) -> &File {
        self.find(path).unwrap_or_else(|| panic!("{path} is missing"))
    }

    /// Runs a checker over files and fails with all findings at once.
    pub fn check<'a>(&self, files: impl IntoIterator<Item = &'a File>, checker: impl Fn(&File) -> Vec<Finding>) {
        let mut report = String::new();
        for file in files {
            for finding in checker(file) {
                report += &format!("\n{}:{}: {}", file.path, finding.line, finding.what);
            }
        }
        assert!(report.is_empty(), "{report}\n");
    }

    /// Fails with findings that belong to no single file.
    pub fn report(&self, subject: &str, findings: &[Finding]) {
        let lines: String = findings
            .iter()
            .map(|finding| format!("\n{subject}: {}", finding.what))
            .collect();
        assert!(lines.is_empty(), "{lines}\n");
    }

    /// Folders with a manifest directly below `parent`, such as `examples/menu` below `examples/`.
    pub fn packages_below(&self, parent: &str) -> Vec<String> {
        let is_below = |folder: &&str| folder.strip_prefix(parent).is_some_and(|name| !name.contains('/'));
        let manifests = self
            .files
            .iter()
            .filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
        manifests.filter(is_below).map(str::to_owned).collect()
    }

    /// The SHA-256 of the chosen files one after the other in the order of their paths, in hexadecimal.
    pub fn sha256(&self, chosen: impl Fn(&File) -> bool) -> String {
        let mut hash = Sha256::new();
        for file in self.files.iter().filter(|file| chosen(file)) {
            hash.update(file.text.as_bytes());
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Names of all crates that `package` needs to run or to be built, from cargo's own answer.
pub fn dependencies_of(package: &str) -> Vec<String> {
    let arguments = [
        "tree",
        "-p",
        package,
        "-e",
        "normal,build",
        "--prefix",
        "none",
        "--offline",
    ];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output();
    let output = output.expect("cargo, which runs this test, can be started");
    assert!(
        output.status.success(),
        "cargo tree -p {package}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("tests/ stands in the repository").to_owned()
}

fn has_ending(name: &str, ending: &str) -> bool {
    name == ending || name.rsplit_once('.').is_some_and(|(_, last)| last == ending)
}

/// `None` for a file that vanished since it was listed or is not UTF-8.
fn read(root: &Path, path: &Path) -> Option<File> {
    let text = std::fs::read_to_string(path).ok()?;
    let relative = path.strip_prefix(root).expect("only files below the root were listed");
    Some(File {
        path: relative.to_string_lossy().replace('\\', "/"),
        text,
    })
}
