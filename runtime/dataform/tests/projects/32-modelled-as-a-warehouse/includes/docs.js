module.exports = {
  account: { account_id: "the key", account_name: "as Salesforce has it" },
  opportunity: { opportunity_id: "the key", account_id: "whose it is", amount: "in the org's currency", stage: "of the pipeline" }
};
