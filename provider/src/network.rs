//! The network that containers of Cloud Run reach, and the key that their images are protected with: between attributes and a
//! template of a job or a worker pool.
//!
//! <https://cloud.google.com/run/docs/configuring/vpc-direct-vpc>, <https://cloud.google.com/run/docs/securing/using-cmek>

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Check, Type, Validator, at_least_one_of, validate};

use crate::names;

/// Direct VPC egress: an address of a subnetwork for each container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct VpcAccess {
    network: Attr<String>,
    subnetwork: Attr<String>,
    tags: Attr<Vec<Attr<String>>>,
    egress: Attr<String>,
}

/// `vpc_access` and `kms_key_name`.
pub(crate) fn attributes() -> [(&'static str, Attribute); 2] {
    [
        (
            "vpc_access",
            Attribute::object([
                (
                    "network",
                    Attribute::string().optional().validate(named("networks")).describe("The VPC network: its name, or `projects/PROJECT/global/networks/NETWORK` of a host project. Default: the subnetwork's."),
                ),
                (
                    "subnetwork",
                    Attribute::string().optional().validate(named("subnetworks")).describe("The subnetwork, in the same region: its name, or `projects/PROJECT/regions/REGION/subnetworks/SUBNETWORK`. Default: the one of the network's name."),
                ),
                (
                    "tags",
                    Attribute::set(Type::String).optional().validate(validate::size(1..)).validate(validate::each(names::job())).describe("Network tags, which firewall rules name."),
                ),
                (
                    "egress",
                    Attribute::string()
                        .default("PRIVATE_RANGES_ONLY")
                        .validate(validate::one_of(["PRIVATE_RANGES_ONLY", "ALL_TRAFFIC"]))
                        .describe("Whether only private addresses are reached through the network, or all: Salesforce then sees the addresses of its NAT."),
                ),
            ])
            .optional()
            .describe("The VPC network to send traffic through. Without it, the internet is reached directly."),
        ),
        (
            "kms_key_name",
            Attribute::string().optional().validate(names::kms_key()).describe("The Cloud KMS key that what is deployed is encrypted with. Cloud Run's service agent needs Encrypter/Decrypter on it. Without it, a key of Google's."),
        ),
    ]
}

fn named(kind: &'static str) -> Validator {
    let what = match kind {
        "networks" => "must be a network's name, or `projects/PROJECT/global/networks/NETWORK`",
        _ => "must be a subnetwork's name, or `projects/PROJECT/regions/REGION/subnetworks/SUBNETWORK`",
    };
    validate::matches(what, move |text| {
        let parts: Vec<&str> = text.split('/').collect();
        let parts = match parts.as_slice() {
            [name] => [name].as_slice().to_vec(),
            ["projects", project, "global", "networks", name] if kind == "networks" => vec![project, name],
            ["projects", project, "regions", region, "subnetworks", name] if kind == "subnetworks" => {
                vec![project, region, name]
            }
            _ => return false,
        };
        parts.iter().all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:".contains(&byte))
        })
    })
}

/// One of them names where.
pub(crate) fn check() -> Check {
    at_least_one_of(["network", "subnetwork"]).inside("vpc_access")
}

/// Puts what is planned into a template. A connector, which others may have set, stays while no network is declared.
pub(crate) fn write(template: &mut Json, access: &Attr<VpcAccess>, key: &Attr<String>) {
    if let Some(access) = access.known() {
        let tags = access.tags.known().into_iter().flatten();
        let tags: Vec<&str> = tags.filter_map(Attr::as_deref).collect();
        let mut interface = json!({});
        for (name, value) in [("network", &access.network), ("subnetwork", &access.subnetwork)] {
            if let Some(value) = value.as_deref() {
                interface[name] = value.into();
            }
        }
        if !tags.is_empty() {
            interface["tags"] = json!(tags);
        }
        template["vpcAccess"] = json!({"egress": access.egress.as_deref(), "networkInterfaces": [interface]});
    } else if template["vpcAccess"].get("networkInterfaces").is_some() {
        remove(template, "vpcAccess");
    }
    match key.as_deref() {
        Some(key) => template["encryptionKey"] = key.into(),
        None => remove(template, "encryptionKey"),
    }
}

fn remove(template: &mut Json, field: &str) {
    if let Some(fields) = template.as_object_mut() {
        fields.remove(field);
    }
}

/// What a template says. Of network and subnetwork the one that was left out is filled in by Cloud Run: it stays left out.
pub(crate) fn read(template: &Json, state: &Attr<VpcAccess>) -> (Attr<VpcAccess>, Attr<String>) {
    let text = |value: &Json| -> Attr<String> {
        let text = value.as_str().filter(|text| !text.is_empty());
        text.map(str::to_owned).into()
    };
    let interface = &template["vpcAccess"]["networkInterfaces"][0];
    let access = interface.is_object().then(|| {
        let left_out = |attribute: &Attr<String>, value: &Json| match state {
            Attr::Known(_) if attribute.is_null() => Attr::Null,
            _ => text(value),
        };
        let (network, subnetwork) = match state.known() {
            Some(state) => (state.network.clone(), state.subnetwork.clone()),
            None => Default::default(),
        };
        let tags = interface["tags"].as_array().filter(|tags| !tags.is_empty());
        VpcAccess {
            network: left_out(&network, &interface["network"]),
            subnetwork: left_out(&subnetwork, &interface["subnetwork"]),
            tags: tags.map(|tags| tags.iter().map(text).collect::<Vec<_>>()).into(),
            egress: match template["vpcAccess"]["egress"].as_str() {
                None | Some("" | "VPC_EGRESS_UNSPECIFIED") => "PRIVATE_RANGES_ONLY".into(),
                Some(egress) => egress.into(),
            },
        }
    });
    (access.into(), text(&template["encryptionKey"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> VpcAccess {
        VpcAccess {
            network: Attr::Null,
            subnetwork: "data".into(),
            tags: Attr::Known(vec!["egress".into()]),
            egress: "ALL_TRAFFIC".into(),
        }
    }

    #[test]
    fn what_is_written_reads_back_and_goes_again() {
        let mut template = json!({});
        write(&mut template, &access().into(), &"key".into());
        assert_eq!(
            template,
            json!({
                "vpcAccess": {"egress": "ALL_TRAFFIC", "networkInterfaces": [{"subnetwork": "data", "tags": ["egress"]}]},
                "encryptionKey": "key",
            })
        );
        // Cloud Run says which network it is.
        template["vpcAccess"]["networkInterfaces"][0]["network"] = "acme".into();
        assert_eq!(read(&template, &access().into()), (access().into(), "key".into()));
        let imported = VpcAccess {
            network: "acme".into(),
            ..access()
        };
        assert_eq!(read(&template, &Attr::Null).0, imported.into());
        write(&mut template, &Attr::Null, &Attr::Null);
        assert_eq!(template, json!({}));
        assert_eq!(read(&template, &access().into()), (Attr::Null, Attr::Null));
    }

    #[test]
    fn a_connector_of_others_stays_and_is_none_of_ours() {
        let mut template = json!({"vpcAccess": {"connector": "c"}});
        write(&mut template, &Attr::Null, &Attr::Null);
        assert_eq!(template["vpcAccess"]["connector"], "c");
        assert_eq!(read(&template, &Attr::Null).0, Attr::Null);
    }
}
