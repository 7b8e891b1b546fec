//! What makes a fork its owner's: `[workspace.metadata.project]` of the root `Cargo.toml`.
//!
//! `scripts/rename.sh` writes it; Terraform (by `package resources`), the scripts and the workflows
//! read it, and nothing repeats it.

use cargo_metadata::{Metadata, MetadataCommand};
use serde::{Deserialize, Serialize};

use crate::settings::SettingsError;

/// The table below `workspace.metadata`.
const TABLE: &str = "project";

/// Whose project this is, and where it deploys to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Project {
    /// What it is called.
    pub name: String,
    /// Whose it is, where another project has the same name: written once by `scripts/rename.sh`.
    pub id: Option<String>,
    /// The AWS region that is deployed to where nobody says another one.
    pub region: Option<String>,
    /// The repository whose workflows may plan and deploy.
    pub github: Option<GitHub>,
    /// Who is told of alarms.
    pub alarm_emails: Vec<String>,
    /// The released tools that `scripts/tools.sh` fetches where there is no folder `tools/`.
    pub tools: Option<Tools>,
    /// What `scripts/update.sh` goes on from.
    pub template: Option<Template>,
}

/// Released tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tools {
    /// `OWNER/NAME`, which has the release.
    pub repository: String,
    /// Without the `tools-v` of its tag.
    pub version: String,
}

/// The template that a fork was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// `OWNER/NAME`.
    pub repository: Option<String>,
    /// The commit that the fork's scripts, Terraform, workflows and templates are of.
    pub commit: String,
}

/// A repository on GitHub: the variable `github` of `infra/platform`, which says what they mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitHub {
    /// `OWNER/NAME`.
    pub repository: String,
    /// Its owner's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<u64>,
    /// Its own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_id: Option<u64>,
    /// The branch that is deployed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

impl Project {
    /// That of the workspace that the current folder belongs to.
    ///
    /// # Errors
    /// [`SettingsError`] when the workspace cannot be read, or a key is unknown or of the wrong type.
    pub fn read() -> Result<Self, SettingsError> {
        Self::of(&MetadataCommand::new().no_deps().exec()?)
    }

    fn of(metadata: &Metadata) -> Result<Self, SettingsError> {
        let Some(table) = metadata.workspace_metadata.get(TABLE) else {
            return Ok(Self::default());
        };
        Self::deserialize(table).map_err(|error| SettingsError::Project(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn project(table: Value) -> Result<Project, SettingsError> {
        let metadata = json!({
            "packages": [], "workspace_members": [], "workspace_default_members": [], "resolve": null,
            "workspace_root": "/w", "target_directory": "/w/target", "version": 1,
            "metadata": {TABLE: table},
        });
        Project::of(&serde_json::from_value(metadata).unwrap())
    }

    #[test]
    fn what_a_fork_says_of_itself_is_read_and_what_it_leaves_out_is_not_made_up() {
        let read = project(json!({
            "name": "notary", "region": "eu-central-1", "github": {"repository": "octo-org/notary"},
            "tools": {"repository": "octo-org/template", "version": "1.2.3"}, "template": {"commit": "0123456"},
        }));
        let read = read.unwrap();
        assert_eq!(read.region.as_deref(), Some("eu-central-1"));
        let github = serde_json::to_value(read.github).unwrap();
        assert_eq!(github, json!({"repository": "octo-org/notary"}));
        assert_eq!(project(json!({})).unwrap(), Project::default());
    }

    #[test]
    fn an_unknown_key_is_named_together_with_its_table() {
        let error = project(json!({"nmae": "notary"})).unwrap_err().to_string();
        assert!(
            error.starts_with("Cargo.toml: [workspace.metadata.project] ")
                && error.contains("nmae"),
            "{error}"
        );
    }
}
