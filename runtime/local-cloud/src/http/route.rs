//! The table of methods and how a path finds its own. The table is also what the support matrix is made from.

use axum::response::Response;
use futures::future::BoxFuture;

use super::answer::{Answer, ApiError};
use super::call::{Call, percent_decode};

type Handler = Box<dyn Fn(Call) -> BoxFuture<'static, Answer> + Send + Sync>;

/// One method of one of Google's services.
pub(crate) struct Method {
    /// Google's name for it, as the discovery documents have it.
    pub(crate) id: &'static str,
    pub(crate) verb: &'static str,
    /// The path, with `{name}` for one segment; the last one may end in a custom verb, as in `{job}:run`, or be the rest of
    /// the path, as in `{type=**}`.
    pub(crate) path: &'static str,
    handler: Handler,
}

/// A line of the table.
pub(crate) fn method<F, Fut>(id: &'static str, verb: &'static str, path: &'static str, handler: F) -> Method
where
    F: Fn(Call) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    Method {
        id,
        verb,
        path,
        handler: Box::new(move |call| Box::pin(handler(call))),
    }
}

/// All methods that are served.
pub(crate) struct Routes(Vec<Method>);

impl Routes {
    pub(crate) fn new(mut methods: Vec<Method>) -> Routes {
        // `{job}:run` before `{job}`, which would take the verb for a part of the name.
        methods.sort_by_key(|method| !method.path.contains("}:"));
        Routes(methods)
    }

    /// Google's id, verb and path of each.
    pub(crate) fn table(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        self.0.iter().map(|method| (method.id, method.verb, method.path))
    }

    /// The method for a verb and a raw path, with the names in it.
    pub(crate) fn find(&self, verb: &str, path: &str) -> Option<(&Method, Vec<(&'static str, String)>)> {
        let segments: Vec<String> = path
            .trim_matches('/')
            .split('/')
            .map(|raw| percent_decode(raw, false))
            .collect();
        self.0.iter().filter(|method| method.verb == verb).find_map(|method| {
            let params = match_template(method.path, &segments)?;
            Some((method, params))
        })
    }
}

impl Method {
    pub(crate) async fn run(&self, call: Call) -> Response {
        // NUL separates the parts of a key in the store, so it must not come from outside.
        if call.params.iter().any(|(_, value)| value.contains('\0')) {
            return ApiError::invalid("a name contains a NUL character").into_response();
        }
        (self.handler)(call).await.unwrap_or_else(ApiError::into_response)
    }
}

fn match_template(template: &'static str, segments: &[String]) -> Option<Vec<(&'static str, String)>> {
    let mut params = Vec::new();
    let mut rest = segments.iter();
    for part in template.trim_matches('/').split('/') {
        let segment = rest.next()?;
        let Some(inner) = part.strip_prefix('{') else {
            if part != segment {
                return None;
            }
            continue;
        };
        if let Some(name) = inner.strip_suffix("=**}") {
            let value: Vec<&str> = std::iter::once(segment)
                .chain(rest.by_ref())
                .map(String::as_str)
                .collect();
            params.push((name, value.join("/")));
            continue;
        }
        let (name, verb) = inner.split_once('}')?;
        let value = segment.strip_suffix(verb)?;
        if value.is_empty() {
            return None;
        }
        params.push((name, value.to_owned()));
    }
    rest.next().is_none().then_some(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_method() {
        let nothing = |_: Call| async { Err(ApiError::internal("")) };
        let routes = Routes::new(vec![
            method("any", "POST", "/v2/{p}/jobs/{job}", nothing),
            method("run", "POST", "/v2/{p}/jobs/{job}:run", nothing),
            method("get", "GET", "/v2/{p}/jobs/{job}", nothing),
            method("object", "GET", "/b/{bucket}/o/{object}", nothing),
            method("literal", "POST", "/v2/entries:list", nothing),
            method("rest", "GET", "/v3/{p}/types/{type=**}", nothing),
        ]);
        let found = |verb: &str, path: &str| {
            let (method, params) = routes.find(verb, path)?;
            let values: Vec<_> = params.into_iter().map(|(_, value)| value).collect();
            Some(format!("{} {}", method.id, values.join(" ")))
        };
        for (verb, path, expected) in [
            ("POST", "/v2/p/jobs/j:run", Some("run p j")),
            ("POST", "/v2/p/jobs/j%3Arun", Some("run p j")),
            ("POST", "/v2/p/jobs/:run", Some("any p :run")),
            ("POST", "/v2/p/jobs/j:walk", Some("any p j:walk")),
            ("GET", "/v2/p/jobs/j/", Some("get p j")),
            ("GET", "/b/x/o/a%2Fb", Some("object x a/b")),
            ("GET", "/b/x/o/a/b", None),
            ("POST", "/v2/entries:list", Some("literal ")),
            ("GET", "/v3/p/types/a.com/b/c", Some("rest p a.com/b/c")),
            ("GET", "/v3/p/types/a.com%2Fb", Some("rest p a.com/b")),
            ("GET", "/v3/p/types", None),
            ("PUT", "/v2/p/jobs/j", None),
        ] {
            assert_eq!(found(verb, path).as_deref(), expected, "{verb} {path}");
        }
    }
}
