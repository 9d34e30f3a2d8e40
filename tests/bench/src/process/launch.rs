//! How to start a process, as data. So a process can be started many times, also under another program that watches it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio::process::Command;

/// A program with its arguments and its whole environment.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program, by its path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its working directory.
    pub folder: PathBuf,
    /// Its environment. It inherits no other variables.
    pub environment: BTreeMap<String, String>,
}

impl Launch {
    /// A program without arguments. Its working directory is the program's folder.
    pub fn of(program: &Path, environment: BTreeMap<String, String>) -> Self {
        let folder = program.parent().unwrap_or(Path::new("/")).to_owned();
        Self { program: program.to_owned(), arguments: Vec::new(), folder, environment }
    }

    /// Adds or replaces a variable of the environment.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Starts this program by another program. `arguments` come before this program's path.
    pub fn under(&self, program: &Path, arguments: impl IntoIterator<Item = OsString>) -> Self {
        let own = std::iter::once(self.program.clone().into_os_string()).chain(self.arguments.clone());
        Self { program: program.to_owned(), arguments: arguments.into_iter().chain(own).collect(), ..self.clone() }
    }

    /// The command that starts the process.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder).env_clear().envs(&self.environment);
        command
    }
}

/// The path at which the shell finds a program.
pub fn find(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_watches_a_program_comes_before_it() {
        let launch = Launch { arguments: vec!["a".into()], ..Launch::of(Path::new("/f/users"), BTreeMap::new()) };
        let watched = launch.with("X", "1").under(Path::new("/v/valgrind"), ["--tool=t".into()]);
        assert_eq!(watched.program, Path::new("/v/valgrind"));
        assert_eq!(watched.arguments, ["--tool=t", "/f/users", "a"]);
        assert_eq!((watched.folder.as_path(), watched.environment["X"].as_str()), (Path::new("/f"), "1"));
    }

    #[test]
    fn a_program_that_is_not_there_is_not_found() {
        assert!(find("sh").is_some_and(|path| path.is_absolute()));
        assert_eq!(find("no-such-program-anywhere"), None);
    }
}
