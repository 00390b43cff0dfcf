//! `patchcord new`: a handler's folder that compiles at once.

use super::embedded::{self, File};
use super::project;
use super::terminal::Paint;
use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Makes a handler's folder: code, prompts, scenarios, and the SDK, so that it compiles at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Afterwards: cd <name> && patchcord dev")]
pub(crate) struct Options {
    /// Name of the handler and its folder: small letters, digits, hyphens
    name: String,
    /// What to start from
    #[arg(long, value_enum, default_value_t = Template::Menu)]
    template: Template,
}

/// The examples a project can start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Template {
    /// A prompt with three choices, wrong keys and time-outs
    Menu,
    /// Answers, plays a tone, hangs up
    Hello,
}

impl Template {
    fn files(self) -> &'static [File] {
        match self {
            Template::Menu => embedded::MENU,
            Template::Hello => embedded::HELLO,
        }
    }

    fn about(self) -> &'static str {
        match self {
            Template::Menu => {
                "A menu: the caller hears a prompt and chooses by key; a wrong key or none at all is asked again."
            }
            Template::Hello => "The smallest call: answer, play a tone, hang up.",
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    project::check_name(&options.name)?;
    let dir = PathBuf::from(&options.name);
    write_project(&dir, &options.name, options.template)?;
    print!("{}", farewell(&options.name, Paint::stdout()));
    Ok(ExitCode::SUCCESS)
}

/// Writes into a folder that must not exist yet. What was begun is taken back if something goes wrong.
fn write_project(dir: &Path, name: &str, template: Template) -> Result<()> {
    ensure!(
        fs::symlink_metadata(dir).is_err(),
        "{} exists already and stays as it is; choose another name, or remove it",
        dir.display()
    );
    fs::create_dir(dir).with_context(|| format!("the folder {} cannot be made", dir.display()))?;
    let written = write_files(dir, name, template);
    if written.is_err() {
        // The first error is what counts; a rest that cannot be removed is named by it too.
        let _ = fs::remove_dir_all(dir);
    }
    written
}

fn write_files(dir: &Path, name: &str, template: Template) -> Result<()> {
    for (path, text) in [
        ("Cargo.toml", include_str!("../../templates/Cargo.toml.txt")),
        ("README.md", include_str!("../../templates/README.md.txt")),
        (".gitignore", include_str!("../../templates/gitignore.txt")),
    ] {
        write(dir, path, fill(text, name, template).as_bytes())?;
    }
    for file in template.files() {
        write(dir, file.path, file.bytes)?;
    }
    for file in embedded::SDK {
        write(&dir.join(".patchcord/sdk"), file.path, file.bytes)?;
    }
    Ok(())
}

fn fill(text: &str, name: &str, template: Template) -> String {
    text.replace("{{name}}", name).replace("{{about}}", template.about())
}

fn write(dir: &Path, inside: &str, bytes: &[u8]) -> Result<()> {
    let path = dir.join(inside);
    let folder = path.parent().expect("a file within a folder has a parent");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, bytes))
        .with_context(|| format!("{} cannot be written", path.display()))
}

fn farewell(name: &str, paint: Paint) -> String {
    format!(
        "{} {name}/\n\n\
         Next:\n  \
         cd {name}\n  \
         patchcord dev     {}\n  \
         patchcord call sip:{name}@127.0.0.1:5060 --keys 1   {}\n\n\
         The handler is src/lib.rs, what it plays is in prompts/.\n",
        paint.green("made"),
        paint.dim("# builds it, answers calls, builds again when you save"),
        paint.dim("# in a second terminal: a telephone"),
    )
}

#[cfg(test)]
mod tests;
