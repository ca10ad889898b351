-- STARTS_WITH, ENDS_WITH, STRPOS
SELECT STARTS_WITH('bar', 'b'), STARTS_WITH('foo', 'b');
--> [[true, false]]
SELECT STARTS_WITH('abc', ''), ENDS_WITH('abc', '');
--> [[true, true]]
SELECT STARTS_WITH(b'abc', b'ab'), STARTS_WITH(b'abc', b'bc');
--> [[true, false]]
SELECT ENDS_WITH('apple', 'e'), ENDS_WITH('banana', 'e');
--> [[true, false]]
SELECT ENDS_WITH(b'apple', b'le');
--> [[true]]
SELECT STARTS_WITH(NULL, 'a'), ENDS_WITH('a', NULL);
--> [[null, null]]
SELECT STARTS_WITH('abc', b'a');
--! No matching signature for function STARTS_WITH for argument types: STRING, BYTES
SELECT STRPOS('foo@example.com', '@');
--> [[4]]
SELECT STRPOS('quxexample.com', '@');
--> [[0]]
SELECT STRPOS('щит', 'и'), STRPOS('', ''), STRPOS('a', '');
--> [[2, 1, 1]]
SELECT STRPOS(b'\x01\x02\x03', b'\x02\x03');
--> [[2]]
SELECT STRPOS(NULL, 'a');
--> [[null]]

-- INSTR: the nth occurrence at or after a position, overlapping ones included; a negative position looks backwards.
SELECT INSTR('banana', 'an');
--> [[2]]
SELECT INSTR('banana', 'an', 1, 1);
--> [[2]]
SELECT INSTR('banana', 'an', 1, 2);
--> [[4]]
SELECT INSTR('banana', 'an', 1, 3);
--> [[0]]
SELECT INSTR('banana', 'an', 3, 1);
--> [[4]]
SELECT INSTR('banana', 'an', -1, 1);
--> [[4]]
SELECT INSTR('banana', 'an', -3, 1);
--> [[4]]
SELECT INSTR('banana', 'ann', 1, 1);
--> [[0]]
SELECT INSTR('helloooo', 'oo', 1, 1);
--> [[5]]
SELECT INSTR('helloooo', 'oo', 1, 2);
--> [[6]]
SELECT INSTR('banana', 'a', -1, 2);
--> [[4]]
SELECT INSTR('banana', 'a', -2), INSTR('banana', 'a', -6);
--> [[4, 0]]
SELECT INSTR('banana', 'a', 7), INSTR('banana', 'a', -7);
--> [[0, 0]]
SELECT INSTR('щитом', 'т', 2);
--> [[3]]
SELECT INSTR(b'banana', b'an', 1, 2);
--> [[4]]
SELECT INSTR(b'banana', b'an', -1);
--> [[4]]
SELECT INSTR('banana', 'an', 0);
--! Position must be non-zero
SELECT INSTR('banana', 'an', 1, 0);
--! Occurrence must be positive
SELECT INSTR('banana', 'an', 1, -1);
--! Occurrence must be positive
SELECT INSTR(NULL, 'a'), INSTR('a', NULL), INSTR('a', 'a', NULL);
--> [[null, null, null]]
SELECT SAFE.INSTR('a', 'a', 0);
--> [[null]]

-- CONTAINS_SUBSTR folds case and width, and looks through every value of arrays and structs.
SELECT CONTAINS_SUBSTR('the blue house', 'Blue house');
--> [[true]]
SELECT CONTAINS_SUBSTR('the red house', 'blue');
--> [[false]]
SELECT CONTAINS_SUBSTR('Ⅸ', 'IX');
--> [[true]]
SELECT CONTAINS_SUBSTR('ⅷ', 'viii');
--> [[true]]
SELECT CONTAINS_SUBSTR((23, 35, 41), '35');
--> [[true]]
SELECT CONTAINS_SUBSTR(('a', ['blue', 'red']), 'RED');
--> [[true]]
SELECT CONTAINS_SUBSTR(NULL, 'a');
--> [[null]]
SELECT CONTAINS_SUBSTR((23, NULL, 41), '41');
--> [[true]]
SELECT CONTAINS_SUBSTR((23, NULL, 41), '35');
--> [[null]]
SELECT CONTAINS_SUBSTR('a', NULL);
--> [[null]]
SELECT CONTAINS_SUBSTR(DATE '2024-05-06', '2024-05');
--> [[true]]
WITH Recipes AS (SELECT 'Blueberry pancakes' AS Breakfast, 'Egg salad sandwich' AS Lunch, 'Potato dumplings' AS Dinner UNION ALL SELECT 'Potato pancakes', 'Toasted cheese sandwich', 'Beef stroganoff' UNION ALL SELECT 'Ham scramble', 'Steak avocado salad', 'Tomato pasta' UNION ALL SELECT 'Avocado toast', 'Tomato soup', 'Blueberry salmon' UNION ALL SELECT 'Corned beef hash', 'Lentil potato soup', 'Glazed ham') SELECT Lunch FROM Recipes WHERE CONTAINS_SUBSTR(Recipes, 'toast');
--~ [["Toasted cheese sandwich"], ["Tomato soup"]]
WITH Recipes AS (SELECT 'Blueberry pancakes' AS Breakfast, 'Egg salad sandwich' AS Lunch UNION ALL SELECT 'Potato pancakes', 'Lentil potato soup') SELECT Lunch FROM Recipes WHERE CONTAINS_SUBSTR((Breakfast, Lunch), 'BLUE');
--> [["Egg salad sandwich"]]
