//! What the tools take. The doc comments are what the agent reads.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// Which secrets to list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Listed {
    /// Only this platform's, such as openai.
    #[serde(default)]
    pub(in super::super) platform: Option<String>,
    /// Only names with this text in them.
    #[serde(default)]
    pub(in super::super) search: Option<String>,
    /// Return at most N secrets.
    #[serde(default)]
    pub(in super::super) limit: Option<u32>,
    /// Skip the first N.
    #[serde(default)]
    pub(in super::super) offset: Option<u32>,
}

/// Which platforms to discover.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Discovered {
    /// Only this platform, by its name or another name for it.
    #[serde(default)]
    pub(in super::super) platform: Option<String>,
}

/// Which secret to describe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Described {
    /// Its name, such as `skill:openai:access_token`, or a platform alone.
    pub(in super::super) name: String,
}

/// Which secret should be added.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Requested {
    /// A platform, such as stripe, or a name, such as `skill:stripe:webhook_secret`.
    pub(in super::super) name: String,
    /// What it is needed for, in a sentence for the user.
    #[serde(default)]
    pub(in super::super) reason: Option<String>,
}

/// Which command to run, and with which secrets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Run {
    /// The program and its arguments.
    #[schemars(length(min = 1))]
    pub(in super::super) command: Vec<String>,
    /// Platforms, whose fields go into all of their usual variables.
    #[serde(default)]
    pub(in super::super) skills: Vec<String>,
    /// Variables, each with the secret that goes into it: a name, or `vault://NAME?org=ORG`.
    #[serde(default)]
    pub(in super::super) env: BTreeMap<String, String>,
    /// The folder to run it in; the server's own without it.
    #[serde(default)]
    pub(in super::super) folder: Option<PathBuf>,
    /// What it reads from stdin; nothing without it.
    #[serde(default)]
    pub(in super::super) stdin: Option<String>,
    /// After how many seconds it is ended; 120 without it, at most 3600.
    #[serde(default)]
    #[schemars(range(min = 1, max = 3600))]
    pub(in super::super) timeout_seconds: Option<u32>,
    /// How many bytes of its output to return; 32768 without it, at most 262144. The middle of a longer one is left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 262_144))]
    pub(in super::super) max_output_bytes: Option<u32>,
}
