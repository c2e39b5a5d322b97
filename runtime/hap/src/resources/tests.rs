//! The folder of documents, against everything that could lead out of it.

use super::*;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

/// Files within `inside`, and one beside it.
fn folder() -> (tempfile::TempDir, FolderResources) {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    fs::create_dir_all(inside.join("corpus/deep")).unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    fs::write(inside.join("manual.md"), "0123456789").unwrap();
    fs::write(inside.join("corpus/a"), "a").unwrap();
    fs::write(inside.join("corpus/deep/b"), "b").unwrap();
    let resources = FolderResources::open(inside).unwrap();
    (folder, resources)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let threads = tokio::runtime::Builder::new_current_thread().build().unwrap();
    threads.block_on(future)
}

fn names(resources: &FolderResources) -> Vec<String> {
    let listed = block_on(resources.list()).unwrap();
    let mut names: Vec<String> = listed.into_iter().map(|entry| entry.name).collect();
    names.sort();
    names
}

fn read(resources: &FolderResources, name: &str) -> Result<String, ResourceError> {
    let bytes = block_on(resources.read(name, 0, 1 << 20))?;
    Ok(String::from_utf8(bytes).unwrap())
}

const ALL: [&str; 3] = ["corpus/a", "corpus/deep/b", "manual.md"];

#[test]
fn files_are_listed_and_read_in_pieces() {
    let (_folder, resources) = folder();
    assert_eq!(names(&resources), ALL);
    let listed = block_on(resources.list()).unwrap();
    let manual = listed.iter().find(|entry| entry.name == "manual.md").unwrap();
    assert_eq!(manual.size, Some(10));
    let piece = |offset, max| block_on(resources.read("manual.md", offset, max)).unwrap();
    assert_eq!(piece(0, 4), b"0123");
    assert_eq!(piece(8, 4), b"89");
    assert_eq!(piece(0, 0), b"");
    assert_eq!(piece(10, 4), b"");
    assert_eq!(piece(u64::MAX, 4), b"");
    assert_eq!(piece(1, u32::MAX), b"123456789");
    assert_eq!(read(&resources, "corpus/deep/b").unwrap(), "b");
}

#[test]
fn no_spelling_leads_out() {
    let (folder, resources) = folder();
    let absolute = folder.path().join("secret").display().to_string();
    for name in [
        "../secret",
        "corpus/../../secret",
        "corpus/..",
        "..",
        ".",
        "",
        "/",
        "corpus/",
        "corpus//a",
        "./manual.md",
        "%2e%2e/secret",
        "..%2fsecret",
        "..\\secret",
        "corpus\0/a",
        "manual.md/../manual.md",
        "manual.md/x",
        "Manual.md",
        "CORPUS/a",
        "corpus",
        "corpus/deep",
        "none",
        &absolute,
        &"x".repeat(500),
        &format!("{}/x", "x/".repeat(100)),
    ] {
        assert_eq!(read(&resources, name), Err(ResourceError::NotFound), "{name}");
    }
}

#[test]
fn symbolic_links_are_not_there_wherever_they_lead() {
    let (folder, resources) = folder();
    let inside = folder.path().join("inside");
    symlink("../secret", inside.join("relative")).unwrap();
    symlink(folder.path().join("secret"), inside.join("absolute")).unwrap();
    symlink("..", inside.join("up")).unwrap();
    symlink("/", inside.join("corpus/root")).unwrap();
    symlink("corpus/a", inside.join("second-name")).unwrap();
    symlink("corpus", inside.join("second-folder")).unwrap();
    symlink("loop", inside.join("loop")).unwrap();
    assert_eq!(names(&resources), ALL);
    for name in [
        "relative",
        "absolute",
        "up/secret",
        "up/inside/manual.md",
        "corpus/root/etc/passwd",
        "second-name",
        "second-folder/a",
        "loop",
    ] {
        assert_eq!(read(&resources, name), Err(ResourceError::NotFound), "{name}");
    }
}

#[test]
fn a_folder_that_becomes_a_link_leads_nowhere() {
    let (folder, resources) = folder();
    let inside = folder.path().join("inside");
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("a"), "secret").unwrap();
    // One thread swaps a folder for a link to another; none of the reads may get to the other side.
    let (corpus, aside) = (inside.join("corpus"), inside.join("aside"));
    let swaps = std::thread::spawn(move || {
        for _ in 0..2000 {
            fs::rename(&corpus, &aside).unwrap();
            symlink(&outside, &corpus).unwrap();
            fs::remove_file(&corpus).unwrap();
            fs::rename(&aside, &corpus).unwrap();
        }
    });
    while !swaps.is_finished() {
        let got = super::read(&resources.root, "corpus/a", 0, 100);
        assert!(got.as_ref().is_err() || got.is_ok_and(|bytes| bytes == b"a"));
    }
    swaps.join().unwrap();
    assert_eq!(read(&resources, "corpus/a").unwrap(), "a");
}

#[test]
fn a_folder_that_moves_stays_the_same() {
    let (folder, resources) = folder();
    fs::rename(folder.path().join("inside"), folder.path().join("moved")).unwrap();
    fs::create_dir(folder.path().join("inside")).unwrap();
    assert_eq!(names(&resources), ALL);
}

#[test]
fn only_regular_files_are_documents() {
    let (folder, resources) = folder();
    let inside = folder.path().join("inside");
    let pipe = inside.join("pipe");
    rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(inside.join("socket")).unwrap();
    assert_eq!(names(&resources), ALL);
    for name in ["pipe", "socket"] {
        assert_eq!(read(&resources, name), Err(ResourceError::NotFound), "{name}");
    }
}

#[test]
fn names_that_are_no_document_names_are_not_listed() {
    let (folder, resources) = folder();
    let inside = folder.path().join("inside");
    fs::write(inside.join(OsStr::from_bytes(b"caf\xe9")), "x").unwrap();
    for name in ["100%", "back\\slash", "new\nline"] {
        fs::write(inside.join(name), "x").unwrap();
        assert_eq!(read(&resources, name), Err(ResourceError::NotFound), "{name}");
    }
    assert_eq!(names(&resources), ALL);
}

#[test]
fn what_is_too_deep_is_not_there() {
    let (folder, resources) = folder();
    let at = |depth: usize| format!("{}x", "d/".repeat(depth - 1));
    let deep = folder.path().join("inside").join("d/".repeat(MAX_DEPTH));
    fs::create_dir_all(&deep).unwrap();
    for depth in [MAX_DEPTH, MAX_DEPTH + 1] {
        fs::write(folder.path().join("inside").join(at(depth)), "x").unwrap();
    }
    assert_eq!(read(&resources, &at(MAX_DEPTH)).unwrap(), "x");
    assert_eq!(read(&resources, &at(MAX_DEPTH + 1)), Err(ResourceError::NotFound));
    let listed = names(&resources);
    assert!(listed.contains(&at(MAX_DEPTH)) && !listed.contains(&at(MAX_DEPTH + 1)));
}

#[test]
fn a_listing_is_whole_or_an_error() {
    let (_folder, resources) = folder();
    // Three files and two folders, and in each of three folders `.` and `..`.
    assert_eq!(list(&resources.root, 11).unwrap().len(), 3);
    let message = list(&resources.root, 10).unwrap_err().to_string();
    assert!(message.contains("more than 10 files and folders"), "{message}");
}

#[test]
fn what_is_no_folder_cannot_be_opened() {
    let (folder, _) = folder();
    assert!(FolderResources::open(folder.path().join("secret")).is_err());
    assert!(FolderResources::open(folder.path().join("none")).is_err());
}
