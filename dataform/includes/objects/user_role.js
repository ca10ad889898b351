// UserRole: see index.js for what each entry means.

module.exports = {
  name: "user_role",
  enabled: "user_role_enabled",
  usual: false,
  latest: ["SystemModstamp", "LastModifiedDate"],
  columns: [
    ["Id", "user_role_id", "STRING", "The role's id."],
    ["Name", "user_role_name", "STRING", "The role's name."],
    ["DeveloperName", "developer_name", "STRING", "The role's unique name for programs."],
    ["ParentRoleId", "parent_role_id", "STRING", "The role above this one."],
    ["RollupDescription", "rollup_description", "STRING", "What the role is called in reports."],
    ["OpportunityAccessForAccountOwner", "opportunity_access_for_account_owner", "STRING", "What an owner of accounts may do with their opportunities."],
    ["LastModifiedById", "last_modified_by_id", "STRING", "The user who changed the record last."],
    ["LastModifiedDate", "last_modified_date", "TIMESTAMP", "When a user changed the record last."],
    ["SystemModstamp", "system_modstamp", "TIMESTAMP", "When a user or a process changed the record last."],
  ],
};
