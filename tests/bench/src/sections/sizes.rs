//! Sizes of each function: its binary, its package and its memory.

use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::fixture::{Fixture, Typical};
use crate::process::{good, peak_memory};
use crate::section::{Aim, Fault, Section};
use crate::statistics::megabytes;
use crate::table::Table;

/// The number of requests before the memory is read again.
const REQUESTS: usize = 1000;
/// The number of batches of ten before the memory of `dispatch` is read again.
const BATCHES: usize = 100;
/// The goal for memory, in megabytes.
const MAX_MEMORY: f64 = 24.0;
/// The goal for a package, in megabytes.
const MAX_PACKAGE: f64 = 3.5;

static PACKAGE: Aim = Aim { what: "Package of a function (zip), the largest", goal: "≤ 3.5 MB" };
static MEMORY: Aim = Aim { what: "Peak memory of a function after 1,000 requests, the largest", goal: "≤ 24 MB" };
/// The goals.
pub static AIMS: &[&Aim] = &[&PACKAGE, &MEMORY];

const SAYS: &str = "Binaries as this machine's release profile makes them, stripped; the package is the binary alone as \
    `bootstrap`, deflated at level 9. A deployment is arm64: `sam build` in CI says what its packages weigh. Memory is the most \
    that a process ever had in RAM (`VmHWM`), its binary's pages among it, after its first request and after 1,000, or 1,000 \
    deliveries in batches of ten. A megabyte is 1,000,000 bytes.";

struct Weight {
    function: String,
    what: &'static str,
    binary: f64,
    package: f64,
    first: f64,
    last: f64,
}

/// Runs the section.
pub async fn run() -> Result<Section, Fault> {
    let fixture = Fixture::start(false).await?;
    let section = measure(&fixture).await;
    fixture.world.shutdown().await;
    section
}

async fn measure(fixture: &Fixture) -> Result<Section, Fault> {
    let mut weights = Vec::new();
    for function in fixture.functions() {
        weights.push(weigh(fixture, function).await?);
    }
    let columns = [
        "function",
        "binary MB",
        "package MB",
        "memory MB, first request",
        "after all",
        "grown by MB",
        "requests: each",
    ];
    let mut table = Table::new(format!("Functions on {}", std::env::consts::ARCH), &columns);
    for weight in &weights {
        let Weight { function, what, binary, package, first, last } = weight;
        let figures = [*binary, *package, *first, *last, last - first].map(|megabytes| format!("{megabytes:.2}"));
        table.row([function.clone()].into_iter().chain(figures).chain([(*what).to_owned()]));
    }
    let mut section = Section::new(SAYS);
    section.tables.push(table);
    let largest = |of: fn(&Weight) -> f64| {
        let most = weights.iter().max_by(|left, right| of(left).total_cmp(&of(right)));
        most.map(|weight| (of(weight), weight.function.as_str())).unwrap_or_default()
    };
    let (package, function) = largest(|weight| weight.package);
    section.measured(&PACKAGE, format!("{package:.2} MB ({function})"), package <= MAX_PACKAGE);
    let (memory, function) = largest(|weight| weight.last);
    section.measured(&MEMORY, format!("{memory:.1} MB ({function})"), memory <= MAX_MEMORY);
    Ok(section)
}

async fn weigh(fixture: &Fixture, function: String) -> Result<Weight, Fault> {
    let path = fixture.binary(&function)?.to_owned();
    let binary = tokio::fs::metadata(&path).await?.len();
    let package = tokio::task::spawn_blocking(move || packaged(&path)).await??;
    let count = if function == "dispatch" { BATCHES } else { REQUESTS };
    let Typical { what, events } = fixture.typical(&function, count).await?;
    let name = format!("sizes-{function}");
    let mut sandbox = fixture.start_process(&fixture.own(&function)?, &name).await?;
    let pid = sandbox.pid()?;
    let mut first = 0;
    for (n, event) in events.iter().enumerate() {
        good(&sandbox.invoke(event).await?.body)?;
        if n == 0 {
            sandbox.settle().await?;
            first = peak_memory(pid)?;
        }
    }
    sandbox.settle().await?;
    let last = peak_memory(pid)?;
    sandbox.kill().await?;
    let [binary, package, first, last] = [binary, package, first, last].map(megabytes);
    Ok(Weight { function, what, binary, package, first, last })
}

/// The size of the package for Lambda, in bytes.
fn packaged(binary: &Path) -> Result<u64, Fault> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    archive.start_file("bootstrap", options.compression_level(Some(9)).unix_permissions(0o755))?;
    archive.write_all(&std::fs::read(binary)?)?;
    Ok(u64::try_from(archive.finish()?.into_inner().len())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_deflated() {
        let path = std::env::temp_dir().join(format!("bench-packaged-{}", uuid::Uuid::new_v4()));
        std::fs::write(&path, vec![7; 100_000]).unwrap();
        let bytes = packaged(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        assert!((100..1000).contains(&bytes), "{bytes}");
    }
}
