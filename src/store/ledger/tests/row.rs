//! A row that no key authenticates, for tests of who may see which revision of it.

use crate::domain::{Category, OrgId, SecretId, SecretName, Timestamp};
use crate::store::Row;

/// Makes the first revision of a secret.
pub(crate) fn first(id: SecretId, name: &str) -> Row {
    Row {
        id,
        org: OrgId::default(),
        name: SecretName::try_from(name.to_owned()).unwrap(),
        category: Category::Custom,
        metadata: String::new(),
        version: 1,
        revision: 1,
        created_by: String::new(),
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        rotated_at: None,
        expires_at: None,
        version_at: Timestamp::default(),
        version_by: String::new(),
        versions: [0; 32],
        digest: [0; 32],
        mac: [0; 32],
    }
}
