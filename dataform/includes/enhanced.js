// Documentation of what the enhanced marts take from other objects: which columns, under which names.

// {column of the staging view: column of the mart}
const ACCOUNT_OF_OPPORTUNITY = {
  account_number: "account_number",
  account_source: "account_source",
  industry: "industry",
  account_name: "account_name",
  number_of_employees: "number_of_employees",
  type: "account_type",
};

const CONTACT_COLUMNS = {
  contact_id: "contact_id",
  contact_name: "contact_name",
  account_id: "account_id",
  department: "department",
  contact_description: "contact_description",
  email: "email",
  individual_id: "individual_id",
  is_deleted: "contact_is_deleted",
  last_activity_date: "last_activity_date",
  lead_source: "lead_source",
  mailing_city: "mailing_city",
  mailing_country: "mailing_country",
  mailing_country_code: "mailing_country_code",
  mailing_postal_code: "mailing_postal_code",
  mailing_state: "mailing_state",
  mailing_state_code: "mailing_state_code",
  mailing_street: "mailing_street",
  master_record_id: "master_record_id",
  mobile_phone: "mobile_phone",
  owner_id: "contact_owner_id",
  phone: "phone",
  reports_to_id: "reports_to_id",
  title: "title",
};

const ACCOUNT_OF_CONTACT = {
  account_name: "account_name",
  account_number: "account_number",
  account_source: "account_source",
  annual_revenue: "account_annual_revenue",
  account_description: "account_description",
  industry: "account_industry",
  is_deleted: "account_is_deleted",
  number_of_employees: "account_number_of_employees",
  owner_id: "account_owner_id",
  parent_id: "account_parent_id",
  rating: "account_rating",
  type: "account_type",
};

const LINE_ITEM = {
  opportunity_line_item_id: "opportunity_line_item_id",
  opportunity_line_item_name: "opportunity_line_item_name",
  opportunity_line_item_description: "opportunity_line_item_description",
  opportunity_id: "opportunity_id",
  created_date: "created_date",
  last_modified_date: "last_modified_date",
  service_date: "service_date",
  pricebook_entry_id: "pricebook_entry_id",
  product_2_id: "product_2_id",
  list_price: "list_price",
  quantity: "quantity",
  unit_price: "unit_price",
  total_price: "total_price",
  discount: "discount",
  has_quantity_schedule: "has_quantity_schedule",
  has_revenue_schedule: "has_revenue_schedule",
};

const PRODUCT = {
  product_2_name: "product_2_name",
  product_code: "product_code",
  product_2_description: "product_2_description",
  external_id: "product_external_id",
  family: "product_family",
  is_active: "product_is_active",
  is_archived: "product_is_archived",
  is_deleted: "product_is_deleted",
  number_of_quantity_installments: "product_number_of_quantity_installments",
  quantity_installment_period: "product_quantity_installment_period",
  quantity_schedule_type: "product_quantity_schedule_type",
  quantity_unit_of_measure: "product_quantity_unit_of_measure",
  number_of_revenue_installments: "product_number_of_revenue_installments",
  revenue_installment_period: "product_revenue_installment_period",
  revenue_schedule_type: "product_revenue_schedule_type",
};

const PEOPLE = {
  opportunity_owner_id: "The owner, if it is a user: a queue is none.",
  opportunity_owner_name: "The owner's full name.",
  opportunity_owner_role_id: "The owner's role.",
  opportunity_owner_city: "The city of the owner's address.",
  opportunity_owner_state: "The state or province of the owner's address.",
  opportunity_manager_id: "The user whom the owner reports to.",
  opportunity_manager_name: "The manager's full name.",
  opportunity_manager_city: "The city of the manager's address.",
  opportunity_manager_state: "The state or province of the manager's address.",
};

const ROLE = {
  opportunity_owner_position: "The name of the owner's role.",
  opportunity_owner_developer_name: "The unique name of the owner's role.",
  opportunity_owner_parent_role_id: "The role above the owner's role.",
  opportunity_owner_rollup_description: "What the owner's role is called in reports.",
};

const CONTACT = {
  primary_contact_id:
    "The opportunity's primary contact: the latest primary contact role, or the contact that it was created from; NULL if there is neither.",
  primary_contact_name: "The primary contact's full name.",
  primary_contact_title: "The primary contact's position.",
  primary_contact_email: "The primary contact's email address.",
};

// The list of a select: `alias.column AS name` for each.
function select(alias, renamed) {
  return Object.entries(renamed)
    .map(([column, name]) => (column === name ? `${alias}.${column}` : `${alias}.${column} AS ${name}`))
    .join(",\n  ");
}

module.exports = { ACCOUNT_OF_OPPORTUNITY, CONTACT_COLUMNS, ACCOUNT_OF_CONTACT, LINE_ITEM, PRODUCT, PEOPLE, ROLE, CONTACT, select };
