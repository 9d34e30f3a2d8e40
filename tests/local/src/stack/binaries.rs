//! Builds the functions as a developer would, and finds their binaries.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde::Deserialize;
use tokio::process::Command;

use super::Progress;

/// The selection is always the same. With another one, the features could differ, and the SDKs would be built twice.
const SELECTION: [&str; 3] = ["build", "--workspace", "--bins"];

/// Why there are no binaries.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Cargo cannot be run.
    #[error("cargo cannot be run; is the Rust toolchain on the PATH?")]
    NoCargo(#[source] std::io::Error),
    /// The build failed.
    #[error("the functions do not build: `cargo {command}` ended with {status}\n{output}")]
    Failed {
        /// The cargo command.
        command: String,
        /// The exit status.
        status: std::process::ExitStatus,
        /// The output of cargo, unless the screen shows it already.
        output: String,
    },
}

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_owned()
}

/// Builds every binary of the workspace in the profile of this process. Returns the path of each binary by its name.
pub async fn build(progress: Progress) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let profile = if cfg!(debug_assertions) { None } else { Some("--release") };
    let arguments: Vec<_> = SELECTION.into_iter().chain(profile).collect();
    let command = arguments.join(" ");
    let stage = progress.begin(&format!("Building the functions (cargo {command})"), true);
    let printed = progress == Progress::Print;
    let child = cargo()
        .args(&arguments)
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped())
        .stderr(if printed { Stdio::inherit() } else { Stdio::piped() })
        .spawn()
        .map_err(BuildError::NoCargo)?;
    let output = child.wait_with_output().await.map_err(BuildError::NoCargo)?;
    stage.done();
    finish(command, &output)
}

fn finish(command: String, output: &Output) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    if !output.status.success() {
        return Err(BuildError::Failed {
            command,
            status: output.status,
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    Ok(executables(&String::from_utf8_lossy(&output.stdout)))
}

/// Cargo with the user's own environment. The variables that `cargo run` or `cargo test` added are removed, because
/// with them build scripts could see a difference, and everything would be built again.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_cargos_own(name)) {
        command.env_remove(name);
    }
    command.current_dir(workspace()).stdin(Stdio::null()).kill_on_drop(true);
    command
}

fn is_cargos_own(name: &OsString) -> bool {
    const EXACT: [&str; 8] = [
        "CARGO",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "OUT_DIR",
    ];
    name.to_str().is_some_and(|name| {
        EXACT.contains(&name) || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_BIN_EXE_")
    })
}

#[derive(Deserialize)]
struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// Reads the binaries from cargo's messages, which are one JSON object on each line.
fn executables(messages: &str) -> BTreeMap<String, PathBuf> {
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    let binaries = artifacts.filter(|artifact| artifact.target.kind.iter().any(|kind| kind == "bin"));
    binaries.filter_map(|artifact| Some((artifact.target.name, artifact.executable?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_binaries_are_taken_from_cargos_messages() {
        let messages = r#"
            {"reason":"compiler-artifact","target":{"name":"shared","kind":["lib"]},"executable":null}
            {"reason":"compiler-artifact","target":{"name":"users","kind":["bin"]},"executable":"/t/users"}
            {"reason":"compiler-artifact","target":{"name":"local","kind":["test"]},"executable":"/t/local-1"}
            {"reason":"build-finished","success":true}"#;
        let expected = [("users".to_owned(), PathBuf::from("/t/users"))];
        assert_eq!(executables(messages), expected.into());
    }

    #[test]
    fn what_the_user_set_for_cargo_stays() {
        for (name, own) in [
            ("CARGO_PKG_NAME", true),
            ("CARGO_MANIFEST_DIR", true),
            ("CARGO_HOME", false),
            ("CARGO_TARGET_DIR", false),
            ("CARGO_BUILD_JOBS", false),
            ("RUSTFLAGS", false),
        ] {
            assert_eq!(is_cargos_own(&name.into()), own, "{name}");
        }
    }

    #[test]
    fn the_workspace_is_where_the_template_is() {
        assert!(workspace().join("template.yaml").is_file());
    }
}
