//! Forgetting what expired long enough ago, a stretch at a time.

use rusqlite::{Connection, named_params};
use vestibule_core::{Record, Timestamp};

use crate::answer::Reply;

/// Rows looked at before others may write again. One stretch takes about a millisecond.
const STRETCH: i64 = 1000;

/// A walk along the whole table, and where it has got to.
pub(crate) struct Sweep {
    /// What expired at this time or before may go; `None`: nothing may.
    expired_by: Option<i64>,
    after: i64,
    forgotten: usize,
    reply: Reply<usize>,
}

impl Sweep {
    pub(crate) fn new(now: Timestamp, reply: Reply<usize>) -> Self {
        Self { expired_by: expired_by(now), after: i64::MIN, forgotten: 0, reply }
    }

    /// Sweeps one stretch, in a transaction of its own if there is anything to forget in it.
    /// Whether that was the last one.
    pub(crate) fn stretch(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let Some(expired_by) = self.expired_by else { return Ok(true) };
        let sql = "SELECT max(id), count(*), total(expires_at <= :expired_by) > 0
            FROM (SELECT id, expires_at FROM record WHERE id > :after ORDER BY id LIMIT :stretch)";
        let (end, seen, any): (Option<i64>, i64, bool) =
            connection.prepare_cached(sql)?.query_row(
                named_params! {
                    ":after": self.after, ":expired_by": expired_by, ":stretch": STRETCH,
                },
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?;
        let Some(end) = end else { return Ok(true) };
        if any {
            // Looks again: another process may have written since.
            let sql = "DELETE FROM record
                WHERE id > :after AND id <= :end AND expires_at <= :expired_by";
            self.forgotten += connection.prepare_cached(sql)?.execute(
                named_params! { ":after": self.after, ":end": end, ":expired_by": expired_by },
            )?;
        }
        self.after = end;
        Ok(seen < STRETCH)
    }

    /// Says how many records were forgotten.
    pub(crate) fn done(self) {
        self.reply.give(Ok(self.forgotten));
    }
}

/// The latest expiry of what may go: dead is what was to be kept until now or shorter,
/// `expires_at + kept <= now`.
pub(crate) fn expired_by(now: Timestamp) -> Option<i64> {
    let seconds = now.seconds().checked_sub(Record::KEPT_AFTER_EXPIRY.as_secs())?;
    i64::try_from(seconds).ok()
}
