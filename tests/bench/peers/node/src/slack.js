// One message by Slack's `chat.postMessage`. Node's `fetch` keeps connections alive.

// Slack's id of the message; an error where it does not take it.
export async function send(token, channel, text) {
  const answer = await fetch(`${process.env.SLACK_ENDPOINT}/api/chat.postMessage`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ channel, text }),
    signal: AbortSignal.timeout(10_000),
  });
  const { ok, ts, error } = await answer.json();
  if (!ok) throw new Error(`Slack refused it: ${error ?? answer.status}`);
  return ts;
}
