const START = "2020-01-01";
function since(column) {
  return `${column} >= "${START}"`;
}
module.exports = { START, since };
