//! Measures how the cost of a request grows with the size of its data.

mod axis;
mod lines;
mod table_size;

use serde_json::json;

use self::axis::{Axis, Line};
use crate::harness::World;
use crate::section::{Aim, Fault, Section};

/// The largest good exponent. Above it, a cost grows faster than the size.
const MAX: f64 = 1.05;

const GOAL: &str = "exponent ≤ 1.05";
const TOKENS: Aim = Aim { what: "growth with device tokens, 1 to 50", goal: GOAL };
const CHANNELS: Aim = Aim { what: "growth with channels, 1 to 6", goal: GOAL };
const GROUPS: Aim = Aim { what: "growth with groups, 1 to 1,000", goal: GOAL };
const SETTINGS: Aim = Aim { what: "growth with settings, 0.5 to 390 KB", goal: GOAL };
const BATCH: Aim = Aim { what: "growth of a batch, 1 to 1,000 messages", goal: GOAL };
const USERS: Aim = Aim { what: "growth with users in the table, 1 to 100,000", goal: GOAL };

/// The goals of this section.
pub const AIMS: &[&Aim] = &[&TOKENS, &CHANNELS, &GROUPS, &SETTINGS, &BATCH, &USERS];

/// Runs the section: measures along each axis.
pub async fn run() -> Result<Section, Fault> {
    let mut section = Section::new(
        "Each cost is fitted as a power of the size, by least squares over logarithms: 0 is constant, 1 is linear. Calls, \
         units and bytes (bodies of calls to DynamoDB and SQS, there and back) are the same on every machine. CPU is the \
         processor time of the function's own process, from the kernel's count for its threads: it depends on the machine, \
         its growth hardly does.",
    );
    section.say(
        "A goal is met where no cost of any line of the axis has a fitted exponent above 1.05. A fit over the whole range could \
         hide a tail that bends upwards: the exponent between the last two sizes stands beside it (\"end\"), and the highest of \
         them with the goal. There, units step by whole KB, and CPU is as noisy as two measurements are. Two tails are \
         steeper than their fits: a push to n devices, whose every outcome rewrites a record that holds all n; and the one \
         call more that a user's thousandth handle takes, to see that the bound is kept.",
    );
    let groups: Vec<_> = (0..90).map(|number| format!("group-{number:02}")).collect();
    let world = World::start(&[("CustomGroups", &groups.join(",")), ("DispatchTimeout", "300")]).await?;
    let axes = [
        Axis {
            aim: &TOKENS,
            file: "device-tokens",
            over: "device tokens",
            note: "Contract 3 takes at most 50 tokens a channel. What addresses have got is recorded as soon as it is known, \
                   so that a worker that dies repeats little: what becomes known while one write of the record is under \
                   way goes into the next, so that writes do not grow with the addresses as fast as the record does.",
            lines: vec![lines::put_tokens(&world).await?, lines::push(&world).await?],
        },
        Axis {
            aim: &CHANNELS,
            file: "channels",
            over: "channels",
            note: "Contract 3 has six channel types; deliveries go by five channels.",
            lines: vec![lines::channel_types(&world).await?, lines::all_channels(&world).await?],
        },
        Axis {
            aim: &GROUPS,
            file: "groups",
            over: "groups",
            note: "Contract 2 knows the product's ten groups and at most ninety of the deployment; a change writes all of them, \
                   those left out as well. Contract 3's handles end at 1,000 values a user.",
            lines: vec![
                lines::groups(&world, &groups).await?,
                lines::one_handle(&world).await?,
                lines::read_handles(&world).await?,
            ],
        },
        Axis {
            aim: &SETTINGS,
            file: "settings",
            over: "KB of settings",
            note: "An item ends at 400 KB, a body at 256 KiB. DynamoDB charges a change by the whole item, however small the \
                   change is. A patch beyond 4 KB of expression is written over what was read.",
            lines: lines::settings(&world).await?,
        },
        Axis {
            aim: &BATCH,
            file: "batch",
            over: "messages in a batch",
            note: "Each message is to somebody else. Lambda hands out at most 10 by the template; 10,000 where a window is set.",
            lines: vec![lines::batch(&world).await?],
        },
    ];
    for axis in axes {
        axis.tell(&mut section);
    }
    world.shutdown().await;
    table_size::measure().await?.tell(&mut section);
    Ok(section)
}

/// A line with its measured points.
fn line(name: &str, points: Vec<(f64, crate::harness::Cost)>) -> Line {
    Line { name: name.to_owned(), points }
}

/// A short text to send.
fn content() -> serde_json::Value {
    json!({"subject": "Hello", "title": "Hello", "body": "How are you?"})
}
