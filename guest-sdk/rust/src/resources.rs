//! Read-only documents that the graph grants to this node.

use crate::host;
use std::io;

pub use crate::bindings::hap::agent::resources::Entry;
use crate::bindings::hap::agent::resources::Error as HostError;

/// How much [`read_to_string`] asks for at once: few calls for a large document, little memory for a small one.
const CHUNK_BYTES: u32 = 64 * 1024;

/// The granted documents, sorted by name.
#[must_use]
pub fn list() -> Vec<Entry> {
    host::resources::list()
}

/// Opens a document by the name that [`list`] gives.
///
/// # Errors
///
/// [`NotFound`](io::ErrorKind::NotFound) where there is no such document or the graph does not grant it: an
/// agent cannot tell which.
pub fn open(name: &str) -> io::Result<Reader> {
    match host::resources::open(name) {
        Ok(reader) => Ok(Reader {
            reader,
            name: name.to_owned(),
        }),
        Err(error) => Err(to_io(name, error)),
    }
}

/// Reads a whole document as text.
///
/// # Errors
///
/// As [`open`], or [`InvalidData`](io::ErrorKind::InvalidData) where it is not UTF-8.
pub fn read_to_string(name: &str) -> io::Result<String> {
    let reader = open(name)?;
    let mut bytes = Vec::new();
    loop {
        let chunk = reader.next_chunk(CHUNK_BYTES)?;
        if chunk.is_empty() {
            break;
        }
        bytes.extend(chunk);
    }
    String::from_utf8(bytes).map_err(|error| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("resource `{name}` is not UTF-8: {error}"),
        )
    })
}

/// An open document. Every read is a call of the host, so put a [`BufReader`](io::BufReader) around it for
/// small reads.
#[derive(Debug)]
pub struct Reader {
    reader: host::resources::Reader,
    name: String,
}

impl Reader {
    fn next_chunk(&self, max_bytes: u32) -> io::Result<Vec<u8>> {
        self.reader
            .read(max_bytes)
            .map_err(|error| to_io(&self.name, error))
    }
}

impl io::Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let chunk = self.next_chunk(u32::try_from(buffer.len()).unwrap_or(u32::MAX))?;
        let Some(target) = buffer.get_mut(..chunk.len()) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the host returned more than it was asked for",
            ));
        };
        target.copy_from_slice(&chunk);
        Ok(chunk.len())
    }
}

fn to_io(name: &str, error: HostError) -> io::Error {
    match error {
        HostError::NotFound => io::Error::new(
            io::ErrorKind::NotFound,
            format!("resource `{name}` does not exist or is not granted"),
        ),
        HostError::Io(text) => io::Error::other(format!("failed to read resource `{name}`: {text}")),
    }
}
