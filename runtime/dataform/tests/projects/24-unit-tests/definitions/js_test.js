test("by javascript").dataset("t").input("src", "select 1 as id, 'x' as name").expect("select 1 as id, 'X' as name");
