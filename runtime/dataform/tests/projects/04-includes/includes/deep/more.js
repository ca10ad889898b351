const columns = require("includes/columns.js");
module.exports = { both: (a, b) => [a, b].map(columns.money).join(" + ") };
