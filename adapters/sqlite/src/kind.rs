//! What kind of trouble an error of SQLite's is.

use rusqlite::{Error, ErrorCode, ffi};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Locked,
    Full,
    ReadOnly,
    Corrupt,
    Moved,
    Other,
}

impl Kind {
    pub(crate) fn of(error: &Error) -> Self {
        if let Some(failure) = error.sqlite_error() {
            return Self::of_failure(*failure);
        }
        // A row that is there and is not what was written.
        let misread = matches!(
            error,
            Error::FromSqlConversionFailure(..)
                | Error::IntegralValueOutOfRange(..)
                | Error::InvalidColumnType(..)
                | Error::Utf8Error(..)
        );
        if misread { Self::Corrupt } else { Self::Other }
    }

    fn of_failure(failure: ffi::Error) -> Self {
        let kinds = [
            (ErrorCode::DatabaseBusy, Self::Locked),
            (ErrorCode::DatabaseLocked, Self::Locked),
            (ErrorCode::DiskFull, Self::Full),
            (ErrorCode::ReadOnly, Self::ReadOnly),
            (ErrorCode::DatabaseCorrupt, Self::Corrupt),
            (ErrorCode::NotADatabase, Self::Corrupt),
        ];
        if failure.extended_code == ffi::SQLITE_READONLY_DBMOVED {
            return Self::Moved;
        }
        let known = kinds.iter().find(|(code, _)| *code == failure.code);
        known.map_or(Self::Other, |(_, kind)| *kind)
    }

    /// Whether it may be one swap's and no other's: one that needs more space than there is, or a
    /// page that is damaged.
    pub(crate) fn may_be_one_swaps(self) -> bool {
        matches!(self, Self::Full | Self::Corrupt)
    }

    /// Whether the connection may be as wrong as what it met: its pages are in a cache, and that a
    /// file is read-only it finds out once.
    pub(crate) fn spoils_the_connection(self) -> bool {
        !matches!(self, Self::Locked | Self::Full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_its_kind() {
        for (code, kind) in [
            (ffi::SQLITE_BUSY, Kind::Locked),
            (ffi::SQLITE_BUSY_RECOVERY, Kind::Locked),
            (ffi::SQLITE_LOCKED, Kind::Locked),
            (ffi::SQLITE_FULL, Kind::Full),
            (ffi::SQLITE_READONLY, Kind::ReadOnly),
            (ffi::SQLITE_READONLY_DIRECTORY, Kind::ReadOnly),
            (ffi::SQLITE_READONLY_DBMOVED, Kind::Moved),
            (ffi::SQLITE_CORRUPT, Kind::Corrupt),
            (ffi::SQLITE_CORRUPT_INDEX, Kind::Corrupt),
            (ffi::SQLITE_NOTADB, Kind::Corrupt),
            (ffi::SQLITE_IOERR, Kind::Other),
            (ffi::SQLITE_IOERR_FSYNC, Kind::Other),
            (ffi::SQLITE_NOMEM, Kind::Other),
        ] {
            assert_eq!(Kind::of(&Error::SqliteFailure(ffi::Error::new(code), None)), kind);
        }
        assert_eq!(Kind::of(&Error::InvalidQuery), Kind::Other);
    }
}
