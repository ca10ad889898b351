declare({ schema: "raw", name: "a" });
declare({ database: "far", schema: "raw", name: "b" });
declare({ schema: "raw", name: "c" });
