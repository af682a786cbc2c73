//! Where the file is, and how each connection to it is made.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::error::OpenError;
use crate::file::{create, find, identity};
use crate::kind::Kind;
use crate::migrate::{self, Found, SCHEMA_VERSION};
use crate::options::Options;
use crate::settings::{FULL, Settings};

/// The log is cut back to this many bytes after a time when it grew longer.
const LOG_BYTES: i64 = 16 * 1024 * 1024;

/// So many pages are logged before the log is moved into the file: almost as long as it may be,
/// for a page that was logged often is moved once.
const LOGGED_PAGES: i64 = 4000;

/// The longest wait for a lock, whatever is asked for: SQLite counts milliseconds in 31 bits.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone, Debug)]
pub(crate) struct Place {
    path: PathBuf,
    busy_timeout: Duration,
    max_bytes: Option<u64>,
    /// Which file it is, by device and inode, once it was opened.
    identity: Option<(u64, u64)>,
}

impl Place {
    /// Creates the file where there is none and may be one, makes sure that it is a store, and
    /// brings it up to date.
    pub(crate) fn prepare(path: &Path, options: &Options) -> Result<(Self, Connection), OpenError> {
        let mut place = Self::new(path, options)?;
        if options.create {
            create(&place.path)?;
        } else {
            find(&place.path)?;
        }
        let mut connection = place.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Before anything is written: the file may be somebody else's.
        let found = place.look(&connection)?;
        if found == Found::Nothing && !options.create {
            return Err(OpenError::NoStore { path: place.path });
        }
        place.may_be_used(found)?;
        place.set_up_for_writing(&connection)?;
        place.sync_log(&connection)?;
        place.bring_up_to_date(&mut connection)?;
        place.identify()?;
        Ok((place, connection))
    }

    /// Only for reading what is in a store, of whatever version: no store is created, and nothing
    /// is migrated or written. SQLite may make the files beside it that end in `-wal` and `-shm`,
    /// without which it cannot read a log.
    pub(crate) fn to_read(path: &Path) -> Result<(Self, Connection), OpenError> {
        let mut place = Self::new(path, &Options::default())?;
        find(&place.path)?;
        let connection = place.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        match place.look(&connection)? {
            Found::Ours(_) => {}
            Found::Nothing => return Err(OpenError::NoStore { path: place.path }),
            found @ Found::Anothers(_) => place.may_be_used(found)?,
        }
        place.identify()?;
        Ok((place, connection))
    }

    fn new(path: &Path, options: &Options) -> Result<Self, OpenError> {
        // Absolute, so that it means the same after a change of folder, and so that no name means
        // anything special to SQLite.
        let path = std::path::absolute(path).map_err(|error| OpenError::io(path, error))?;
        let busy_timeout = options.busy_timeout.min(LONGEST_WAIT);
        Ok(Self { path, busy_timeout, max_bytes: options.max_bytes, identity: None })
    }

    /// For connections that wait for no lock.
    pub(crate) fn without_waiting(self) -> Self {
        Self { busy_timeout: Duration::ZERO, ..self }
    }

    fn identify(&mut self) -> Result<(), OpenError> {
        self.identity = identity(&self.path).map_err(|error| OpenError::io(&self.path, error))?;
        Ok(())
    }

    /// Another connection that writes, to the same file and no other.
    pub(crate) fn writing(&self) -> Result<Connection, OpenError> {
        self.still_there()?;
        let connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        self.is_ours(&connection)?;
        self.set_up_for_writing(&connection)?;
        Ok(connection)
    }

    /// A connection that reads and cannot write.
    pub(crate) fn reading(&self) -> Result<Connection, OpenError> {
        self.still_there()?;
        let connection = self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        self.is_ours(&connection)?;
        Ok(connection)
    }

    /// Whether the file that was opened is still the one under its name: what is written to one
    /// that was deleted is lost with the process.
    pub(crate) fn still_there(&self) -> Result<(), OpenError> {
        let moved = || OpenError::Moved { path: self.path.clone() };
        match identity(&self.path) {
            Ok(found) if found == self.identity => Ok(()),
            Ok(_) => Err(moved()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(moved()),
            Err(error) => Err(OpenError::io(&self.path, error)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn connect(&self, flags: OpenFlags) -> Result<Connection, OpenError> {
        // Neither CREATE, which would put an empty store in a lost one's place, nor URI, which
        // would give names a meaning. Only one thread at a time uses a connection.
        let connection =
            Connection::open_with_flags(&self.path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let set_up = |connection: Connection| {
            connection.busy_timeout(self.busy_timeout)?;
            connection.execute_batch(
                // Of its own for each connection: what is written is synced at each commit, on
                // Apple's systems down to the disk itself. Damage shows as an error, not as a
                // crash: pages are checked when they are read, and neither the file nor its log is
                // mapped into memory, where an error of the disk would be a signal. (The log's
                // index in -shm is; it is made anew from the log.) Nothing that is stored runs
                // code.
                "PRAGMA synchronous = FULL;
                 PRAGMA fullfsync = ON;
                 PRAGMA checkpoint_fullfsync = ON;
                 PRAGMA cell_size_check = ON;
                 PRAGMA mmap_size = 0;
                 PRAGMA cache_size = -8192;
                 PRAGMA temp_store = MEMORY;
                 PRAGMA trusted_schema = OFF;",
            )?;
            Ok(connection)
        };
        connection.and_then(set_up).map_err(|error| self.sqlite(error))
    }

    fn is_ours(&self, connection: &Connection) -> Result<(), OpenError> {
        match self.look(connection)? {
            Found::Ours(version) => self.known(version),
            Found::Nothing | Found::Anothers(_) => {
                Err(OpenError::Moved { path: self.path.clone() })
            }
        }
    }

    fn known(&self, version: i32) -> Result<(), OpenError> {
        if (0..=SCHEMA_VERSION).contains(&version) {
            return Ok(());
        }
        Err(OpenError::Newer { path: self.path.clone(), found: version })
    }

    fn look(&self, connection: &Connection) -> Result<Found, OpenError> {
        migrate::look(connection).map_err(|error| self.sqlite(error))
    }

    /// Whether this program may write to a file in which this was found.
    fn may_be_used(&self, found: Found) -> Result<(), OpenError> {
        match found {
            Found::Nothing => Ok(()),
            Found::Ours(version) => self.known(version),
            Found::Anothers(application_id) => {
                Err(OpenError::NotVestibules { path: self.path.clone(), application_id })
            }
        }
    }

    fn bring_up_to_date(&self, connection: &mut Connection) -> Result<(), OpenError> {
        let found = migrate::migrate(connection).map_err(|error| self.sqlite(error))?;
        // Again, for that was found where nobody else can write.
        self.may_be_used(found)
    }

    /// Makes what is read from here on durable. A process that was killed between the write of the
    /// log and its sync has left commits there that nobody was told of: the next one finds them and
    /// answers from them, and a power loss would still take them. A checkpoint begins with a sync
    /// of the log, unless another process reads all the while: then a passive one may find nothing
    /// that it could move, and sync nothing. What other processes add to the log is not seen before
    /// they have synced it.
    fn sync_log(&self, connection: &Connection) -> Result<(), OpenError> {
        // Whether it was another process that did it, or whether others still read the log, is all
        // the same.
        let synced = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        match synced.map_err(|error| self.sqlite(error)) {
            // There was no space to move the log to, which comes after the sync.
            Err(OpenError::Full { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn set_up_for_writing(&self, connection: &Connection) -> Result<(), OpenError> {
        let read_only = connection.is_readonly(rusqlite::MAIN_DB);
        if read_only.map_err(|error| self.sqlite(error))? {
            return Err(OpenError::ReadOnly { path: self.path.clone() });
        }
        self.write_ahead(connection)?;
        let set = || {
            connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
            connection.pragma_update(None, "wal_autocheckpoint", LOGGED_PAGES)?;
            if let Some(max_bytes) = self.max_bytes {
                let page: u32 =
                    connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
                let pages = (max_bytes / u64::from(page.max(1))).clamp(1, u32::MAX.into());
                connection.pragma_update(
                    None,
                    "max_page_count",
                    u32::try_from(pages).unwrap_or(u32::MAX),
                )?;
            }
            Settings::of(connection)
        };
        let settings = set().map_err(|error| self.sqlite(error))?;
        let not_durable = |setting, found| {
            let path = self.path.clone();
            Err(OpenError::NotDurable { path, setting, found })
        };
        if settings.journal_mode != "wal" {
            return not_durable("journal_mode", settings.journal_mode);
        }
        if settings.synchronous != FULL {
            return not_durable("synchronous", settings.synchronous.to_string());
        }
        Ok(())
    }

    /// Switches to write-ahead logging. SQLite does not wait for a lock here, which two processes
    /// that create one file would run into.
    fn write_ahead(&self, connection: &Connection) -> Result<(), OpenError> {
        let began = Instant::now();
        loop {
            let set = connection.pragma_update(None, "journal_mode", "WAL");
            let Err(error) = set else { return Ok(()) };
            if Kind::of(&error) != Kind::Locked || began.elapsed() >= self.busy_timeout {
                return Err(self.sqlite(error));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn sqlite(&self, error: rusqlite::Error) -> OpenError {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen) {
            // SQLite does not say why; the operating system does.
            if let Err(error) = fs::metadata(&self.path) {
                return OpenError::io(&self.path, error);
            }
        }
        OpenError::sqlite(&self.path, error)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_a_newer_program_migrates_meanwhile_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vestibule.db");
        let (place, mut connection) = Place::prepare(&file, &Options::default()).unwrap();
        let version = |connection: &Connection| -> i32 {
            connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
        };
        for newer in [SCHEMA_VERSION + 1, -1] {
            // After it was looked at, before it is migrated.
            connection.pragma_update(None, "user_version", newer).unwrap();
            let error = place.bring_up_to_date(&mut connection).unwrap_err();
            assert!(matches!(error, OpenError::Newer { found, .. } if found == newer), "{error:?}");
            assert_eq!(version(&connection), newer, "it is not touched");
        }
    }
}
