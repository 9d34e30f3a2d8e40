//! `cargo run --release -p bench`: runs the measurements, prints them and writes `RESULTS.md` with its plots.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use bench::Cli;
use bench::machine::Machine;
use bench::report::{Earlier, Report, Run};
use bench::section::NotRun;
use bench::sections::Name;
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("no runtime: {error}")),
    };
    let report = runtime.block_on(measure(&cli));
    // The program must end without waiting for the emulators' worker threads.
    runtime.shutdown_background();
    print!("{}", report.terminal());
    let folder = cli.folder();
    if let Err(error) = report.write(&folder) {
        return failed(&format!("the results cannot be written into {}: {error}", folder.display()));
    }
    println!("Written: {}", folder.join("RESULTS.md").display());
    let workspace = local::stack::binaries::workspace();
    if folder == workspace.join("tests/bench") {
        match renew_costs(&workspace.join("functions/docs/guides/costs.md"), &report.markdown()) {
            Ok(true) => println!("Written: the prices in costs.md"),
            Ok(false) => println!("costs.md keeps its prices: there are no new ones"),
            Err(error) => return failed(&format!("the prices in costs.md cannot be written: {error}")),
        }
    }
    // A missed goal does not make the run fail. A section that failed does.
    if report.runs.iter().any(|run| matches!(run.result, Err(NotRun::Failed(_)))) {
        return failed("a section failed");
    }
    ExitCode::SUCCESS
}

async fn measure(cli: &Cli) -> Report {
    let machine = Machine::look();
    let mut runs = Vec::new();
    for name in Name::ALL {
        if !cli.wants(name) {
            runs.push(Run::not_asked_for(name));
            continue;
        }
        eprintln!("{}: {} ...", name.word(), name.title());
        let began = Instant::now();
        let result = name.run().await.map_err(NotRun::from);
        eprintln!("{}: {:.0} s", name.word(), began.elapsed().as_secs_f64());
        runs.push(Run { name, result, took: began.elapsed() });
    }
    let path = cli.folder().join("RESULTS.md");
    // Without an earlier file there is nothing to keep.
    let earlier = if cli.keep { std::fs::read_to_string(path).unwrap_or_default() } else { String::new() };
    Report { machine, runs, earlier: Earlier::new(earlier) }
}

/// Writes the prices of these results into the page of costs. Returns whether they are other ones.
fn renew_costs(path: &Path, results: &str) -> std::io::Result<bool> {
    let page = std::fs::read_to_string(path)?;
    match bench::sections::money::renew_costs(&page, results) {
        Some(renewed) if renewed != page => std::fs::write(path, renewed).map(|()| true),
        _ => Ok(false),
    }
}

fn failed(why: &str) -> ExitCode {
    eprintln!("bench: {why}");
    ExitCode::FAILURE
}
