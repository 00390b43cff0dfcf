//! A handler's folder as the command line sees it: its name, its prompts and its scenarios. Nothing is built here.

use anyhow::{Context, Result, bail, ensure};
use patchcord_sim::scenario::Rules;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Names a project may not have: crates that every handler sees.
const TAKEN_NAMES: &[&str] = &["patchcord", "core", "std", "alloc", "test", "proc-macro"];
/// The longest name of a project, in bytes.
const MAX_NAME_BYTES: usize = 64;
/// How deep folders below `prompts/` may nest; deeper ones are an error, a link in a circle for instance.
const MAX_PROMPT_DEPTH: usize = 8;
/// The most files below `prompts/`; one more is an error.
const MAX_PROMPTS: usize = 10_000;

/// A handler's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Project {
    /// The folder as it was given.
    pub(crate) dir: PathBuf,
    /// The package's name: also the handler's and the module file's.
    pub(crate) name: String,
}

impl Project {
    /// Reads the folder's manifest.
    pub(crate) fn open(dir: &Path) -> Result<Project> {
        let manifest = dir.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).with_context(|| {
            format!(
                "there is no handler in {}: its Cargo.toml cannot be read; name a handler's folder, or make one with \
                 `patchcord new <name>`",
                dir.display()
            )
        })?;
        let name =
            package_name(&text).with_context(|| format!("{} is not a handler's manifest", manifest.display()))?;
        let dir = dir.to_owned();
        Ok(Project { dir, name })
    }

    /// Where the finished module goes.
    pub(crate) fn module_path(&self) -> PathBuf {
        self.dir.join("target/patchcord").join(format!("{}.wasm", self.name))
    }

    /// The files below `prompts/`: name with `/` as handlers use it, and bytes, sorted by name. None if there is no such folder.
    pub(crate) fn prompts(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut prompts = Vec::new();
        let folder = self.dir.join("prompts");
        if folder.is_dir() {
            collect(&folder, "", 0, &mut prompts)?;
        }
        prompts.sort();
        Ok(prompts)
    }

    /// What must hold in every scenario, as `rules.toml` says; nothing beside what always must without that file.
    pub(crate) fn rules(&self) -> Result<Rules> {
        let file = self.dir.join("rules.toml");
        match fs::read_to_string(&file) {
            Ok(text) => Ok(Rules::parse(&file.display().to_string(), &text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Rules::default()),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
        }
    }

    /// The file of a scenario.
    pub(crate) fn scenario_path(&self, name: &str) -> PathBuf {
        self.dir.join("scenarios").join(format!("{name}.toml"))
    }

    /// The scenario files, sorted.
    pub(crate) fn scenarios(&self) -> Result<Vec<PathBuf>> {
        let folder = self.dir.join("scenarios");
        let entries = fs::read_dir(&folder).with_context(|| {
            format!(
                "{} has no scenarios: its folder scenarios/ cannot be read; describe a call in scenarios/first.toml",
                self.dir.display()
            )
        })?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry
                .with_context(|| format!("{} cannot be listed", folder.display()))?
                .path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
        ensure!(
            !files.is_empty(),
            "{} holds no .toml file; describe a call in scenarios/first.toml",
            folder.display()
        );
        files.sort();
        Ok(files)
    }
}

/// Whether `name` can be a project's, and if not, why.
pub(crate) fn check_name(name: &str) -> Result<()> {
    const RIGHT: &str = "use small letters, digits and hyphens, a letter first, for instance support-line";
    let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    ensure!(!name.is_empty(), "the name is empty; {RIGHT}");
    ensure!(
        name.len() <= MAX_NAME_BYTES,
        "the name has {} characters and may have {MAX_NAME_BYTES}; choose a shorter one",
        name.len()
    );
    if let Some(wrong) = name.chars().find(|c| !small(*c)) {
        bail!("the name {name:?} contains {wrong:?}; {RIGHT}");
    }
    ensure!(
        name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-'),
        "the name {name:?} does not begin with a letter or ends with a hyphen; {RIGHT}"
    );
    ensure!(
        !TAKEN_NAMES.contains(&name),
        "the name {name:?} belongs to a crate that every handler sees; choose another one"
    );
    Ok(())
}

fn package_name(manifest: &str) -> Result<String> {
    let table: toml::Table = manifest.parse()?;
    let name = table
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str);
    let name =
        name.context("it has no `name` under [package]; a workspace is not a handler, name one of its members")?;
    Ok(name.to_owned())
}

fn collect(folder: &Path, prefix: &str, depth: usize, prompts: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    ensure!(
        depth < MAX_PROMPT_DEPTH,
        "{} lies more than {MAX_PROMPT_DEPTH} folders below prompts/; move it up, or remove the link that goes in a circle",
        folder.display()
    );
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be listed", folder.display()))?;
    for entry in entries {
        let path = entry
            .with_context(|| format!("{} cannot be listed", folder.display()))?
            .path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.with_context(|| format!("the name of {} is not UTF-8; rename the file", path.display()))?;
        if name.starts_with('.') {
            continue;
        }
        let inside = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{inside}/"), depth + 1, prompts)?;
        } else {
            ensure!(
                prompts.len() < MAX_PROMPTS,
                "{} holds more than {MAX_PROMPTS} files; keep only what the handler plays",
                folder.display()
            );
            let bytes = fs::read(&path).with_context(|| format!("the prompt {} cannot be read", path.display()))?;
            prompts.push((inside, bytes));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
