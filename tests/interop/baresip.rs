//! baresip (Debian 1.0) as a telephone without a screen: speaks from a WAV file, presses keys on command, and what it
//! decodes can be read afterwards. Debian's build has no module that records, so its ALSA player writes into a named
//! pipe, and the reader of the pipe is the clock that a sound card would be.

use crate::lab::{self, Lane};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Samples per second of what the telephone speaks and hears.
pub const RATE: u32 = 8000;
/// 20 ms of what it hears, 16 bits a sample.
const FRAME_BYTES: usize = 320;
const FRAME: Duration = Duration::from_millis(20);
/// A call is never longer in these tests.
const HEARD_MAX: Duration = Duration::from_secs(90);
/// The source ends the call when it ends, so it ends in silence longer than any call.
const SILENCE_S: usize = 90;

/// A running telephone; killed when dropped.
pub struct Telephone {
    process: Child,
    control: TcpStream,
    folder: PathBuf,
    reader: Option<JoinHandle<Vec<i16>>>,
    said: String,
}

impl Telephone {
    /// Starts a telephone that speaks `speech` (16 bits, 8000 Hz) once in every call.
    pub fn start(folder: &Path, lane: &Lane, speech: &[i16]) -> Self {
        let port = lab::free_port();
        write_files(folder, lane, port, speech);
        let heard = folder.join("heard.fifo");
        lab::run(Command::new("mkfifo").arg(&heard));
        let reader = std::thread::spawn(move || hear(&heard));
        let log = std::fs::File::create(folder.join("baresip.log")).expect("the test's folder can be written to");
        let process = Command::new("baresip")
            .arg("-f")
            .arg(folder)
            .arg("-v")
            .env("ALSA_CONFIG_PATH", folder.join("asound.conf"))
            .stdin(Stdio::null())
            .stdout(
                log.try_clone()
                    .expect("a file can be shared by both outputs of a process"),
            )
            .stderr(log)
            .spawn()
            .expect("baresip can be started");
        let control = connect(SocketAddr::from(([127, 0, 0, 1], port)));
        Self {
            process,
            control,
            folder: folder.to_owned(),
            reader: Some(reader),
            said: String::new(),
        }
    }

    /// Calls an address such as `sip:menu@127.0.0.1:5060`.
    pub fn dial(&mut self, address: &str) {
        self.command("dial", address);
    }

    /// Presses one key (RFC 4733).
    pub fn press(&mut self, key: char) {
        self.command("sndcode", &key.to_string());
    }

    /// Waits for an event of the telephone such as `CALL_ESTABLISHED`; fails when it does not come.
    pub fn expect(&mut self, event: &str, patience: Duration) {
        let end = Instant::now() + patience;
        let sign = format!("\"type\":\"{event}\"");
        while !self.said.contains(&sign) {
            assert!(
                Instant::now() < end,
                "no {event} within {patience:?}; the telephone said: {}",
                self.said
            );
            self.listen();
        }
    }

    /// Ends the telephone and gives all it heard, silence before and between calls included.
    pub fn finish(mut self) -> Vec<i16> {
        self.command("quit", "");
        let ended = crate::server::wait(&mut self.process, Duration::from_secs(10));
        assert!(ended.is_some(), "baresip did not end when asked to");
        let reader = self.reader.take().expect("the reader is taken once, here");
        let heard = reader.join().expect("the reader of the pipe does not fail");
        let wav = patchcord_media::write_wav(RATE, &heard);
        std::fs::write(self.folder.join("heard.wav"), wav).expect("the test's folder can be written to");
        heard
    }

    fn command(&mut self, command: &str, parameter: &str) {
        let json = serde_json::json!({ "command": command, "params": parameter, "token": command }).to_string();
        let netstring = format!("{}:{json},", json.len());
        self.control
            .write_all(netstring.as_bytes())
            .expect("baresip takes commands while it runs");
    }

    fn listen(&mut self) {
        let mut bytes = [0; 4096];
        // A time-out only means that it has nothing to say.
        if let Ok(count) = self.control.read(&mut bytes) {
            self.said.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    }
}

impl Drop for Telephone {
    fn drop(&mut self) {
        // Both fail when `finish` has ended it already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        if let Ok(stream) = TcpStream::connect(address) {
            stream
                .set_read_timeout(Some(Duration::from_millis(100)))
                .expect("a time-out above zero is accepted");
            return stream;
        }
        assert!(Instant::now() < end, "baresip opened no control port");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Reads the pipe at the speed of a sound card until the writer closes it.
fn hear(pipe: &Path) -> Vec<i16> {
    let mut file = std::fs::File::open(pipe).expect("the pipe was just made");
    let mut heard = Vec::new();
    let mut frame = [0; FRAME_BYTES];
    let start = Instant::now();
    let mut frames = 0_u32;
    while start.elapsed() < HEARD_MAX && file.read_exact(&mut frame).is_ok() {
        heard.extend(frame.as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes)));
        frames += 1;
        let due = start + FRAME * frames;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    heard
}

fn write_files(folder: &Path, lane: &Lane, control_port: u16, speech: &[i16]) {
    let mut source = speech.to_vec();
    source.resize(speech.len() + SILENCE_S * RATE as usize, 0);
    let here = folder.display();
    let mut config = String::new();
    let settings = [
        ("sip_listen", format!("127.0.0.1:{}", lab::free_port())),
        ("audio_source", format!("aufile,{here}/speech.wav")),
        ("audio_player", "alsa,heard".to_owned()),
        ("audio_alert", "aubridge,nowhere".to_owned()),
        // Its ring tones would go to the same player and be heard as part of the call.
        ("audio_path", format!("{here}/no_ring_tones")),
        ("ausrc_srate", RATE.to_string()),
        ("auplay_srate", RATE.to_string()),
        ("ausrc_channels", "1".to_owned()),
        ("auplay_channels", "1".to_owned()),
        // A pipe takes bytes by the page, 256 ms at once: what is heard waits longer than that before it is played.
        ("audio_buffer", "500-2000".to_owned()),
        (
            "rtp_ports",
            format!("{}-{}", lane.far_media.start, lane.far_media.end - 1),
        ),
        ("module_path", module_folder()),
        ("ctrl_tcp_listen", format!("127.0.0.1:{control_port}")),
    ];
    for (key, value) in settings {
        writeln!(config, "{key} {value}").expect("a string takes text");
    }
    for module in ["g711", "aufile", "alsa", "aubridge"] {
        writeln!(config, "module {module}.so").expect("a string takes text");
    }
    config += "module_tmp uuid.so\nmodule_tmp account.so\nmodule_app ctrl_tcp.so\nmodule_app menu.so\n";
    let alsa = format!(
        "pcm.heard {{\n  type file\n  file \"{here}/heard.fifo\"\n  format raw\n  slave.pcm \"nothing\"\n}}\n\
         pcm.nothing {{\n  type null\n}}\n"
    );
    let account = "<sip:telephone@127.0.0.1>;regint=0;audio_codecs=PCMU/8000,PCMA/8000\n";
    let wav = patchcord_media::write_wav(RATE, &source);
    let files: [(&str, &[u8]); 5] = [
        ("config", config.as_bytes()),
        ("asound.conf", alsa.as_bytes()),
        ("accounts", account.as_bytes()),
        ("contacts", b""),
        ("speech.wav", &wav),
    ];
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).expect("the test's folder can be written to");
    }
}

fn module_folder() -> String {
    let known = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"];
    let found = known.iter().find(|folder| Path::new(folder).is_dir());
    (*found.expect("baresip's modules are where Debian puts them: run `make setup`")).to_owned()
}
