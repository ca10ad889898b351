//! Names and rules that Dataform's resources share.

use headwater_spec::{Schedule, ScheduleError};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Validator, validate};

use crate::problems::sentence;

/// The segments of a full name of this shape, where `*` is any segment that is not empty.
fn is_shaped(text: &str, shape: &str) -> bool {
    let (given, wanted) = (text.split('/'), shape.split('/'));
    given.clone().count() == wanted.clone().count()
        && given.zip(wanted).all(|(given, wanted)| {
            if wanted == "*" {
                !given.is_empty()
            } else {
                given == wanted
            }
        })
}

/// A repository's or configuration's own name.
pub(super) fn name() -> Validator {
    validate::matches(
        "must be 1 to 63 letters, digits, `-` and `_`, such as `sales`",
        |text| {
            (1..=63).contains(&text.len())
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        },
    )
}

pub(super) fn repository_id() -> Validator {
    validate::matches(
        "must be the id of a repository, `projects/PROJECT/locations/REGION/repositories/REPOSITORY`: write `headwater_dataform_repository.NAME.id`",
        |text| is_shaped(text, "projects/*/locations/*/repositories/*"),
    )
}

pub(super) fn release_config_id() -> Validator {
    validate::matches(
        "must be the id of a release configuration, `projects/PROJECT/locations/REGION/repositories/REPOSITORY/releaseConfigs/NAME`: write `headwater_dataform_release_config.NAME.id`",
        |text| is_shaped(text, "projects/*/locations/*/repositories/*/releaseConfigs/*"),
    )
}

pub(super) fn compilation_result() -> Validator {
    validate::matches(
        "must be a compilation result, `projects/PROJECT/locations/REGION/repositories/REPOSITORY/compilationResults/RESULT`",
        |text| is_shaped(text, "projects/*/locations/*/repositories/*/compilationResults/*"),
    )
}

pub(super) fn secret_version() -> Validator {
    validate::matches(
        "must be a version of a secret, `projects/PROJECT/secrets/SECRET/versions/VERSION`, such as `…/versions/latest`",
        |text| is_shaped(text, "projects/*/secrets/*/versions/*"),
    )
}

pub(super) fn service_account() -> Validator {
    validate::matches(
        "must be the email address of a service account, such as `runner@acme-data.iam.gserviceaccount.com`",
        |text| {
            let parts = text.split_once('@');
            parts.is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.') && !domain.contains('@'))
                && !text.contains(char::is_whitespace)
        },
    )
}

/// Optional text that says something when it is there.
pub(super) fn said() -> Attribute {
    Attribute::string().optional().validate(validate::length(1..))
}

/// Which configuration of which repository: the two attributes.
pub(super) fn name_attributes() -> [(&'static str, Attribute); 2] {
    let named = |rule: Validator| Attribute::string().required().requires_replace().validate(rule);
    [
        (
            "repository",
            named(repository_id()).describe("The repository: the id of a `headwater_dataform_repository`."),
        ),
        ("name", named(name()).describe("Its name, unique in the repository.")),
    ]
}

/// When something happens: the two attributes.
pub(super) fn schedule_attributes(what: &str) -> [(&'static str, Attribute); 2] {
    [
        (
            "cron_schedule",
            Attribute::string()
                .optional()
                .describe(format!("When {what}, in unix-cron format: minute, hour, day of the month, month, day of the week, such as `0 6 * * *`. Without it, when somebody asks for it.")),
        ),
        (
            "time_zone",
            Attribute::string()
                .default("UTC")
                .describe("The time zone of `cron_schedule`, a name of the IANA database such as `Europe/Berlin`."),
        ),
    ]
}

/// What is wrong with a schedule, each of its parts for itself.
pub(super) fn check_schedule(cron: &Attr<String>, zone: &Attr<String>) -> Result<(), Diagnostic> {
    let schedule = Schedule {
        cron: cron.as_deref().unwrap_or("0 0 * * *").to_owned(),
        time_zone: zone.as_deref().unwrap_or("UTC").to_owned(),
    };
    schedule.check().map_err(|error| {
        let path = match error {
            ScheduleError::TimeZone(_) => "time_zone",
            ScheduleError::Cron { .. } | ScheduleError::Never(_) => "cron_schedule",
        };
        Diagnostic::invalid(path, format!("`{path}` is not valid")).detail(sentence(&error.to_string()))
    })
}
