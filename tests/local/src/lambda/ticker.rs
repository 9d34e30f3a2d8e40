//! The template's schedules: each invokes its function again and again, with its input as the whole event.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::lambda::pool::{InvokeError, Pool};
use crate::template::{Schedule, Template};

/// The functions' schedules, by the name of the binary.
pub type Schedules = BTreeMap<String, Vec<Schedule>>;

/// The schedules of the template's functions, for those that have any.
pub fn schedules(template: &Template) -> Schedules {
    let scheduled = template.functions.iter().filter(|function| !function.schedules.is_empty());
    scheduled.map(|function| (function.binary.clone(), function.schedules.clone())).collect()
}

/// Fires the schedules at their times; ends, with what it has begun, when it is dropped.
#[derive(Debug, Default)]
pub struct Ticker {
    tasks: JoinSet<()>,
}

impl Ticker {
    /// Begins one round a schedule. The first tick comes after the schedule's pause, not at once.
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

    /// Fires no more.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Invokes at every tick, also while the tick before is being worked on: AWS's schedules invoke asynchronously and ask
/// for no answer, so a function that must not run beside itself has to see to that. Ticks that this machine slept
/// through are not made up for.
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

/// Lambda would repeat an invocation that failed, twice, minutes later; here the next tick does.
async fn one_tick(pool: Arc<Pool>, input: String) {
    match pool.invoke(input.into()).await {
        Ok(_) | Err(InvokeError::Stopped) => {}
        Err(error) => eprintln!("local: a tick of function {} failed: {error}", pool.name()),
    }
}

/// Fires all of a function's schedules at once and waits: for each its input, and its answer or its error.
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
        // One may have been under way.
        assert!(TICKS.load(SeqCst) <= seen + 1, "{TICKS:?} after {seen}");
        assert_eq!(OTHERS.load(SeqCst), 0, "the first comes after the pause");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_tick_does_not_wait_for_the_one_before() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let pool = played(2, |_| {
            MOST.fetch_max(RUNNING.fetch_add(1, SeqCst) + 1, SeqCst);
            std::thread::sleep(6 * OFTEN);
            RUNNING.fetch_sub(1, SeqCst);
            Ok(Value::Null)
        });
        let _ticker = started(pool.await, vec![schedule(OFTEN, "{}")]);
        let deadline = Instant::now() + Duration::from_secs(20);
        while MOST.load(SeqCst) < 2 {
            assert!(Instant::now() < deadline, "one at a time");
            tokio::time::sleep(OFTEN).await;
        }
    }
}
