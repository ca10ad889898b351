// OpportunityContactRole: see index.js for what each entry means.

module.exports = {
  name: "opportunity_contact_role",
  enabled: "opportunity_contact_role_enabled",
  usual: false,
  latest: ["SystemModstamp", "LastModifiedDate"],
  columns: [
    ["Id", "opportunity_contact_role_id", "STRING", "The role's id."],
    ["OpportunityId", "opportunity_id", "STRING", "The opportunity."],
    ["ContactId", "contact_id", "STRING", "The contact who takes part in it."],
    ["Role", "role", "STRING", "What the contact's part is, such as Decision Maker."],
    ["IsPrimary", "is_primary", "BOOL", "Whether the contact is the opportunity's first."],
    ["CreatedById", "created_by_id", "STRING", "The user who created the record."],
    ["CreatedDate", "created_date", "TIMESTAMP", "When the record was created."],
    ["LastModifiedById", "last_modified_by_id", "STRING", "The user who changed the record last."],
    ["LastModifiedDate", "last_modified_date", "TIMESTAMP", "When a user changed the record last."],
    ["IsDeleted", "is_deleted", "BOOL", "Whether the record is in Salesforce's recycle bin. FALSE of every row: deleted records are left out."],
    ["SystemModstamp", "system_modstamp", "TIMESTAMP", "When a user or a process changed the record last."],
  ],
};
