//! `headwater image`: the runtime's image, made and pushed by hand. How it is made is `headwater-image`'s, how it is pushed
//! `headwater-cloud`'s; `headwater_runtime` does both by itself.

use std::io::BufWriter;

use headwater_cloud::{BlobSource, ImageName};
use headwater_image::{Content, Error, Image, MANIFEST_TYPE};
use tempfile::NamedTempFile;

use crate::cli::{ImageCommand, ImagePushArgs};
use crate::cloud::connect;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::printer::Printer;

/// Runs the command.
pub async fn run(command: ImageCommand, printer: Printer) -> Result<Exit, CommandError> {
    match command {
        ImageCommand::Push(args) => push(args, printer).await,
    }
}

async fn push(args: ImagePushArgs, printer: Printer) -> Result<Exit, CommandError> {
    let (name, tag, digest) = ImageName::parse_reference(&args.name)?;
    if digest.is_some() {
        return Err(CommandError::Usage {
            argument: "NAME",
            message: "the digest is what the program makes it: leave it out".into(),
        });
    }
    let cloud = connect(&args.cloud)?;
    let (image, own_tag, file) = tokio::task::block_in_place(|| pack(&args))?;
    let tag = tag.map_or(own_tag, str::to_owned);
    let registry = cloud.registry(&name);
    let layer = BlobSource::File {
        path: file.path().to_owned(),
        size: image.layer_size,
    };
    let config = BlobSource::Bytes(image.config.clone().into());
    let mut sent = 0;
    for (digest, source, size) in [
        (&image.layer_digest, layer, image.layer_size),
        (&image.config_digest, config, image.config.len() as u64),
    ] {
        if registry.push_blob(digest.as_str(), &source).await? {
            sent += size;
        }
    }
    let size = image.layer_size + (image.config.len() + image.manifest.len()) as u64;
    registry
        .push_manifest(&tag, MANIFEST_TYPE, image.manifest.into())
        .await?;
    let reference = format!("{name}:{tag}@{}", image.digest);
    let value = serde_json::json!({
        "image": reference,
        "digest": image.digest.as_str(),
        "bytes": size,
        "sent_bytes": sent,
    });
    printer.result(&value, || reference.clone());
    Ok(Exit::Done)
}

/// The image, its tag, and the file with its layer, which goes when it is dropped.
fn pack(args: &ImagePushArgs) -> Result<(Image, String, NamedTempFile), Error> {
    let content = Content::of(&args.binary)?;
    let file = NamedTempFile::new().map_err(|source| Error::Write { source })?;
    let image = content.pack(BufWriter::new(file.as_file()))?;
    Ok((image, content.tag(), file))
}
