//! The cost of one action of a function: the counts of one repetition, and the mean processor time of several.

use super::cpu::cpu_us;
use super::{Counts, World};
use crate::section::Fault;

/// The cost of an action.
#[derive(Debug, Clone, Default)]
pub struct Cost {
    /// Calls, units and bytes of one repetition.
    pub counts: Counts,
    /// The mean processor time in microseconds.
    pub cpu_us: f64,
}

impl World {
    /// Measures `function` during `rounds` repetitions, after one more repetition to warm up. The calls of `prepare`
    /// are not counted.
    pub async fn cost<P>(
        &self,
        function: &str,
        rounds: u32,
        prepare: impl AsyncFn() -> Result<P, Fault>,
        act: impl AsyncFn(P) -> Result<(), Fault>,
    ) -> Result<Cost, Fault> {
        act(prepare().await?).await?;
        let prepared = prepare().await?;
        let ((), counts) = self.counted(function, async || act(prepared).await).await?;
        let mut cpu = 0.0;
        for _ in 0..rounds {
            let prepared = prepare().await?;
            let before = cpu_us(self, function)?;
            act(prepared).await?;
            cpu += cpu_us(self, function)? - before;
        }
        Ok(Cost { counts, cpu_us: cpu / f64::from(rounds) })
    }
}
