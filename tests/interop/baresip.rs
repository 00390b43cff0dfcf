//! baresip (Debian 1.0) as a telephone without a screen: speaks from a WAV file, presses keys on command, and what it
//! decodes can be read while it does. Debian's build has no module that records through a hold (`sndfile` stops at the
//! first re-INVITE), so its ALSA player writes into a named pipe, and the reader of the pipe is the clock that a sound
//! card would be.

use crate::lab::{self, Lane};
use crate::office::{self, Account, Phone};
use crate::transcript::Transcript;
use rustix::fs::{Mode, OFlags};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Samples per second of what the telephone speaks and hears.
pub const RATE: u32 = 8000;
/// 20 ms of what it hears, 16 bits a sample.
const FRAME_BYTES: usize = 320;
const FRAME: Duration = Duration::from_millis(20);
/// The least that a pipe can hold, 256 ms of sound: what waits there is heard that much later.
const PIPE_BYTES: usize = 4096;
/// The source ends the call when it ends, so it ends in silence longer than any call.
const SILENCE_S: usize = 90;
const PATIENCE: Duration = Duration::from_secs(15);

/// How a telephone is set up beside its account.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Its codecs in order, with clock and channels, between commas.
    pub codecs: &'static str,
    /// How it encrypts its sound: a name of baresip's such as `srtp-mand`.
    pub encryption: Option<&'static str>,
    /// How much sound it asks for in a packet, in ms; none: 20.
    pub ptime_ms: Option<u16>,
    /// The user of its domain in its list of contacts, whose presence it subscribes to.
    pub watches: Option<&'static str>,
}

impl Default for Manner {
    /// G.711 in the clear.
    fn default() -> Self {
        Self {
            codecs: "PCMU/8000,PCMA/8000",
            encryption: None,
            ptime_ms: None,
            watches: None,
        }
    }
}

/// A running telephone; killed when dropped.
pub struct Telephone {
    process: Child,
    control: TcpStream,
    folder: PathBuf,
    events: Transcript,
    heard: Arc<Mutex<Vec<i16>>>,
    account: Option<Account>,
}

impl Telephone {
    /// Starts a telephone that belongs nowhere and speaks `speech` (16 bits, 8000 Hz) once in every call.
    pub fn start(folder: &Path, lane: &Lane, speech: &[i16]) -> Self {
        Self::with(folder, lane, speech, None, Manner::default())
    }

    /// Starts a telephone that registers and takes one call at a time by itself.
    pub fn registered(folder: &Path, lane: &Lane, speech: &[i16], account: &Account) -> Self {
        Self::with(folder, lane, speech, Some(account), Manner::default())
    }

    /// Starts a telephone of either kind in this manner.
    pub fn with(folder: &Path, lane: &Lane, speech: &[i16], account: Option<&Account>, manner: Manner) -> Self {
        let port = lab::free_port();
        let line = account_line(account, manner);
        write_files(folder, lane, port, speech, (account, &line, manner.watches));
        let pipe = folder.join("heard.fifo");
        lab::run(Command::new("mkfifo").arg(&pipe));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::downgrade(&heard);
        let ear = ear(&pipe);
        std::thread::spawn(move || hear(ear, &into));
        let log = File::create(folder.join("baresip.log")).expect("the test's folder can be written to");
        let process = Command::new("baresip")
            .arg("-f")
            .arg(folder)
            .arg("-v")
            .arg("-s")
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
        let reader = control.try_clone().expect("a socket can be read and written by two");
        Self {
            process,
            control,
            folder: folder.to_owned(),
            events: Transcript::of(reader, &folder.join("events.log")),
            heard,
            account: account.cloned(),
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

    /// Waits for the next event of the telephone such as `CALL_ESTABLISHED`; fails when it does not come.
    pub fn expect(&mut self, event: &str, patience: Duration) {
        let sign = format!("\"type\":\"{event}\"");
        self.events.expect(&sign, patience, &self.folder);
    }

    /// All it wrote so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.join("baresip.log")).expect("it writes one");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Ends the telephone and gives all it heard, silence before and between calls included.
    pub fn finish(mut self) -> Vec<i16> {
        self.command("quit", "");
        let ended = crate::server::wait(&mut self.process, Duration::from_secs(10));
        assert!(ended.is_some(), "baresip did not end when asked to");
        let heard = self.heard();
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

    fn address(&self, user: &str) -> String {
        let account = self.account.as_ref().expect("a registered telephone calls users");
        format!("sip:{user}@{}", account.domain)
    }
}

impl Phone for Telephone {
    fn wait_registered(&mut self) {
        // The event may have come before anybody listened, so it is asked for.
        let end = Instant::now() + PATIENCE;
        while !self.events.rest().contains("[32mOK") {
            assert!(
                Instant::now() < end,
                "{}: not registered; it said: {}",
                self.folder.display(),
                self.events.rest()
            );
            self.command("reginfo", "");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn call(&mut self, user: &str) {
        let address = self.address(user);
        self.dial(&address);
    }

    fn answer(&mut self) {
        self.expect("CALL_INCOMING", PATIENCE);
        self.command("accept", "");
    }

    fn wait_talking(&mut self) {
        self.expect("CALL_ESTABLISHED", PATIENCE);
    }

    fn hold(&mut self) {
        self.command("hold", "");
    }

    fn resume(&mut self) {
        self.command("resume", "");
    }

    fn transfer(&mut self, user: &str) {
        let address = self.address(user);
        self.command("transfer", &address);
    }

    fn hang_up(&mut self) {
        self.command("hangup", "");
    }

    fn wait_hung_up(&mut self) {
        self.expect("CALL_CLOSED", PATIENCE);
    }

    fn heard(&self) -> Vec<i16> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
            return stream;
        }
        assert!(Instant::now() < end, "baresip opened no control port");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The reading end of the pipe, made small before anybody can write: a pipe in use keeps its 64 kB, and everything would be
/// heard 4 s late.
fn ear(pipe: &Path) -> File {
    // Without NONBLOCK the pipe opens only when somebody writes.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(pipe, flags, Mode::empty()).expect("the pipe was just made");
    rustix::pipe::fcntl_setpipe_size(&file, PIPE_BYTES).expect("a new pipe can be made small");
    rustix::fs::fcntl_setfl(&file, OFlags::empty()).expect("reading can wait for the writer");
    file.into()
}

/// Reads the pipe at the speed of a sound card, for as long as anybody wants to know.
fn hear(mut file: File, heard: &Weak<Mutex<Vec<i16>>>) {
    let mut frame = [0; FRAME_BYTES];
    let mut due = Instant::now();
    while let Some(heard) = heard.upgrade() {
        if file.read_exact(&mut frame).is_ok() {
            let samples = frame.as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes));
            heard.lock().unwrap_or_else(PoisonError::into_inner).extend(samples);
        }
        // Between two calls nobody writes, and the clock begins anew.
        due = due.max(Instant::now() - FRAME) + FRAME;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

fn write_files(
    folder: &Path,
    lane: &Lane,
    control_port: u16,
    speech: &[i16],
    (account, line, watches): (Option<&Account>, &str, Option<&str>),
) {
    let mut source = speech.to_vec();
    source.resize(speech.len() + SILENCE_S * RATE as usize, 0);
    let here = folder.display();
    let alsa = format!(
        "pcm.heard {{\n  type file\n  file \"{here}/heard.fifo\"\n  format raw\n  slave.pcm \"nothing\"\n}}\n\
         pcm.nothing {{\n  type null\n}}\n"
    );
    let wav = patchcord_media::write_wav(RATE, &source);
    let files = [
        (
            "config",
            config(folder, lane, control_port, (account, watches)).into_bytes(),
        ),
        ("asound.conf", alsa.into_bytes()),
        ("accounts", line.as_bytes().to_vec()),
        ("contacts", contacts(account, watches).into_bytes()),
        ("speech.wav", wav),
    ];
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).expect("the test's folder can be written to");
    }
}

/// Its list of contacts.
fn contacts(account: Option<&Account>, watches: Option<&str>) -> String {
    account.zip(watches).map_or_else(String::new, |(account, name)| {
        format!("\"{name}\" <sip:{name}@{}>;presence=p2p\n", account.domain)
    })
}

fn config(
    folder: &Path,
    lane: &Lane,
    control_port: u16,
    (account, watches): (Option<&Account>, Option<&str>),
) -> String {
    let here = folder.display();
    let mut config = String::new();
    let settings = [
        // It listens for TLS at the next port.
        ("sip_listen", format!("127.0.0.1:{}", lane.sip_ports().start)),
        // Else it offers the address of the machine as soon as it offers again.
        ("net_interface", "127.0.0.1".to_owned()),
        ("audio_source", format!("aufile,{here}/speech.wav")),
        ("audio_player", "alsa,heard".to_owned()),
        ("audio_alert", "aubridge,nowhere".to_owned()),
        // Its ring tones would go to the same player and be heard as part of the call.
        ("audio_path", format!("{here}/no_ring_tones")),
        ("ausrc_srate", RATE.to_string()),
        ("auplay_srate", RATE.to_string()),
        ("ausrc_channels", "1".to_owned()),
        ("auplay_channels", "1".to_owned()),
        // A pipe takes bytes by the page: what is heard waits longer than that before it is played.
        ("audio_buffer", "500-2000".to_owned()),
        (
            "rtp_ports",
            format!("{}-{}", lane.far_media.start, lane.sip_ports().start - 1),
        ),
        ("rtp_stats", "yes".to_owned()),
        ("module_path", module_folder()),
        ("ctrl_tcp_listen", format!("127.0.0.1:{control_port}")),
    ];
    for (key, value) in settings {
        writeln!(config, "{key} {value}").expect("a string takes text");
    }
    if let Some(authority) = account.and_then(|account| account.authority.as_ref()) {
        writeln!(config, "sip_cafile {}", authority.display()).expect("a string takes text");
    }
    for module in ["g711", "g722", "opus", "l16", "srtp", "aufile", "alsa", "aubridge"] {
        writeln!(config, "module {module}.so").expect("a string takes text");
    }
    if watches.is_some() {
        config.push_str("module_app contact.so\nmodule_app presence.so\n");
    }
    config + "module_tmp uuid.so\nmodule_tmp account.so\nmodule_app ctrl_tcp.so\nmodule_app menu.so\n"
}

fn account_line(account: Option<&Account>, manner: Manner) -> String {
    let encryption = manner
        .encryption
        .map_or(String::new(), |name| format!(";mediaenc={name}"));
    let ptime = manner.ptime_ms.map_or(String::new(), |ms| format!(";ptime={ms}"));
    let codecs = format!("audio_codecs={}{encryption}{ptime}", manner.codecs);
    match account {
        None => format!("<sip:telephone@127.0.0.1>;regint=0;{codecs}\n"),
        Some(account) => format!(
            "<sip:{user}@{domain}>;auth_user={user};auth_pass={password};outbound=\"sip:{registrar};transport={transport}\";\
             regint={every};{codecs}\n",
            user = account.user,
            domain = account.domain,
            password = account.password,
            registrar = account.registrar,
            transport = account.transport.name(),
            every = office::EXPIRES_S,
        ),
    }
}

fn module_folder() -> String {
    let known = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"];
    let found = known.iter().find(|folder| Path::new(folder).is_dir());
    (*found.expect("baresip's modules are where Debian puts them: run `make setup`")).to_owned()
}
