//! linphone's console telephone (Debian linphone-cli 5.1): speaks from a WAV file and writes down what it hears, no sound
//! card involved; commanded line by line on its standard input. What it is told to say about calls it prints at once.

use crate::lab::Lane;
use crate::office::{self, Account, Phone};
use crate::reading;
use crate::transcript::Transcript;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

const RATE: u32 = crate::baresip::RATE;
/// A file at its end falls silent, so it is as long as any call.
const SPEECH_S: usize = 90;
const PATIENCE: Duration = Duration::from_secs(15);
/// Name, samples per second, channels, and whether it is offered. What is not named would be offered; it would record at
/// the rate of the codec.
const CODECS: [(&str, u32, u8, u8); 8] = [
    ("PCMU", 8000, 1, 1),
    ("PCMA", 8000, 1, 1),
    ("opus", 48_000, 2, 0),
    ("speex", 32_000, 1, 0),
    ("speex", 16_000, 1, 0),
    ("speex", 8000, 1, 0),
    ("G729", 8000, 1, 0),
    ("GSM", 8000, 1, 0),
];
/// What it says of its calls when it has none, with its prompt behind.
const IDLE: &str = "No active call.\nlinphonec> ";

/// A running telephone; killed when dropped.
pub struct Telephone {
    process: Child,
    commands: ChildStdin,
    said: Transcript,
    folder: PathBuf,
    domain: String,
    last_call: u32,
}

impl Telephone {
    /// Starts a telephone that speaks `speech` (16 bits, 8000 Hz), over and over, in every call.
    pub fn start(folder: &Path, lane: &Lane, speech: &[i16], account: Option<&Account>) -> Self {
        let spoken = speech.iter().copied().cycle().take(SPEECH_S * RATE as usize);
        let wav = patchcord_media::write_wav(RATE, &spoken.collect::<Vec<_>>());
        let silence = patchcord_media::write_wav(RATE, &vec![0; SPEECH_S * RATE as usize]);
        let home = folder.join(".local/share/linphone");
        std::fs::create_dir_all(&home).expect("the test's folder can be written to");
        std::fs::write(folder.join("speech.wav"), wav).expect("the test's folder can be written to");
        std::fs::write(folder.join("hold.wav"), silence).expect("the test's folder can be written to");
        std::fs::write(folder.join("linphonerc"), settings(lane, account))
            .expect("the test's folder can be written to");
        let errors = std::fs::File::create(folder.join("errors.log")).expect("the test's folder can be written to");
        let mut process = Command::new("linphonec")
            .arg("-c")
            .arg(folder.join("linphonerc"))
            .args(["-d", "5", "-l"])
            .arg(folder.join("linphone.log"))
            .env("HOME", folder)
            .env("XDG_DATA_HOME", folder.join(".local/share"))
            .env("XDG_CONFIG_HOME", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("linphonec can be started");
        let commands = process.stdin.take().expect("its input is a pipe");
        let said = Transcript::of(
            process.stdout.take().expect("its output is a pipe"),
            &folder.join("said.log"),
        );
        let mut telephone = Self {
            process,
            commands,
            said,
            folder: folder.to_owned(),
            domain: account.map_or_else(String::new, |account| account.domain.clone()),
            last_call: 0,
        };
        telephone.command("soundcard use files");
        telephone.said.expect("Using wav files", PATIENCE, folder);
        telephone.play("speech.wav");
        telephone.command(&format!("record {}", folder.join("heard.wav").display()));
        telephone
    }

    /// Calls an address such as `sip:menu@127.0.0.1:5060`. A call that goes on has to be held first.
    pub fn dial(&mut self, address: &str) {
        self.play("speech.wav");
        self.command(&format!("call {address}"));
        self.note_call(&format!("Establishing call id to {address}"));
    }

    /// Its own number for the call it began or answered last.
    pub fn last_call(&self) -> u32 {
        self.last_call
    }

    /// Waits until it has no call at all.
    pub fn wait_idle(&mut self) {
        self.ask_until("calls", |said| said.ends_with(IDLE));
    }

    /// Makes the far ends of two of its calls talk to each other (REFER with Replaces, RFC 3891).
    pub fn join(&mut self, first: u32, second: u32) {
        self.command(&format!("transfer {first} --to-call {second}"));
    }

    /// Ends the telephone and gives all it heard.
    pub fn finish(mut self) -> Vec<i16> {
        self.command("quit");
        let ended = crate::server::wait(&mut self.process, Duration::from_secs(20));
        assert!(ended.is_some(), "linphonec did not end when asked to");
        self.heard()
    }

    fn command(&mut self, line: &str) {
        writeln!(self.commands, "{line}").expect("linphonec takes commands while it runs");
    }

    fn play(&mut self, file: &str) {
        let line = format!("play {}", self.folder.join(file).display());
        self.command(&line);
    }

    /// Asks over and over until the answer is as wanted.
    fn ask_until(&mut self, question: &str, wanted: impl Fn(&str) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !wanted(&self.said.rest()) {
            assert!(
                Instant::now() < end,
                "{}: `{question}` was not answered as wanted: {}",
                self.folder.display(),
                self.said.rest()
            );
            self.command(question);
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    fn expect(&mut self, sign: &str) {
        self.said.expect(sign, PATIENCE, &self.folder);
    }

    fn note_call(&mut self, sign: &str) {
        self.expect(sign);
        self.expect("assigned id ");
        let number = self.said.number(PATIENCE, &self.folder);
        self.last_call = number;
    }
}

impl Phone for Telephone {
    fn wait_registered(&mut self) {
        let end = Instant::now() + PATIENCE;
        let log = self.folder.join("linphone.log");
        // It does not say so on its output, unless it has a default account, which it does not take from its settings.
        while !std::fs::read_to_string(&log).is_ok_and(|text| text.contains("to [LinphoneRegistrationOk]")) {
            assert!(Instant::now() < end, "{}: not registered", log.display());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn call(&mut self, user: &str) {
        let address = format!("sip:{user}@{}", self.domain);
        self.dial(&address);
    }

    fn answer(&mut self) {
        self.note_call("new incoming call");
        self.command(&format!("answer {}", self.last_call));
    }

    fn wait_talking(&mut self) {
        self.expect("Media streams established");
    }

    fn hold(&mut self) {
        // It goes on playing its file to whom it holds.
        self.play("hold.wav");
        self.command("pause");
        self.expect("is now paused");
    }

    fn resume(&mut self) {
        self.play("speech.wav");
        self.command("resume");
    }

    fn transfer(&mut self, user: &str) {
        let address = format!("sip:{user}@{}", self.domain);
        self.command(&format!("transfer {address}"));
    }

    fn hang_up(&mut self) {
        self.command("terminate");
    }

    fn wait_hung_up(&mut self) {
        self.expect(" ended (");
    }

    fn heard(&self) -> Vec<i16> {
        reading::growing_wav(&self.folder.join("heard.wav"))
    }
}

impl Drop for Telephone {
    fn drop(&mut self) {
        // Both fail when `finish` has ended it already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn settings(lane: &Lane, account: Option<&Account>) -> String {
    let sip = lane.sip_ports().start;
    let mut text = format!(
        // Zero switches a transport off; it only opens connections itself then.
        "[sip]\nuse_ipv6=0\nbind_address=127.0.0.1\nsip_port={sip}\nsip_tcp_port={tcp}\nsip_tls_port={tls}\n\
         default_proxy={default}\nmedia_encryption=none\nroot_ca={authority}\n\n\
         [net]\nfirewall_policy=0\n\n[sound]\nechocancellation=0\n\n\
         [rtp]\nbind_address=127.0.0.1\naudio_rtp_port={rtp}-{rtp_end}\naudio_adaptive_jitt_comp_enabled=0\n\n",
        tcp = sip + 2,
        tls = sip + 3,
        default = if account.is_some() { 0 } else { -1 },
        authority = account
            .and_then(|account| account.authority.as_ref())
            .map_or_else(String::new, |path| path.display().to_string()),
        rtp = lane.far_media.start,
        rtp_end = sip - 1,
    );
    for (number, (mime, rate, channels, enabled)) in CODECS.iter().enumerate() {
        writeln!(
            text,
            "[audio_codec_{number}]\nmime={mime}\nrate={rate}\nchannels={channels}\nenabled={enabled}\n"
        )
        .expect("a string takes text");
    }
    if let Some(account) = account {
        let proxy = format!("<sip:{};transport={}>", account.registrar, account.transport.name());
        writeln!(
            text,
            "[proxy_0]\nreg_proxy={proxy}\nreg_route={proxy}\nreg_identity=sip:{user}@{domain}\nreg_expires={every}\n\
             reg_sendregister=1\npublish=0\n\n[auth_info_0]\nusername={user}\npasswd={password}\n",
            user = account.user,
            domain = account.domain,
            password = account.password,
            every = office::EXPIRES_S,
        )
        .expect("a string takes text");
    }
    text
}
