//! The folder that keeps data across runs. One stack at a time has it, by a lock of the operating system, which ends with the
//! process that holds it, however that ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::StackError;

/// The lock's file. It says who holds the lock, and stays when nobody does.
const FILE: &str = "stack.lock";

/// The lock on a folder. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct DataFolder {
    lock: File,
}

impl DataFolder {
    /// Takes the folder, and creates it if it is not there. An error says who has it.
    pub fn take(folder: &Path) -> Result<Self, StackError> {
        let path = folder.join(FILE);
        let failed = |source| StackError::DataFolder { folder: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken(folder, &path)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let taken = Self { lock };
        taken.write(&format!("process {}", std::process::id())).map_err(failed)?;
        Ok(taken)
    }

    /// Says where the stack of this folder answers.
    pub fn is_served_at(&self, url: &str) -> io::Result<()> {
        self.write(&format!("process {} at {url}", std::process::id()))
    }

    fn write(&self, holder: &str) -> io::Result<()> {
        // It is one short write, so that a reader sees the text of before, nothing, or this text.
        self.lock.set_len(0)?;
        io::Seek::rewind(&mut &self.lock)?;
        (&self.lock).write_all(holder.as_bytes())
    }
}

fn taken(folder: &Path, lock: &PathBuf) -> StackError {
    let holder = fs::read_to_string(lock).ok().filter(|holder| !holder.is_empty());
    let holder = holder.unwrap_or_else(|| "another process".to_owned());
    StackError::DataFolderTaken { folder: folder.to_owned(), holder }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("tidings-lock-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn a_folder_that_is_taken_says_by_whom_until_it_is_free() {
        let folder = folder("taken");
        let sentence = |holder: &str| {
            let shown = folder.display();
            format!(
                "the data folder {shown} belongs to a running stack, {holder}: end it, or take another folder with --data"
            )
        };
        let refused = || DataFolder::take(&folder).unwrap_err().to_string();
        let own = format!("process {}", std::process::id());
        let first = DataFolder::take(&folder).unwrap();
        assert_eq!(refused(), sentence(&own));
        first.is_served_at("http://127.0.0.1:8001").unwrap();
        assert_eq!(refused(), sentence(&format!("{own} at http://127.0.0.1:8001")));
        drop(first);
        DataFolder::take(&folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_a_dead_process_has_left_holds_nobody_up() {
        let folder = folder("stale");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(FILE), "process 1 at http://127.0.0.1:8001, and more").unwrap();
        let taken = DataFolder::take(&folder).unwrap();
        let holder = fs::read_to_string(folder.join(FILE)).unwrap();
        assert_eq!(holder, format!("process {}", std::process::id()));
        drop(taken);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_no_folder_is_an_error() {
        let file = folder("file");
        fs::write(&file, "x").unwrap();
        let error = DataFolder::take(&file).unwrap_err().to_string();
        assert_eq!(error, format!("the data folder {} cannot be used", file.display()));
        fs::remove_file(&file).unwrap();
    }
}
