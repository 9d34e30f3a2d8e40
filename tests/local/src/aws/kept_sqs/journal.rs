//! The journal of the queues: a file with one line for each thing that happened to a message. A line that the end of the process
//! has cut short is the last one, and counts as not written: its caller got no answer.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The journal's file in the data folder.
const FILE: &str = "queues.jsonl";

/// A message that was sent and not deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Message {
    /// The name of its queue.
    pub queue: String,
    /// Its body.
    pub body: String,
    /// Its attributes, as `SendMessage` takes them.
    pub attributes: Value,
    /// When its delay ends, in milliseconds of the Unix epoch.
    pub due: i64,
    /// How often it was received.
    pub receives: u64,
}

/// What happened. A message's number is its own, and those of later messages are larger.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Sent(u64, Message),
    Received(u64),
    Deleted(u64),
    Emptied(String),
}

/// The journal and the messages that it leads to.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    messages: BTreeMap<u64, Message>,
    next: u64,
}

impl Journal {
    /// Reads the journal in this folder, and begins a new one with the messages that are left.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut messages = BTreeMap::new();
        for line in text.split(|byte| *byte == b'\n') {
            if let Ok(line) = serde_json::from_slice(line) {
                apply(line, &mut messages);
            }
        }
        // The new file gets its name when it is whole.
        let partial = folder.join(format!("{FILE}.partial"));
        let mut whole = Vec::new();
        for (number, message) in &messages {
            whole.extend(written(&Line::Sent(*number, message.clone()))?);
        }
        fs::write(&partial, whole)?;
        fs::rename(&partial, &path)?;
        let next = messages.last_key_value().map_or(0, |(number, _)| number + 1);
        Ok(Self { file: OpenOptions::new().append(true).open(&path)?, messages, next })
    }

    /// The messages by their numbers, the first one first.
    pub fn messages(&self) -> impl Iterator<Item = (u64, &Message)> {
        self.messages.iter().map(|(number, message)| (*number, message))
    }

    /// Notes a message that was sent. Returns its number.
    pub fn sent(&mut self, message: Message) -> io::Result<u64> {
        let number = self.next;
        self.next += 1;
        self.write(Line::Sent(number, message))?;
        Ok(number)
    }

    /// Notes that a message was received once more.
    pub fn received(&mut self, number: u64) -> io::Result<()> {
        self.write(Line::Received(number))
    }

    /// Notes that a message was deleted.
    pub fn deleted(&mut self, number: u64) -> io::Result<()> {
        self.write(Line::Deleted(number))
    }

    /// Notes that a queue has lost all its messages.
    pub fn emptied(&mut self, queue: &str) -> io::Result<()> {
        self.write(Line::Emptied(queue.to_owned()))
    }

    fn write(&mut self, line: Line) -> io::Result<()> {
        // The system has the whole line after this call, so that the end of this process does not lose it.
        self.file.write_all(&written(&line)?)?;
        apply(line, &mut self.messages);
        // A journal that leads to nothing is over, so that it does not grow with every message there ever was.
        if self.messages.is_empty() { self.file.set_len(0) } else { Ok(()) }
    }
}

fn written(line: &Line) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn apply(line: Line, messages: &mut BTreeMap<u64, Message>) {
    match line {
        Line::Sent(number, message) => drop(messages.insert(number, message)),
        Line::Received(number) => {
            if let Some(message) = messages.get_mut(&number) {
                message.receives += 1;
            }
        }
        Line::Deleted(number) => drop(messages.remove(&number)),
        Line::Emptied(queue) => messages.retain(|_, message| message.queue != queue),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(queue: &str, body: &str) -> Message {
        Message { queue: queue.to_owned(), body: body.to_owned(), attributes: json!({}), due: 1, receives: 0 }
    }

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("tidings-journal-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn bodies(journal: &Journal) -> Vec<(u64, &str, u64)> {
        journal.messages().map(|(number, message)| (number, message.body.as_str(), message.receives)).collect()
    }

    #[test]
    fn what_was_sent_and_not_deleted_is_there_again_in_its_order() {
        let folder = folder("order");
        let mut journal = Journal::open(&folder).unwrap();
        let numbers: Vec<_> =
            ["a", "b\nc", "d"].iter().map(|body| journal.sent(message("one", body)).unwrap()).collect();
        journal.received(numbers[1]).unwrap();
        journal.deleted(numbers[0]).unwrap();
        journal.received(numbers[1]).unwrap();
        drop(journal);
        for _ in 0..2 {
            // The second time it is read from the new file that the first time has made.
            let journal = Journal::open(&folder).unwrap();
            assert_eq!(bodies(&journal), [(1, "b\nc", 2), (2, "d", 0)]);
        }
        let mut journal = Journal::open(&folder).unwrap();
        assert_eq!(journal.sent(message("one", "e")).unwrap(), 3, "a number has one message");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_line_that_was_cut_short_is_no_line() {
        let folder = folder("short");
        let mut journal = Journal::open(&folder).unwrap();
        journal.sent(message("one", "a")).unwrap();
        journal.sent(message("one", "b")).unwrap();
        drop(journal);
        let path = folder.join(FILE);
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..text.len() - 5]).unwrap();
        let mut journal = Journal::open(&folder).unwrap();
        assert_eq!(bodies(&journal), [(0, "a", 0)]);
        journal.sent(message("one", "c")).unwrap();
        drop(journal);
        assert_eq!(bodies(&Journal::open(&folder).unwrap()), [(0, "a", 0), (1, "c", 0)]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_journal_that_leads_to_nothing_is_empty() {
        let folder = folder("empty");
        let mut journal = Journal::open(&folder).unwrap();
        journal.sent(message("one", "a")).unwrap();
        let second = journal.sent(message("two", "b")).unwrap();
        journal.emptied("one").unwrap();
        assert_eq!(bodies(&journal), [(second, "b", 0)]);
        journal.deleted(second).unwrap();
        assert_eq!(fs::read(folder.join(FILE)).unwrap(), b"");
        journal.sent(message("one", "c")).unwrap();
        drop(journal);
        assert_eq!(bodies(&Journal::open(&folder).unwrap()), [(2, "c", 0)]);
        fs::remove_dir_all(&folder).unwrap();
    }
}
