if (dataform.projectConfig.vars.env === "prod") {
  publish("only_in_prod", "select 1 as x");
}
