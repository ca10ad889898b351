// A Salesforce formula as GoogleSQL. Salesforce does not stamp a record when a formula's value changes, so an incremental
// extract keeps old values of formula fields; computed here, they are always of now, and of `as_of` if that is set.
// Values are typed as Salesforce types them, because `+` joins texts, adds numbers and moves dates. What is not known is
// refused by name: no formula becomes other SQL than it says.

const { FUNCTIONS } = require("includes/formula_functions.js");

const KINDS = {
  currency: "number", double: "number", int: "number", long: "number", percent: "percent", boolean: "boolean",
  date: "date", datetime: "datetime", NUMERIC: "number", INT64: "number", BOOL: "boolean", DATE: "date", TIMESTAMP: "datetime",
};
const TOKEN =
  /\s+|\/\*[\s\S]*?\*\/|([0-9]+(?:\.[0-9]+)?|\.[0-9]+)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)|(<>|<=|>=|==|!=|&&|\|\||[-+*\/^&=<>!(),])/gy;
const BINARY = [["||"], ["&&"], ["=", "==", "<>", "!="], ["<", "<=", ">", ">="], ["+", "-", "&"], ["*", "/"], ["^"]];

// A function from a field to its kind: by the extract's schemas, else by the columns that are known. Fields of neither are text.
function typesOf(object, columns, fields) {
  const known = Object.fromEntries(columns.map(([field, , type]) => [field.toLowerCase(), [field, KINDS[type] || "text"]]));
  for (const [field, type] of Object.entries(fields || {})) {
    const before = known[field.toLowerCase()];
    known[field.toLowerCase()] = [field, type ? KINDS[type] || "text" : before ? before[1] : "text"];
  }
  // Salesforce's percentages among the columns that are always there; amounts of schemas name theirs themselves.
  if (known.probability && (!fields || !fields.Probability)) {
    known.probability[1] = "percent";
  }
  return (field) => known[field.toLowerCase()] || null;
}

function tokens(text, refuse) {
  const found = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      return refuse(`cannot read "${text.slice(at, at + 12)}"`);
    }
    const kind = ["number", "string", "name", "operator"].find((_, index) => match[index + 1] !== undefined);
    if (kind) {
      found.push({ kind, text: match[0] });
    }
  }
  return found;
}

function literal(text) {
  return `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'").replace(/`/g, "\\x60").replace(/\n/g, "\\n")}'`;
}

class Parser {
  constructor(text, { name, type, blanks }) {
    this.refuse = (why) => {
      throw new Error(`${name}: ${why}, in the formula ${text}`);
    };
    this.type = type;
    this.zeroes = blanks === "zeroes" || (blanks !== "blanks" && this.refuse(`"blanks" is "${blanks}": it must be zeroes or blanks`));
    this.tokens = tokens(text, this.refuse);
    this.at = 0;
  }

  whole() {
    const value = this.binary(0);
    return this.at === this.tokens.length ? value : this.refuse(`"${this.tokens[this.at].text}" is not expected`);
  }

  next() {
    return this.tokens[this.at] || { kind: "end", text: "the end" };
  }

  took(...texts) {
    const { kind, text } = this.next();
    if (kind === "operator" && texts.includes(text)) {
      this.at += 1;
      return text;
    }
    return null;
  }

  binary(level) {
    if (level === BINARY.length) {
      return this.unary();
    }
    let left = this.binary(level + 1);
    for (let operator = this.took(...BINARY[level]); operator; operator = this.took(...BINARY[level])) {
      left = this.combine(operator, left, this.binary(level + 1));
    }
    return left;
  }

  unary() {
    const operator = this.took("-", "+", "!");
    if (operator === null) {
      return this.primary();
    }
    const value = this.unary();
    if (operator === "!") {
      return this.of("boolean", value, (sql) => `(NOT ${sql})`);
    }
    return this.of("number", value, (sql) => (operator === "-" ? `(-${sql})` : sql));
  }

  primary() {
    const { kind, text } = this.next();
    this.at += 1;
    if (kind === "number") {
      return { kind: "number", sql: `NUMERIC '${text}'` };
    }
    if (kind === "string") {
      return { kind: "text", sql: literal(text.slice(1, -1).replace(/\\(.)/g, "$1")) };
    }
    if (kind === "operator" && text === "(") {
      const value = this.binary(0);
      return this.took(")") ? value : this.refuse("a ) is missing");
    }
    if (kind !== "name") {
      return this.refuse(`"${text}" is not expected`);
    }
    return this.took("(") ? this.call(text.toUpperCase()) : this.field(text);
  }

  call(name) {
    const known = Object.prototype.hasOwnProperty.call(FUNCTIONS, name) ? FUNCTIONS[name] : null;
    if (known === null) {
      return this.refuse(`the function ${name} is not supported (these are: ${Object.keys(FUNCTIONS).join(", ")})`);
    }
    const given = [];
    if (!this.took(")")) {
      do {
        given.push(this.binary(0));
      } while (this.took(","));
      if (!this.took(")")) {
        return this.refuse(`${name}: a ) is missing`);
      }
    }
    const [least, most] = known.count;
    if (given.length < least || given.length > most) {
      return this.refuse(`${name} has ${given.length} arguments`);
    }
    return known.make(given, this);
  }

  field(text) {
    if (/^(true|false)$/i.test(text)) {
      return { kind: "boolean", sql: text.toUpperCase() };
    }
    if (/^null$/i.test(text)) {
      return { kind: "null", sql: "NULL" };
    }
    const found = text.includes(".")
      ? this.refuse(`${text} is another object's field: join it in a model of your own`)
      : this.type(text) || [text, "text"];
    const quoted = `\`${found[0]}\``;
    const number = this.zeroes ? `COALESCE(CAST(${quoted} AS NUMERIC), 0)` : `CAST(${quoted} AS NUMERIC)`;
    const sql = {
      number,
      percent: `(${number} / 100)`,
      boolean: `COALESCE(${quoted}, FALSE)`,
      text: `COALESCE(${quoted}, '')`,
    }[found[1]];
    return { kind: found[1] === "percent" ? "number" : found[1], sql: sql || quoted };
  }

  // A value of the kind that is wanted, or refused.
  want(kind, value) {
    if (value.kind === "null") {
      return kind === "text" ? "''" : "NULL";
    }
    return value.kind === kind ? value.sql : this.refuse(`a ${kind} is expected where a ${value.kind} is`);
  }

  of(kind, value, make) {
    return { kind, sql: make(this.want(kind, value)) };
  }

  // The kind that all of these have.
  same(values) {
    const kinds = new Set(values.map(({ kind }) => kind).filter((kind) => kind !== "null"));
    return kinds.size > 1 ? this.refuse(`${[...kinds].join(" and ")} do not go together`) : [...kinds][0] || "text";
  }

  combine(operator, left, right) {
    if (operator === "&&" || operator === "||") {
      const word = operator === "&&" ? "AND" : "OR";
      return { kind: "boolean", sql: `(${this.want("boolean", left)} ${word} ${this.want("boolean", right)})` };
    }
    if (["=", "==", "<>", "!=", "<", "<=", ">", ">="].includes(operator)) {
      const kind = this.same([left, right]);
      const sign = { "==": "=", "!=": "<>" }[operator] || operator;
      return { kind: "boolean", sql: `(${this.want(kind, left)} ${sign} ${this.want(kind, right)})` };
    }
    const kinds = `${left.kind} ${operator} ${right.kind}`;
    const moved = { "date + number": "", "date - number": "-", "datetime + number": "", "datetime - number": "-" }[kinds];
    if (moved !== undefined) {
      const [add, part, size] =
        left.kind === "date" ? ["DATE_ADD", "DAY", "1"] : ["TIMESTAMP_ADD", "MICROSECOND", "86400000000"];
      const count = `CAST(TRUNC(${right.sql} * ${size}) AS INT64)`;
      return { kind: left.kind, sql: `${add}(${left.sql}, INTERVAL ${moved}${count} ${part})` };
    }
    if (kinds === "date - date") {
      return { kind: "number", sql: `CAST(DATE_DIFF(${left.sql}, ${right.sql}, DAY) AS NUMERIC)` };
    }
    if (kinds === "datetime - datetime") {
      return { kind: "number", sql: `(CAST(TIMESTAMP_DIFF(${left.sql}, ${right.sql}, MICROSECOND) AS NUMERIC) / 86400000000)` };
    }
    if (operator === "&" || (operator === "+" && left.kind === "text")) {
      return { kind: "text", sql: `CONCAT(${this.want("text", left)}, ${this.want("text", right)})` };
    }
    const [a, b] = [this.want("number", left), this.want("number", right)];
    const sql = { "/": `SAFE_DIVIDE(${a}, ${b})`, "^": `POW(${a}, ${b})` }[operator] || `(${a} ${operator} ${b})`;
    return { kind: "number", sql };
  }
}

// The SQL of a formula over a raw table's columns. `type`: what `typesOf` gave; `blanks`: "zeroes" or "blanks", as Salesforce's
// setting of a formula: whether a number that is not there counts as 0.
function toSql(text, options) {
  const value = new Parser(String(text), options).whole();
  return value.kind === "text" ? `NULLIF(${value.sql}, '')` : value.sql;
}

// The fields that such SQL reads.
function fieldsIn(sql) {
  return [...new Set([...sql.matchAll(/`(\w+)`/g)].map(([, field]) => field))];
}

module.exports = { typesOf, toSql, fieldsIn };
