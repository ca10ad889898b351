//! Names of repositories and of what lies in them, and their keys in the store.

use serde::{Deserialize, Serialize};

use super::check::name_of;
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
    Workspaces,
    Compilations,
    Invocations,
}

impl Collection {
    pub(super) const ALL: [Collection; 5] = [
        Collection::Releases,
        Collection::Workflows,
        Collection::Workspaces,
        Collection::Compilations,
        Collection::Invocations,
    ];

    /// As in paths.
    pub(super) fn segment(self) -> &'static str {
        match self {
            Collection::Releases => "releaseConfigs",
            Collection::Workflows => "workflowConfigs",
            Collection::Workspaces => "workspaces",
            Collection::Compilations => "compilationResults",
            Collection::Invocations => "workflowInvocations",
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

    /// Of what lies in it under that id.
    pub(super) fn child_key(&self, collection: Collection, id: &str) -> Vec<u8> {
        let mut at = self.children(collection);
        at.extend(id.as_bytes());
        at
    }

    /// The prefix of all that lies in a collection.
    pub(super) fn children(&self, collection: Collection) -> Vec<u8> {
        under(&self.parts(collection.segment()))
    }

    pub(super) fn child_name(&self, collection: Collection, id: &str) -> String {
        format!("{self}/{}/{id}", collection.segment())
    }

    /// The id of what a name says lies in this repository, or an error about `field`.
    pub(super) fn child_of<'a>(&self, collection: Collection, name: &'a str, field: &str) -> Result<&'a str, ApiError> {
        let collections = ["projects", "locations", "repositories", collection.segment()];
        let id = name_of(name, &collections, field)?[3];
        if self.child_name(collection, id) == name {
            return Ok(id);
        }
        Err(ApiError::invalid(format!(
            "{field} '{name}' must be in the repository '{self}'."
        )))
    }

    /// Of what belongs to a child and has a space of its own: its parts by their numbers.
    pub(super) fn part_key(&self, space: &str, id: &str, number: u64) -> Vec<u8> {
        let mut at = self.part_keys(space, id);
        at.extend(format!("{number:010}").into_bytes());
        at
    }

    /// The prefix of all that belongs to a child in that space.
    pub(super) fn part_keys(&self, space: &str, id: &str) -> Vec<u8> {
        let mut at = self.space(space);
        at.extend(id.as_bytes());
        at.push(0);
        at
    }

    /// The prefix of a space.
    pub(super) fn space(&self, space: &str) -> Vec<u8> {
        under(&self.parts(space))
    }

    /// Of a workspace's policy.
    pub(super) fn workspace_policy_key(&self, id: &str) -> Vec<u8> {
        let mut at = self.space("workspace iam");
        at.extend(id.as_bytes());
        at
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
