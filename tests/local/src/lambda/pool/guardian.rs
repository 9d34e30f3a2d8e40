//! A process that cannot run does not notice that this program has died. So a second program, a shell, waits for the end of
//! this one, whatever it dies of: then it reads the end of its input, and resumes every process that is still there. A process
//! that goes on finds its Runtime API closed, and ends.
//!
//! It only resumes: if an id belonged to a stranger by then, no harm would be done.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

/// Reads `+ id` and `- id`, until the end of its input.
const SCRIPT: &str = r#"
all=
while read -r act id; do
  case $act in
    +) all="$all $id" ;;
    -) left=; for one in $all; do [ "$one" = "$id" ] || left="$left $one"; done; all=$left ;;
  esac
done
for one in $all; do kill -CONT "$one" 2>/dev/null; done
"#;

struct Guardian {
    /// Kept, so that the shell is this program's child until this program ends.
    _shell: Child,
    input: ChildStdin,
    guarded: Vec<u32>,
}

/// The guardian of this program's processes; `None` if there is no shell.
static GUARDIAN: LazyLock<Mutex<Option<Guardian>>> = LazyLock::new(|| Mutex::new(start().ok()));

fn start() -> std::io::Result<Guardian> {
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A Ctrl-C on the terminal does not end it before this program.
        .process_group(0)
        .spawn()?;
    let input = shell.stdin.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
    Ok(Guardian { _shell: shell, input, guarded: Vec::new() })
}

/// From now on, the process is resumed if this program dies.
pub fn guard(id: u32) {
    with(|guardian| {
        writeln!(guardian.input, "+ {id}")?;
        guardian.guarded.push(id);
        Ok(())
    });
}

/// The process has ended.
pub fn release(id: u32) {
    with(|guardian| {
        guardian.guarded.retain(|guarded| *guarded != id);
        writeln!(guardian.input, "- {id}")
    });
}

/// Whether the process would be resumed.
pub fn guards(id: u32) -> bool {
    let guardian = GUARDIAN.lock().unwrap_or_else(PoisonError::into_inner);
    guardian.as_ref().is_some_and(|guardian| guardian.guarded.contains(&id))
}

/// Without a shell that reads, no process is guarded any more.
fn with(tell: impl FnOnce(&mut Guardian) -> std::io::Result<()>) {
    let mut guardian = GUARDIAN.lock().unwrap_or_else(PoisonError::into_inner);
    if guardian.as_mut().is_some_and(|guardian| tell(guardian).is_err()) {
        *guardian = None;
    }
}
