//! One flipped bit of one field, in a random row.

use anyhow::{Context, Result, bail, ensure};
use fastrand::Rng;
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::ask::{self, Said};
use super::field::{Class, Told, classes};
use super::stock::Stock;

/// How often a row is drawn until there is one that can be hurt.
const TRIES: u32 = 100;

/// A row that is hurt.
struct Target {
    /// Its number.
    row: i64,
    /// The org and name of the secret that it belongs to, where it does.
    secret: Option<(String, String)>,
    /// The same of the one that it belongs to now: it may have been renamed, or the row moved to another one.
    now: Option<(String, String)>,
}

/// What became of the flips.
#[derive(Debug, Default)]
struct Tally {
    runs: u32,
    shut: u32,
    named: u32,
    warned: u32,
    untold: u32,
}

/// Flips a bit of each class so many times; fails at the first one that is not told as it has to be.
pub(super) fn campaign(stock: &Stock, times: u32, random: &mut Rng) -> Result<String> {
    let classes = classes();
    every_column_has_one(stock, &classes)?;
    let mut tally = Tally::default();
    for class in &classes {
        for _ in 0..times {
            let target = hurt(stock, class, random).with_context(|| class.name())?;
            let judged =
                ask::ask(stock, None).and_then(|said| judge(stock, (class, &target), &said, &mut tally));
            judged.with_context(|| format!("a bit of {} in row {}", class.name(), target.row))?;
        }
    }
    let Tally { runs, shut, named, warned, untold } = tally;
    Ok(format!(
        "{runs} bits in {} classes: 0 wrong values, 0 panics; {named} secrets named, {warned} warnings, \
         {shut} vaults shut; {untold} in what decides nothing",
        classes.len()
    ))
}

/// Fails where a column of the schema has no class.
fn every_column_has_one(stock: &Stock, classes: &[Class]) -> Result<()> {
    stock.room.put(&stock.files)?;
    let database = stock.room.edit()?;
    let sql = "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
               WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%'";
    let mut rows = database.prepare(sql)?;
    let columns = rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for column in columns {
        let (table, column) = column?;
        let known = classes.iter().any(|class| class.table == table && class.column == column);
        ensure!(known, "{table}.{column} has no class in harness/src/damage/field.rs");
    }
    Ok(())
}

/// Flips a random bit of a random row that has something in the class.
fn hurt_in(database: &Connection, class: &Class, random: &mut Rng) -> Result<i64> {
    let Class { table, column, place, .. } = class;
    // A table without row numbers has one row here that is as good as any.
    let key = if *table == "tally" { "1" } else { "rowid" };
    let filled = format!("SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL");
    let mut rows = database.prepare(&filled)?;
    let rows: Vec<(i64, Value)> =
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for _ in 0..TRIES {
        let Some((row, value)) = rows.get(random.usize(0..rows.len().max(1))) else { break };
        let Some(flipped) = flipped(value, *place, random) else { continue };
        let cast = if matches!(value, Value::Text(_)) { "CAST(?1 AS TEXT)" } else { "?1" };
        let one = if key == "1" { format!("{column} = ?2") } else { "rowid = ?2".to_owned() };
        let which = if key == "1" { value.clone() } else { Value::Integer(*row) };
        let update = format!("UPDATE {table} SET {column} = {cast} WHERE {one}");
        // Where another row has the value already, the schema refuses.
        if database.execute(&update, params![flipped, which]).is_ok_and(|hurt| hurt > 0) {
            return Ok(*row);
        }
    }
    bail!("no row can be hurt")
}

/// Flips a random bit within a place; nothing where the place is empty.
fn flipped(value: &Value, place: fn(usize) -> std::ops::Range<usize>, random: &mut Rng) -> Option<Value> {
    let in_bytes = |bytes: &[u8], random: &mut Rng| {
        let place = place(bytes.len());
        let at = if place.is_empty() { return None } else { random.usize(place) };
        let mut bytes = bytes.to_vec();
        *bytes.get_mut(at)? ^= 1 << random.u8(0..8);
        Some(Value::Blob(bytes))
    };
    match value {
        Value::Integer(number) => Some(Value::Integer(number ^ (1 << random.u8(0..64)))),
        Value::Text(text) => in_bytes(text.as_bytes(), random),
        Value::Blob(bytes) => in_bytes(bytes, random),
        Value::Real(_) | Value::Null => None,
    }
}

/// Puts a copy in place and flips a bit of it.
fn hurt(stock: &Stock, class: &Class, random: &mut Rng) -> Result<Target> {
    stock.room.put(&stock.files)?;
    let database = stock.room.edit()?;
    // Whose row it is has to be known before its name or number is hurt.
    let owners = owners(&database, class.table)?;
    let row = hurt_in(&database, class, random)?;
    let of_row = |owners: Vec<Owner>| owners.into_iter().find(|owner| owner.row == row);
    let secret = of_row(owners).map(|owner| (owner.org, owner.name));
    let now = of_row(self::owners(&database, class.table)?).map(|owner| (owner.org, owner.name));
    Ok(Target { row, secret, now })
}

/// A row that belongs to a secret.
struct Owner {
    row: i64,
    org: String,
    name: String,
}

/// Lists the rows of a table that belong to secrets.
fn owners(database: &Connection, table: &str) -> Result<Vec<Owner>> {
    let sql = match table {
        "secret" => "SELECT rowid, CAST(org AS BLOB), CAST(name AS BLOB) FROM secret",
        "version" => {
            "SELECT version.rowid, CAST(org AS BLOB), CAST(name AS BLOB) FROM version
             JOIN secret ON secret.key = version.secret"
        }
        _ => return Ok(Vec::new()),
    };
    let mut rows = database.prepare(sql)?;
    let owners = rows.query_map([], |row| {
        let text = |at| row.get::<_, Vec<u8>>(at).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(Owner { row: row.get(0)?, org: text(1)?, name: text(2)? })
    })?;
    Ok(owners.collect::<Result<_, _>>()?)
}

/// Compares what was said with what has to be.
fn judge(stock: &Stock, (class, target): (&Class, &Target), said: &Said, tally: &mut Tally) -> Result<()> {
    tally.runs += 1;
    match class.told {
        Told::Shut => {
            ensure!(said.shut, "the vault opens as if nothing was: {:?}", said.told);
            tally.shut += 1;
        }
        Told::Secret => {
            let Some((_, name)) = &target.secret else { bail!("the row belongs to no secret") };
            let named = said.names(name) || target.now.as_ref().is_some_and(|(_, name)| said.names(name));
            ensure!(!said.shut && named, "`{name}` is not named: {:?}", said.told);
            tally.named += 1;
        }
        Told::Warned => {
            ensure!(!said.shut && !said.told.is_empty(), "shut, or nothing is told: {:?}", said.told);
            tally.warned += 1;
        }
        Told::Free => tally.untold += 1,
    }
    others_are_whole(stock, target, said)
}

/// Every secret but the one that was hit was handed out whole; a vault that is shut hands out none.
fn others_are_whole(stock: &Stock, target: &Target, said: &Said) -> Result<()> {
    if said.shut {
        return Ok(());
    }
    for known in &stock.known {
        let secret = (known.org.clone(), known.name.clone());
        let hit = [&target.secret, &target.now].into_iter().flatten().any(|one| *one == secret);
        let whole = hit || said.whole.contains(&secret);
        ensure!(whole, "`{}` of {} suffers for another: {:?}", known.name, known.org, said.told);
    }
    Ok(())
}

/// Flips a bit of a sealed value and flips it back: a campaign that calls this told calls everything so.
pub(super) fn undone(stock: &Stock, random: &mut Rng) -> Result<()> {
    let classes = classes();
    let class = classes.iter().find(|class| class.part == "ciphertext").context("there is no such class")?;
    let target = hurt(stock, class, random)?;
    stock.room.put(&stock.files)?;
    judge(stock, (class, &target), &ask::ask(stock, None)?, &mut Tally::default())
}
