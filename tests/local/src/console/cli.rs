//! The command line of `cargo run -p local`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Parser;
use clap::builder::{PossibleValue, PossibleValuesParser};

use super::retries;
use crate::fidelity::{EVERYTHING, Fidelity, SWITCHES, UnknownSwitch};
use crate::stack::{FunctionLogs, Options, Progress};

/// Runs all of Tidings on this machine: the real functions, and stand-ins for AWS and the providers.
///
/// Builds the functions, starts everything on 127.0.0.1, and runs until Ctrl-C. `GET /_local` on the printed URL
/// gives tokens and ids to try it with.
#[derive(Debug, Parser)]
#[command(name = "local", bin_name = "cargo run -p local --", version)]
pub struct Cli {
    /// The port of the API on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8001)]
    pub port: u16,
    /// Processes a function, and batches of a queue at once: each takes one request at a time, as on Lambda
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
    /// Sets a parameter of template.yaml, such as DispatchTimeout=2; may be given again
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    pub parameters: Vec<(String, String)>,
    /// Waits between attempts as a deployment does, up to some minutes; without it a provider that always fails leads to a
    /// dead letter within 15 seconds
    #[arg(long)]
    pub product_retries: bool,
    /// Keeps the table and the queues in this folder across runs; without it everything is in memory
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Lets containers in on this address of the machine, such as 172.17.0.1, Docker's own; `GET /_local/containers` then
    /// gives what `sam local --env-vars` takes. Without it nothing listens but on 127.0.0.1
    #[arg(long, value_name = "ADDRESS")]
    pub containers: Option<std::net::IpAddr>,
    /// Switches off what AWS does not forgive, by name; may be given again. See also the variable TIDINGS_LOCAL_FORGIVE
    #[arg(long = "forgive", value_name = "NAME", value_parser = switch_names())]
    pub forgive: Vec<String>,
    /// Writes the URL into this file once everything is up, and removes it at the end
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

impl Cli {
    /// The folder of the functions' logs: in the data folder, or next to this binary.
    pub fn log_folder(&self) -> PathBuf {
        let beside = std::env::current_exe().ok();
        let beside = beside.as_deref().and_then(|binary| binary.parent()).map(PathBuf::from);
        match &self.data {
            Some(data) => data.join("logs"),
            None => beside.unwrap_or_else(std::env::temp_dir).join(format!("local-logs-{}", self.port)),
        }
    }

    /// The options of the stack. The error is about the variable.
    pub fn options(&self) -> Result<Options, UnknownSwitch> {
        let mut parameters = if self.product_retries { BTreeMap::new() } else { retries::quick() };
        parameters.extend(self.parameters.iter().cloned());
        Ok(Options {
            port: self.port,
            concurrency: self.concurrency.into(),
            parameters,
            data: self.data.clone(),
            progress: Progress::Print,
            logs: FunctionLogs::Directory(self.log_folder()),
            schedules: true,
            containers: self.containers,
            pages_of_this_machine: true,
            fidelity: Fidelity::from_env()?.without_all(&self.forgive.join(","))?,
            ..Options::default()
        })
    }
}

/// The names of all switches, with what each does.
fn switch_names() -> PossibleValuesParser {
    let everything = PossibleValue::new(EVERYTHING).help("All of these");
    let switches = SWITCHES.iter().map(|switch| PossibleValue::new(switch.name).help(switch.text));
    PossibleValuesParser::new(switches.chain([everything]))
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(["local"].iter().chain(arguments))
    }

    #[test]
    fn without_arguments_the_documents_port_is_taken() {
        let options = parse(&[]).unwrap().options().unwrap();
        assert_eq!((options.port, options.concurrency, options.data), (8001, 4, None));
        assert!(options.pages_of_this_machine && !Options::default().pages_of_this_machine, "only for people");
        assert_eq!(options.containers, None, "nothing listens beyond loopback unless it is told to");
    }

    #[test]
    fn parameters_may_repeat_and_hold_equals_signs() {
        let given = ["--product-retries", "--parameter", "A=1", "--parameter", "B=x=y"];
        let options = parse(&given).unwrap().options().unwrap();
        let expected = [("A", "1"), ("B", "x=y")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(options.parameters, expected.into());
    }

    #[test]
    fn retries_are_quick_unless_the_product_s_are_asked_for_and_a_parameter_goes_before_both() {
        let parameters = |arguments: &[&str]| parse(arguments).unwrap().options().unwrap().parameters;
        assert_eq!(parameters(&[]), retries::quick());
        assert_eq!(parameters(&["--product-retries"]), BTreeMap::new());
        let given = parameters(&["--parameter", "MaxAttempts=9"]);
        assert_eq!((given["MaxAttempts"].as_str(), given.len()), ("9", retries::quick().len()));
        // The harness of the tests, which measure the product's own waits, starts from these options.
        assert_eq!(Options::default().parameters, BTreeMap::new());
    }

    #[test]
    fn the_version_is_the_workspace_s() {
        let error = parse(&["--version"]).unwrap_err();
        let version = format!("local {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!((error.kind(), error.to_string()), (clap::error::ErrorKind::DisplayVersion, version));
    }

    #[test]
    fn what_is_forgiven_is_named_and_the_help_lists_every_name() {
        let options = parse(&["--forgive", "late-index", "--forgive", "ses-rate"]).unwrap().options().unwrap();
        assert_eq!(options.fidelity, Fidelity::from_env().unwrap().without_all("late-index,ses-rate").unwrap());
        let all = parse(&["--forgive", "everything"]).unwrap().options().unwrap();
        assert_eq!(all.fidelity, Fidelity::none());
        let help = <Cli as clap::CommandFactory>::command().render_long_help().to_string();
        for switch in SWITCHES {
            assert!(help.contains(switch.name), "{}:\n{help}", switch.name);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for arguments in [
            ["--parameter", "A"],
            ["--parameter", "=1"],
            ["--concurrency", "0"],
            ["--port", "70000"],
            ["--containers", "everywhere"],
            ["--forgive", "late-indx"],
        ] {
            assert!(parse(&arguments).is_err(), "{arguments:?}");
        }
    }
}
