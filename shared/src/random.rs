//! Randomness. `main` makes one source and hands it in: nothing else asks the machine for random numbers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::{Rng, RngCore, SeedableRng, rngs::StdRng};
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

/// Where random numbers come from. A clone is the same source.
#[derive(Clone, Debug)]
pub struct Randomness(Source);

#[derive(Clone, Debug)]
enum Source {
    /// The operating system.
    System,
    /// A sequence that a seed determines.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Randomness {
    /// The operating system's own source. It is safe for secrets.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The sequence of this seed, the same each time: for tests and simulations, never for secrets.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// A random UUID (version 4).
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system for random numbers")]
    pub fn uuid(&self) -> Uuid {
        match &self.0 {
            Source::System => Uuid::new_v4(),
            Source::Seeded(rng) => {
                let mut bytes = [0; 16];
                lock(rng).fill_bytes(&mut bytes);
                uuid::Builder::from_random_bytes(bytes).into_uuid()
            }
        }
    }

    /// A number from 0 to below 1.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system for random numbers")]
    pub fn fraction(&self) -> f64 {
        match &self.0 {
            Source::System => rand::random(),
            Source::Seeded(rng) => lock(rng).random(),
        }
    }

    /// That many random bytes in lower-case hexadecimal. `None` if the system gives none.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system for random numbers")]
    pub fn hex(&self, bytes: usize) -> Option<String> {
        let mut random = vec![0; bytes];
        match &self.0 {
            Source::System => SystemRandom::new().fill(&mut random).ok()?,
            Source::Seeded(rng) => lock(rng).fill_bytes(&mut random),
        }
        Some(hex::encode(random))
    }
}

fn lock(rng: &Mutex<StdRng>) -> MutexGuard<'_, StdRng> {
    rng.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_are_never_the_same() {
        for random in [Randomness::system(), Randomness::seeded(1)] {
            let (one, two) = (random.hex(32).unwrap(), random.hex(32).unwrap());
            assert!(one != two && one.len() == 64 && one.bytes().all(|b| b.is_ascii_hexdigit()));
            assert_ne!(random.uuid(), random.uuid());
            assert!((0..100).all(|_| (0.0..1.0).contains(&random.fraction())));
        }
    }

    #[test]
    fn a_seed_determines_what_follows() {
        let of = |seed| {
            let random = Randomness::seeded(seed);
            (random.uuid(), random.fraction(), random.hex(4))
        };
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
        assert_eq!(of(7).0.get_version_num(), 4);
    }
}
