//! One user, five dialects: what one writes, the others see where they speak of the same thing, and leave alone otherwise.

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
