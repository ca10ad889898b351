//! The day's budget of calls.

use std::sync::atomic::Ordering;

use axum::response::Response;
use serde_json::json;

use super::{ApiError, App, json_response};

/// Counts a call, and refuses it when the day's are used up.
pub(super) fn count(app: &App) -> Result<(), ApiError> {
    let allowed = app.allowed.load(Ordering::Relaxed);
    if app.used.load(Ordering::Relaxed) >= allowed {
        return Err(exceeded());
    }
    app.used.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

pub(super) fn exceeded() -> ApiError {
    ApiError::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
}

/// `GET /limits`.
pub(super) fn limits(app: &App) -> Response {
    let (used, allowed) = (app.used.load(Ordering::Relaxed), app.allowed.load(Ordering::Relaxed));
    let of = |max: u64, used: u64| json!({ "Max": max, "Remaining": max.saturating_sub(used) });
    let body = json!({
        "ConcurrentAsyncGetReportInstances": of(200, 0),
        "DailyApiRequests": of(allowed, used),
        "DailyAsyncApexExecutions": of(250_000, 0),
        "DailyBulkApiBatches": of(15_000, 0),
        "DailyBulkV2QueryFileStorageMB": of(976_562, 0),
        "DailyBulkV2QueryJobs": of(10_000, app.bulk_jobs.load(Ordering::Relaxed)),
        "DailyStreamingApiEvents": of(10_000, 0),
        "DataStorageMB": of(1024, 100),
        "FileStorageMB": of(1024, 10),
        "HourlyPublishedPlatformEvents": of(50_000, 0),
    });
    json_response(200, &body)
}
