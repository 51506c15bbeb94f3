//! Errors of `SQLite`: what is damaged, apart from what does not answer.

use rusqlite::ErrorCode;
use rusqlite::types::FromSqlError;

use crate::store::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::FromSqlConversionFailure(..) => Self::Damaged("a column of another type"),
            error => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => Self::Full,
                Some(ErrorCode::DatabaseCorrupt) => Self::Damaged("a page that is malformed"),
                _ => Self::Database(error.to_string()),
            },
        }
    }
}

impl From<FromSqlError> for StoreError {
    fn from(_: FromSqlError) -> Self {
        Self::Damaged("a column of another type")
    }
}
