//! `cargo run --release -p bench`: runs the measurements, prints them and writes `RESULTS.md` with its plots.

use std::process::ExitCode;
use std::time::Instant;

use bench::Cli;
use bench::machine::Machine;
use bench::report::{Report, Run};
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
    Report { machine, runs }
}

fn failed(why: &str) -> ExitCode {
    eprintln!("bench: {why}");
    ExitCode::FAILURE
}
