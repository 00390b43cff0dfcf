//! A PostgreSQL server of the tests' own, reached by a socket in a temporary folder. A shell holds it: as soon as the other
//! end of its input is gone, by the end of the tests, a panic or a kill, it stops the server and removes the folder.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::{env, fs, process};

/// A temporary folder that goes away.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("patchcord-database-{name}-{}", process::id()));
        fs::create_dir(&path).expect("a new folder");
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("a plain path")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) struct Server {
    shell: Child,
    programs: PathBuf,
    folder: Folder,
}

const SCRIPT: &str = r#"
timeout 120 "$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --locale=C -N >"$2/initdb.log" 2>&1 || exit 1
"$1/pg_ctl" -D "$2/data" -w -t 60 -l "$2/log" -o "-k $2 -c listen_addresses=''" start >/dev/null 2>&1 || exit 1
echo ready
read -r end
"$1/pg_ctl" -D "$2/data" -w -t 60 -m immediate stop >/dev/null 2>&1
rm -rf "$2/data"
"#;

impl Server {
    pub(crate) fn start() -> Self {
        let programs = programs();
        let folder = Folder::new("postgresql");
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "sh"]).arg(&programs).arg(folder.path());
        command
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // PostgreSQL refuses to be root.
        if let Some((user, group)) = unprivileged(folder.path()) {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).expect("the server's folder");
            command.uid(user).gid(group);
        }
        let mut shell = command.spawn().expect("a shell");
        let mut line = String::new();
        let output = shell.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("its first line");
        let server = Self {
            shell,
            programs,
            folder,
        };
        let log = |name| fs::read_to_string(format!("{}/{name}", server.folder.path())).unwrap_or_default();
        assert_eq!(line, "ready\n", "{}{}", log("initdb.log"), log("log"));
        server
    }

    /// A new database, and how it is reached.
    pub(crate) fn create_database(&self, number: usize) -> String {
        let (folder, name) = (self.folder.path(), format!("case_{number}"));
        let created = Command::new(self.programs.join("createdb"))
            .args(["-h", folder, "-U", "postgres", &name])
            .status();
        assert!(created.expect("createdb").success());
        format!("postgres://postgres@localhost/{name}?host={folder}")
    }

    /// Copies a database that may be in use into an empty one.
    #[allow(dead_code, reason = "the tests of nodes copy databases, those of the store do not")]
    pub(crate) fn copy_database(&self, from: &str, to: &str) {
        let mut dump = Command::new(self.programs.join("pg_dump"))
            .arg(from)
            .stdout(Stdio::piped())
            .spawn()
            .expect("pg_dump");
        let restored = Command::new(self.programs.join("psql"))
            .args(["-q", "-v", "ON_ERROR_STOP=1", to])
            .stdin(dump.stdout.take().expect("its output"))
            .stdout(Stdio::null())
            .status();
        assert!(restored.expect("psql").success() && dump.wait().expect("its end").success());
    }

    /// Does this to a database that may be in use.
    #[allow(
        dead_code,
        reason = "the tests of nodes change databases from outside, those of the store do not"
    )]
    pub(crate) fn run(&self, url: &str, sql: &str) {
        let ran = Command::new(self.programs.join("psql"))
            .args(["-q", "-v", "ON_ERROR_STOP=1", "-c", sql, url])
            .status();
        assert!(ran.expect("psql").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL: tests/setup test installs it");
    let mut found: Vec<PathBuf> = versions
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().expect("initdb: tests/setup test installs it")
}

/// The user and group `postgres`, if we are root.
fn unprivileged(folder: &str) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    if fs::metadata(folder).expect("our folder").uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("the users");
    let user = users.lines().find(|line| line.starts_with("postgres:"));
    let mut fields = user.expect("the user postgres").split(':').skip(2);
    let mut number = || fields.next()?.parse().ok();
    Some((number()?, number()?))
}
