["account", "opportunity"].forEach(name =>
  declare({ schema: "salesforce", name, description: `Salesforce ${name}`, columns: docs[name] })
);
