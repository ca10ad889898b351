publish("b", { schema: dataform.projectConfig.defaultSchema + "_more" }).query(ctx => `select * from ${ctx.ref("a")}`);
