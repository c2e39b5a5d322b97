//! One process at a time builds a project.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::error::ProjectError;

/// How often it is asked whether another process is done.
const ASK: Duration = Duration::from_millis(100);

/// Waits until no other process works in the folder. The lock ends with the file.
pub(crate) async fn lock(private: &Path, waiting: impl FnOnce()) -> Result<File, ProjectError> {
    fs::create_dir_all(private).map_err(ProjectError::io("make the folder", private))?;
    let path = private.join("lock");
    let file = File::create(&path).map_err(ProjectError::io("write", &path))?;
    let mut waiting = Some(waiting);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(ProjectError::io("lock", &path)(error)),
            Err(TryLockError::WouldBlock) => {
                if let Some(waiting) = waiting.take() {
                    waiting();
                }
                tokio::time::sleep(ASK).await;
            }
        }
    }
}
