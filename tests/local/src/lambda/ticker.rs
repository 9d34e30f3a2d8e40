//! The template's schedules. Each invokes its function repeatedly, with its input as the whole event.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::lambda::pool::{InvokeError, Pool};
use crate::template::{Schedule, Template};

/// The functions' schedules, by the name of the binary.
pub type Schedules = BTreeMap<String, Vec<Schedule>>;

/// The schedules of all functions in the template that have schedules.
pub fn schedules(template: &Template) -> Schedules {
    let scheduled = template.functions.iter().filter(|function| !function.schedules.is_empty());
    scheduled.map(|function| (function.binary.clone(), function.schedules.clone())).collect()
}

/// Fires the schedules at their times. When it is dropped, it ends together with its running invocations.
#[derive(Debug, Default)]
pub struct Ticker {
    tasks: JoinSet<()>,
}

impl Ticker {
    /// Starts one task for each schedule. The first tick comes after the schedule's interval.
    pub fn start(schedules: &Schedules, functions: &BTreeMap<String, Arc<Pool>>) -> Self {
        let mut tasks = JoinSet::new();
        for (name, schedules) in schedules {
            for schedule in schedules {
                if let Some(pool) = functions.get(name) {
                    tasks.spawn(go_round(pool.clone(), schedule.clone()));
                }
            }
        }
        Self { tasks }
    }

    /// Stops all schedules.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Invokes the function at every tick, also while an earlier invocation still runs: AWS's schedules invoke
/// asynchronously and wait for no answer. So a function that must not run twice at the same time has to ensure that
/// itself. Ticks during which this machine slept are skipped.
async fn go_round(pool: Arc<Pool>, schedule: Schedule) {
    let mut ticks = interval_at(Instant::now() + schedule.every, schedule.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut running = JoinSet::new();
    loop {
        ticks.tick().await;
        while running.try_join_next().is_some() {}
        running.spawn(one_tick(pool.clone(), schedule.input.clone()));
    }
}

/// Invokes the function once. Lambda would repeat a failed invocation twice, minutes later; here, only the next tick
/// invokes again.
async fn one_tick(pool: Arc<Pool>, input: String) {
    match pool.invoke(input.into()).await {
        Ok(_) | Err(InvokeError::Stopped) => {}
        Err(error) => eprintln!("local: a tick of function {} failed: {error}", pool.name()),
    }
}

/// Fires all schedules of a function at once, and waits. Returns for each schedule its input, and its answer or its
/// error.
pub async fn fire(pool: &Pool, schedules: &[Schedule]) -> Vec<Value> {
    let answers = schedules.iter().map(async |schedule| {
        let input: Value = serde_json::from_str(&schedule.input).unwrap_or_default();
        match pool.invoke(schedule.input.clone().into()).await {
            Ok(answer) => {
                let answer = serde_json::from_slice(&answer);
                json!({"input": input, "answer": answer.unwrap_or(Value::Null)})
            }
            Err(error) => json!({"input": input, "error": error.to_string()}),
        }
    });
    futures::future::join_all(answers).await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::time::Duration;

    use super::*;
    use crate::lambda::pool::tests::played;

    const OFTEN: Duration = Duration::from_millis(50);

    fn schedule(every: Duration, input: &str) -> Schedule {
        Schedule { every, input: input.to_owned() }
    }

    fn started(pool: Pool, schedules: Vec<Schedule>) -> Ticker {
        let name = pool.name().to_owned();
        Ticker::start(&[(name.clone(), schedules)].into(), &[(name, Arc::new(pool))].into())
    }

    #[tokio::test]
    async fn a_schedule_invokes_with_its_input_until_it_is_shut_down() {
        static TICKS: AtomicUsize = AtomicUsize::new(0);
        static OTHERS: AtomicUsize = AtomicUsize::new(0);
        let pool = played(1, |event| {
            if event == json!({"tick": 1}) { &TICKS } else { &OTHERS }.fetch_add(1, SeqCst);
            Err(json!({"errorType": "Oops", "errorMessage": "a tick that fails ends nothing"}))
        });
        let hourly = schedule(Duration::from_secs(3600), "\"hourly\"");
        let ticker = started(pool.await, vec![schedule(OFTEN, r#"{"tick": 1}"#), hourly]);
        let deadline = Instant::now() + Duration::from_secs(20);
        while TICKS.load(SeqCst) < 3 {
            assert!(Instant::now() < deadline, "{TICKS:?} ticks");
            tokio::time::sleep(OFTEN).await;
        }
        ticker.shutdown().await;
        let seen = TICKS.load(SeqCst);
        tokio::time::sleep(5 * OFTEN).await;
        // One tick may have been running.
        assert!(TICKS.load(SeqCst) <= seen + 1, "{TICKS:?} after {seen}");
        assert_eq!(OTHERS.load(SeqCst), 0, "the first comes after the pause");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_tick_does_not_wait_for_the_one_before() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        static MAX: AtomicUsize = AtomicUsize::new(0);
        let pool = played(2, |_| {
            MAX.fetch_max(RUNNING.fetch_add(1, SeqCst) + 1, SeqCst);
            std::thread::sleep(6 * OFTEN);
            RUNNING.fetch_sub(1, SeqCst);
            Ok(Value::Null)
        });
        let _ticker = started(pool.await, vec![schedule(OFTEN, "{}")]);
        let deadline = Instant::now() + Duration::from_secs(20);
        while MAX.load(SeqCst) < 2 {
            assert!(Instant::now() < deadline, "one at a time");
            tokio::time::sleep(OFTEN).await;
        }
    }
}
