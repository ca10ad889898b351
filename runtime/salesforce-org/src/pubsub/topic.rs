//! Topics by name: `/data/…` for change events, `/event/…__e` for platform events.

use headwater_salesforce_eventbus::TopicInfo;
use tonic::Status;

use super::refusal::{self, refusal};
use crate::cdc::channels::Channels;
use crate::cdc::log::PLATFORM;
use crate::cdc::{platform, shape};
use crate::http::ORG_ID;
use crate::store::Org;

/// What a topic name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// The change events of a channel's members.
    Channel(String),
    /// Those of one object.
    Object(usize),
    /// A platform event, by its number.
    Platform(u16),
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Topic {
    pub name: String,
    kind: Kind,
}

impl Topic {
    pub(super) fn find(org: &Org, name: &str) -> Result<Self, Status> {
        if name.is_empty() {
            return Err(refusal(
                tonic::Code::InvalidArgument,
                "topic.validation.empty",
                "The topic name is blank.",
            ));
        }
        let channels = org.cdc.channels();
        let kind = match (name.strip_prefix("/data/"), name.strip_prefix("/event/")) {
            (Some(channel), _) if channels.has_channel(channel) => Some(Kind::Channel(channel.to_owned())),
            (Some(event), _) => {
                let schema = org.schema();
                let found = schema.objects.iter().position(|o| shape::event_name(&o.name) == event);
                found.map(Kind::Object)
            }
            (_, Some(event)) => {
                let found = channels.platform_events.iter().position(|e| e.name == event);
                found.and_then(|n| u16::try_from(n).ok()).map(Kind::Platform)
            }
            _ => None,
        };
        let kind = kind.ok_or_else(refusal::topic)?;
        Ok(Self {
            name: name.to_owned(),
            kind,
        })
    }

    pub(super) fn info(&self, org: &Org) -> Result<TopicInfo, Status> {
        let failed = |e: crate::Error| refusal::internal(&e);
        let schema_id = match &self.kind {
            // Its events have many schemas.
            Kind::Channel(_) => String::new(),
            Kind::Object(number) => {
                let shape = org.cdc.shape(&org.schema().objects[*number]).map_err(failed)?;
                shape.schema_id.clone()
            }
            Kind::Platform(number) => {
                let channels = org.cdc.channels();
                let event = channels.platform_events.get(usize::from(*number));
                let (id, text) = platform::schema(event.ok_or_else(refusal::topic)?);
                org.cdc.know(&id, &text).map_err(failed)?;
                id
            }
        };
        Ok(TopicInfo {
            topic_name: self.name.clone(),
            tenant_guid: format!("core/local/{ORG_ID}"),
            can_publish: matches!(self.kind, Kind::Platform(_)),
            can_subscribe: true,
            schema_id,
            rpc_id: refusal::rpc_id(),
        })
    }

    /// The platform event that can be published here.
    pub(super) fn platform(&self) -> Option<u16> {
        match self.kind {
            Kind::Platform(number) => Some(number),
            _ => None,
        }
    }

    /// Which of the log's subjects are delivered here, by what is chosen now.
    pub(super) fn subjects(&self, org: &Org) -> Vec<u16> {
        match &self.kind {
            Kind::Object(number) => vec![*number as u16],
            Kind::Platform(number) => vec![PLATFORM | number],
            Kind::Channel(channel) => members(org, &org.cdc.channels(), channel),
        }
    }
}

fn members(org: &Org, channels: &Channels, channel: &str) -> Vec<u16> {
    let schema = org.schema();
    let members = channels.members.iter().filter(|m| m.channel == channel);
    members
        .filter_map(|m| schema.find(&m.object))
        .map(|n| n as u16)
        .collect()
}
