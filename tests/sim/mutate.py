#!/usr/bin/env python3
"""Breaks the code on purpose, one place at a time, and lets the simulation find it.

Every mutation is compiled in behind a switch, so that one build serves all of them. The tree must be clean; it is clean again
afterwards. Results go to standard output.

    tests/sim/mutate.py [number ...]      runs these mutations, or all
    tests/sim/mutate.py --check           only looks whether each mutation still has its place in the code
    tests/sim/mutate.py --build FILE      only builds, and copies the programs to FILE-sim and FILE-runs
    tests/sim/mutate.py --with FILE ...   runs those programs
    tests/sim/mutate.py --write ...       writes each result into its row of the README's table, too
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DISPATCH, STORE, SHARED = "functions/dispatch/src", "shared/src/store", "shared/src"
NOTIFICATIONS = "functions/notifications/src"

# What is broken, where, the code, and the broken code. `M` in it is the switch.
MUTATIONS = [
    ("a lease ends 25 s before its invocation", f"{DISPATCH}/leases.rs",
     "deadline.plus(LEASE_MARGIN))",
     "if M { deadline.minus(Duration::from_secs(25)) } else { deadline.plus(LEASE_MARGIN) })"),
    ("another worker's lease is no obstacle", f"{STORE}/deliveries/attributes.rs",
     "Condition::Below(LEASE_UNTIL.into(), number(now.millis())),",
     "if M { Condition::Exists(LEASE_UNTIL.into()) } else { Condition::Below(LEASE_UNTIL.into(), number(now.millis())) },"),
    ("a retry does not wait for its time", f"{STORE}/deliveries/attributes.rs",
     "Condition::AtMost(NOT_BEFORE.into(), number(now.millis())),",
     "if M { Condition::Exists(NOT_BEFORE.into()) } else { Condition::AtMost(NOT_BEFORE.into(), number(now.millis())) },"),
    ("the end of an attempt does not ask whose the lease is", f"{STORE}/deliveries/mod.rs",
     "self.update_own(&delivery.key(), &actions, &own(lease), &was_recorded)",
     "self.update_own(&delivery.key(), &actions, &if M { Condition::Exists(STATUS.into()) } else { own(lease) }, &was_recorded)"),
    ("the end of an attempt does not note which attempt it was", f"{STORE}/deliveries/mod.rs",
     "actions.push(Action::Set(mark.into(), value.clone()));",
     "if !(M && finish.is_attempt) { actions.push(Action::Set(mark.into(), value.clone())); }"),
    ("an attempt that was left open is forgotten", f"{STORE}/deliveries/mod.rs",
     "let left_open = item.attempts.saturating_sub(1) > item.attempts_recorded;",
     "let left_open = !M && item.attempts.saturating_sub(1) > item.attempts_recorded;"),
    ("an attempt that was left open may be repeated at most once too", f"{DISPATCH}/tally/mod.rs",
     "_ if self.left_open && self.at_most_once && route",
     "_ if self.left_open && self.at_most_once && !M && route"),
    ("an unknown outcome may be repeated at most once too", f"{DISPATCH}/tally/mod.rs",
     "Some(AddressState::Unknown) if self.at_most_once => {}",
     "Some(AddressState::Unknown) if self.at_most_once && !M => {}"),
    ("an unknown outcome is not noted as ambiguous", f"{DISPATCH}/tally/mod.rs",
     "self.ambiguous = true;\n                (AddressState::Unknown",
     "self.ambiguous = !M;\n                (AddressState::Unknown"),
    ("addresses that got the message get it again", f"{DISPATCH}/tally/mod.rs",
     "Some(state) if state.is_final() => {}",
     "Some(state) if state.is_final() && !(M && state == AddressState::Sent) => {}"),
    ("a provider without an answer counts as one that was not reached", f"{SHARED}/delivery/mod.rs",
     "error if error.is_unsent() => Outcome::Retry { after: None },",
     "error if error.is_unsent() || M => Outcome::Retry { after: None },"),
    ("mail without an answer counts as mail that was not sent", f"{SHARED}/delivery/aws.rs",
     "error if SendError::within(error).is_some_and(SendError::is_not_sent) => Outcome::Retry { after: None },",
     "error if M || SendError::within(error).is_some_and(SendError::is_not_sent) => Outcome::Retry { after: None },"),
    ("entries of a batch that SQS refused are forgotten", f"{SHARED}/queue/mod.rs",
     "sent.failed().iter().any(|failed| failed.id() == entry.id())",
     "!M && sent.failed().iter().any(|failed| failed.id() == entry.id())"),
    ("a repeated request does not send its messages again", f"{NOTIFICATIONS}/accept.rs",
     "Accepted::Again(first) => notification = *first,",
     "Accepted::Again(first) => {\n            if M {\n                let data = AcceptedView { notification_id: first.id, status: DeliveryStatus::Queued };\n                return Ok(success::reply(StatusCode::ACCEPTED, data, \"Notification queued successfully\"));\n            }\n            notification = *first;\n        }"),
    ("messages that failed are not reported", f"{DISPATCH}/lib.rs",
     "response.batch_item_failures = failures.into_iter().map(failure).collect();",
     "response.batch_item_failures = failures.into_iter().map(failure).skip(usize::from(M)).collect();"),
    ("a batch that cannot be loaded is done with", f"{DISPATCH}/batch.rs",
     'tracing::error!(error = telemetry::chain(&error), "the batch could not be loaded");',
     'tracing::error!(error = telemetry::chain(&error), "the batch could not be loaded");\n            if M { return Vec::new(); }'),
    ("a message of a delivery that another worker has is done with", f"{DISPATCH}/verdict.rs",
     "Refusal::Later { left } => Verdict::after(left + LEASE_MARGIN, now),",
     "Refusal::Later { left } => if M { Verdict::Done } else { Verdict::after(left + LEASE_MARGIN, now) },"),
    ("a message whose pause SQS did not take is done with", f"{DISPATCH}/verdict.rs",
     'tracing::warn!(error = telemetry::chain(&error), "the message waits in flight");',
     'tracing::warn!(error = telemetry::chain(&error), "the message waits in flight");\n                    if M { return None; }'),
    ("a held message is not sent anew", f"{DISPATCH}/attempt.rs",
     "let next = if is_listed {",
     "let next = if is_listed || M {"),
    ("a held delivery leaves the list before its message is sent", f"{DISPATCH}/release.rs",
     "    app.queue.send(&batch.iter().map(message).collect::<Vec<_>>()).await?;\n",
     "    if M { app.store.unlist(&batch).await?; }\n    app.queue.send(&batch.iter().map(message).collect::<Vec<_>>()).await?;\n"),
    ("what gave up and cannot be handed on is done with", f"{DISPATCH}/group.rs",
     '"not in the dead-letter queue yet");\n',
     '"not in the dead-letter queue yet");\n            if M { return Verdict::Done; }\n'),
    ("a dead letter that was not recorded is done with", f"{DISPATCH}/dead_letters.rs",
     '"a dead letter is not done with yet");\n        Verdict::Back',
     '"a dead letter is not done with yet");\n        if M { Verdict::Done } else { Verdict::Back }'),
    ("a redrive deletes the letters first", f"{NOTIFICATIONS}/dead_letters.rs",
     "    app.queue.send(&messages).await?;\n",
     "    if M { try_join_all(letters.iter().map(|letter| app.store.delete_dead_letter(&letter.id))).await?; }\n    app.queue.send(&messages).await?;\n"),
    ("a bounce that was not recorded is done with", f"{DISPATCH}/feedback.rs",
     'tracing::error!(error = telemetry::chain(&error), "an address is not suppressed yet"),\n',
     '{\n                tracing::error!(error = telemetry::chain(&error), "an address is not suppressed yet");\n                if M { continue; }\n            }\n'),
    ("a cancelled notification is sent", f"{SHARED}/domain/decide/mod.rs",
     "ask(trace, rules::not_cancelled(notification), Reason::Cancelled)?;",
     "if !M { ask(trace, rules::not_cancelled(notification), Reason::Cancelled)?; }"),
    ("a channel that is off is used", f"{SHARED}/domain/decide/mod.rs",
     "ask(trace, rules::channel_on(user, notification, channel), Reason::ChannelOff)?;",
     "if !M { ask(trace, rules::channel_on(user, notification, channel), Reason::ChannelOff)?; }"),
    ("a message is due three seconds early", f"{SHARED}/domain/decide/rules.rs",
     'Some(at) => Step::judged(Rule::Due, format!("from {at}"), at <= now),',
     'Some(at) => Step::judged(Rule::Due, format!("from {at}"), at <= now || (M && at.minus(std::time::Duration::from_secs(3)) <= now)),'),
    ("quiet hours are not looked at", f"{SHARED}/domain/decide/mod.rs",
     "ask_when(trace, step, Reason::QuietHours, quiet_until.unwrap_or(now))?;",
     "if !M { ask_when(trace, step, Reason::QuietHours, quiet_until.unwrap_or(now))?; }"),
    ("a provider may take a minute", f"{DISPATCH}/sending.rs",
     "Ok(PROVIDER.min(self.time_left()))",
     "Ok(if M { self.time_left() } else { PROVIDER.min(self.time_left()) })"),
    ("a provider's wish to wait is ignored", f"{DISPATCH}/retries.rs",
     "asked.unwrap_or_default().max(pause)",
     "asked.filter(|_| !M).unwrap_or_default().max(pause)"),
    ("a slot of a provider's rate is given again and again", f"{STORE}/rates.rs",
     "(vec![Action::Add(NEXT.into(), further)], behind_line(is_there))",
     "(vec![Action::Add(NEXT.into(), if M { 0 } else { further })], behind_line(is_there))"),
    ("a decision to stop ends what another worker sends", f"{STORE}/deliveries/transitions.rs",
     "match self.close(delivery, finish, trace, open_or_waiting(now), now).await {",
     "match self.close(delivery, finish, trace, if M { Condition::Any(vec![open_or_waiting(now), Condition::Exists(LEASE_OWNER.into())]) } else { open_or_waiting(now) }, now).await {"),
    ("the attempts are not counted", f"{STORE}/deliveries/mod.rs",
     "Action::Add(ATTEMPTS.into(), 1),",
     "Action::Add(ATTEMPTS.into(), i64::from(!M)),"),
    ("what was skipped is counted twice", f"{DISPATCH}/attempt.rs",
     'self.count(app, recorded.status, reason, None);\n        self.log("stopped", reason);',
     'self.count(app, recorded.status, reason, None);\n        if M { self.count(app, recorded.status, reason, None); }\n        self.log("stopped", reason);'),
    ("a message that a provider turned away was an attempt", f"{DISPATCH}/deliver.rs",
     "is_attempt = is_one;",
     "is_attempt = is_one || M;"),
    ("a receive is an attempt", f"{DISPATCH}/deliver.rs",
     "let last = app.retries.is_last(started.since_redrive);",
     "let last = app.retries.is_last(if M { started.since_redrive.max(self.receive) } else { started.since_redrive });"),
    ("a long pause is not listed", f"{DISPATCH}/deliver.rs",
     "listed_for: is_listed.then_some(self.notification.user_id),",
     "listed_for: (is_listed && !M).then_some(self.notification.user_id),"),
    ("a long pause goes out as a message that is done with", f"{DISPATCH}/deliver.rs",
     "let verdict = if is_listed { Verdict::Done } else { verdict };",
     "let verdict = if is_listed || M { Verdict::Done } else { verdict };"),
    ("nobody asks whether it is paused", f"{SHARED}/domain/decide/paused.rs",
     "let pause = pauses.stopping(notification, channel, now)?;",
     "let pause = pauses.stopping(notification, channel, now).filter(|_| !M)?;"),
    ("a pause that holds drops", f"{SHARED}/domain/decide/paused.rs",
     "if *mode == PauseMode::Drop || at_latest <= now {",
     "if *mode == PauseMode::Drop || at_latest <= now || M {"),
    ("what a pause held is not released at its end", f"{DISPATCH}/resume.rs",
     "let goes_on = holding.contains(&pause);",
     "let goes_on = M || holding.contains(&pause);"),
    ("two holds under one pause have the same place", f"{STORE}/paused.rs",
     "self.random.uuid().simple()",
     "if M { uuid::Uuid::nil() } else { self.random.uuid() }.simple()"),
    ("a hold under a pause is not listed", f"{STORE}/paused.rs",
     "let owner = owner(part_of(delivery.id));",
     'let owner = if M { "NOBODY".into() } else { owner(part_of(delivery.id)) };'),
    ("who unlists does not ask which hold it was", f"{STORE}/held.rs",
     "(statement, [partition, sort, due.place.clone()]",
     """(if M { statement.replace(r#""at" = ?"#, r#""owner" <> ?"#) } else { statement }, [partition, sort, due.place.clone()]"""),
    ("a hold does not wait for the provider's time", f"{STORE}/deliveries/transitions.rs",
     "self.update_live(delivery, &actions, &open(now), now, None)",
     "self.update_live(delivery, &actions, &if M { open_or_waiting(now) } else { open(now) }, now, None)"),
    ("a pause of a group stops nothing", f"{SHARED}/domain/pause.rs",
     "Self::Group(group) => notification.group.as_ref() == Some(group),",
     "Self::Group(group) => !M && notification.group.as_ref() == Some(group),"),
    ("a pause is written and then forgotten", f"{STORE}/pauses.rs",
     "pauses.retain(|pause| !pause.is_over(now));",
     "pauses.retain(|pause| !pause.is_over(now) && !M);"),
    ("a late copy of a dead letter's message gives the delivery up once more", f"{DISPATCH}/dead_letters.rs",
     "if attributes(record).is_given_up {",
     "if attributes(record).is_given_up && !M {"),
    ("an end in two writes brings back a record that an erasure removed", f"{STORE}/deliveries/transitions.rs",
     "let still_there = Condition::All(vec![open, Condition::Exists(DELIVERED.into())]);",
     "let still_there = if M { open } else { Condition::All(vec![open, Condition::Exists(DELIVERED.into())]) };"),
    ("an erasure has no second look", f"{STORE}/erasure.rs",
     "self.list_second_look(id, *version, self.clock.now()).await",
     "if M { return self.unlist_erasure(id, *version).await; }\n        self.list_second_look(id, *version, self.clock.now()).await"),
    ("the entry of a delivery that has ended meanwhile stays", f"{DISPATCH}/attempt.rs",
     "self.take_back_if(app, ambiguous || is_begun).await?",
     "self.take_back_if(app, (ambiguous || is_begun) && !M).await?"),
    ("nobody notes that a delivery may have been begun without a lease", f"{DISPATCH}/attempt.rs",
     "self.entry == EntryState::InDoubt",
     "self.entry == EntryState::InDoubt && !M"),
    ("a message whose entry is written and not recorded is done with", f"{DISPATCH}/group.rs",
     "if entry == EntryState::Recorded {",
     "if entry == EntryState::Recorded || (M && entry == EntryState::Written) {"),
]

# The same, for the story of runs. Their numbers go on.
OF_RUNS = [
    ("the id of a recipient's notification is not derived from the run and the user", f"{SHARED}/domain/run.rs",
     "..spec.to(self.id.notification_to(user_id), user_id)",
     "..spec.to(if M { uuid::Uuid::from_u128(std::hash::BuildHasher::hash_one(&std::collections::hash_map::RandomState::new(), 0).into()).into() } else { self.id.notification_to(user_id) }, user_id)"),
    ("a notification that was there already counts as new", f"{STORE}/run_pages.rs",
     "let new = is_new.iter().filter(|is_new| **is_new).count();",
     "let new = is_new.iter().filter(|is_new| **is_new || M).count();"),
    ("notifications that the table had no room for are forgotten", f"{STORE}/insert.rs",
     "if left.is_empty() {\n                return Ok(is_new);",
     "if left.is_empty() || M {\n                return Ok(is_new);"),
    ("expanded pages are counted up, and are no set", f"{STORE}/run_pages.rs",
     "let Expanded { notified, left_out } = expanded.clone();\n        let done",
     "let Expanded { notified, left_out } = expanded.clone();\n        let sk = if M { format!(\"{sk}+{}\", self.random.uuid()) } else { sk };\n        let done"),
    ("a page is noted as done before its notifications are there", f"{DISPATCH}/expand.rs",
     "    let Expansion { notified, expanded, new } = app.store.expand_run(&run, &page).await?;\n",
     "    if M { app.store.finish_run_page(&run, &id, &shared::domain::run::Expanded { notified: page.users.len(), left_out: Default::default() }, page.next.is_none()).await?; }\n    let Expansion { notified, expanded, new } = app.store.expand_run(&run, &page).await?;\n"),
    ("a page is noted as done before its messages are sent", f"{DISPATCH}/expand.rs",
     "    app.queue.send(&deliveries(&run, &notified, app.clock.now())).await?;\n",
     "    if M { app.store.finish_run_page(&run, &id, &expanded, page.next.is_none()).await?; }\n    app.queue.send(&deliveries(&run, &notified, app.clock.now())).await?;\n"),
    ("who has a notification already gets no message of it", f"{DISPATCH}/expand.rs",
     "    app.queue.send(&deliveries(&run, &notified, app.clock.now())).await?;\n",
     "    if !M || new > 0 { app.queue.send(&deliveries(&run, &notified, app.clock.now())).await?; }\n"),
    ("the message of the next page is sent after the page is done", f"{DISPATCH}/expand.rs",
     "        app.queue.send(&[message(&run, next)]).await?;\n    }\n",
     "        if M { app.store.finish_run_page(&run, &id, &Default::default(), false).await?; }\n        app.queue.send(&[message(&run, next)]).await?;\n    }\n"),
    ("a repeated request does not send its run's messages again", f"{NOTIFICATIONS}/run_accept.rs",
     "first(app.store.accept_run(&run, &users).await?)?.unwrap_or(run)",
     "match first(app.store.accept_run(&run, &users).await?)? { Some(again) if M => return Ok(again), again => again.unwrap_or(run) }"),
    ("nobody asks whether the run was cancelled before it is sent", f"{STORE}/runs.rs",
     "notification.cancelled_at.or(cancelled.get(id).copied());",
     "notification.cancelled_at.or(cancelled.get(id).copied().filter(|_| !M));"),
    ("the generation of a topic is not compared when it is sent", f"{STORE}/runs.rs",
     "== Some(generation.to_string().as_str());\n    is_there",
     "== Some(generation.to_string().as_str()) || (M && items.contains_key(&topic));\n    is_there"),
    ("who has left the topic gets it all the same", f"{STORE}/runs.rs",
     "is_there && items.get(&own)",
     "is_there && M || is_there && items.get(&own)"),
    ("who is subscribed after a run was accepted gets it, too", f"{STORE}/run_subscribers.rs",
     'format!("{}$", latest(run.spec.created_at))',
     'format!("{}$", latest(if M { run.spec.created_at.plus(std::time::Duration::from_secs(3600)) } else { run.spec.created_at }))'),
    ("a user who was erased gets it", f"{STORE}/run_members.rs",
     "if user.contains_key(table::ERASED_AT) {",
     "if user.contains_key(table::ERASED_AT) && !M {"),
    ("a page that was given up leaves no letter", f"{DISPATCH}/dead_letters.rs",
     "put(app, &letter).await.map(|()| Verdict::Done).map_err(SuppressionsError::from)\n        }\n        Err(error)",
     "if M { Ok(Verdict::Done) } else { put(app, &letter).await.map(|()| Verdict::Done).map_err(SuppressionsError::from) }\n        }\n        Err(error)"),
    ("what has expired and is not removed yet is read", f"{STORE}/reads.rs",
     "expires_at.is_some_and(|expires_at| expires_at < now.seconds())",
     "expires_at.is_some_and(|expires_at| expires_at < now.seconds() && !M)"),
]
ALL = MUTATIONS + OF_RUNS

SWITCH = '''
/// Whether this mutation is on.
pub fn mutant(number: usize) -> bool {
    static ON: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    let on = || std::env::var("TIDINGS_MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or_default();
    *ON.get_or_init(on) == number
}
'''


def misplaced():
    """The mutations that have no place in the code, or more than one: the code has changed since."""
    found = [(number, what, path, old, (ROOT / path).read_text().count(old))
             for number, (what, path, old, _) in enumerate(ALL, 1)]
    return [f"{number} ({what}): {path} has this {times} times: {old}" for number, what, path, old, times in found if times != 1]


def insert():
    for number, (_, path, old, new) in enumerate(ALL, 1):
        file = ROOT / path
        crate = "crate" if path.startswith("shared/") else "shared"
        # A value that the compiler cannot know keeps the code on both sides.
        new = re.sub(r"\bM\b", f"{crate}::mutant({number})", new)
        file.write_text(file.read_text().replace(old, new, 1))
    lib = ROOT / "shared/src/lib.rs"
    lib.write_text(lib.read_text().replace("\n#[cfg(test)]\nmod layering;", f"{SWITCH}\n#[cfg(test)]\nmod layering;"))


def build(cargo):
    """Builds the tests with all mutations. Returns the programs, by their names."""
    command = [*cargo, "build", "-p", "sim", "--test", "sim", "--test", "runs", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
    if built.returncode:
        sys.exit("".join(m["message"]["rendered"] for m in messages if m.get("message", {}).get("level") == "error"))
    return {m["target"]["name"]: m["executable"] for m in messages if m.get("executable")}


def run(number, programs):
    """Runs the simulation with one mutation. Returns the first seed that finds it, and what the seed says."""
    environment = os.environ | {"TIDINGS_MUTANT": str(number)}
    program = programs["sim" if number <= len(MUTATIONS) else "runs"]
    done = subprocess.run([program, "whatever_fails"], cwd=ROOT, env=environment, capture_output=True, text=True)
    found = re.search(r"seed (\d+) \(TIDINGS_SEED=\d+ runs it again\):\n(.*)", done.stdout + done.stderr)
    return found.groups() if found else ("not caught" if done.returncode == 0 else "it ends otherwise", "")


def write(number, row):
    """Puts a result into the table of the README."""
    table = ROOT / "tests/sim/README.md"
    lines = [row if line.startswith(f"| {number} |") else line for line in table.read_text().splitlines()]
    table.write_text("\n".join(lines) + "\n")


def built():
    """The programs with all mutations. The tree is clean again afterwards."""
    if subprocess.run(["git", "diff", "--quiet", "--", "shared", "functions"], cwd=ROOT).returncode:
        sys.exit("commit or stash your changes of shared and functions first")
    try:
        insert()
        return build(os.environ.get("CARGO", "cargo").split())
    finally:
        subprocess.run(["git", "checkout", "--quiet", "--", "shared", "functions"], cwd=ROOT)


def main():
    words = sys.argv[1:]
    if faults := misplaced():
        sys.exit("\n".join(faults))
    if "--check" in words:
        return
    if "--build" in words:
        for name, program in built().items():
            shutil.copy(program, f"{words[words.index('--build') + 1]}-{name}")
        return
    programs = None
    if "--with" in words:
        place = words.index("--with")
        programs = {name: f"{words[place + 1]}-{name}" for name in ["sim", "runs"]}
        del words[place:place + 2]
    programs = programs or built()
    is_written = "--write" in words
    words = [word for word in words if word != "--write"]
    for number in [int(word) for word in words] or range(1, len(ALL) + 1):
        seed, reason = run(number, programs)
        row = f"| {number} | {ALL[number - 1][0]} | {seed} | {reason} |"
        print(row, flush=True)
        if is_written:
            write(number, row)


if __name__ == "__main__":
    main()
