//! The two databases behind one face: statements are written once, with numbered placeholders, and run on either. What
//! differs is here (connections, reading of columns) and in `migrations` (types). Not here: any table.

use crate::error::{Error, Result, What};
use crate::migrations;
use crate::value::{Row, Value};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Column as _, Postgres, Row as _, Sqlite, TypeInfo as _, ValueRef as _};
use std::str::FromStr as _;
use std::time::Duration;

/// Connections that read SQLite beside its one writer.
const SQLITE_READERS: u32 = 4;
/// Connections to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long a function waits for a connection or SQLite's lock before the database is unavailable.
const WAIT: Duration = Duration::from_secs(5);
/// How long PostgreSQL may work on one statement, in milliseconds.
const STATEMENT_MS: &str = "15000";

/// What a runtime remembers. A clone is the same database.
#[derive(Debug, Clone)]
pub struct Database(Pools);

#[derive(Debug, Clone)]
enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres(PgPool),
}

/// Several statements, all or none; dropped without `commit` it did nothing.
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// A kind of objects that tenants add to: how many one may have, and what must be there before.
pub(crate) struct Kind {
    pub(crate) what: What,
    /// What is missing if a reference leads nowhere.
    pub(crate) parent: What,
    /// Counts those of tenant `$1`.
    pub(crate) count: &'static str,
    pub(crate) most: i64,
}

macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query($sql);
        for value in $values {
            value.check()?;
            query = match value {
                Value::Int(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::Blob(value) => query.bind(value),
            };
        }
        query
    }};
}

macro_rules! read {
    ($rows:expr) => {{
        let mut read = Vec::new();
        for row in &$rows {
            let mut columns = Vec::new();
            for column in row.columns() {
                let at = column.ordinal();
                let kind = row.try_get_raw(at).map_err(unavailable)?.type_info().name().to_owned();
                columns.push(match kind.as_str() {
                    "INTEGER" | "INT8" => Value::Int(row.try_get(at).map_err(unavailable)?),
                    "TEXT" => Value::Text(row.try_get(at).map_err(unavailable)?),
                    "BLOB" | "BYTEA" => Value::Blob(row.try_get(at).map_err(unavailable)?),
                    "NULL" => Value::Int(None),
                    _ => return Err(Error::Damaged("the database")),
                });
            }
            read.push(Row::new(columns));
        }
        Ok(read)
    }};
}

impl Database {
    /// Opens, and creates or migrates what is there. `sqlite:` and a path, or `postgres://…`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another address, [`Error::NewerSchema`], [`Error::Unavailable`].
    pub async fn open(url: &str) -> Result<Self> {
        let database = Self::connect(url).await?;
        database.migrate(migrations::NEWEST).await?;
        Ok(database)
    }

    pub(crate) async fn connect(url: &str) -> Result<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let wrong = |_| Error::Invalid("database", "postgres://user@host:port/name");
            let options = PgConnectOptions::from_str(url).map_err(wrong)?;
            let options = options.options([("statement_timeout", STATEMENT_MS), ("synchronous_commit", "on")]);
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS)
                .acquire_timeout(WAIT);
            return Ok(Self(Pools::Postgres(
                pool.connect_with(options).await.map_err(unavailable)?,
            )));
        }
        let wrong = Error::Invalid("database", "`sqlite:` and the path of a file, or `postgres://…`");
        if !url.starts_with("sqlite:") || url.contains(":memory:") || url.contains("mode=memory") {
            return Err(wrong);
        }
        let options = SqliteConnectOptions::from_str(url).map_err(|_| wrong)?;
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(WAIT);
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(WAIT)
        };
        let writer = pool(1).connect_with(options.clone()).await.map_err(unavailable)?;
        let readers = pool(SQLITE_READERS).connect_with(options).await.map_err(unavailable)?;
        Ok(Self(Pools::Sqlite { writer, readers }))
    }

    /// Up to a schema; all steps or none.
    pub(crate) async fn migrate(&self, newest: i64) -> Result<()> {
        let mut transaction = self.begin().await?;
        transaction.script(migrations::START).await?;
        let mut found = transaction.rows(migrations::FOUND, Vec::new()).await?;
        let found = found.pop().ok_or(Error::Damaged("the schema's number"))?.int()?;
        if found > newest {
            return Err(Error::NewerSchema(found, newest));
        }
        for (number, script) in migrations::after(found, newest) {
            transaction.script(script).await?;
            transaction.execute(migrations::DONE, vec![number.into()]).await?;
        }
        transaction.commit().await
    }

    /// Closes the connections when what they do is done.
    pub async fn close(&self) {
        match &self.0 {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    pub(crate) async fn begin(&self) -> Result<Transaction> {
        // SQLite takes the write lock at once: another process that writes is waited for, not collided with.
        Ok(match &self.0 {
            Pools::Sqlite { writer, .. } => {
                Transaction::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await.map_err(unavailable)?)
            }
            Pools::Postgres(pool) => Transaction::Postgres(pool.begin().await.map_err(unavailable)?),
        })
    }

    /// Reads.
    pub(crate) async fn rows(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>> {
        match &self.0 {
            Pools::Sqlite { readers, .. } => {
                read!(bound!(sql, values).fetch_all(readers).await.map_err(unavailable)?)
            }
            Pools::Postgres(pool) => read!(bound!(sql, values).fetch_all(pool).await.map_err(unavailable)?),
        }
    }

    /// Reads the one row there must be.
    pub(crate) async fn one(&self, what: What, sql: &'static str, values: Vec<Value>) -> Result<Row> {
        self.rows(sql, values).await?.pop().ok_or(Error::NotFound(what))
    }

    /// Adds a row; the statement ends in `ON CONFLICT DO NOTHING`.
    pub(crate) async fn insert(&self, kind: &Kind, sql: &'static str, values: Vec<Value>) -> Result<()> {
        let mut transaction = self.begin().await?;
        transaction.insert(kind, sql, values).await?;
        transaction.commit().await
    }

    /// Removes or changes the one row there must be.
    pub(crate) async fn affect(&self, what: What, sql: &'static str, values: Vec<Value>) -> Result<()> {
        let mut transaction = self.begin().await?;
        let gone = transaction.execute(sql, values).await.map_err(|error| match error {
            Error::InUse(_) => Error::InUse(what),
            other => other,
        })?;
        if gone == 0 {
            return Err(Error::NotFound(what));
        }
        transaction.commit().await
    }

    /// Changes a row from a revision to the next, which it returns. `lookup` finds the revision by the first `keys` values.
    pub(crate) async fn compare_and_set(
        &self,
        what: What,
        (update, values): (&'static str, Vec<Value>),
        (lookup, keys): (&'static str, usize),
    ) -> Result<i64> {
        let mut transaction = self.begin().await?;
        let key = values.iter().take(keys).cloned().collect();
        let changed = transaction.rows(update, values).await.map_err(|error| match error {
            Error::InUse(_) => Error::InUse(what),
            other => other,
        })?;
        if let Some(mut row) = changed.into_iter().next() {
            let revision = row.int()?;
            transaction.commit().await?;
            return Ok(revision);
        }
        let found = transaction.rows(lookup, key).await?.pop();
        Err(match found {
            Some(mut row) => Error::Conflict(what, row.int()?),
            None => Error::NotFound(what),
        })
    }
}

impl Transaction {
    pub(crate) async fn rows(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(inner) => read!(bound!(sql, values).fetch_all(&mut **inner).await.map_err(unavailable)?),
            Self::Postgres(inner) => read!(bound!(sql, values).fetch_all(&mut **inner).await.map_err(unavailable)?),
        }
    }

    /// How many rows it changed.
    pub(crate) async fn execute(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64> {
        Ok(match self {
            Self::Sqlite(inner) => {
                let done = bound!(sql, values).execute(&mut **inner).await;
                done.map_err(unavailable)?.rows_affected()
            }
            Self::Postgres(inner) => {
                let done = bound!(sql, values).execute(&mut **inner).await;
                done.map_err(unavailable)?.rows_affected()
            }
        })
    }

    pub(crate) async fn insert(&mut self, kind: &Kind, sql: &'static str, values: Vec<Value>) -> Result<()> {
        let tenant = values.first().cloned().into_iter().collect();
        let mut count = self.rows(kind.count, tenant).await?;
        if count.pop().ok_or(Error::Damaged("a count"))?.int()? >= kind.most {
            return Err(Error::Limit(kind.what.as_str(), kind.most));
        }
        let added = self.execute(sql, values).await.map_err(|error| match error {
            Error::InUse(_) => Error::NotFound(kind.parent),
            other => other,
        })?;
        if added == 0 {
            return Err(Error::Exists(kind.what));
        }
        Ok(())
    }

    async fn script(&mut self, script: &str) -> Result<()> {
        match self {
            Self::Sqlite(inner) => {
                let done = sqlx::raw_sql(sqlx::AssertSqlSafe(script.to_owned()))
                    .execute(&mut **inner)
                    .await;
                done.map_err(unavailable)?;
            }
            Self::Postgres(inner) => {
                let script = format!("{}{}", migrations::POSTGRES_LOCK, migrations::for_postgres(script));
                let done = sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(&mut **inner).await;
                done.map_err(unavailable)?;
            }
        }
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(inner) => inner.commit().await,
            Self::Postgres(inner) => inner.commit().await,
        }
        .map_err(unavailable)
    }
}

/// A reference that leads nowhere, or is still needed, is `InUse` here; whoever knows the table says what that means.
fn unavailable(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(inner) if inner.is_foreign_key_violation() => Error::InUse(What::Tenant),
        // The message alone: a detail would quote the row.
        sqlx::Error::Database(inner) => Error::Unavailable(inner.message().to_owned()),
        _ => Error::Unavailable(error.to_string()),
    }
}
