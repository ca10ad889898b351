//! An answer to GetProviderSchema that was made before the program was. Terraform asks for it in the first process of each of
//! its runs, and it is by far the largest message of all: to make it anew costs as much as the rest of that process.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use prost::Message as _;
use prost::bytes::{Buf as _, BufMut as _, Bytes};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::Service;
use tonic::codegen::http::{Request, Response};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request as Call, Response as Answer, Status};

use crate::wire::tfplugin6::ProviderSchema;

const METHOD: &str = "/tfplugin6.Provider/GetProviderSchema";

/// The bytes of an answer, the same for the same schemas: maps, whose order is chance, are put in the order of their keys.
#[must_use]
pub fn encoded(schema: &ProviderSchema) -> Vec<u8> {
    let mut whole = ProviderSchema {
        provider: schema.provider.clone(),
        diagnostics: schema.diagnostics.clone(),
        provider_meta: schema.provider_meta.clone(),
        server_capabilities: schema.server_capabilities,
        ..ProviderSchema::default()
    }
    .encode_to_vec();
    // Messages one behind another are one message with the fields of both.
    macro_rules! in_order {
        ($($map:ident),*) => {$(
            let mut names: Vec<&String> = schema.$map.keys().collect();
            names.sort();
            for name in names {
                let one = schema.$map.get(name).map(|one| (name.clone(), one.clone()));
                let part = ProviderSchema { $map: one.into_iter().collect(), ..ProviderSchema::default() };
                whole.extend(part.encode_to_vec());
            }
        )*};
    }
    in_order!(
        resource_schemas,
        data_source_schemas,
        functions,
        ephemeral_resource_schemas,
        list_resource_schemas,
        state_store_schemas,
        action_schemas
    );
    whole
}

/// A provider's service, whose schemas are answered with these bytes.
#[derive(Debug, Clone)]
pub struct Prepared<S> {
    inner: S,
    schemas: Option<Bytes>,
}

impl<S> Prepared<S> {
    /// Without bytes, the service answers by itself.
    pub fn new(inner: S, schemas: Option<&'static [u8]>) -> Self {
        Self {
            inner,
            schemas: schemas.map(Bytes::from_static),
        }
    }
}

impl<S: NamedService> NamedService for Prepared<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Prepared<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match &self.schemas {
            Some(schemas) if request.uri().path() == METHOD => {
                let schemas = schemas.clone();
                Box::pin(async move { Ok(Grpc::new(AsItIs).unary(Schemas(schemas), request).await) })
            }
            _ => Box::pin(self.inner.call(request)),
        }
    }
}

/// The one answer.
struct Schemas(Bytes);

impl UnaryService<()> for Schemas {
    type Response = Bytes;
    type Future = std::future::Ready<Result<Answer<Bytes>, Status>>;

    fn call(&mut self, _: Call<()>) -> Self::Future {
        std::future::ready(Ok(Answer::new(self.0.clone())))
    }
}

/// Messages that are bytes already. What is asked has no fields.
struct AsItIs;

impl Codec for AsItIs {
    type Encode = Bytes;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for AsItIs {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put(item);
        Ok(())
    }
}

impl Decoder for AsItIs {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        source.advance(source.remaining());
        Ok(Some(()))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, Full};
    use tonic::codegen::http::header::CONTENT_TYPE;

    use super::*;
    use crate::wire::tfplugin6::{Schema, ServerCapabilities};

    #[derive(Clone)]
    struct Inner;

    impl Service<Request<Body>> for Inner {
        type Response = Response<Body>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<Body>) -> Self::Future {
            let path = request.uri().path().to_owned();
            std::future::ready(Ok(Response::builder()
                .header("path", path)
                .body(Body::empty())
                .unwrap()))
        }
    }

    fn schema() -> ProviderSchema {
        let named = |version: i64| Schema {
            version,
            ..Schema::default()
        };
        let names = ["z", "a", "m", "b"].into_iter().zip(1..);
        ProviderSchema {
            provider: Some(named(7)),
            resource_schemas: names.clone().map(|(name, v)| (name.to_owned(), named(v))).collect(),
            data_source_schemas: names.map(|(name, v)| (name.to_owned(), named(-v))).collect(),
            server_capabilities: Some(ServerCapabilities {
                plan_destroy: true,
                ..ServerCapabilities::default()
            }),
            ..ProviderSchema::default()
        }
    }

    async fn ask(path: &str, schemas: Option<&'static [u8]>) -> Response<Body> {
        let request = Request::post(path).header(CONTENT_TYPE, "application/grpc");
        // A frame of no bytes.
        let body = Body::new(Full::new(Bytes::from_static(&[0; 5])));
        Prepared::new(Inner, schemas)
            .call(request.body(body).unwrap())
            .await
            .unwrap()
    }

    #[test]
    fn bytes_are_the_same_each_time_and_mean_the_same() {
        let bytes = encoded(&schema());
        assert_eq!(ProviderSchema::decode(&*bytes).unwrap(), schema());
        // Another map of the same names has them in another order.
        assert!((0..50).all(|_| encoded(&schema()) == bytes));
    }

    #[tokio::test]
    async fn schemas_are_answered_from_bytes_and_all_else_by_the_service() {
        let bytes: &'static [u8] = encoded(&schema()).leak();
        let answer = ask(METHOD, Some(bytes)).await;
        let answered = answer.into_body().collect().await.unwrap();
        assert_eq!(answered.trailers().unwrap()["grpc-status"], "0");
        let frames = answered.to_bytes();
        let (head, message) = frames.split_at(5);
        assert_eq!(
            head,
            [&[0][..], &u32::try_from(bytes.len()).unwrap().to_be_bytes()].concat()
        );
        assert_eq!(message, bytes);

        for (path, schemas) in [("/tfplugin6.Provider/GetMetadata", Some(bytes)), (METHOD, None)] {
            let answer = ask(path, schemas).await;
            assert_eq!(answer.headers()["path"], path);
        }
    }
}
