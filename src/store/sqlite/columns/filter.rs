//! Which rows a list has, and in what order.

use rusqlite::types::Value;

use crate::domain::{Category, OrgId, PlatformName};
use crate::store::{ExpiryRange, ListQuery, SortKey};

/// The conditions of a list and their parameters.
pub(super) struct Filter {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Filter {
    pub(super) fn of(query: &ListQuery) -> Self {
        let mut filter = Self { sql: "WHERE 1".to_owned(), values: Vec::new() };
        filter.and("org = ?", query.scope.one().map(OrgId::as_str));
        filter.and("name = ?", query.name.as_deref());
        if let Some(id) = query.id {
            filter.sql.push_str(" AND id = ?");
            filter.values.push(Value::from(id.as_bytes().to_vec()));
        }
        filter.and("category = ?", query.category.map(Category::id));
        filter.and("instr(lower(name), lower(?)) > 0", query.search.as_deref());
        if let Some(range) = query.expiry {
            filter.expires(range);
        }
        if !query.platforms.is_empty() {
            filter.of_platforms(&query.platforms);
        }
        if let Some(after) = &query.after {
            filter.and("(name, org) > (?, ?)", Some(after.name.as_str()));
            filter.values.push(Value::from(after.org_id.to_string()));
        }
        filter
    }

    /// Returns the statement that selects some columns of a page of the rows that fit, in order, with its parameters.
    pub(super) fn selecting(self, columns: &str, query: &ListQuery) -> (String, Vec<Value>) {
        let Self { sql, mut values } = self;
        let sql = format!("SELECT {columns} FROM secret {sql} {} LIMIT ? OFFSET ?", order(query));
        let limit = query.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        values.push(Value::from(limit));
        values.push(Value::from(i64::try_from(query.offset).unwrap_or(i64::MAX)));
        (sql, values)
    }

    fn expires(&mut self, range: ExpiryRange) {
        let (condition, moments) = match range {
            ExpiryRange::UpTo(end) => (" AND expires_at <= ?", vec![end]),
            ExpiryRange::Between(start, end) => (" AND expires_at > ? AND expires_at <= ?", vec![start, end]),
            ExpiryRange::Set => (" AND expires_at IS NOT NULL", vec![]),
            ExpiryRange::Never => (" AND expires_at IS NULL", vec![]),
        };
        self.sql.push_str(condition);
        self.values.extend(moments.into_iter().map(|moment| Value::from(moment.as_millis())));
    }

    fn of_platforms(&mut self, platforms: &[PlatformName]) {
        let each = vec!["name = ? OR name BETWEEN ? AND ?"; platforms.len()].join(" OR ");
        self.sql.extend([" AND (", &each, ")"]);
        for platform in platforms {
            let whole = format!("skill:{platform}");
            // `;` is the byte after `:`, so the range holds exactly the platform's fields.
            let (first, after) = (format!("{whole}:"), format!("{whole};"));
            self.values.extend([whole, first, after].map(Value::from));
        }
    }

    fn and(&mut self, condition: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.sql.push_str(" AND ");
            self.sql.push_str(condition);
            self.values.push(Value::from(value.to_owned()));
        }
    }
}

fn order(query: &ListQuery) -> String {
    let column = match query.sort.key {
        SortKey::Name => "name",
        SortKey::Category => "category",
        SortKey::CreatedAt => "created_at",
        SortKey::UpdatedAt => "updated_at",
        SortKey::RotatedAt => "rotated_at",
        SortKey::VersionAt => "version_at",
        SortKey::ExpiresAt => "expires_at IS NULL, expires_at",
    };
    let direction = if query.sort.descending { "DESC" } else { "ASC" };
    format!("ORDER BY {column} {direction}, name {direction}, org {direction}")
}
