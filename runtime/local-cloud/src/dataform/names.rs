//! Names of repositories and of what lies in them, and their keys in the store.

use serde::{Deserialize, Serialize};

use crate::http::answer::ApiError;
use crate::http::call::Call;
use crate::store::{key, under};

/// A repository's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RepositoryName {
    pub(super) project: String,
    pub(super) location: String,
    pub(super) repository: String,
}

/// What lies in a repository under a name of its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) enum Collection {
    Releases,
    Workflows,
}

impl Collection {
    /// As in paths.
    pub(super) fn segment(self) -> &'static str {
        match self {
            Collection::Releases => "releaseConfigs",
            Collection::Workflows => "workflowConfigs",
        }
    }
}

impl std::fmt::Display for RepositoryName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "projects/{}/locations/{}/repositories/{}",
            self.project, self.location, self.repository
        )
    }
}

impl RepositoryName {
    pub(super) fn of(call: &Call) -> RepositoryName {
        RepositoryName {
            project: call.param("project").to_owned(),
            location: call.param("location").to_owned(),
            repository: call.param("repository").to_owned(),
        }
    }

    fn parts<'a>(&'a self, space: &'a str) -> [&'a str; 5] {
        ["dataform", space, &self.project, &self.location, &self.repository]
    }

    pub(super) fn key(&self) -> Vec<u8> {
        key(&self.parts("repositories"))
    }

    pub(super) fn policy_key(&self) -> Vec<u8> {
        key(&self.parts("iam"))
    }

    /// Of a configuration.
    pub(super) fn config_key(&self, collection: Collection, id: &str) -> Vec<u8> {
        let mut at = self.configs(collection);
        at.extend(id.as_bytes());
        at
    }

    /// The prefix of all configurations of a kind.
    pub(super) fn configs(&self, collection: Collection) -> Vec<u8> {
        under(&self.parts(collection.segment()))
    }

    pub(super) fn config_name(&self, collection: Collection, id: &str) -> String {
        format!("{self}/{}/{id}", collection.segment())
    }

    /// Of a commit, which are counted from 0.
    pub(super) fn commit_key(&self, number: u64) -> Vec<u8> {
        let mut at = self.commits();
        at.extend(format!("{number:010}").into_bytes());
        at
    }

    /// The prefix of all commits.
    pub(super) fn commits(&self) -> Vec<u8> {
        under(&self.parts("commits"))
    }

    /// Of a file's contents.
    pub(super) fn contents_key(&self, sha: &str) -> Vec<u8> {
        let mut at = self.contents();
        at.extend(sha.as_bytes());
        at
    }

    /// The prefix of all files' contents.
    pub(super) fn contents(&self) -> Vec<u8> {
        under(&self.parts("contents"))
    }
}

/// An id that a caller chose for a repository or a configuration.
pub(super) fn check_id(id: &str, parameter: &str) -> Result<(), ApiError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if (1..=63).contains(&id.len()) && id.chars().all(plain) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "{parameter} '{id}' must have 1 to 63 letters, digits, hyphens and underscores."
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked() {
        for good in ["sales", "Sales_2-x", "1"] {
            assert!(check_id(good, "repository_id").is_ok(), "{good}");
        }
        for bad in ["", "a b", "ä", "a/b", "a.b", &"x".repeat(64)] {
            assert!(check_id(bad, "repository_id").is_err(), "{bad}");
        }
    }
}
