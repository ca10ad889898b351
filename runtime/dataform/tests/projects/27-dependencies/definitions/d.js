operate("d", "select 1").dependencies(["c", { name: "b" }]);
