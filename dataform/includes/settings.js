// The compilation's variables, read in one place: where things are, what is switched on, which columns are added.
// Everything is a function, because a variable is known only when the project is compiled.

const TABLES = require("includes/objects/index.js");

function variable(name, otherwise) {
  const value = (dataform.projectConfig.vars || {})[name];
  return value === undefined || value === null || String(value).trim() === "" ? otherwise : String(value).trim();
}

function refuse(name, value, remedy) {
  throw new Error(`the variable ${name} is "${value}": ${remedy}`);
}

function json(name) {
  const text = variable(name, "{}");
  try {
    const value = JSON.parse(text);
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      throw new Error("not an object");
    }
    return value;
  } catch (error) {
    return refuse(name, text, `it must be a JSON object (${error.message})`);
  }
}

function whole(name, otherwise) {
  const value = variable(name, otherwise);
  return /^[0-9]{1,4}$/.test(value) ? Number(value) : refuse(name, value, "it must be a whole number from 0 to 9999");
}

function date(name, otherwise) {
  const value = variable(name, otherwise);
  return /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : refuse(name, value, "it must be a date such as 2020-01-01");
}

// What the extract holds: the objects, and of each its fields. Empty where it is not said.
function schemas() {
  return json("salesforce_schemas");
}

// The fields that the extract has of an object, with their Salesforce types; null where its schema is not said.
function fields(object) {
  const found = schemas()[object];
  if (found === undefined) {
    return null;
  }
  return Array.isArray(found) ? Object.fromEntries(found.map((field) => [field, ""])) : found;
}

// Whether the extract has an object. Only the optional ones can be switched off.
function enabled(object) {
  const table = TABLES[object];
  if (!table.enabled) {
    return true;
  }
  const said = variable(table.enabled, "auto").toLowerCase();
  if (said === "auto") {
    return Object.keys(schemas()).length === 0 ? table.usual : object in schemas();
  }
  return said === "true" || said === "false"
    ? said === "true"
    : refuse(table.enabled, said, "it must be auto, true or false");
}

// `Discount__c, Region__c AS region` as [{field, name}]. Without a name, a field keeps its own, in lower case, without `__c`.
function passThrough(object) {
  const name = `${TABLES[object].name}_pass_through_columns`;
  return variable(name, "")
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const found = /^\s*([A-Za-z]\w*)(?:\s+as\s+([a-z_]\w*))?\s*$/i.exec(part);
      return found
        ? { field: found[1], name: found[2] || found[1].replace(/__c$/i, "").toLowerCase() }
        : refuse(name, part.trim(), "each element must be FIELD or FIELD AS NAME");
    });
}

// {"margin": "Amount - Cost__c"} or {"margin": {"formula": …, "blanks": "blanks", "description": …}} as a list.
function formulas(object) {
  return Object.entries(json(`${TABLES[object].name}_formula_columns`)).map(([name, said]) => ({
    name,
    blanks: "zeroes",
    ...(typeof said === "string" ? { formula: said } : said),
  }));
}

module.exports = {
  variable,
  refuse,
  whole,
  date,
  fields,
  enabled,
  passThrough,
  formulas,
  rawProject: () => variable("raw_project", dataform.projectConfig.defaultDatabase),
  raw: () => variable("raw_dataset", "salesforce_raw"),
  staging: () => variable("staging_dataset", "salesforce_staging"),
  assertions: () => dataform.projectConfig.assertionSchema,
  marts: () => variable("marts_dataset", "salesforce_marts"),
  table: (object) => variable(`${TABLES[object].name}_table`, object),
};
