//! The categories, each with its label, colour and description, written here once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Infrastructure and deployment.
    Deploy,
    /// API keys of agent tools.
    SkillCredential,
    /// Cloud providers.
    CloudStorage,
    /// API keys for general use.
    ApiKey,
    /// Anything else.
    Custom,
    /// Client ids and secrets that `AgenticMail` signs in to providers with.
    OauthApp,
    /// What `AgenticMail`'s organisations connect to.
    OrgIntegration,
    /// Passwords and connection strings of `AgenticMail`'s databases.
    DatabaseCredential,
}

impl Category {
    /// The categories to choose from, in the order in which they are shown.
    pub const OFFERED: [Self; 5] =
        [Self::Deploy, Self::SkillCredential, Self::CloudStorage, Self::ApiKey, Self::Custom];

    /// Every category: those that are offered, and those that `AgenticMail` itself stores secrets under.
    pub const ALL: [Self; 8] = [
        Self::Deploy,
        Self::SkillCredential,
        Self::CloudStorage,
        Self::ApiKey,
        Self::Custom,
        Self::OauthApp,
        Self::OrgIntegration,
        Self::DatabaseCredential,
    ];

    /// Gives the id, as on the wire and in the database.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::SkillCredential => "skill_credential",
            Self::CloudStorage => "cloud_storage",
            Self::ApiKey => "api_key",
            Self::Custom => "custom",
            Self::OauthApp => "oauth_app",
            Self::OrgIntegration => "org_integration",
            Self::DatabaseCredential => "database_credential",
        }
    }

    /// Finds the category of an id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.id() == id)
    }

    /// Gives the label that people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Deploy => "Deploy Credentials",
            Self::SkillCredential => "Skill Credentials",
            Self::CloudStorage => "Cloud Storage",
            Self::ApiKey => "API Keys",
            Self::Custom => "Custom",
            Self::OauthApp => "OAuth Apps",
            Self::OrgIntegration => "Organisation Integrations",
            Self::DatabaseCredential => "Database Credentials",
        }
    }

    /// Gives the colour as `#rrggbb`; white text on it has a contrast of at least 4.5:1.
    pub const fn color(self) -> &'static str {
        match self {
            Self::Deploy => "#4f46e5",
            Self::SkillCredential => "#15803d",
            Self::CloudStorage => "#1d4ed8",
            Self::ApiKey => "#b45309",
            Self::Custom => "#4b5563",
            Self::OauthApp => "#6d28d9",
            Self::OrgIntegration => "#0f766e",
            Self::DatabaseCredential => "#be185d",
        }
    }

    /// Says what belongs into the category.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Deploy => "Infrastructure and deployment secrets (SMTP, database connections)",
            Self::SkillCredential => "API keys for agent tools (OpenAI, Slack, GitHub, etc.)",
            Self::CloudStorage => "AWS, GCP, and other cloud provider credentials",
            Self::ApiKey => "General-purpose API keys",
            Self::Custom => "User-defined secrets with custom names",
            Self::OauthApp => "Client ids and secrets of OAuth applications, as AgenticMail stores them",
            Self::OrgIntegration => "What organisations of AgenticMail connect to",
            Self::DatabaseCredential => "Passwords and connection strings of AgenticMail's databases",
        }
    }
}
