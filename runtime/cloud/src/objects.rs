//! Moving object bytes of any size: streamed uploads and downloads through Google's own storage client, which resumes
//! broken transfers and checks CRC32C. Memory is bounded by the upload's buffer, whatever the object's size.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use google_cloud_gax::retry_policy::RetryPolicyExt as _;
use google_cloud_storage::client::Storage as GoogleStorage;
use google_cloud_storage::model_ext::ReadRange;
use google_cloud_storage::retry_policy::RetryableErrors;
use google_cloud_storage::streaming_source::StreamingSource;
use serde_json::json;
use tokio::sync::{OnceCell, mpsc};

use crate::Document;
use crate::endpoints::Service;
use crate::errors::{Error, Kind};
use crate::http_json::{Transport, install_crypto_provider};
use crate::storage::{Object, ObjectPath, Precondition, Storage};

/// What an upload keeps in memory until the service confirms it; a multiple of 256 KiB.
const UPLOAD_BUFFER: usize = 8 * 1024 * 1024;

/// A small object's content and the generation that it was read at.
#[derive(Debug, Clone)]
pub struct ObjectBytes {
    /// Generation.
    pub generation: i64,
    /// Content.
    pub bytes: Bytes,
}

pub(crate) struct DataPlane {
    transport: Arc<Transport>,
    client: OnceCell<GoogleStorage>,
}

impl DataPlane {
    pub fn new(transport: Arc<Transport>) -> Arc<Self> {
        Arc::new(Self {
            transport,
            client: OnceCell::new(),
        })
    }

    async fn client(&self) -> Result<&GoogleStorage, Error> {
        self.client
            .get_or_try_init(|| async {
                install_crypto_provider();
                GoogleStorage::builder()
                    .with_endpoint(self.transport.endpoints.of(Service::Storage))
                    .with_credentials(self.transport.google_credentials()?)
                    .with_retry_policy(
                        RetryableErrors
                            .with_attempt_limit(7)
                            .with_time_limit(Duration::from_secs(300)),
                    )
                    .with_resumable_upload_buffer_size(UPLOAD_BUFFER)
                    .build()
                    .await
                    .map_err(|source| {
                        Error::new(
                            Kind::Unexpected,
                            "build storage client",
                            "the client could not be built",
                        )
                        .with_source(source)
                    })
            })
            .await
    }
}

struct Chunks(mpsc::Receiver<Bytes>);

impl StreamingSource for Chunks {
    type Error = std::convert::Infallible;

    async fn next(&mut self) -> Option<Result<Bytes, Self::Error>> {
        self.0.recv().await.map(Ok)
    }
}

/// An upload under way: bytes go in, back-pressure comes out.
///
/// Dropping it without [`Upload::finish`] aborts the upload: no object appears.
pub struct Upload {
    path: ObjectPath,
    chunks: Option<mpsc::Sender<Bytes>>,
    task: tokio::task::JoinHandle<Result<Object, Error>>,
}

impl Upload {
    /// Sends bytes; waits while the service is slower than the producer.
    ///
    /// # Errors
    /// When the upload has failed.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        let sent = match &self.chunks {
            Some(chunks) => chunks.send(bytes).await.is_ok(),
            None => false,
        };
        if sent { Ok(()) } else { Err(self.failure().await) }
    }

    /// As [`Upload::write`], from a thread of the runtime that may block.
    ///
    /// # Errors
    /// When the upload has failed.
    pub fn blocking_write(&mut self, bytes: Bytes) -> Result<(), Error> {
        let sent = self
            .chunks
            .as_ref()
            .is_some_and(|chunks| chunks.blocking_send(bytes).is_ok());
        if sent {
            Ok(())
        } else {
            Err(tokio::runtime::Handle::current().block_on(self.failure()))
        }
    }

    /// Ends the object; it exists when this returns.
    ///
    /// # Errors
    /// `PreconditionFailed` when the precondition did not hold; whatever else went wrong on the way.
    pub async fn finish(mut self) -> Result<Object, Error> {
        self.chunks = None;
        self.join().await
    }

    async fn join(&mut self) -> Result<Object, Error> {
        match (&mut self.task).await {
            Ok(result) => result,
            Err(source) => {
                let error = Error::new(
                    Kind::Unexpected,
                    format!("write {}", self.path),
                    "the upload was aborted",
                );
                Err(error.with_source(source))
            }
        }
    }

    async fn failure(&mut self) -> Error {
        self.chunks = None;
        match self.join().await {
            Ok(_) => Error::new(
                Kind::Unexpected,
                format!("write {}", self.path),
                "the upload ended early",
            ),
            Err(error) => error,
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // After `finish` the task is over and this does nothing. Otherwise the abort comes before the sender goes,
        // so that the service never sees a short object's end.
        self.task.abort();
    }
}

/// A download under way.
pub struct ByteStream {
    action: String,
    generation: i64,
    size: u64,
    inner: google_cloud_storage::read_object::ReadObjectResponse,
}

impl ByteStream {
    /// The generation being read.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// The object's size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// When the transfer cannot be resumed, or the checksum is wrong.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let chunk = self.inner.next().await.transpose();
        chunk.map_err(|error| Error::from_gax(&self.action, error))
    }
}

impl Storage {
    /// Begins an upload whose length nobody knows yet.
    ///
    /// # Errors
    /// When no client could be made; the request's own errors come from [`Upload::finish`].
    pub async fn upload(
        &self,
        path: &ObjectPath,
        content_type: &str,
        precondition: Precondition,
    ) -> Result<Upload, Error> {
        let metadata = json!({ "contentType": content_type });
        self.upload_with(path, &metadata, precondition).await
    }

    /// As [`Storage::upload`], with metadata in the API's words: `contentType`, `cacheControl`, `metadata` and so on.
    ///
    /// # Errors
    /// When no client could be made; the request's own errors come from [`Upload::finish`].
    pub async fn upload_with(
        &self,
        path: &ObjectPath,
        metadata: &Document,
        precondition: Precondition,
    ) -> Result<Upload, Error> {
        let client = self.data.client().await?;
        let (sender, receiver) = mpsc::channel(4);
        let bucket = format!("projects/_/buckets/{}", path.bucket);
        let mut request = client
            .write_object(bucket, path.name.clone(), Chunks(receiver))
            // Without a precondition a repeated write stores the same bytes again, which is harmless here.
            .with_idempotency(true);
        if let Some(generation) = precondition.generation() {
            request = request.set_if_generation_match(generation);
        }
        if let Some(text) = metadata["contentType"].as_str() {
            request = request.set_content_type(text);
        }
        if let Some(text) = metadata["contentEncoding"].as_str() {
            request = request.set_content_encoding(text);
        }
        if let Some(text) = metadata["contentDisposition"].as_str() {
            request = request.set_content_disposition(text);
        }
        if let Some(text) = metadata["contentLanguage"].as_str() {
            request = request.set_content_language(text);
        }
        if let Some(text) = metadata["cacheControl"].as_str() {
            request = request.set_cache_control(text);
        }
        if let Some(text) = metadata["storageClass"].as_str() {
            request = request.set_storage_class(text);
        }
        if let Some(own) = metadata["metadata"].as_object() {
            let texts = own
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
            request = request.set_metadata(texts);
        }
        let action = format!("write {path}");
        let sending = async move {
            let sent = Box::pin(request.send_buffered()).await;
            let object = sent.map_err(|error| Error::from_gax(&action, error))?;
            Ok(Object {
                bucket: object.bucket.trim_start_matches("projects/_/buckets/").to_owned(),
                name: object.name,
                size: u64::try_from(object.size).unwrap_or_default(),
                generation: object.generation,
                metageneration: object.metageneration,
                updated: object.update_time.map(String::from).unwrap_or_default(),
                crc32c: String::new(),
            })
        };
        Ok(Upload {
            path: path.clone(),
            chunks: Some(sender),
            task: tokio::spawn(sending),
        })
    }

    /// Begins a download, of the whole object or from `offset` on.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn download(&self, path: &ObjectPath, offset: u64) -> Result<ByteStream, Error> {
        let action = format!("read {path}");
        let client = self.data.client().await?;
        let mut request = client.read_object(format!("projects/_/buckets/{}", path.bucket), path.name.clone());
        if offset > 0 {
            request = request.set_read_range(ReadRange::offset(offset));
        }
        let inner = request.send().await.map_err(|error| Error::from_gax(&action, error))?;
        let about = inner.object();
        Ok(ByteStream {
            action,
            generation: about.generation,
            size: u64::try_from(about.size).unwrap_or_default(),
            inner,
        })
    }

    /// Some bytes of an object's generation.
    ///
    /// # Errors
    /// `NotFound` when that generation is not there any more.
    pub async fn read_range(&self, object: &Object, offset: u64, length: u64) -> Result<Bytes, Error> {
        let action = format!("read gs://{}/{}", object.bucket, object.name);
        let client = self.data.client().await?;
        let mut answer = client
            .read_object(format!("projects/_/buckets/{}", object.bucket), object.name.clone())
            .set_generation(object.generation)
            .set_read_range(ReadRange::segment(offset, length))
            .send()
            .await
            .map_err(|error| Error::from_gax(&action, error))?;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = answer.next().await {
            bytes.extend_from_slice(&chunk.map_err(|error| Error::from_gax(&action, error))?);
        }
        if bytes.len() as u64 == length {
            Ok(bytes.freeze())
        } else {
            let message = format!("{} bytes came of {length} from {offset} on", bytes.len());
            Err(Error::new(Kind::Unexpected, action, message))
        }
    }
}
