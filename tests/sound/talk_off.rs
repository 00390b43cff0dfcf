//! Talk-off: speech in many languages and voices by espeak-ng, in which no key may be heard. Two minutes by default;
//! `PATCHCORD_TALK_OFF_MINUTES=60` makes it the hour that counts.

use patchcord_media::dtmf::{ToneDetector, ToneGenerator};
use patchcord_media::{Clip, FRAME_SAMPLES, KeyPress, Law, g711, measure};
use std::path::PathBuf;
use std::process::Command;

/// Voices, pitches and speeds, by turns.
const VARIANTS: [&str; 12] = [
    "", "+f1", "+m1", "+f2", "+m3", "+f4", "+m7", "+f5", "+croak", "+whisper", "+m5", "+f3",
];
const PITCHES: [&str; 5] = ["50", "25", "75", "95", "5"];
const SPEEDS: [&str; 3] = ["160", "120", "220"];
/// Peaks of the speech below full scale, in dB.
const LEVELS_DB: [f64; 4] = [-3.0, -10.0, -20.0, 0.0];

/// What is read aloud: how people speak on the telephone, digits above all.
const TEXTS: [(&str, &str); 12] = [
    (
        "en-us",
        "Hello, this is Anna speaking. My number is one two three, four five six, seven eight nine, zero. Please call me back before eleven o'clock. We would like to order twenty-three boxes, and I am calling about the invoice number eight eight one four. All human beings are born free and equal in dignity and rights. Oooh, yes! Mmm, well, ehm, let me see.",
    ),
    (
        "en-gb",
        "Good morning, you are through to the sales department. If you know the extension of the person you wish to speak to, please enter it now, followed by the hash key. Otherwise, hold the line. They are endowed with reason and conscience and should act towards one another in a spirit of brotherhood.",
    ),
    (
        "de",
        "Guten Tag, hier spricht Frau Müller. Meine Nummer ist null drei null, vierundzwanzig, siebenunddreißig. Bitte rufen Sie zurück. Alle Menschen sind frei und gleich an Würde und Rechten geboren. Tschüss, bis übermorgen um viertel nach neun.",
    ),
    (
        "fr",
        "Bonjour, je voudrais parler à monsieur Dupont. Mon numéro est le zéro six, quatre-vingt-dix-sept, douze, trente et un. Tous les êtres humains naissent libres et égaux en dignité et en droits. Merci beaucoup, au revoir.",
    ),
    (
        "es",
        "Buenos días, quisiera hablar con la señora García. Mi número es nueve uno, dos tres cuatro, cinco seis siete. Todos los seres humanos nacen libres e iguales en dignidad y derechos. Muchas gracias, hasta luego.",
    ),
    (
        "it",
        "Pronto, chi parla? Il mio numero è zero due, quarantacinque, sessantasette, ottantanove. Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Grazie mille, arrivederci.",
    ),
    (
        "pt",
        "Bom dia, queria falar com o senhor Silva. O meu número é dois um, três quatro cinco, seis sete oito. Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Muito obrigado.",
    ),
    (
        "nl",
        "Goedemorgen, u spreekt met Jan de Vries. Mijn nummer is nul twintig, drie vier vijf, zes zeven acht. Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Tot ziens.",
    ),
    (
        "pl",
        "Dzień dobry, chciałbym rozmawiać z panią Kowalską. Mój numer to dwa dwa, trzy cztery pięć, sześć siedem osiem. Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.",
    ),
    (
        "ru",
        "Здравствуйте, позовите, пожалуйста, Ивана. Мой номер: четыре девять пять, один два три, сорок пять. Все люди рождаются свободными и равными в своём достоинстве и правах. До свидания.",
    ),
    (
        "cmn",
        "你好,我的电话号码是一三五七九二四六八零。人人生而自由,在尊严和权利上一律平等。谢谢,再见。",
    ),
    (
        "hi",
        "नमस्ते, मेरा नंबर एक दो तीन चार पाँच छह सात आठ नौ शून्य है। सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    ),
];

fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("talk-off");
    std::fs::create_dir_all(&folder).expect("the target folder can be written to");
    folder.join(name)
}

/// A text in a voice, at 8 kHz. `test` names the file meanwhile.
fn speech(test: &str, turn: usize) -> Vec<i16> {
    let (language, text) = TEXTS[turn % TEXTS.len()];
    let variant = VARIANTS[(turn / TEXTS.len() + turn) % VARIANTS.len()];
    let out = file(&format!("{test}-{turn}.wav"));
    let spoken = Command::new("espeak-ng")
        .args(["-v", &format!("{language}{variant}")])
        .args([
            "-p",
            PITCHES[(turn / 3) % PITCHES.len()],
            "-s",
            SPEEDS[(turn / 7) % SPEEDS.len()],
        ])
        .arg("-w")
        .arg(&out)
        .arg(text)
        .output()
        .expect("espeak-ng is installed by tests/setup");
    assert!(spoken.status.success(), "{}", String::from_utf8_lossy(&spoken.stderr));
    let clip = Clip::from_wav(&std::fs::read(&out).expect("espeak-ng wrote it")).expect("espeak-ng writes WAV");
    std::fs::remove_file(&out).expect("a file just read can be removed");
    clip.samples().to_vec()
}

/// The same at a level, as it comes through mu-law or A-law.
fn on_the_line(speech: &[i16], turn: usize) -> Vec<i16> {
    let peak = speech.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
    let gain = 32_767.0 / f64::from(peak.max(1)) * 10f64.powf(LEVELS_DB[turn % LEVELS_DB.len()] / 20.0);
    let law = if turn.is_multiple_of(2) { Law::Pcmu } else { Law::Pcma };
    let samples = g711::samples_of(law);
    speech
        .iter()
        .map(|&sample| samples[usize::from(g711::encode(law, (f64::from(sample) * gain) as i16))])
        .collect()
}

#[test]
fn speech_is_not_heard_as_keys() {
    let minutes = std::env::var("PATCHCORD_TALK_OFF_MINUTES").ok();
    let minutes: usize = minutes.map_or(2, |minutes| minutes.parse().expect("a number of minutes"));
    let mut detector = ToneDetector::default();
    let (mut heard, mut samples, mut turn) = (Vec::new(), 0, 0);
    let (mut frames, mut kept_back) = (0, 0);
    while samples < minutes * 60 * 8_000 {
        let sound = on_the_line(&speech("speech", turn), turn);
        assert!(measure::level_dbfs(&sound) > -60.0, "turn {turn} is speech");
        for frame in sound.chunks(FRAME_SAMPLES) {
            heard.extend(detector.hear(frame).map(|key| (turn, TEXTS[turn % TEXTS.len()].0, key)));
            frames += 1;
            kept_back += usize::from(detector.may_be_key(frame.len()));
        }
        samples += sound.len();
        turn += 1;
    }
    println!(
        "{} s of speech in {turn} pieces, {} false keys: {heard:?}; {kept_back} frames of {frames} kept back",
        samples / 8_000,
        heard.len()
    );
    // What a bridge or a room that keeps keys on their side cuts out of speech.
    assert!(kept_back * 1_000 < frames, "{kept_back} frames of {frames}");
    assert_eq!(heard, [], "key, and the piece and language it was heard in");
}

#[test]
fn keys_pressed_while_somebody_speaks_softly_are_heard() {
    let voice = speech("keys", 0);
    let mut generator = ToneGenerator::default();
    let press = |event| KeyPress {
        event,
        duration_ms: 80,
        pause_ms: 200,
    };
    generator.push((0..16).map(press).collect());
    let mut detector = ToneDetector::default();
    let (mut keys, mut frame) = (Vec::new(), [0; FRAME_SAMPLES]);
    let mut words = voice.chunks_exact(FRAME_SAMPLES).skip(20).cycle();
    while generator.fill(&mut frame).is_some() {
        let word = words.next().expect("it speaks for seconds");
        let both: Vec<i16> = frame.iter().zip(word).map(|(key, voice)| key + voice / 16).collect();
        keys.extend(detector.hear(&both));
    }
    assert_eq!(keys, (0..16).collect::<Vec<_>>());
}
