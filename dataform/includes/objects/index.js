// Salesforce's objects as the marts know them: one file for each, which says
//   name      what its staging view and its variables are called by
//   enabled   of an optional object: the variable that switches it
//   usual     of an optional object: whether it is there when the extract's schemas are not said
//   happened  of what is counted by the time of its creation: the field that says when
//   latest    the fields by which the newest of two versions of a record is told, the most telling first
//   columns   [field, column, BigQuery's type, description, condition]
//             condition of a field that not every extract has: "more", it is there where the extract's schemas say so; or the
//             object with which it comes when they are not said
// A column whose field the extract does not have is NULL.

module.exports = {
  Account: require("includes/objects/account.js"),
  Contact: require("includes/objects/contact.js"),
  Event: require("includes/objects/event.js"),
  Lead: require("includes/objects/lead.js"),
  Opportunity: require("includes/objects/opportunity.js"),
  OpportunityContactRole: require("includes/objects/opportunity_contact_role.js"),
  OpportunityFieldHistory: require("includes/objects/opportunity_history.js"),
  OpportunityLineItem: require("includes/objects/opportunity_line_item.js"),
  Order: require("includes/objects/order.js"),
  Product2: require("includes/objects/product_2.js"),
  Task: require("includes/objects/task.js"),
  User: require("includes/objects/user.js"),
  UserRole: require("includes/objects/user_role.js"),
};
