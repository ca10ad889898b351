//! Arrow's messages, as the Storage APIs carry them: a schema or one batch of rows, each by itself.

use arrow_ipc::CompressionType;
use arrow_ipc::convert::try_schema_from_ipc_buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::{CompressionContext, DictionaryTracker, IpcDataGenerator, IpcWriteOptions, write_message};
use bytes::Bytes;

use super::conform::failed;
use crate::engine::arrow::array::RecordBatch;
use crate::engine::arrow::buffer::Buffer;
use crate::engine::arrow::datatypes::Schema;
use crate::engine::arrow::error::ArrowError;
use crate::error::Fault;
use crate::wire::storage::arrow_serialization_options::CompressionCodec;

/// Writes batches of one schema.
pub(crate) struct Encoder {
    options: IpcWriteOptions,
    compression: CompressionContext,
}

impl Encoder {
    pub(crate) fn new(codec: CompressionCodec) -> Result<Self, Fault> {
        let compression = match codec {
            CompressionCodec::CompressionUnspecified => None,
            CompressionCodec::Lz4Frame => Some(CompressionType::LZ4_FRAME),
            CompressionCodec::Zstd => Some(CompressionType::ZSTD),
        };
        let options = IpcWriteOptions::default().try_with_compression(compression);
        Ok(Self {
            options: options.map_err(failed)?,
            compression: CompressionContext::default(),
        })
    }

    pub(crate) fn schema(&self, schema: &Schema) -> Result<Bytes, Fault> {
        let mut dictionaries = DictionaryTracker::new(true);
        let encoded = IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(
            schema,
            &mut dictionaries,
            &self.options,
        );
        let mut out = Vec::new();
        write_message(&mut out, encoded, &self.options).map_err(failed)?;
        Ok(out.into())
    }

    pub(crate) fn batch(&mut self, rows: &RecordBatch) -> Result<Bytes, Fault> {
        let mut dictionaries = DictionaryTracker::new(true);
        let (_, encoded) = IpcDataGenerator::default()
            .encode(rows, &mut dictionaries, &self.options, &mut self.compression)
            .map_err(failed)?;
        let mut out = Vec::with_capacity(encoded.arrow_data.len() + encoded.ipc_message.len() + 64);
        write_message(&mut out, encoded, &self.options).map_err(failed)?;
        Ok(out.into())
    }
}

/// Reads batches of one schema.
pub(crate) struct Decoder(StreamDecoder);

impl Decoder {
    /// From the message of a schema.
    pub(crate) fn new(schema: &[u8]) -> Result<Self, ArrowError> {
        // The decoder looks at a schema only when more comes after it.
        try_schema_from_ipc_buffer(schema)?;
        let mut decoder = StreamDecoder::new();
        decoder.decode(&mut Buffer::from(schema))?;
        Ok(Self(decoder))
    }

    /// The rows of a message.
    pub(crate) fn batch(&mut self, message: &[u8]) -> Result<RecordBatch, ArrowError> {
        let mut message = Buffer::from(message);
        let rows = self.0.decode(&mut message)?;
        rows.ok_or_else(|| ArrowError::IpcError("it is not the message of a whole batch".into()))
    }
}
