// The functions of Salesforce's formulas, each with how many arguments it takes and the SQL that it is.
// `make` gets the arguments, {kind, sql} each, and the parser, which knows how to demand a kind of one.

const clock = require("includes/clock.js");

const MANY = Infinity;

// A function whose arguments have fixed kinds.
function plain(kind, kinds, make, least = kinds.length) {
  return {
    count: [least, kinds.length],
    make: (given, parser) => ({ kind, sql: make(...given.map((value, index) => parser.want(kinds[index], value))) }),
  };
}

function joined(word) {
  return {
    count: [1, MANY],
    make: (given, parser) => ({
      kind: "boolean",
      sql: `(${given.map((value) => parser.want("boolean", value)).join(` ${word} `)})`,
    }),
  };
}

function extreme(name) {
  return {
    count: [1, MANY],
    make: (given, parser) => ({ kind: "number", sql: `${name}(${given.map((value) => parser.want("number", value)).join(", ")})` }),
  };
}

// A blank text is '' here, whatever the table holds; another blank is NULL.
function blank({ kind, sql }) {
  return kind === "text" ? `(${sql} = '')` : `(${sql} IS NULL)`;
}

const isBlank = { count: [1, 1], make: ([value]) => ({ kind: "boolean", sql: blank(value) }) };
const blankValue = {
  count: [2, 2],
  make: ([value, otherwise], parser) => {
    const kind = parser.same([value, otherwise]);
    return { kind, sql: `IF(${blank(value)}, ${parser.want(kind, otherwise)}, ${parser.want(kind, value)})` };
  },
};

function choose([condition, then, otherwise], parser) {
  const kind = parser.same([then, otherwise]);
  const branches = [then, otherwise].map((value) => parser.want(kind, value));
  return { kind, sql: `IF(${parser.want("boolean", condition)}, ${branches.join(", ")})` };
}

function select(given, parser) {
  if (given.length % 2 !== 0) {
    return parser.refuse("CASE needs a result for what is none of its values");
  }
  const [subject, ...rest] = given;
  const otherwise = rest.pop();
  const values = rest.filter((_, index) => index % 2 === 0);
  const results = rest.filter((_, index) => index % 2 === 1);
  const of = parser.same([subject, ...values]);
  const kind = parser.same([...results, otherwise]);
  const arms = values.map((value, index) => `WHEN ${parser.want(of, value)} THEN ${parser.want(kind, results[index])}`);
  return { kind, sql: `CASE ${parser.want(of, subject)} ${arms.join(" ")} ELSE ${parser.want(kind, otherwise)} END` };
}

const part = (name) => plain("number", ["date"], (date) => `CAST(EXTRACT(${name} FROM ${date}) AS NUMERIC)`);
const int = (sql) => `CAST(TRUNC(${sql}) AS INT64)`;

const FUNCTIONS = {
  AND: joined("AND"),
  OR: joined("OR"),
  NOT: plain("boolean", ["boolean"], (value) => `(NOT ${value})`),
  IF: { count: [3, 3], make: choose },
  CASE: { count: [4, MANY], make: select },
  ISBLANK: isBlank,
  ISNULL: isBlank,
  BLANKVALUE: blankValue,
  NULLVALUE: blankValue,
  ISPICKVAL: plain("boolean", ["text", "text"], (field, value) => `(${field} = ${value})`),

  TODAY: plain("date", [], () => clock.today()),
  NOW: plain("datetime", [], () => clock.now()),
  DATE: plain("date", ["number", "number", "number"], (y, m, d) => `DATE(${int(y)}, ${int(m)}, ${int(d)})`),
  DATEVALUE: plain("date", ["datetime"], (time) => clock.day(time)),
  // The last day of a month stays the last day of a month.
  ADDMONTHS: plain("date", ["date", "number"], (date, months) => {
    const moved = `DATE_ADD(${date}, INTERVAL ${int(months)} MONTH)`;
    return `IF(${date} = LAST_DAY(${date}), LAST_DAY(${moved}), ${moved})`;
  }),
  YEAR: part("YEAR"),
  MONTH: part("MONTH"),
  DAY: part("DAY"),

  ABS: plain("number", ["number"], (value) => `ABS(${value})`),
  // Salesforce's CEILING and FLOOR go away from zero and towards it; those of mathematics are MCEILING and MFLOOR.
  CEILING: plain("number", ["number"], (value) => `(SIGN(${value}) * CEIL(ABS(${value})))`),
  FLOOR: plain("number", ["number"], (value) => `TRUNC(${value})`),
  MCEILING: plain("number", ["number"], (value) => `CEIL(${value})`),
  MFLOOR: plain("number", ["number"], (value) => `FLOOR(${value})`),
  ROUND: plain("number", ["number", "number"], (value, digits) => `ROUND(${value}, ${int(digits)})`),
  MOD: plain("number", ["number", "number"], (value, by) => `MOD(${value}, ${by})`),
  MAX: extreme("GREATEST"),
  MIN: extreme("LEAST"),

  TEXT: {
    count: [1, 1],
    make: ([{ kind, sql }]) => ({ kind: "text", sql: kind === "text" ? sql : `COALESCE(CAST(${sql} AS STRING), '')` }),
  },
  VALUE: plain("number", ["text"], (text) => `SAFE_CAST(${text} AS NUMERIC)`),
  LEN: plain("number", ["text"], (text) => `CAST(LENGTH(${text}) AS NUMERIC)`),
  LEFT: plain("text", ["text", "number"], (text, count) => `LEFT(${text}, ${int(count)})`),
  RIGHT: plain("text", ["text", "number"], (text, count) => `RIGHT(${text}, ${int(count)})`),
  MID: plain("text", ["text", "number", "number"], (text, from, count) => `SUBSTR(${text}, ${int(from)}, ${int(count)})`),
  UPPER: plain("text", ["text"], (text) => `UPPER(${text})`),
  LOWER: plain("text", ["text"], (text) => `LOWER(${text})`),
  TRIM: plain("text", ["text"], (text) => `TRIM(${text})`),
  CONTAINS: plain("boolean", ["text", "text"], (text, part) => `(STRPOS(${text}, ${part}) > 0)`),
  BEGINS: plain("boolean", ["text", "text"], (text, start) => `STARTS_WITH(${text}, ${start})`),
  SUBSTITUTE: plain("text", ["text", "text", "text"], (text, old, by) => `REPLACE(${text}, ${old}, ${by})`),
};

module.exports = { FUNCTIONS };
