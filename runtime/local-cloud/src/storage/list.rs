//! Listing: <https://cloud.google.com/storage/docs/json_api/v1/objects/list>.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::glob::Glob;
use super::record::{Bucket, Object};
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::store::{Next, Snapshot, StoreError, View, under};

struct Wanted {
    prefix: String,
    delimiter: Option<String>,
    trailing: bool,
    start: String,
    end: Option<String>,
    glob: Option<Glob>,
    most: usize,
}

/// What a page has gathered.
#[derive(Default)]
struct Page {
    items: Vec<Object>,
    prefixes: Vec<String>,
    /// The key that the next page begins with.
    next: Option<Vec<u8>>,
}

enum Seen {
    Kept,
    Skipped,
    /// Folded into a prefix that ends here.
    Folded(String),
    Beyond,
}

pub(super) async fn list(call: Call) -> Answer {
    let query = &call.query;
    if query.flag("softDeleted") {
        return Err(ApiError::unimplemented("storage.objects.list with softDeleted"));
    }
    let bucket = call.param("bucket");
    let snapshot = call.cloud.store.snapshot()?;
    Bucket::read(&snapshot, bucket)?;
    let prefix = query.get("prefix").unwrap_or_default().to_owned();
    let wanted = Wanted {
        start: query.get("startOffset").unwrap_or_default().max(&prefix).to_owned(),
        end: query.get("endOffset").map(str::to_owned),
        delimiter: query.get("delimiter").map(str::to_owned),
        trailing: query.flag("includeTrailingDelimiter"),
        glob: query.get("matchGlob").map(Glob::new).transpose()?,
        most: query.page_size("maxResults", 1000, 1000)?.max(1),
        prefix,
    };
    let from = match query.get("pageToken") {
        None => None,
        Some(token) => Some(
            URL_SAFE_NO_PAD
                .decode(token)
                .map_err(|_| ApiError::invalid("Invalid pageToken"))?,
        ),
    };
    let page = if query.flag("versions") {
        with_versions(&snapshot, bucket, &wanted, from.as_deref())?
    } else {
        live_only(&snapshot, bucket, &wanted, from)?
    };
    let mut body = json!({ "kind": "storage#objects" });
    if let Some(next) = page.next {
        body["nextPageToken"] = json!(URL_SAFE_NO_PAD.encode(next));
    }
    if !page.prefixes.is_empty() {
        body["prefixes"] = json!(page.prefixes);
    }
    if !page.items.is_empty() {
        body["items"] = Value::Array(page.items.iter().map(|object| object.resource(&call.cloud)).collect());
    }
    ok(&body)
}

impl Wanted {
    fn see(&self, name: &str, page: &Page) -> Seen {
        if self.end.as_deref().is_some_and(|end| name >= end) {
            return Seen::Beyond;
        }
        if !name.starts_with(&self.prefix) || name < self.start.as_str() {
            return Seen::Skipped;
        }
        if self.glob.as_ref().is_some_and(|glob| !glob.matches(name)) {
            return Seen::Skipped;
        }
        let Some(delimiter) = &self.delimiter else {
            return Seen::Kept;
        };
        let Some(at) = name[self.prefix.len()..].find(delimiter.as_str()) else {
            return Seen::Kept;
        };
        let folder = &name[..self.prefix.len() + at + delimiter.len()];
        if self.trailing && folder == name {
            return Seen::Kept;
        }
        if page.prefixes.last().is_some_and(|last| last == folder) {
            return Seen::Skipped;
        }
        Seen::Folded(folder.to_owned())
    }
}

impl Page {
    fn full(&self, wanted: &Wanted) -> bool {
        self.items.len() + self.prefixes.len() >= wanted.most
    }

    fn take(&mut self, wanted: &Wanted, key: &[u8], object: Object) -> Next {
        match wanted.see(&object.name, self) {
            Seen::Beyond => return Next::Stop,
            Seen::Skipped => {}
            Seen::Kept | Seen::Folded(_) if self.full(wanted) => {
                self.next = Some(key.to_vec());
                return Next::Stop;
            }
            Seen::Kept => self.items.push(object),
            Seen::Folded(folder) => {
                // Nothing else below the folder matters, unless a placeholder of it is wanted too or a glob decides.
                let skip = (!wanted.trailing)
                    .then(|| after_prefix(key, &object.name, &folder))
                    .flatten();
                self.prefixes.push(folder);
                if let Some(to) = skip {
                    return Next::Seek(to);
                }
            }
        }
        Next::Continue
    }
}

/// The first key beyond all names that begin with `folder`. `key` ends in `name`, or in it and a generation.
fn after_prefix(key: &[u8], name: &str, folder: &str) -> Option<Vec<u8>> {
    let at = key.windows(name.len()).rposition(|window| window == name.as_bytes())?;
    let mut end = key[..at + folder.len()].to_vec();
    // UTF-8 has no byte 0xff, so the last byte can always be raised.
    *end.last_mut()? += 1;
    Some(end)
}

fn live_only(view: &Snapshot, bucket: &str, wanted: &Wanted, from: Option<Vec<u8>>) -> Result<Page, StoreError> {
    let mut prefix = under(&["storage", "o", bucket]);
    let mut start = prefix.clone();
    start.extend(wanted.start.as_bytes());
    prefix.extend(wanted.prefix.as_bytes());
    let start = from.unwrap_or(start);
    let mut page = Page::default();
    view.scan(&prefix, &start, &mut |key, bytes| {
        let Ok(object) = serde_json::from_slice::<Object>(bytes) else {
            return Ok(Next::Continue);
        };
        Ok(page.take(wanted, key, object))
    })?;
    Ok(page)
}

/// Live objects and old generations, by name and then by age. The two have keys of their own, so they are merged here.
fn with_versions(view: &Snapshot, bucket: &str, wanted: &Wanted, from: Option<&[u8]>) -> Result<Page, StoreError> {
    let mut all = Vec::new();
    for space in ["v", "o"] {
        let mut prefix = under(&["storage", space, bucket]);
        prefix.extend(wanted.prefix.as_bytes());
        all.extend(view.all::<Object>(&prefix)?);
    }
    let mut keyed: Vec<_> = all
        .into_iter()
        .map(|o| (Object::old_key(bucket, &o.name, o.generation), o))
        .collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    let mut page = Page::default();
    let mut skip_to: Option<Vec<u8>> = from.map(<[u8]>::to_vec);
    for (key, object) in keyed {
        if skip_to.as_ref().is_some_and(|to| key < *to) {
            continue;
        }
        match page.take(wanted, &key, object) {
            Next::Continue => {}
            Next::Stop => break,
            Next::Seek(to) => skip_to = Some(to),
        }
    }
    Ok(page)
}
