// OpportunityFieldHistory: see index.js for what each entry means.

module.exports = {
  name: "opportunity_history",
  enabled: "opportunity_history_enabled",
  usual: false,
  latest: ["CreatedDate"],
  columns: [
    ["Id", "opportunity_history_id", "STRING", "The change's id."],
    ["OpportunityId", "opportunity_id", "STRING", "The opportunity that was changed."],
    ["Field", "field", "STRING", "The field that was changed, such as StageName; Owner of its owner; or what happened, such as created."],
    ["OldValue", "old_value", "STRING", "What it held before, as text; NULL: nothing."],
    ["NewValue", "new_value", "STRING", "What it held afterwards, as text; NULL: nothing."],
    ["CreatedById", "created_by_id", "STRING", "The user who created the record."],
    ["CreatedDate", "created_date", "TIMESTAMP", "When the record was created."],
    ["IsDeleted", "is_deleted", "BOOL", "Whether the record is in Salesforce's recycle bin. FALSE of every row: deleted records are left out."],
  ],
};
