//! `apply-erasures TABLE [--pause]`: erases again, in a restored table, the users whom the log of erasures names. It reads the
//! log's lines from standard input; `functions/RESTORE.md` has the whole command. Region and credentials come from the
//! environment, by the names that all SDKs read.

use std::{
    collections::{BTreeMap, HashMap},
    env,
    io::{self, Read},
    process::ExitCode,
};

use futures::{StreamExt, stream};
use shared::{
    aws::Aws,
    clock::Clock,
    domain::{Pause, PauseMode, PauseTarget, UserId},
    erasure_log::LoggedErasure,
    random::Randomness,
    store::{ErasedAgain, Store},
    telemetry::chain,
};

/// How many users are erased at the same time.
const PARALLEL: usize = 8;
const USAGE: &str = "usage: apply-erasures TABLE [--pause] < LINES\n\
    --pause stops everything in that table, so that nothing is sent before you resume (DELETE /api/v1/pauses/all)";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Returns whether every line was applied.
async fn run() -> Result<bool, Box<dyn std::error::Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let (table, pauses) = match arguments.as_slice() {
        [table] if !table.starts_with('-') => (table, false),
        [table, flag] if !table.starts_with('-') && flag == "--pause" => (table, true),
        _ => return Err(USAGE.into()),
    };
    #[expect(clippy::disallowed_methods, reason = "here they are made, to be handed in")]
    let (clock, random) = (Clock::system(), Randomness::system());
    let aws = Aws::from_env(clock.clone())?;
    let store = Store::new(&aws, table, clock.clone(), random);
    if pauses {
        store.put_pause(&everything(&clock), None, clock.now()).await?;
        println!("everything is paused");
    }
    let mut lines = String::new();
    io::stdin().read_to_string(&mut lines)?;
    let (erasures, unreadable) = read(&lines);
    let applied = stream::iter(erasures).map(async |erasure| (erasure, store.erase_again(&erasure).await));
    let mut applied = applied.buffer_unordered(PARALLEL);
    let (mut counts, mut failed) = (BTreeMap::from(ALL.map(|outcome| (outcome, 0_u64))), 0_u64);
    while let Some((erasure, outcome)) = applied.next().await {
        match outcome {
            Ok(outcome) => *counts.entry(outcome).or_default() += 1,
            Err(error) => {
                failed += 1;
                eprintln!("{}: {}", erasure.user, chain(&error));
            }
        }
    }
    for (outcome, count) in counts {
        println!("{count} {}", says(outcome));
    }
    println!("{failed} failed, {unreadable} lines could not be read");
    Ok(failed == 0 && unreadable == 0)
}

fn everything(clock: &Clock) -> Pause {
    Pause {
        target: PauseTarget::All,
        mode: PauseMode::Hold,
        until: None,
        note: Some("This table was restored. See functions/RESTORE.md before you resume".to_owned()),
        paused_by: "apply-erasures".to_owned(),
        paused_at: clock.now(),
    }
}

const ALL: [ErasedAgain; 3] = [ErasedAgain::Erased, ErasedAgain::NothingThere, ErasedAgain::CreatedSince];

fn says(outcome: ErasedAgain) -> &'static str {
    match outcome {
        ErasedAgain::Erased => "erased again",
        ErasedAgain::NothingThere => "were not there",
        ErasedAgain::CreatedSince => "stay: they were created after their erasure",
    }
}

/// The last erasure of each user, and the number of lines that are none. A line has no space in it, and AWS's command line puts a
/// tab or the end of a line between two of them, and `None` where a page has none.
fn read(lines: &str) -> (Vec<LoggedErasure>, usize) {
    let (mut last, mut unreadable) = (HashMap::<UserId, LoggedErasure>::new(), 0);
    for line in lines.split_whitespace().filter(|line| *line != "None") {
        let Some(erasure) = LoggedErasure::parse(line) else {
            unreadable += 1;
            continue;
        };
        let known = last.entry(erasure.user).or_insert(erasure);
        known.at = known.at.max(erasure.at);
        known.version = known.version.max(erasure.version);
    }
    (last.into_values().collect(), unreadable)
}
