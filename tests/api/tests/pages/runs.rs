//! Runs that have expired, or that cannot be read, among others in the lists.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use shared::domain::{RunId, UserId};
use uuid::Uuid;

use super::{World, at, later, native, notification};

/// A run to one user, and the user's notification.
fn run(user: &str, n: usize, expires_at: i64) -> (String, [Value; 3]) {
    let (id, at) = (RunId::from(Uuid::new_v4()), at(n));
    let to = UserId::parse(user).unwrap();
    let recipient = id.notification_to(to);
    let run = json!({
        "pk": {"S": format!("RUN#{id}")}, "sk": {"S": "RUN"}, "recent": {"S": format!("RECENT#{n}")},
        "at": {"S": format!("{at}#{id}")}, "id": {"S": id}, "count": {"N": "1"}, "channels": {"L": [{"S": "push"}]},
        "critical": {"BOOL": false}, "priority": {"N": "3"}, "metadata": {"S": "{}"}, "request_hash": {"S": "x"},
        "content": {"S": json!({"inline": {"body": "x"}}).to_string()}, "created_at": {"N": at.millis().to_string()},
        "expires_at": {"N": expires_at.to_string()}, "recipients": {"B": STANDARD.encode(to.to_bytes())},
    });
    let [mut head, mut delivery] = notification(user, n, "x", expires_at);
    for item in [&mut head, &mut delivery] {
        item["pk"]["S"] = json!(format!("NOTIFICATION#{recipient}"));
    }
    head["id"]["S"] = json!(recipient);
    head["at"]["S"] = json!(format!("{at}#{recipient}"));
    head["content"]["S"] = json!(json!({"of_run": id}).to_string());
    (recipient.to_string(), [run, head, delivery])
}

#[tokio::test]
async fn a_run_that_is_gone_or_cannot_be_read_does_not_keep_others_out_of_a_list() {
    let world = World::new(&[]).await;
    let user = world.user().await;
    let (mut items, mut good) = (Vec::new(), Vec::new());
    for n in 0..12 {
        // DynamoDB leaves an item alone whose time was over more than five years ago; so does the emulator.
        let (id, mut run) = run(&user, n, if n % 4 == 1 { 1 } else { later() });
        match n % 4 {
            0 => good.push(id),
            2 => run[0]["content"] = json!({"S": "no JSON"}),
            3 => run[0]["recipients"] = json!({"S": "no ids"}),
            _ => {}
        }
        items.extend(run);
    }
    world.put(items).await;
    good.reverse();
    let flat: Vec<_> = good.iter().map(|id| format!("{id}.mobile_push")).collect();
    for limit in [1, 2, 100] {
        let listed = world.walk(&format!("/admin/v1/notifications?limit={limit}"), native("id")).await.0;
        assert_eq!(listed, good, "{limit}");
        let listed = world.walk(&format!("/admin/v1/deliveries?limit={limit}"), native("id")).await.0;
        assert_eq!(listed, flat, "{limit}");
    }
    world.stack.shutdown().await;
}
