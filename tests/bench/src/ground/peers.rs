//! Installs the peers of `tests/bench/peers` with locked dependencies. Nothing is written into the source tree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::process::{Launch, find};
use crate::section::Fault;

/// How long an installation may take.
const LIMIT: Duration = Duration::from_secs(600);

/// The folder of each peer, or the reason why it is not installed.
#[derive(Debug)]
pub struct Peers {
    node: Result<Installed, String>,
    python: Result<Installed, String>,
}

#[derive(Debug, Clone)]
struct Installed {
    program: PathBuf,
    folder: PathBuf,
}

impl Peers {
    /// No peers.
    pub fn none() -> Self {
        let nobody = || Err("peers were not asked for".to_owned());
        Self { node: nobody(), python: nobody() }
    }

    /// Installs the peers below `folder`. The next run uses the same installation.
    pub async fn install(folder: &Path) -> Self {
        let why = |error: Fault| error.to_string();
        Self {
            node: node(&folder.join("node")).await.map_err(why),
            python: python(&folder.join("python")).await.map_err(why),
        }
    }

    /// Node's function of that name.
    pub fn node(&self, function: &str) -> Result<Launch, String> {
        let Installed { program, folder } = self.node.clone()?;
        let arguments = ["bootstrap.mjs".into(), format!("{function}.mjs").into()].into();
        Ok(Launch { program, arguments, folder, environment: BTreeMap::new() })
    }

    /// Python's function of that name.
    pub fn python(&self, function: &str) -> Result<Launch, String> {
        let Installed { program, folder } = self.python.clone()?;
        let arguments = ["-m".into(), "awslambdaric".into(), format!("{function}.handler").into()].into();
        Ok(Launch { program, arguments, folder, environment: BTreeMap::new() })
    }
}

async fn node(folder: &Path) -> Result<Installed, Fault> {
    let (program, npm) = (needed("node")?, needed("npm")?);
    copy(&source("node"), folder)?;
    let lock = std::fs::read_to_string(folder.join("package-lock.json"))?;
    if !is_installed(folder, &lock) {
        run(Command::new(&npm).args(["ci", "--silent", "--ignore-scripts"]).current_dir(folder)).await?;
        mark_installed(folder, &lock)?;
    }
    run(Command::new(&npm).args(["run", "--silent", "build"]).current_dir(folder)).await?;
    Ok(Installed { program, folder: folder.join("dist") })
}

async fn python(folder: &Path) -> Result<Installed, Fault> {
    let python = needed("python3")?;
    let app = folder.join("app");
    copy(&source("python"), &app)?;
    let (environment, requirements) = (folder.join("venv"), app.join("requirements.txt"));
    let program = environment.join("bin/python");
    let lock = std::fs::read_to_string(&requirements)?;
    if !is_installed(folder, &lock) {
        run(Command::new(&python).args(["-m", "venv", "--clear"]).arg(&environment)).await?;
        let install = ["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "--requirement"];
        run(Command::new(&program).args(install).arg(&requirements)).await?;
        mark_installed(folder, &lock)?;
    }
    // All modules are compiled now, as they would be in an image of the function.
    run(Command::new(&program).args(["-m", "compileall", "-q"]).arg(&app)).await?;
    Ok(Installed { program, folder: app })
}

fn source(language: &str) -> PathBuf {
    local::stack::binaries::workspace().join("tests/bench/peers").join(language)
}

fn needed(program: &str) -> Result<PathBuf, Fault> {
    find(program).ok_or_else(|| format!("there is no {program} here").into())
}

/// Copies a folder with all its subfolders, except the files of an installation or a run.
fn copy(from: &Path, to: &Path) -> Result<(), Fault> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if !entry.file_type()?.is_dir() {
            std::fs::copy(entry.path(), target)?;
        } else if !["node_modules", "dist", "__pycache__"].iter().any(|left| entry.file_name() == *left) {
            copy(&entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Whether the dependencies of the lock file were completely installed here.
fn is_installed(folder: &Path, lock: &str) -> bool {
    std::fs::read_to_string(folder.join("installed")).is_ok_and(|installed| installed == lock)
}

fn mark_installed(folder: &Path, lock: &str) -> Result<(), Fault> {
    Ok(std::fs::write(folder.join("installed"), lock)?)
}

async fn run(command: &mut Command) -> Result<(), Fault> {
    let what = format!("{:?}", command.as_std());
    let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(LIMIT, running).await.map_err(|_| format!("{what} takes too long"))??;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{what} ended with {}: {}", output.status, said.trim()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_installation_left_is_not_copied_and_a_changed_lock_is_installed_anew() {
        let folder = std::env::temp_dir().join(format!("bench-peers-{}", uuid::Uuid::new_v4()));
        for made in ["from/src", "from/node_modules/x"] {
            std::fs::create_dir_all(folder.join(made)).unwrap();
        }
        std::fs::write(folder.join("from/src/a.js"), "a").unwrap();
        std::fs::write(folder.join("from/node_modules/x/b.js"), "b").unwrap();
        let to = folder.join("to");
        copy(&folder.join("from"), &to).unwrap();
        assert!(to.join("src/a.js").is_file() && !to.join("node_modules").exists());
        assert!(!is_installed(&to, "1"));
        mark_installed(&to, "1").unwrap();
        assert!(is_installed(&to, "1") && !is_installed(&to, "2"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
