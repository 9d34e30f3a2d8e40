//! Measures the same requests while the table has more and more users.

use std::time::Instant;

use reqwest::Method;
use serde_json::json;

use super::axis::Axis;
use super::{USERS, content, line};
use crate::harness::{Copy, Request, SeedTemplate, World};
use crate::section::Fault;

/// How often a request is repeated for its processor time.
const ROUNDS: u32 = 20;
/// Users in the table, besides the users of the requests.
const SIZES: [u32; 6] = [1, 10, 100, 1000, 10_000, 100_000];

/// Measures at each size. The result's note says how the users were loaded.
pub async fn measure() -> Result<Axis, Fault> {
    let world = World::start(&[]).await?;
    let user = world.new_user(&json!({})).await?;
    let users = SeedTemplate::of_user(&world, &user).await?;
    let told = SeedTemplate::of(&world, &user, "email", &content()).await?;
    let (mut change, mut read, mut page, mut batch) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let demo = world.stack.demo().describe();
    let mut there = 0;
    for size in SIZES {
        let began = Instant::now();
        users.pour(&world, (size - there) as usize).await?;
        eprintln!(
            "growth: {size} users in the table, the last {} in {:.1} s",
            size - there,
            began.elapsed().as_secs_f64()
        );
        there = size;
        let admin = world.token("bench-admin", "admin");
        let path = format!("/api/v1/users/{user}");
        let put = Request::new(Method::PUT, format!("{path}/preferences")).bearer(&admin);
        let put = put.json(&json!({"preferences": {"email": true, "push": false}}));
        let list = Request::new(Method::GET, "/admin/v1/users?limit=2")
            .header("x-notiflows-api-key", demo["notiflows"]["api_key"].as_str().unwrap_or_default())
            .header("x-notiflows-secret-key", demo["notiflows"]["secret_key"].as_str().unwrap_or_default());
        let at = f64::from(size);
        for (function, request, points) in [
            ("preferences", put, &mut change),
            ("users", Request::new(Method::GET, path).bearer(&admin), &mut read),
            ("users", list, &mut page),
        ] {
            let prepare = async || Ok(request.clone());
            let act = async |request| world.expect(200, request).await.map(drop);
            points.push((at, world.cost(function, ROUNDS, prepare, act).await?));
        }
        let prepare = async || told.pour(&world, 10).await;
        batch.push((
            at,
            world.cost("dispatch", 5, prepare, async |copies: Vec<Copy>| world.dispatch(&copies).await).await?,
        ));
    }
    world.shutdown().await;
    Ok(Axis {
        aim: &USERS,
        file: "users",
        over: "users in the table",
        note: "All of them were loaded: the item of one user, written again under other ids straight into the emulator, with \
               each one's place in the index. The emulator's own time is in none of the figures.",
        lines: vec![
            line("change preferences", change),
            line("read a user", read),
            line("a page of 2 users", page),
            line("dispatch 10", batch),
        ],
    })
}
