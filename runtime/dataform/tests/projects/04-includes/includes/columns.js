const money = name => `round(cast(${name} as numeric), 2)`;
const docs = {
  id: "the key",
  amount: "in euros"
};
module.exports = { money, docs };
