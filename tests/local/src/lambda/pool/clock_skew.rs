//! Clocks of processes that differ. Lambda's machines take their time from Amazon Time Sync, and no two clocks are the same; a
//! process of a machine that has lost it is seconds away (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/set-time.html>).
//! The functions have no setting for it, so a small library in C, loaded before the C library, answers for the clock.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use crate::fidelity::CLOCK_SKEW;

const SOURCE: &str = include_str!("clock_skew.c");

/// The library; `None` where it cannot be built: without a C compiler, or on another system than Linux with glibc.
static SHIM: LazyLock<Option<PathBuf>> = LazyLock::new(build);

/// The library, which is built once.
pub fn shim() -> Option<PathBuf> {
    SHIM.clone()
}

/// How far the clock of the process in this lane, every second one, is ahead, if there is the library.
pub fn ahead(environment: usize) -> Duration {
    if environment % 2 == 1 && SHIM.is_some() { CLOCK_SKEW } else { Duration::ZERO }
}

/// The variables that load the library.
pub fn variables(shim: &Path, environment: usize) -> Vec<(&'static str, String)> {
    let ahead = ahead(environment);
    if ahead.is_zero() {
        return Vec::new();
    }
    vec![("LD_PRELOAD", shim.display().to_string()), ("LOCAL_CLOCK_AHEAD", ahead.as_secs().to_string())]
}

fn build() -> Option<PathBuf> {
    if cfg!(not(all(target_os = "linux", target_env = "gnu"))) {
        return None;
    }
    // Next to this binary, which is under the target folder. Each program makes its own file and gives it its name at the end,
    // so that no other one loads half of it.
    let folder = std::env::current_exe().ok()?.parent()?.to_owned();
    // The loader takes a space or a colon for the end of a library's name.
    if folder.to_string_lossy().contains([' ', ':']) {
        eprintln!("local: clock-skew is off: there is a space or a colon in {}", folder.display());
        return None;
    }
    let (library, own) = (folder.join("clock_skew.so"), folder.join(format!("clock_skew-{}.so", std::process::id())));
    let source = own.with_extension("c");
    std::fs::write(&source, SOURCE).ok()?;
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&own, &source])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let _ = std::fs::remove_file(&source);
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("local: clock-skew is off: it needs a C compiler, which is called cc");
        return None;
    }
    std::fs::rename(&own, &library).ok()?;
    Some(library)
}
