//! The one list of operations: every face, client and description is a fold over it.

use super::Handle;
use crate::api::{
    AcceptLoss, AddAgent, AddPlatform, AuditLog, CreateSecret, DeleteAgent, DeleteSecret, Discover, Export,
    GetSecret, Import, ListActors, ListAgents, ListOrgs, ListPresets, ListSecrets, ListUpkeep, ListVersions,
    LockVault, MakeBackup, MakeRecovery, ReadBackup, Rekey, RenewToken, Resolve, ResolveMany, Rollback,
    RotateAll, RotateSecret, Scan, StatusOf, TestAgent, UnlockVault, UpdateAgent, UpdateSecret, VerifyAudit,
};

/// Visits every operation; a face is such a visitor.
pub trait Fold {
    /// Takes one operation.
    fn add<O: Handle>(&mut self);
}

/// Hands every operation to a visitor: the one list.
pub fn each(fold: &mut impl Fold) {
    fold.add::<ListSecrets>();
    fold.add::<CreateSecret>();
    fold.add::<GetSecret>();
    fold.add::<UpdateSecret>();
    fold.add::<DeleteSecret>();
    fold.add::<ListVersions>();
    fold.add::<Rollback>();
    fold.add::<RotateSecret>();
    fold.add::<RotateAll>();
    fold.add::<AddPlatform>();
    fold.add::<Import>();
    fold.add::<Export>();
    fold.add::<Resolve>();
    fold.add::<ResolveMany>();
    fold.add::<Discover>();
    fold.add::<ListPresets>();
    fold.add::<AuditLog>();
    fold.add::<ListActors>();
    fold.add::<VerifyAudit>();
    fold.add::<MakeBackup>();
    fold.add::<ReadBackup>();
    fold.add::<Scan>();
    fold.add::<AcceptLoss>();
    fold.add::<StatusOf>();
    fold.add::<ListOrgs>();
    fold.add::<ListUpkeep>();
    fold.add::<ListAgents>();
    fold.add::<AddAgent>();
    fold.add::<UpdateAgent>();
    fold.add::<RenewToken>();
    fold.add::<DeleteAgent>();
    fold.add::<TestAgent>();
    fold.add::<LockVault>();
    fold.add::<UnlockVault>();
    fold.add::<Rekey>();
    fold.add::<MakeRecovery>();
}
