//! Preconditions on generations: <https://cloud.google.com/storage/docs/request-preconditions>.

use serde::{Deserialize, Serialize};

use super::record::Object;
use crate::http::answer::ApiError;
use crate::http::call::Query;

/// The four conditions a request may set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Preconditions {
    pub(crate) generation: Option<i64>,
    pub(crate) not_generation: Option<i64>,
    pub(crate) metageneration: Option<i64>,
    pub(crate) not_metageneration: Option<i64>,
}

impl Preconditions {
    /// From `ifGenerationMatch` and its siblings.
    pub(crate) fn of(query: &Query) -> Result<Self, ApiError> {
        Self::named(query, "if")
    }

    /// From `ifSourceGenerationMatch` and its siblings.
    pub(crate) fn of_source(query: &Query) -> Result<Self, ApiError> {
        Self::named(query, "ifSource")
    }

    fn named(query: &Query, prefix: &str) -> Result<Self, ApiError> {
        Ok(Preconditions {
            generation: query.number(&format!("{prefix}GenerationMatch"))?,
            not_generation: query.number(&format!("{prefix}GenerationNotMatch"))?,
            metageneration: query.number(&format!("{prefix}MetagenerationMatch"))?,
            not_metageneration: query.number(&format!("{prefix}MetagenerationNotMatch"))?,
        })
    }

    /// For a change: `existing` is what is to be changed or replaced. Nothing has generation 0.
    pub(crate) fn check_write(&self, existing: Option<&Object>) -> Result<(), ApiError> {
        let holds = self.matches(existing) && self.differs(existing);
        if holds {
            Ok(())
        } else {
            Err(ApiError::condition_not_met())
        }
    }

    /// For a read: not newer is 304, not the one asked for is 412.
    pub(crate) fn check_read(&self, object: &Object) -> Result<(), ApiError> {
        if !self.matches(Some(object)) {
            return Err(ApiError::condition_not_met());
        }
        if !self.differs(Some(object)) {
            return Err(ApiError::not_modified());
        }
        Ok(())
    }

    /// The conditions on a bucket, which are on its metageneration only.
    pub(crate) fn check_metageneration(&self, metageneration: i64, read: bool) -> Result<(), ApiError> {
        if self.metageneration.is_some_and(|wanted| wanted != metageneration) {
            return Err(ApiError::condition_not_met());
        }
        if self.not_metageneration == Some(metageneration) {
            return Err(if read {
                ApiError::not_modified()
            } else {
                ApiError::condition_not_met()
            });
        }
        Ok(())
    }

    fn matches(&self, object: Option<&Object>) -> bool {
        self.generation
            .is_none_or(|wanted| wanted == object.map_or(0, |o| o.generation))
            && self
                .metageneration
                .is_none_or(|wanted| Some(wanted) == object.map(|o| o.metageneration))
    }

    fn differs(&self, object: Option<&Object>) -> bool {
        self.not_generation
            .is_none_or(|other| other != object.map_or(0, |o| o.generation))
            && self
                .not_metageneration
                .is_none_or(|other| Some(other) != object.map(|o| o.metageneration))
    }
}
