//! Runs what has to be done, in an order that only the seed decides.

use std::{cell::Cell, future::Future, rc::Rc};

use futures::{executor::LocalPool, task::LocalSpawnExt};

use crate::{net, world::World};

/// The most jumps of the time in one simulation. Each is a timer that somebody waited for.
const MAX_JUMPS: usize = 3_000_000;

/// Runs `main` to its end, with what it spawns.
pub fn until_done<F: Future<Output = ()> + 'static>(world: &World, main: impl FnOnce(Spawner) -> F) {
    let mut pool = LocalPool::new();
    let spawner = Spawner(pool.spawner());
    let done = Rc::new(Cell::new(false));
    let (main, is_done) = (main(spawner.clone()), done.clone());
    spawner.spawn(async move {
        main.await;
        is_done.set(true);
    });
    for _ in 0..MAX_JUMPS {
        pool.run_until_stalled();
        if done.get() {
            return;
        }
        assert!(world.time.jump(), "everybody waits for ever");
        net::arrive(world);
    }
    panic!("it never ends");
}

/// Runs one thing alone.
pub fn alone(world: &World, work: impl Future<Output = ()> + 'static) {
    until_done(world, |_| work);
}

/// Starts further things.
#[derive(Clone, Debug)]
pub struct Spawner(futures::executor::LocalSpawner);

impl Spawner {
    /// Starts something.
    pub fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.0.spawn_local(work).expect("the pool runs");
    }
}
