//! Programs beside us: one process for each piece of work, with limits on memory, CPU time, files and output, without our
//! environment, killed with all it started when it is too late. Not here: what a program is for.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// Sets limits (seconds of CPU, KiB of memory, blocks of a file, open files, no core dump) and becomes the program. A shell
/// does it because between fork and exec only unsafe code could. espeak-ng makes a file of 64 MiB in memory for a sound card
/// that it does not use. Whoever plays sound goes before who makes it.
const LIMITED: &str = "ulimit -t 20 && ulimit -v 524288 && ulimit -f 131072 && ulimit -n 32 && ulimit -c 0 && exec nice -n 5 \"$0\" \"$@\"";
/// What the shell ends with if it cannot become the program.
const NOT_RUN: [i32; 2] = [126, 127];

/// A program by its path, or by its name where programs are.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    path: PathBuf,
    /// What it does, as in "the program that speaks".
    does: &'static str,
}

/// What goes into a program.
pub(crate) enum Stdin {
    /// Through a pipe.
    Bytes(Vec<u8>),
    /// A file it may read from any place.
    File(File),
}

/// A process and all it started; killed unless it has ended.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0.take() {
            // It may have ended a moment ago.
            let _ = killpg(leader, Signal::SIGKILL);
        }
    }
}

impl Beside {
    pub(crate) fn new(path: PathBuf, does: &'static str) -> Self {
        Self { path, does }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is such a program, by its path or where programs are.
    pub(crate) fn is_there(&self) -> bool {
        let places = std::env::var_os("PATH").unwrap_or_default();
        match self.path.is_absolute() {
            true => self.path.is_file(),
            false => std::env::split_paths(&places).any(|place| place.join(&self.path).is_file()),
        }
    }

    /// Runs it and gives its output, at most so many bytes. Whoever drops the future kills the program. `hint` says what a
    /// failure of its own may mean.
    ///
    /// # Errors
    /// What went wrong, for a person to read; nothing of what went in.
    pub(crate) async fn run(
        &self,
        args: &[OsString],
        stdin: Stdin,
        most: usize,
        hint: &str,
    ) -> Result<Vec<u8>, String> {
        let (bytes, stdin) = match stdin {
            Stdin::Bytes(bytes) => (Some(bytes), Stdio::piped()),
            Stdin::File(file) => (None, Stdio::from(file)),
        };
        let mut child = self.command(args, stdin).spawn().map_err(|why| {
            let path = self.path.display();
            format!("{path} cannot be started: {why}")
        })?;
        let mut group = Group(child.id().map(|id| Pid::from_raw(id as i32)));
        let pipe = child.stdin.take();
        let Some(stdout) = child.stdout.take() else {
            return Err(format!("the program that {} has no pipes", self.does));
        };
        let write = async move {
            if let (Some(mut pipe), Some(bytes)) = (pipe, bytes) {
                // A program that reads no more says by its end what is wrong.
                let _ = pipe.write_all(&bytes).await;
            }
        };
        let read = async move {
            let mut output = Vec::new();
            let read = stdout.take(most as u64 + 1).read_to_end(&mut output).await;
            read.map(|_| output)
        };
        let ((), output) = tokio::join!(write, read);
        let output = output.map_err(|why| format!("the program that {} broke off: {why}", self.does))?;
        if output.len() > most {
            return Err(format!("what it gives is larger than {} KiB", most >> 10));
        }
        let status = child.wait().await;
        let status = status.map_err(|why| format!("the program that {} is lost: {why}", self.does))?;
        self.ended_well(status.code(), hint)?;
        group.0 = None;
        Ok(output)
    }

    fn command(&self, args: &[OsString], stdin: Stdio) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", LIMITED])
            .arg(&self.path)
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir("/")
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        command
    }

    fn ended_well(&self, code: Option<i32>, hint: &str) -> Result<(), String> {
        let name = Path::new(self.path.file_name().unwrap_or(self.path.as_os_str())).display();
        match code {
            Some(0) => Ok(()),
            Some(code) if NOT_RUN.contains(&code) => Err(format!("the program {name} is not there or cannot be run")),
            Some(code) => Err(format!("{name} ended with {code}; {hint}")),
            None => Err(format!("{name} was killed; it took more memory or time than it may")),
        }
    }
}
