//! The objects of a new org: ten standard ones, with the custom fields of an imaginary company.

use super::field::{
    address, area, choice, flag, integer, join, number, of, owner, person, reference, shared_owner, text,
};
use super::{Field, Kind, Object, Schema};

/// The metadata of a new org, last changed at `modified_ms`.
pub(crate) fn schema(modified_ms: i64) -> Schema {
    let objects = [
        ("User", "User", "Users", "005", user()),
        ("Account", "Account", "Accounts", "001", account()),
        ("Contact", "Contact", "Contacts", "003", contact()),
        ("Lead", "Lead", "Leads", "00Q", lead()),
        ("Opportunity", "Opportunity", "Opportunities", "006", opportunity()),
        (
            "OpportunityLineItem",
            "Opportunity Product",
            "Opportunity Products",
            "00k",
            line_item(),
        ),
        ("Product2", "Product", "Products", "01t", product()),
        ("Task", "Task", "Tasks", "00T", task()),
        ("Case", "Case", "Cases", "500", case()),
        ("Campaign", "Campaign", "Campaigns", "701", campaign()),
    ];
    let objects = objects
        .into_iter()
        .map(|(name, label, plural, prefix, own)| object(name, label, plural, prefix, own, modified_ms))
        .collect();
    Schema { objects }
}

fn object(name: &str, label: &str, plural: &str, prefix: &str, own: Vec<Field>, modified_ms: i64) -> Object {
    let is_user = name == "User";
    let mut fields = vec![of("Id", Kind::Id).label(&format!("{label} ID")).length(18).system()];
    // A user cannot be deleted, so it has no IsDeleted.
    if !is_user {
        fields.push(flag("IsDeleted").label("Deleted").system());
    }
    fields.extend(own);
    let by = |name: &str| reference(name, &["User"], &[]).required().system();
    fields.push(of("CreatedDate", Kind::Datetime).required().system());
    fields.push(by("CreatedById"));
    fields.push(of("LastModifiedDate", Kind::Datetime).required().system());
    fields.push(by("LastModifiedById"));
    fields.push(
        of("SystemModstamp", Kind::Datetime)
            .label("System Modstamp")
            .required()
            .system(),
    );
    let mut columns = 0;
    for field in &mut fields {
        if !field.kind.is_compound() {
            field.column = Some(columns);
            columns += 1;
        }
        if field.kind == Kind::Reference && field.child_relationship.is_none() && !field.name.contains("ById") {
            field.child_relationship = child_relationship(name, &field.name);
        }
    }
    Object {
        name: name.into(),
        label: label.into(),
        plural: plural.into(),
        prefix: prefix.into(),
        fields,
        columns,
        modified_ms,
        deletable: !is_user,
    }
}

fn child_relationship(object: &str, field: &str) -> Option<String> {
    let name = match (object, field) {
        ("OpportunityLineItem", _) => "OpportunityLineItems",
        ("Opportunity", _) => "Opportunities",
        ("Account", "ParentId") => "ChildAccounts",
        (_, "OwnerId" | "ManagerId") => return None,
        (other, _) => return Some(format!("{other}s")),
    };
    Some(name.to_owned())
}

fn user() -> Vec<Field> {
    join(vec![
        vec![text("Username", 80).required()],
        person(false),
        vec![
            text("CompanyName", 80),
            text("Title", 80),
            text("Department", 80),
            of("Email", Kind::Email).length(128).required(),
            of("Phone", Kind::Phone).length(40),
            text("Alias", 8).required(),
            choice(
                "TimeZoneSidKey",
                &[
                    "America/Los_Angeles",
                    "America/New_York",
                    "Europe/Paris",
                    "Europe/London",
                    "Asia/Tokyo",
                ],
            )
            .required(),
            choice("UserType", &["Standard"]).read_only(),
            flag("IsActive"),
            reference("ManagerId", &["User"], &[]),
            of("LastLoginDate", Kind::Datetime).read_only(),
            text("EmployeeNumber", 20),
        ],
    ])
}

fn account() -> Vec<Field> {
    join(vec![
        vec![
            text("Name", 255).label("Account Name").required(),
            choice(
                "Type",
                &[
                    "Prospect",
                    "Customer - Direct",
                    "Customer - Channel",
                    "Channel Partner / Reseller",
                    "Other",
                ],
            ),
            reference("ParentId", &["Account"], &[]),
        ],
        address("Billing"),
        vec![
            of("Phone", Kind::Phone).length(40),
            of("Website", Kind::Url).length(255),
            choice(
                "Industry",
                &[
                    "Agriculture",
                    "Banking",
                    "Biotechnology",
                    "Energy",
                    "Healthcare",
                    "Manufacturing",
                    "Retail",
                    "Technology",
                ],
            ),
            number("AnnualRevenue", Kind::Currency, 18, 0),
            integer("NumberOfEmployees"),
            area("Description", 32_000),
            choice("Rating", &["Hot", "Warm", "Cold"]),
            text("AccountNumber", 40),
            owner(),
            of("LastActivityDate", Kind::Date).read_only(),
            text("External_Key__c", 64).key(),
            choice("Region__c", &["AMER", "EMEA", "APAC", "LATAM"]),
            number("Annual_Contract_Value__c", Kind::Currency, 18, 2),
            number("Score__c", Kind::Double, 18, 6),
            interests(),
            of("Founded__c", Kind::Date),
            of("Support_Opens__c", Kind::Time),
            flag("Is_Strategic__c"),
            number("Churn_Risk__c", Kind::Percent, 5, 2),
            area("Notes__c", 32_768),
        ],
    ])
}

fn interests() -> Field {
    let mut field = of("Interests__c", Kind::Multipicklist).length(4099);
    field.picklist = ["Analytics", "Cloud", "Data Lakes", "Hardware", "R&D", "Security"]
        .iter()
        .map(|v| (*v).to_owned())
        .collect();
    field
}

fn contact() -> Vec<Field> {
    join(vec![
        vec![reference("AccountId", &["Account"], &[]).cascading()],
        person(true),
        address("Mailing"),
        vec![
            of("Email", Kind::Email).length(80),
            of("Phone", Kind::Phone).length(40),
            of("MobilePhone", Kind::Phone).length(40),
            text("Title", 128),
            text("Department", 80),
            reference("ReportsToId", &["Contact"], &[]),
            of("Birthdate", Kind::Date),
            choice("LeadSource", LEAD_SOURCES),
            flag("HasOptedOutOfEmail"),
            area("Description", 32_000),
            owner(),
            of("Preferred_Call_Time__c", Kind::Time),
            text("External_Key__c", 64).key(),
        ],
    ])
}

const LEAD_SOURCES: &[&str] = &["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"];
const PRIORITIES: &[&str] = &["High", "Normal", "Low"];

fn lead() -> Vec<Field> {
    join(vec![
        person(true),
        vec![
            text("Title", 128),
            text("Company", 255).required(),
            text("City", 40),
            text("Country", 80),
            of("Phone", Kind::Phone).length(40),
            of("Email", Kind::Email).length(80),
            choice("LeadSource", LEAD_SOURCES),
            choice(
                "Status",
                &[
                    "Open - Not Contacted",
                    "Working - Contacted",
                    "Closed - Converted",
                    "Closed - Not Converted",
                ],
            )
            .required(),
            choice("Rating", &["Hot", "Warm", "Cold"]),
            number("AnnualRevenue", Kind::Currency, 18, 0),
            integer("NumberOfEmployees"),
            flag("IsConverted").read_only(),
            of("ConvertedDate", Kind::Date).read_only(),
            reference("ConvertedAccountId", &["Account"], &[]).read_only(),
            shared_owner(),
            number("Score__c", Kind::Double, 18, 6),
        ],
    ])
}

fn opportunity() -> Vec<Field> {
    vec![
        reference("AccountId", &["Account"], &[]).cascading(),
        text("Name", 120).required(),
        area("Description", 32_000),
        choice("StageName", crate::generate::STAGES).length(255).required(),
        number("Amount", Kind::Currency, 18, 2),
        number("Probability", Kind::Percent, 3, 0),
        number("ExpectedRevenue", Kind::Currency, 18, 2).read_only(),
        number("TotalOpportunityQuantity", Kind::Double, 18, 2),
        of("CloseDate", Kind::Date).required(),
        choice(
            "Type",
            &[
                "Existing Customer - Upgrade",
                "Existing Customer - Replacement",
                "New Customer",
            ],
        ),
        text("NextStep", 255),
        choice("LeadSource", LEAD_SOURCES),
        flag("IsClosed").read_only(),
        flag("IsWon").read_only(),
        choice(
            "ForecastCategory",
            &["Omitted", "Pipeline", "BestCase", "Forecast", "Closed"],
        )
        .read_only(),
        reference("CampaignId", &["Campaign"], &[]),
        owner(),
        integer("FiscalQuarter").read_only(),
        integer("FiscalYear").read_only(),
        text("Secret__c", 255),
        number("Discount__c", Kind::Percent, 5, 2),
        of("Signed_At__c", Kind::Datetime),
    ]
}

fn line_item() -> Vec<Field> {
    vec![
        reference("OpportunityId", &["Opportunity"], &[]).cascading().required(),
        reference("Product2Id", &["Product2"], &[]).required(),
        text("ProductCode", 255).read_only(),
        text("Name", 376).label("Opportunity Product Name").read_only(),
        number("Quantity", Kind::Double, 12, 2).required(),
        number("UnitPrice", Kind::Currency, 18, 2),
        number("TotalPrice", Kind::Currency, 18, 2),
        number("ListPrice", Kind::Currency, 18, 2).read_only(),
        of("ServiceDate", Kind::Date),
        text("Description", 255),
        integer("SortOrder").read_only(),
    ]
}

fn product() -> Vec<Field> {
    vec![
        text("Name", 255).label("Product Name").required(),
        text("ProductCode", 255),
        area("Description", 4000),
        flag("IsActive"),
        choice("Family", &["Hardware", "Software", "Services", "Training"]),
        of("DisplayUrl", Kind::Url).length(1000),
        text("StockKeepingUnit", 180),
        number("Weight__c", Kind::Double, 16, 4),
    ]
}

fn task() -> Vec<Field> {
    let mut subject = of("Subject", Kind::Combobox).length(255);
    subject.picklist = ["Call", "Send Letter", "Send Quote", "Other"]
        .iter()
        .map(|v| (*v).to_owned())
        .collect();
    vec![
        reference("WhoId", &["Contact"], &["Lead"]).label("Name ID"),
        reference("WhatId", &["Account"], &["Opportunity", "Case", "Campaign"]).label("Related To ID"),
        subject,
        of("ActivityDate", Kind::Date).label("Due Date Only"),
        choice(
            "Status",
            &[
                "Not Started",
                "In Progress",
                "Completed",
                "Waiting on someone else",
                "Deferred",
            ],
        )
        .required(),
        choice("Priority", PRIORITIES).required(),
        flag("IsHighPriority").read_only(),
        shared_owner(),
        area("Description", 32_000),
        flag("IsClosed").read_only(),
        integer("CallDurationInSeconds"),
        choice("CallType", &["Internal", "Inbound", "Outbound"]),
        choice("TaskSubtype", &["Task", "Email", "Call"]),
    ]
}

fn case() -> Vec<Field> {
    vec![
        text("CaseNumber", 30).system(),
        reference("ContactId", &["Contact"], &[]),
        reference("AccountId", &["Account"], &[]),
        of("SuppliedEmail", Kind::Email).length(80),
        choice(
            "Type",
            &["Mechanical", "Electrical", "Electronic", "Structural", "Other"],
        ),
        choice("Status", &["New", "Working", "Escalated", "Closed"]),
        choice(
            "Reason",
            &[
                "Installation",
                "Equipment Complexity",
                "Performance",
                "Breakdown",
                "Feedback",
                "Other",
            ],
        ),
        choice("Origin", &["Phone", "Email", "Web"]),
        text("Subject", 255),
        choice("Priority", &["High", "Medium", "Low"]),
        area("Description", 32_000),
        flag("IsClosed").read_only(),
        of("ClosedDate", Kind::Datetime).read_only(),
        flag("IsEscalated"),
        shared_owner(),
        number("Hours_Spent__c", Kind::Double, 10, 3),
    ]
}

fn campaign() -> Vec<Field> {
    vec![
        text("Name", 80).required(),
        reference("ParentId", &["Campaign"], &[]),
        choice(
            "Type",
            &[
                "Conference",
                "Webinar",
                "Trade Show",
                "Public Relations",
                "Partners",
                "Email",
                "Other",
            ],
        ),
        choice("Status", &["Planned", "In Progress", "Completed", "Aborted"]),
        of("StartDate", Kind::Date),
        of("EndDate", Kind::Date),
        number("ExpectedRevenue", Kind::Currency, 18, 0),
        number("BudgetedCost", Kind::Currency, 18, 0),
        number("ActualCost", Kind::Currency, 18, 0),
        number("ExpectedResponse", Kind::Percent, 10, 2),
        number("NumberSent", Kind::Double, 18, 0),
        flag("IsActive"),
        area("Description", 32_000),
        owner(),
    ]
}
