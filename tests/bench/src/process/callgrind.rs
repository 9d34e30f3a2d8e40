//! Counts instructions with callgrind. Except for randomness, the counts are equal in every run and on all machines of
//! one kind.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::good::good;
use super::launch::{Launch, find};
use super::sandbox::Sandbox;
use crate::section::{Fault, Unavailable};

/// The tool and its output folder.
#[derive(Debug)]
pub struct Callgrind {
    valgrind: PathBuf,
    folder: PathBuf,
}

impl Callgrind {
    /// Finds the tool on this machine. Its output goes into `folder`.
    pub fn find(folder: &Path) -> Result<Self, Unavailable> {
        let valgrind = find("valgrind").ok_or_else(|| Unavailable("there is no valgrind here".to_owned()))?;
        Ok(Self { valgrind, folder: folder.to_owned() })
    }

    /// The instructions of a function's process from its start, through these invocations, to its end.
    pub async fn of_invocations(&self, launch: &Launch, payloads: &[Bytes]) -> Result<u64, Fault> {
        let (watched, written) = self.watched(launch);
        let mut sandbox = Sandbox::start(watched.command(), &self.folder.join("callgrind.log")).await?;
        for payload in payloads {
            good(&sandbox.invoke(payload).await?.body)?;
        }
        sandbox.settle().await?;
        sandbox.end().await?;
        total(&written).await
    }

    /// The instructions of a program that ends by itself.
    pub async fn of_program(&self, launch: &Launch) -> Result<u64, Fault> {
        let (watched, written) = self.watched(launch);
        let output = watched.command().kill_on_drop(true).output().await?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{} under valgrind: {}: {said}", launch.program.display(), output.status).into());
        }
        total(&written).await
    }

    fn watched(&self, launch: &Launch) -> (Launch, PathBuf) {
        let written = self.folder.join("callgrind.out");
        let mut file = std::ffi::OsString::from("--callgrind-out-file=");
        file.push(&written);
        let options = ["--tool=callgrind".into(), "--separate-threads=no".into(), "--quiet".into(), file];
        (launch.under(&self.valgrind, options), written)
    }
}

async fn total(written: &Path) -> Result<u64, Fault> {
    let text = tokio::fs::read_to_string(written).await?;
    tokio::fs::remove_file(written).await?;
    instructions(&text).ok_or_else(|| "callgrind wrote no total".into())
}

/// The sum of `Ir` (instructions), the only event that callgrind counts by default.
fn instructions(report: &str) -> Option<u64> {
    let totals = report.lines().filter_map(|line| line.strip_prefix("totals:"));
    // Each dump has a total. A process that was watched from start to end has one dump.
    totals
        .map(|total| total.trim().parse::<u64>().ok())
        .try_fold(None, |sum: Option<u64>, total| Some(Some(sum.unwrap_or_default() + total?)))?
}

/// The cost of one more event, from two pairs of count and total.
pub fn slope(few: (u64, u64), many: (u64, u64)) -> f64 {
    let (more, cost) = (many.0.saturating_sub(few.0), many.1.saturating_sub(few.1));
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let slope = cost as f64 / more.max(1) as f64;
    slope
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_and_summed() {
        let report = "version: 1\nevents: Ir\nfn=(1) main\n16 100\ntotals: 4200\n";
        assert_eq!(instructions(report), Some(4200));
        assert_eq!(instructions(&format!("{report}part: 2\ntotals: 1\n")), Some(4201));
        assert_eq!(instructions("events: Ir\nsummary: 7\n"), None);
        assert_eq!(instructions("totals: many\n"), None);
    }

    #[test]
    fn what_a_start_costs_is_no_part_of_the_slope() {
        let slope = slope((20, 1_000_000 + 20 * 250), (120, 1_000_000 + 120 * 250));
        assert!((slope - 250.0).abs() < 1e-9);
    }
}
