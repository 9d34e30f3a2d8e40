//! One user, five dialects: a write through one dialect changes what the others show of the same value, and changes
//! nothing else there.

mod both_speak_of;
mod world;
mod writes;

use world::World;
use writes::WRITES;

#[tokio::test]
async fn no_write_of_one_dialect_disturbs_what_another_owns() {
    let world = World::new().await;
    let mut pairs = 0;
    for (first, a) in WRITES.iter().enumerate() {
        for (_, b) in WRITES.iter().enumerate().filter(|(second, _)| *second != first) {
            let user = world.somebody().await;
            a.make(&user).await;
            assert_eq!(a.view(&user).await, a.expected(None, &user), "{}", a.name);
            b.make(&user).await;
            assert_eq!(a.view(&user).await, a.expected(Some(b), &user), "{}, then {}", a.name, b.name);
            assert_eq!(b.view(&user).await, b.expected(None, &user), "{} after {}", b.name, a.name);
            pairs += 1;
        }
    }
    assert_eq!(pairs, 90);
}
