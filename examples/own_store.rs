//! A store of one's own: a folder with one file for each record, for as many processes as share it.
//!
//! `cargo run -p vestibule-examples --example own_store`
//!
//! What makes it a store is that it passes the contract: `store_contract!` in `tests.rs` asks this
//! one, threads, processes and kills included. Two things do the work:
//!
//! - One lock file, locked by the operating system and so released when its holder is killed. Who
//!   compares and swaps has it alone.
//! - A record is written beside its place, flushed to the disk, and renamed into its place; then
//!   the folder is flushed. Before the rename there is the old record, after it the new one, and
//!   `Done` is answered when the disk has both.
//!
//! Each swap waits for the disk twice, and a list reads the whole folder: good for some dozens of
//! people. The folder must be on a local disk, of a system that can flush folders (not Windows).
#![expect(clippy::print_stdout, reason = "printing is what this example is for")]

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use vestibule_core::drive::blocking::Store;
use vestibule_core::{
    List, Load, Owner, Page, Record, RecordKey, Swap, Swapped, Timestamp, Unavailable, Version,
};

/// The store. Nothing is kept in memory, so two of these on one folder are one store.
#[derive(Debug)]
pub(crate) struct FolderStore {
    folder: PathBuf,
}

impl FolderStore {
    /// Opens the store in a folder. It must be there: whoever makes it sees to it that it lasts.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        File::open(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Forgets what nobody needs any more; call it now and then. How many records it was.
    pub(crate) fn sweep(&self, now: Timestamp) -> io::Result<usize> {
        // Alone: a record that is found dead here is not prolonged before it goes.
        let _alone = self.lock_alone()?;
        let mut swept = 0;
        for key in self.keys()? {
            let dead = |record: &Record| {
                record.expires_at.after(Record::KEPT_AFTER_EXPIRY).has_passed(now)
            };
            if self.read(&key)?.as_ref().is_some_and(dead) {
                fs::remove_file(self.place(&key)?)?;
                swept += 1;
            }
        }
        self.flush_folder()?;
        Ok(swept)
    }

    fn compare_and_swap(&self, swap: &Swap) -> io::Result<Swapped> {
        let _alone = self.lock_alone()?;
        let found = self.read(&swap.key)?.map(|record| record.version);
        if found != swap.expected {
            return Ok(Swapped::Conflict);
        }
        let place = self.place(&swap.key)?;
        match &swap.next {
            None if found.is_none() => return Ok(Swapped::Done),
            None => fs::remove_file(place)?,
            Some(next) => {
                // Whoever holds the lock is the only one to write it; what a process that was
                // killed left behind is overwritten.
                let beside = self.folder.join("next");
                let mut file = File::create(&beside)?;
                file.write_all(&to_bytes(next))?;
                // Without this the rename may reach the disk before the bytes do.
                file.sync_all()?;
                fs::rename(beside, place)?;
            }
        }
        // Without this the rename may never reach it. Where it fails, everybody sees a swap that a
        // loss of power may undo, and "Unavailable" says the truth: it may have happened.
        self.flush_folder()?;
        Ok(Swapped::Done)
    }

    fn page(&self, list: &List) -> io::Result<Page> {
        let _shared = self.lock_shared()?;
        let mut keys = self.keys()?;
        keys.retain(|key| list.after.as_ref().is_none_or(|after| key > after));
        keys.sort_unstable();
        let mut page = Page::default();
        for key in keys {
            let Some(record) = self.read(&key)?.filter(|record| record.owner == Some(list.owner))
            else {
                continue;
            };
            if page.records.len() == list.limit {
                // One more than there is room for: go on after the last one.
                page.next = page.records.last().map(|(key, _)| key.clone());
                break;
            }
            page.records.push((key, record));
        }
        Ok(page)
    }

    fn read(&self, key: &RecordKey) -> io::Result<Option<Record>> {
        match fs::read(self.place(key)?) {
            // What cannot be read is not "nothing": a grant that seems absent could be made again.
            Ok(bytes) => from_bytes(&bytes).map(Some).ok_or(ErrorKind::InvalidData.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The file of a key. Its name is the key in hexadecimal digits: no separators, no dots, no
    /// capitals, nothing that a file system reads in its own way.
    fn place(&self, key: &RecordKey) -> io::Result<PathBuf> {
        if key.as_str().len() > MAX_KEY_BYTES {
            return Err(ErrorKind::InvalidFilename.into());
        }
        let hex = key.as_str().bytes().map(|byte| format!("{byte:02x}"));
        Ok(self.folder.join(hex.fold(RECORD.to_owned(), |name, byte| name + &byte)))
    }

    /// All keys, in no order: back from the names of the files.
    fn keys(&self) -> io::Result<Vec<RecordKey>> {
        let mut keys = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            if let Some(hex) = name.to_str().and_then(|name| name.strip_prefix(RECORD)) {
                keys.push(key_of(hex).ok_or(ErrorKind::InvalidData)?);
            }
        }
        Ok(keys)
    }

    /// Until it is dropped, nobody else has the lock, in this process or another.
    fn lock_alone(&self) -> io::Result<File> {
        let lock = self.lock_file()?;
        lock.lock()?;
        Ok(lock)
    }

    /// Until it is dropped, nobody writes. Readers take it so that they do not see a record that
    /// its writer has not flushed yet.
    fn lock_shared(&self) -> io::Result<File> {
        let lock = self.lock_file()?;
        lock.lock_shared()?;
        Ok(lock)
    }

    /// Opened each time: a lock belongs to what was opened, not to the file.
    fn lock_file(&self) -> io::Result<File> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false).open(self.folder.join("lock"))
    }

    fn flush_folder(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

/// "Unavailable" says that nobody knows, which is the truth about any error from the disk.
impl Store for FolderStore {
    fn load(&self, load: Load) -> Result<Option<Record>, Unavailable> {
        let read = || {
            let _shared = self.lock_shared()?;
            self.read(&load.key)
        };
        read().map_err(|_: io::Error| Unavailable)
    }

    fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable> {
        self.compare_and_swap(&swap).map_err(|_| Unavailable)
    }

    fn list(&self, list: List) -> Result<Page, Unavailable> {
        self.page(&list).map_err(|_| Unavailable)
    }
}

/// The beginning of the name of a record's file.
const RECORD: &str = "record-";

/// Core's keys have 64 bytes at most. Twice that and the beginning fits any file system.
const MAX_KEY_BYTES: usize = 100;

fn key_of(hex: &str) -> Option<RecordKey> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    let key = hex.as_bytes().chunks(2).map(byte).collect::<Option<Vec<u8>>>()?;
    Some(RecordKey::from_stored(String::from_utf8(key).ok()?))
}

/// 16 bytes of version, 8 of expiry, whether there is an owner, 16 of owner, and the rest.
fn to_bytes(record: &Record) -> Vec<u8> {
    let owner = record.owner.map_or([0; 16], |owner| *owner.as_bytes());
    let mut bytes = record.version.as_bytes().to_vec();
    bytes.extend(record.expires_at.seconds().to_be_bytes());
    bytes.push(record.owner.is_some().into());
    bytes.extend(owner);
    bytes.extend(&record.bytes);
    bytes
}

fn from_bytes(bytes: &[u8]) -> Option<Record> {
    let (version, bytes) = bytes.split_first_chunk()?;
    let (expires_at, bytes) = bytes.split_first_chunk()?;
    let (has_owner, bytes) = bytes.split_first()?;
    let (owner, bytes) = bytes.split_first_chunk()?;
    Some(Record {
        version: Version::from_bytes(*version),
        owner: (*has_owner == 1).then(|| Owner::from_bytes(*owner)),
        expires_at: Timestamp::from_seconds(u64::from_be_bytes(*expires_at)),
        bytes: bytes.to_vec().into(),
    })
}

/// Two handles on one folder, and a swap that comes too late.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("own-store-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let (one, other) = (FolderStore::open(&folder)?, FolderStore::open(&folder)?);
    let key = RecordKey::from_stored("grant/00c0ffee".to_owned());
    let record = |version, text: &'static str| Record {
        version: Version::from_bytes([version; 16]),
        owner: None,
        expires_at: Timestamp::from_seconds(1_800_000_000),
        bytes: text.into(),
    };
    let issued = record(1, "a code was issued");
    println!("create: {:?}", one.swap(Swap::new(key.clone(), None, Some(issued.clone())))?);
    let seen = other.load(Load::fresh(key.clone()))?;
    println!("the other one sees it: {}", seen == Some(issued));

    // Both redeem the code that they have seen.
    let expected = seen.map(|record| record.version);
    for (store, version) in [(&one, 2), (&other, 3)] {
        let redeemed = record(version, "the code was redeemed");
        println!("redeem: {:?}", store.swap(Swap::new(key.clone(), expected, Some(redeemed)))?);
    }
    println!("swept two minutes after its expiry: {}", one.sweep(Timestamp::MAX)?);
    Ok(fs::remove_dir_all(folder)?)
}
