//! What one act of a function costs: counts of one, and the processor time of several.

use super::cpu::cpu_us;
use super::{Counts, World};
use crate::section::Fault;

/// The cost of an act.
#[derive(Debug, Clone, Default)]
pub struct Cost {
    /// Calls, units and bytes of one.
    pub counts: Counts,
    /// Processor time of one in microseconds, the mean of several.
    pub cpu_us: f64,
}

impl World {
    /// Lets `function` do something `rounds` times and once more to warm up; `prepare` is not counted.
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
