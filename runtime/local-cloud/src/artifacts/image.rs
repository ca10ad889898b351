//! Images as Cloud Run takes them: found by name, unpacked once, and what of them is executed.
//!
//! A name in a repository that is here means what was pushed there. Any other name is of a registry that this machine does not
//! ask, and stands for the local cloud's own runtime.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::docker::{IMAGES, LISTS};
use super::record::{Manifest, Place};
use crate::cloud::Cloud;
use crate::http::answer::ApiError;
use crate::store::{StoreError, View, under};

/// Unpacking takes seconds, and all tasks of an execution want the same.
static UNPACKING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// What the name of an image means here.
pub(crate) enum Named {
    /// It is in no repository of this cloud.
    Elsewhere,
    /// Its repository is here, and it is not in there.
    Missing,
    /// It is here.
    Found(Found),
}

/// An image that was pushed.
pub(crate) struct Found {
    place: Place,
    manifest: Manifest,
}

/// An image on disk, and what it says of its execution.
pub(crate) struct Unpacked {
    /// Its files.
    pub(crate) root: PathBuf,
    config: Value,
}

/// Looks a name up, such as `europe-west1-docker.pkg.dev/p/r/i:tag@sha256:…`.
pub(crate) fn find(view: &impl View, name: &str) -> Result<Named, StoreError> {
    let (rest, digest) = name
        .split_once('@')
        .map_or((name, None), |(rest, digest)| (rest, Some(digest)));
    let mut parts = rest.splitn(4, '/');
    let location = parts.next().and_then(|host| host.strip_suffix("-docker.pkg.dev"));
    let (Some(location), Some(project), Some(repository), Some(image)) =
        (location, parts.next(), parts.next(), parts.next())
    else {
        return Ok(Named::Elsewhere);
    };
    let place = Place {
        project: project.to_owned(),
        location: location.to_owned(),
        repository: repository.to_owned(),
    };
    if place.repository(view)?.is_none() {
        return Ok(Named::Elsewhere);
    }
    let (image, tag) = image.rsplit_once(':').unwrap_or((image, "latest"));
    let found = place.manifest(view, image, digest.unwrap_or(tag))?;
    Ok(found.map_or(Named::Missing, |manifest| Named::Found(Found { place, manifest })))
}

/// What Cloud Run says of a name that is not there.
pub(crate) fn not_found(name: &str) -> ApiError {
    ApiError::not_found(format!("Image '{name}' not found."))
}

/// Removes from the disk what was unpacked of images that are gone, or only in part.
pub(crate) fn tidy(data_dir: &Path, view: &impl View) -> Result<(), StoreError> {
    let here: HashSet<String> = view
        .all::<Manifest>(&under(&["ar", "m"]))?
        .into_iter()
        .map(|manifest| manifest.digest.replace(':', "-"))
        .collect();
    for unpacked in fs::read_dir(data_dir.join("images")).into_iter().flatten().flatten() {
        if !unpacked.file_name().to_str().is_some_and(|name| here.contains(name))
            && let Err(error) = fs::remove_dir_all(unpacked.path())
        {
            tracing::debug!(%error, "unpacked image not removed");
        }
    }
    Ok(())
}

impl Found {
    /// Puts the image's files on disk, unless they are there.
    pub(crate) async fn unpack(self, cloud: &Cloud) -> Result<Unpacked, ApiError> {
        let (own, manifest) = self.chosen(&cloud.store.snapshot()?)?;
        let document = manifest.document();
        let view = cloud.store.snapshot()?;
        let blob = |digest: &Value| -> Result<PathBuf, ApiError> {
            let digest = digest.as_str().unwrap_or_default();
            let blob = own.blob(&view, digest)?;
            let blob = blob.ok_or_else(|| ApiError::internal(format!("the image's blob {digest} is gone")))?;
            Ok(cloud.blobs.path(&blob.file))
        };
        let config = fs::read(blob(&document["config"]["digest"])?)?;
        let config: Value = serde_json::from_slice(&config)
            .map_err(|error| ApiError::failed_precondition(format!("the image's configuration is no JSON: {error}")))?;
        let layers = document["layers"].as_array().into_iter().flatten();
        let layers = layers.map(|layer| {
            let packed = match layer["mediaType"].as_str().unwrap_or_default() {
                kind if kind.ends_with("gzip") => true,
                kind if kind.ends_with(".tar") => false,
                kind => {
                    return Err(ApiError::unimplemented(format_args!(
                        "an image with a layer of type {kind}"
                    )));
                }
            };
            Ok((blob(&layer["digest"])?, packed))
        });
        let layers = layers.collect::<Result<Vec<_>, _>>()?;
        let dir = cloud.data_dir.join("images");
        let root = dir.join(manifest.digest.replace(':', "-"));
        let _one = UNPACKING.lock().await;
        if !root.is_dir() {
            let to = root.clone();
            let unpacked = tokio::task::spawn_blocking(move || unpack(&layers, &dir, &to));
            unpacked.await.map_err(io::Error::other)??;
            tracing::info!(digest = manifest.digest, "image unpacked");
        }
        Ok(Unpacked { root, config })
    }

    /// The image itself, or of a list the one for Linux on x86-64.
    fn chosen(self, view: &impl View) -> Result<(Place, Manifest), ApiError> {
        let Found { place, manifest } = self;
        if IMAGES.contains(&manifest.media_type.as_str()) {
            return Ok((place, manifest));
        }
        let document = manifest.document();
        let listed = document["manifests"].as_array().into_iter().flatten();
        let mut fitting = listed.filter(|listed| {
            let platform = &listed["platform"];
            LISTS.contains(&manifest.media_type.as_str())
                && platform["os"] == "linux"
                && platform["architecture"] == "amd64"
        });
        let digest = fitting.next().and_then(|listed| listed["digest"].as_str());
        let none = || ApiError::failed_precondition("the image has no manifest for linux/amd64");
        let chosen = place.manifest(view, &manifest.image, digest.ok_or_else(none)?)?;
        Ok((place, chosen.ok_or_else(none)?))
    }
}

impl Unpacked {
    /// The variables that the image sets.
    pub(crate) fn env(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.config["config"]["Env"].as_array().into_iter().flatten();
        all.filter_map(|variable| variable.as_str()?.split_once('='))
    }

    /// The program and the arguments of a container: what the container says, and otherwise what the image says.
    pub(crate) fn command(&self, command: &[String], args: &[String]) -> Result<(PathBuf, Vec<String>), ApiError> {
        let own = |name: &str| -> Vec<String> {
            let list = self.config["config"][name].as_array().into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let mut all = match command.is_empty() {
            false => command.to_vec(),
            true => own("Entrypoint"),
        };
        // An image's own arguments are for its own entry point.
        if args.is_empty() && command.is_empty() {
            all.extend(own("Cmd"));
        }
        all.extend(args.iter().cloned());
        let mut all = all.into_iter();
        let program = all
            .next()
            .ok_or_else(|| ApiError::failed_precondition("neither the container nor its image says what to execute"))?;
        Ok((self.located(&program), all.collect()))
    }

    /// Where a program of the image is, of which only the name may be given.
    fn located(&self, program: &str) -> PathBuf {
        let within = |path: &str| self.root.join(path.trim_start_matches('/'));
        if program.contains('/') {
            return within(program);
        }
        let path = self.env().find(|(name, _)| *name == "PATH");
        let path = path.map_or(
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            |(_, path)| path,
        );
        let mut places = path.split(':').map(|dir| within(dir).join(program));
        places.find(|place| place.is_file()).unwrap_or_else(|| within(program))
    }

    /// Where it is executed.
    pub(crate) fn dir(&self) -> PathBuf {
        let dir = self.config["config"]["WorkingDir"].as_str().unwrap_or_default();
        let dir = self.root.join(dir.trim_start_matches('/'));
        if dir.is_dir() { dir } else { self.root.clone() }
    }
}

/// Unpacks layers one above the other. The root appears when it is whole.
fn unpack(layers: &[(PathBuf, bool)], dir: &Path, root: &Path) -> io::Result<()> {
    let fresh = dir.join(format!("fresh-{}", crate::blobs::new_id()));
    fs::create_dir_all(&fresh)?;
    let done = layers
        .iter()
        .try_for_each(|(layer, packed)| {
            let file = BufReader::new(File::open(layer)?);
            match packed {
                true => unpack_layer(MultiGzDecoder::new(file), &fresh),
                false => unpack_layer(file, &fresh),
            }
        })
        .and_then(|()| fs::rename(&fresh, root));
    if done.is_err() {
        drop(fs::remove_dir_all(&fresh));
    }
    done
}

/// <https://github.com/opencontainers/image-spec/blob/main/layer.md>. Owners are not kept: there is one user here.
fn unpack_layer(layer: impl Read, root: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(layer);
    archive.set_overwrite(true);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let (Some(gone), Some(parent)) = (name.strip_prefix(".wh."), path.parent()) {
            if let Some(parent) = within(root, parent)? {
                remove(&parent, gone)?;
            }
            continue;
        }
        // A device needs root, and no program here is given one.
        if entry.header().entry_type().is_block_special() || entry.header().entry_type().is_character_special() {
            continue;
        }
        entry.unpack_in(root)?;
    }
    Ok(())
}

/// A directory of the image; none when it is not there, or when its path leads out of the image by `..` or by a link.
fn within(root: &Path, dir: &Path) -> io::Result<Option<PathBuf>> {
    let dir = root.join(dir.strip_prefix("/").unwrap_or(dir));
    match dir.canonicalize() {
        Ok(dir) => Ok(Some(dir).filter(|dir| root.canonicalize().is_ok_and(|root| dir.starts_with(root)))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes away what a lower layer has: one name, or with `.wh..opq` all that is in the directory.
fn remove(parent: &Path, gone: &str) -> io::Result<()> {
    let paths = match gone {
        ".wh..opq" => fs::read_dir(parent)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()?,
        "" | "." | ".." => Vec::new(),
        gone => vec![parent.join(gone)],
    };
    for path in paths {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&path)?,
            Ok(_) => fs::remove_file(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A layer of a link, files with these names, and nothing else.
    fn layer(link: Option<(&str, &Path)>, files: &[&str]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        if let Some((name, target)) = link {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            archive.append_link(&mut header, name, target).unwrap();
        }
        for name in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(1);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, &b"x"[..]).unwrap();
        }
        archive.into_inner().unwrap()
    }

    #[test]
    fn a_layer_takes_away_what_is_below_it_and_nothing_outside() {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("root"), dir.path().join("outside"));
        for dir in [&root, &outside] {
            fs::create_dir(dir).unwrap();
        }
        fs::write(outside.join("kept"), "x").unwrap();
        unpack_layer(&*layer(None, &["etc/a", "etc/b", "var/c", "d"]), &root).unwrap();
        let above = [
            "etc/.wh.a",
            "var/.wh..wh..opq",
            ".wh.d",
            "away/.wh.kept",
            "away/.wh..wh..opq",
            "none/.wh.e",
        ];
        unpack_layer(&*layer(Some(("away", &outside)), &above), &root).unwrap();
        let there = |path: &str| root.join(path).exists();
        assert!(there("etc/b") && there("var"));
        assert!(!there("etc/a") && !there("var/c") && !there("d"));
        assert!(outside.join("kept").exists(), "a link led out of the image");
    }
}
