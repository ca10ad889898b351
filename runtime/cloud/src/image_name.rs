//! Names of images in Artifact Registry. <https://cloud.google.com/artifact-registry/docs/docker/names>

use std::fmt;
use std::str::FromStr;

use crate::errors::{Error, Kind};

const DOMAIN: &str = "-docker.pkg.dev";

/// `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE`, without tag and digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    /// A region or a multi-region: `europe-west1`, `europe`.
    pub location: String,
    /// The project that the repository is in.
    pub project: String,
    /// The repository.
    pub repository: String,
    /// The image; it may have several parts.
    pub image: String,
}

impl ImageName {
    /// `LOCATION-docker.pkg.dev`
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}{DOMAIN}", self.location)
    }

    /// What follows the host, as a registry's paths have it.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}/{}", self.project, self.repository, self.image)
    }

    /// The repository, as Artifact Registry's API names it.
    #[must_use]
    pub fn repository_name(&self) -> String {
        format!(
            "projects/{}/locations/{}/repositories/{}",
            self.project, self.location, self.repository
        )
    }

    /// The image, as Artifact Registry's API names it.
    #[must_use]
    pub fn package_name(&self) -> String {
        let package = self.image.replace('/', "%2F");
        format!("{}/packages/{package}", self.repository_name())
    }

    /// Takes a reference such as `…/headwater:tag@sha256:…` apart: the name, the tag, the digest.
    ///
    /// # Errors
    /// It names no image in Artifact Registry.
    pub fn parse_reference(text: &str) -> Result<(ImageName, Option<&str>, Option<&str>), Error> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        // A colon before the last slash belongs to a host's port, which these have not.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        Ok((name.parse()?, tag, digest))
    }
}

impl FromStr for ImageName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parts = text.splitn(4, '/');
        let location = parts.next().and_then(|host| host.strip_suffix(DOMAIN));
        let part = |text: Option<&str>| {
            let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | '/');
            let text = text.filter(|text| !text.is_empty() && text.chars().all(good));
            text.filter(|text| {
                !text
                    .split('/')
                    .any(|part| part.is_empty() || part == "." || part == "..")
            })
            .map(str::to_owned)
        };
        match (
            part(location),
            part(parts.next()),
            part(parts.next()),
            part(parts.next()),
        ) {
            (Some(location), Some(project), Some(repository), Some(image)) => Ok(Self {
                location,
                project,
                repository,
                image,
            }),
            _ => Err(Error::new(
                Kind::Invalid,
                format!("read the image's name `{text}`"),
                "it names no image in Artifact Registry",
            )
            .with_hint("write it as LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE")),
        }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host(), self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_and_put_together() {
        let text = "europe-west1-docker.pkg.dev/acme/containers/tools/headwater";
        let digest = format!("sha256:{}", "0".repeat(64));
        for (reference, tag, sum) in [
            (text.to_owned(), None, None),
            (format!("{text}:1.0"), Some("1.0"), None),
            (format!("{text}@{digest}"), None, Some(digest.as_str())),
            (format!("{text}:1.0@{digest}"), Some("1.0"), Some(digest.as_str())),
        ] {
            let (name, found_tag, found_digest) = ImageName::parse_reference(&reference).expect(&reference);
            assert_eq!((found_tag, found_digest), (tag, sum), "{reference}");
            assert_eq!(name.to_string(), text);
            assert_eq!(name.path(), "acme/containers/tools/headwater");
            assert_eq!(
                name.package_name(),
                "projects/acme/locations/europe-west1/repositories/containers/packages/tools%2Fheadwater"
            );
        }
        for bad in [
            "headwater:0.1.0",
            "gcr.io/acme/headwater",
            "europe-docker.pkg.dev/acme/headwater",
            "europe-docker.pkg.dev/acme//headwater",
            "europe-docker.pkg.dev/acme/r/../x",
            "evil.example/?x=-docker.pkg.dev/acme/r/i",
            "-docker.pkg.dev/acme/r/i",
        ] {
            assert!(ImageName::parse_reference(bad).is_err(), "{bad}");
        }
    }
}
