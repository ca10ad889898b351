const more = require("./deep/more");
module.exports = { total: () => more.both("net", "tax") };
