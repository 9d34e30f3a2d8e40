//! Configured channels in the OpenAPI document.

use serde_json::json;
use shared::{
    dialects::native::{
        openapi::{LISTS, OPERATORS, Refusals},
        page::last_page,
    },
    http::openapi::{ChannelId, Document},
};

use super::{ChannelList, ChannelReplacement, ChannelView, ListQuery};

/// The operations.
pub fn document(doc: &mut Document) {
    const LIST: &str = "/api/v1/channels";
    const PATH: &str = "/api/v1/channels/{channel_id}";
    const ID: &str = "01HQXYZ123456789ABCDEFGHIJ";
    let channel =
        json!({"channel_id": ID, "name": "Slack", "provider": "slack", "secret": "tidings/slack", "position": 0});
    let ses = json!({
        "channel_id": ID, "name": "Mail", "provider": "email", "secret": null, "position": 0, "rate_per_second": 14,
    });
    doc.tag(
        "Administration",
        "Keys of applications, channels, dead letters: what an operator sets up and looks after.",
    );
    doc.get(LIST, "listChannels", "All configured channels, in the order in which they are tried")
        .bearer(OPERATORS)
        .query::<ListQuery>()
        .answers::<ChannelList>(200, "A page", json!({"items": [channel], "page": last_page()}))
        .refuses::<Refusals>(LISTS);
    doc.get(PATH, "readChannel", "One channel")
        .bearer(OPERATORS)
        .path::<ChannelId>("channel_id", "Its id", ID)
        .answers::<ChannelView>(200, "The channel", channel.clone())
        .refuses::<Refusals>(&[400, 401, 403, 404, 500, 503]);
    doc.put(PATH, "putChannel", "Create or replace a channel")
        .says("Every worker knows of the change within a minute. Until then a worker may still use the channel as it was.")
        .bearer(OPERATORS)
        .path::<ChannelId>("channel_id", "Its id", ID)
        .if_match()
        .once()
        .body::<ChannelReplacement>(json!({"provider": "email", "name": "Mail", "rate_per_second": 14}))
        .answers::<ChannelView>(200, "The channel as replaced", ses.clone())
        .answers::<ChannelView>(201, "The channel, which is new", ses)
        .refuses::<Refusals>(&[400, 401, 403, 409, 412, 413, 415, 500, 503]);
    doc.delete(PATH, "deleteChannel", "Delete a channel")
        .says("Every worker knows of it within a minute. Until then a worker may still send through the channel.")
        .bearer(OPERATORS)
        .path::<ChannelId>("channel_id", "Its id", ID)
        .if_match()
        .once()
        .answers_empty(204, "It is gone")
        .refuses::<Refusals>(&[400, 401, 403, 404, 409, 412, 500, 503]);
}
