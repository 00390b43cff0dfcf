//! A voice that is a program beside us: espeak-ng, or what takes its arguments. One process for each piece of a text, with
//! limits on memory, CPU time, files and output, without our environment, killed with all it started when it is too late.
//! The text goes in by its standard input, so no list of processes shows it.

use crate::sounds::SOUND_BYTES;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use patchcord_switch::ToSpeak;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// Sets limits (seconds of CPU, KiB of memory, blocks of a file, open files, no core dump) and becomes the program. A shell
/// does it because between fork and exec only unsafe code could. espeak-ng makes a file of 64 MiB in memory for a sound card
/// that it does not use. Whoever plays sound goes before who makes it.
const LIMITED: &str = "ulimit -t 20 && ulimit -v 524288 && ulimit -f 131072 && ulimit -n 32 && ulimit -c 0 && exec nice -n 5 \"$0\" \"$@\"";
/// What the shell ends with if it cannot become the program.
const NOT_RUN: [i32; 2] = [126, 127];
/// Where the length of the sound is in the head of a WAV file, and what stands for one that is not known.
const WAV_LENGTH: std::ops::Range<usize> = 40..44;
const UNKNOWN_LENGTH: [u8; 4] = [0xff; 4];

pub(super) struct Program {
    path: PathBuf,
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

impl Program {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Whether there is such a program, by its path or where programs are.
    pub(super) fn is_there(&self) -> bool {
        let places = std::env::var_os("PATH").unwrap_or_default();
        match self.path.is_absolute() {
            true => self.path.is_file(),
            false => std::env::split_paths(&places).any(|place| place.join(&self.path).is_file()),
        }
    }

    /// The sound file of a piece. Whoever drops the future kills the program.
    pub(super) async fn speak(&self, wanted: &ToSpeak, language: &str) -> Result<Vec<u8>, String> {
        let voice = wanted.voice.as_deref().unwrap_or(language);
        let mut child = self.command(voice).spawn().map_err(|why| {
            let path = self.path.display();
            format!("{path} cannot be started: {why}")
        })?;
        let mut group = Group(child.id().map(|id| Pid::from_raw(id as i32)));
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else {
            return Err("the program that speaks has no pipes".to_owned());
        };
        let text = format!("<speak>{}</speak>", wanted.piece.reveal());
        let write = async move {
            // A program that reads no more says by its end what is wrong.
            let _ = stdin.write_all(text.as_bytes()).await;
        };
        let read = async move {
            let mut file = Vec::new();
            let read = stdout.take(SOUND_BYTES as u64 + 1).read_to_end(&mut file).await;
            read.map(|_| file)
        };
        let ((), file) = tokio::join!(write, read);
        let file = file.map_err(|why| format!("the program that speaks broke off: {why}"))?;
        if file.len() > SOUND_BYTES {
            return Err(format!("its sound is larger than {} MiB", SOUND_BYTES >> 20));
        }
        self.ended_well(&mut child, voice).await?;
        group.0 = None;
        Ok(with_open_end(file))
    }

    fn command(&self, voice: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", LIMITED])
            .arg(&self.path)
            .args(["-v", voice, "-b", "1", "-m", "--stdin", "--stdout"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        command
    }

    async fn ended_well(&self, child: &mut Child, voice: &str) -> Result<(), String> {
        let status = child.wait().await;
        let status = status.map_err(|why| format!("the program that speaks is lost: {why}"))?;
        let name = Path::new(self.path.file_name().unwrap_or(self.path.as_os_str())).display();
        match status.code() {
            Some(0) => Ok(()),
            Some(code) if NOT_RUN.contains(&code) => Err(format!("the program {name} is not there or cannot be run")),
            Some(code) => Err(format!("{name} ended with {code}; is there a voice {voice:?}?")),
            None => Err(format!("{name} was killed; it took more memory or time than it may")),
        }
    }
}

/// A WAV file that was written into a pipe names a length that nobody knew.
fn with_open_end(mut file: Vec<u8>) -> Vec<u8> {
    if file.starts_with(b"RIFF") && file.get(36..40) == Some(b"data") {
        file[WAV_LENGTH].copy_from_slice(&UNKNOWN_LENGTH);
    }
    file
}
