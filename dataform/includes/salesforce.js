// Salesforce's objects in SQL: their declared sources, the body of a staging view, lists of columns and their documentation.
// No mart is known here, and no file but this one knows a field by its API name.

const TABLES = require("includes/objects/index.js");
const clock = require("includes/clock.js");
const formula = require("includes/formula.js");
const settings = require("includes/settings.js");

const IDENTIFIER = /^[a-z_][a-z0-9_]*$/;

// Whether the extract has this field of an object.
function has(object, [field, , , , condition]) {
  const fields = settings.fields(object);
  if (fields !== null) {
    return field in fields;
  }
  return condition === undefined || (condition !== "more" && settings.enabled(condition));
}

// The columns that the user adds to an object: fields passed through, and formulas.
function added(object) {
  const type = formula.typesOf(object, TABLES[object].columns, settings.fields(object));
  const passed = settings.passThrough(object).map(({ field, name }) => ({
    name,
    sql: `\`${field}\``,
    field,
    description: `Salesforce's field ${field}.`,
  }));
  const computed = settings.formulas(object).map(({ name, description, formula: text, blanks }) => ({
    name,
    sql: formula.toSql(text, { name: `${TABLES[object].name}_formula_columns.${name}`, type, blanks }),
    description: description || `By the formula ${text}`,
  }));
  const taken = new Set(TABLES[object].columns.map(([, column]) => column));
  for (const { name } of [...passed, ...computed]) {
    if (!IDENTIFIER.test(name) || taken.has(name)) {
      throw new Error(
        `${object} cannot have another column "${name}": give it a name of its own, of lower-case letters, digits and _`
      );
    }
    taken.add(name);
  }
  return [...passed, ...computed];
}

function names(object) {
  return [...TABLES[object].columns.map(([, column]) => column), ...addedNames(object)];
}

function addedNames(object) {
  return added(object).map(({ name }) => name);
}

// {column: description} of an object's staging view.
function docs(object) {
  const own = TABLES[object].columns.map(([, column, , description]) => [column, description]);
  return Object.fromEntries([...own, ...added(object).map(({ name, description }) => [name, description])]);
}

// The same of some columns only, which may have other names: {"account_name": "account_name", "type": "account_type"}.
function docsOf(object, renamed) {
  const all = docs(object);
  return Object.fromEntries(Object.entries(renamed).map(([column, name]) => [name, all[column]]));
}

// {description by column} of what the user adds to an object, each with a suffix.
function addedDocs(object, suffix = "") {
  return Object.fromEntries(added(object).map(({ name, description }) => [`${name}${suffix}`, description]));
}

// A list of a select: every column of an object's staging view, of this alias.
function columns(object, alias) {
  return names(object).map((column) => `${alias}.${column}`).join(",\n  ");
}

// A list of a select, each element with a comma before it: what the user adds to an object.
function addedColumns(object, alias, suffix = "") {
  return addedNames(object).map((column) => `,\n  ${alias}.${column}${suffix ? ` AS ${column}${suffix}` : ""}`).join("");
}

// The name of an object's raw table; of one that the extract does not have, a name that nothing reads.
function source(context, object) {
  return settings.enabled(object)
    ? context.ref(settings.raw(), settings.table(object))
    : `\`${settings.raw()}.${settings.table(object)}\``;
}

// The latest version of each record, without the deleted ones: renamed and typed.
function staging(context, object) {
  const { columns: all, latest, happened } = TABLES[object];
  const present = all.filter((column) => has(object, column));
  const fields = new Set(present.map(([field]) => field));
  const order = [...latest, "IsDeleted"].filter((field) => fields.has(field)).map((field) => `${field} DESC`);
  const extra = added(object);
  const read = new Set([...fields, ...extra.flatMap(({ field, sql }) => (field ? [field] : formula.fieldsIn(sql)))]);
  const selected = [
    ...all.map((column) =>
      has(object, column)
        ? `CAST(\`${column[0]}\` AS ${column[2]}) AS ${column[1]}`
        : `CAST(NULL AS ${column[2]}) AS ${column[1]}`
    ),
    ...extra.map(({ sql, name }) => `${sql} AS ${name}`),
  ];
  return [
    "SELECT",
    `  ${selected.join(",\n  ")}`,
    "FROM (",
    `  SELECT\n    ${[...read].map((field) => `\`${field}\``).join(",\n    ")}`,
    `  FROM ${source(context, object)}`,
    "  WHERE Id IS NOT NULL",
    `  QUALIFY ROW_NUMBER() OVER (PARTITION BY Id ORDER BY ${order.join(", ")}) = 1`,
    ")",
    `WHERE ${fields.has("IsDeleted") ? "NOT COALESCE(IsDeleted, FALSE)" : "TRUE"}`,
    ...(happened && fields.has(happened) ? [`  AND ${clock.existed(happened)}`] : []),
  ].join("\n");
}

// For unit tests: a row of an object's staging view, or of its raw table, in which all but these is NULL.
function sample(object, values) {
  const typed = TABLES[object].columns.map(([, column, type]) => [column, type]);
  return row([...typed, ...addedNames(object).map((name) => [name, "STRING"])], values);
}

function rawSample(object, values) {
  const present = TABLES[object].columns.filter((column) => has(object, column));
  return row(present.map(([field, , type]) => [field, type]), values);
}

function row(typed, values) {
  const known = new Set(typed.map(([name]) => name));
  for (const name of Object.keys(values)) {
    if (!known.has(name)) {
      throw new Error(`a sample has no column "${name}": it has ${[...known].join(", ")}`);
    }
  }
  return `SELECT ${typed.map(([name, type]) => `CAST(${values[name] ?? "NULL"} AS ${type}) AS ${name}`).join(", ")}`;
}

// What `declare` takes for an object's raw table.
function declaration(object) {
  const present = TABLES[object].columns.filter((column) => has(object, column));
  return {
    database: settings.rawProject(),
    schema: settings.raw(),
    name: settings.table(object),
    description: `Salesforce's ${object}, as the extract keeps it: a row for each record, under Salesforce's names.`,
    columns: {
      ...Object.fromEntries(present.map(([field, , , description]) => [field, description])),
      ...Object.fromEntries(settings.passThrough(object).map(({ field }) => [field, `Salesforce's field ${field}.`])),
    },
    tags: ["salesforce", "source"],
  };
}

module.exports = {
  objects: () => Object.keys(TABLES),
  docs,
  docsOf,
  addedDocs,
  columns,
  addedColumns,
  staging,
  sample,
  rawSample,
  declaration,
};
