// Whether a notification goes out by Slack, and every rule that was asked.

// What is to be sent where, or why not; with the trace either way.
export function decide(user, notification, configured, channel, now) {
  if (channel !== "slack") throw new Error(`${channel} is none of this function's channels`);
  const trace = [];
  // Notes what a rule saw; `true` where it stops there.
  const stops = (rule, saw, good, waived = false) => {
    const said = good ? "pass" : waived ? "waived" : "stop";
    trace.push({ rule, saw, said });
    return said === "stop";
  };
  const skip = (reason) => ({ skip: reason, trace });
  const { not_after: end, critical, group } = notification;
  if (stops("not_expired", end === undefined ? "never expires" : `expires at ${time(end)}`, end === undefined || now < end)) {
    return skip("expired");
  }
  const cancelled = notification.cancelled_at;
  if (stops("not_cancelled", cancelled === undefined ? "not cancelled" : `cancelled at ${time(cancelled)}`, cancelled === undefined)) {
    return skip("cancelled");
  }
  if (notification.send_at > now) throw new Error("what is not due is none of this function's");
  stops("due", notification.send_at === undefined ? "at once" : `from ${time(notification.send_at)}`, true);
  const present = user !== undefined && user.erased_at === undefined;
  if (stops("user_exists", present ? "present" : user ? "erased" : "not found", present)) {
    return skip(user ? "user_erased" : "user_not_found");
  }
  const on = user.channels[channel];
  if (stops("channel_on", `${channel} ${on === undefined ? "never set" : on ? "on" : "off"}`, on !== false, critical)) {
    return skip("channel_off");
  }
  const chosen = group === undefined ? undefined : user.groups[group];
  const groupSaw = group === undefined ? "no group" : `${group} ${chosen === undefined ? "never set" : chosen ? "in" : "out"}`;
  if (stops("group_in", groupSaw, chosen !== false, critical)) return skip("group_opted_out");
  const through = configured.filter(({ provider }) => provider === channel);
  if (stops("provider", through.map(({ provider }) => provider).join(", ") || "none configured", through.length > 0)) {
    return skip("no_provider");
  }
  const route = through.map((via) => ({ via, address: addressOf(user, via) })).find(({ address }) => address !== undefined);
  if (stops("address", route ? "1 by slack" : "none", route !== undefined)) return skip("no_address");
  if (Object.keys(user.quiet).length > 0) throw new Error("quiet hours are none of this function's");
  stops("not_quiet", "not quiet", true);
  const { title, body } = inline(notification);
  stops("rendered", "inline", true);
  return { through: route.via, address: route.address, text: title === undefined ? body : `${title}\n${body}`, trace };
}

function addressOf(user, via) {
  const endpoint = user.endpoints[via.id];
  if (endpoint?.provider !== via.provider) return undefined;
  return endpoint.settings.slack_channel_id ?? endpoint.settings.slack_user_id;
}

function inline(notification) {
  const content = JSON.parse(notification.content);
  if (!content.inline) throw new Error("templates are none of this function's");
  return content.inline;
}

function time(millis) {
  return new Date(millis).toISOString();
}
