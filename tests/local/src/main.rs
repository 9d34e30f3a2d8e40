//! `cargo run -p local`: the local stack in the foreground.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use local::console::{self, cli::Cli, screen::screen};
use local::demo;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let result = runtime.block_on(run(&cli));
    // The program must end without waiting for the emulators' worker threads.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(error.as_ref()),
    }
}

async fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    if let Some(file) = &cli.ready_file {
        // A file of a killed stack may still exist, and would be wrong.
        let _ = std::fs::remove_file(file);
    }
    let mut asked_to_end = std::pin::pin!(async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    });
    let stack = tokio::select! {
        started = console::start(cli.options()?) => started?,
        () = &mut asked_to_end => return Ok(()),
    };
    let table = &stack.template().table.name;
    demo::catalogue::write(stack.dynamodb_proxy().direct_endpoint(), table).await?;
    println!("{}", screen(stack.url(), &stack.demo().describe(), &cli.log_folder()));
    let ready = cli.ready_file.as_deref().map_or(Ok(()), |file| write_whole(file, stack.url()));
    if ready.is_ok() {
        asked_to_end.await;
        eprintln!("Ending ...");
    }
    if let Some(file) = &cli.ready_file {
        // The file may already be gone, which is fine.
        let _ = std::fs::remove_file(file);
    }
    stack.shutdown().await;
    ready.map_err(|error| format!("the ready file cannot be written: {error}").into())
}

/// Writes the file atomically, so that no reader sees a part of it.
fn write_whole(file: &Path, url: &str) -> std::io::Result<()> {
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    std::fs::write(&partial, format!("{url}\n"))?;
    std::fs::rename(&partial, file)
}

fn failed(error: &dyn Error) -> ExitCode {
    eprintln!("\nlocal: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
    ExitCode::FAILURE
}
