//! Putting an operation off until more is known (an experiment of Terraform: stacks, and `-allow-deferral`).

/// Why an operation has to wait for a later run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deferral {
    /// Something in the resource's configuration is known only after apply.
    ConfigUnknown,
    /// Something in the provider's configuration is known only after apply.
    ProviderConfigUnknown,
    /// Something that must exist first does not exist yet.
    MissingPrerequisite,
}

impl Deferral {
    /// What the user reads when the client does not let operations be put off.
    pub(crate) const fn refusal(self) -> (&'static str, &'static str) {
        match self {
            Deferral::ConfigUnknown => (
                "values are needed that are known only after apply",
                "Create what they come from first: `terraform apply -target=…`, then apply everything.",
            ),
            Deferral::ProviderConfigUnknown => (
                "the provider's settings are known only after apply",
                "Create what they come from first, or write the settings out.",
            ),
            Deferral::MissingPrerequisite => (
                "something that this needs does not exist yet",
                "Create it first, then apply again.",
            ),
        }
    }
}
