//! Cloud Storage: the JSON API, <https://cloud.google.com/storage/docs/json_api/v1>.
//!
//! Not here: the XML API but for reading an object, gRPC, ACLs of single objects, soft-deleted objects (the policy is kept,
//! nothing is), and the folders of a hierarchical namespace.

mod batch;
mod buckets;
mod download;
mod glob;
mod iam;
mod lifecycle;
mod list;
mod multipart;
mod objects;
mod preconditions;
mod record;
mod resumable;
mod rewrite;
mod settings;
mod shelf;
mod upload;
pub(crate) mod xml;

use crate::http::route::{Method, method};

pub(crate) use lifecycle::keep_tidying;
pub(crate) use record::Object;
pub(crate) use resumable::{Uploads, forget_old_sessions};
pub(crate) use shelf::Shelf;

/// The methods of the service.
pub(crate) fn methods() -> Vec<Method> {
    let mut all = buckets::methods();
    all.extend(objects::methods());
    all.extend(iam::methods());
    all.extend([
        method("storage.objects.list", "GET", "/storage/v1/b/{bucket}/o", list::list),
        method(
            "storage.objects.get",
            "GET",
            "/download/storage/v1/b/{bucket}/o/{object}",
            download::download,
        ),
        method(
            "storage.objects.insert",
            "POST",
            "/upload/storage/v1/b/{bucket}/o",
            upload::insert,
        ),
        method(
            "storage.objects.insert",
            "PUT",
            "/upload/storage/v1/b/{bucket}/o",
            upload::insert,
        ),
        method(
            "storage.objects.insert",
            "DELETE",
            "/upload/storage/v1/b/{bucket}/o",
            resumable::cancel,
        ),
        method(
            "storage.objects.insert",
            "POST",
            "/resumable/upload/storage/v1/b/{bucket}/o",
            upload::insert,
        ),
        method(
            "storage.objects.insert",
            "PUT",
            "/resumable/upload/storage/v1/b/{bucket}/o",
            upload::insert,
        ),
        method(
            "storage.objects.insert",
            "DELETE",
            "/resumable/upload/storage/v1/b/{bucket}/o",
            resumable::cancel,
        ),
        method(
            "storage.objects.compose",
            "POST",
            "/storage/v1/b/{bucket}/o/{object}/compose",
            rewrite::compose,
        ),
        method(
            "storage.objects.copy",
            "POST",
            "/storage/v1/b/{bucket}/o/{object}/copyTo/b/{toBucket}/o/{toObject}",
            rewrite::copy,
        ),
        method(
            "storage.objects.rewrite",
            "POST",
            "/storage/v1/b/{bucket}/o/{object}/rewriteTo/b/{toBucket}/o/{toObject}",
            rewrite::rewrite,
        ),
        method(
            "storage.objects.move",
            "POST",
            "/storage/v1/b/{bucket}/o/{object}/moveTo/o/{toObject}",
            rewrite::move_object,
        ),
        method("storage.batch", "POST", "/batch/storage/v1", batch::batch),
        method("storage.batch", "POST", "/batch", batch::batch),
    ]);
    all
}
