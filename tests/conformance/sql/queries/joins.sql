CREATE TABLE roster AS SELECT * FROM UNNEST([STRUCT('Adams' AS name, 50 AS school), ('Buchanan', 52), ('Coolidge', 52), ('Davis', 51), ('Eisenhower', 77)]);

CREATE TABLE mascot AS SELECT * FROM UNNEST([STRUCT(50 AS school, 'Jaguars' AS team), (51, 'Knights'), (52, 'Lakers'), (53, 'Mustangs')]);

SELECT r.name, m.team FROM roster AS r JOIN mascot AS m ON r.school = m.school ORDER BY name;
--> [["Adams", "Jaguars"], ["Buchanan", "Lakers"], ["Coolidge", "Lakers"], ["Davis", "Knights"]]
SELECT name, team FROM roster INNER JOIN mascot USING (school) ORDER BY name;
--> [["Adams", "Jaguars"], ["Buchanan", "Lakers"], ["Coolidge", "Lakers"], ["Davis", "Knights"]]
SELECT COUNT(*) FROM roster CROSS JOIN mascot;
--> [[20]]
SELECT COUNT(*) FROM roster, mascot WHERE roster.school = mascot.school;
--> [[4]]
SELECT name, team FROM roster FULL JOIN mascot ON roster.school = mascot.school ORDER BY name, team;
--> [[null, "Mustangs"], ["Adams", "Jaguars"], ["Buchanan", "Lakers"], ["Coolidge", "Lakers"], ["Davis", "Knights"], ["Eisenhower", null]]
SELECT name, team FROM roster LEFT OUTER JOIN mascot USING (school) ORDER BY name;
--> [["Adams", "Jaguars"], ["Buchanan", "Lakers"], ["Coolidge", "Lakers"], ["Davis", "Knights"], ["Eisenhower", null]]
SELECT name, team FROM roster RIGHT JOIN mascot USING (school) ORDER BY name, team;
--> [[null, "Mustangs"], ["Adams", "Jaguars"], ["Buchanan", "Lakers"], ["Coolidge", "Lakers"], ["Davis", "Knights"]]
SELECT * FROM roster JOIN mascot USING (school) WHERE name = 'Adams';
--> [[50, "Adams", "Jaguars"]]
SELECT school, name FROM roster FULL JOIN mascot USING (school) WHERE name IS NULL;
--> [[53, null]]
SELECT roster.school FROM roster JOIN mascot USING (school) WHERE name = 'Adams';
--> [[50]]
SELECT * FROM (SELECT 1 AS a, 2 AS b) AS t JOIN (SELECT 1 AS a, 2 AS b, 3 AS c) AS u USING (a, b);
--> [[1, 2, 3]]
SELECT t.a, u.c, v.d FROM (SELECT 1 AS a) AS t JOIN (SELECT 1 AS a, 2 AS c) AS u USING (a) JOIN (SELECT 2 AS c, 3 AS d) AS v USING (c);
--> [[1, 2, 3]]
SELECT name FROM roster AS r WHERE EXISTS(SELECT 1 FROM mascot AS m WHERE m.school = r.school AND team = 'Lakers') ORDER BY name;
--> [["Buchanan"], ["Coolidge"]]
SELECT name FROM roster AS r WHERE school NOT IN (SELECT school FROM mascot);
--> [["Eisenhower"]]
SELECT name, (SELECT team FROM mascot AS m WHERE m.school = r.school) AS team FROM roster AS r ORDER BY name LIMIT 2;
--> [["Adams", "Jaguars"], ["Buchanan", "Lakers"]]
SELECT a.name, b.name AS other FROM roster AS a JOIN roster AS b ON a.school = b.school AND a.name < b.name;
--> [["Buchanan", "Coolidge"]]
SELECT * FROM (SELECT 1 AS a) JOIN (SELECT 2 AS b);
--! ON or USING
SELECT * FROM roster LEFT JOIN mascot;
--! ON or USING
SELECT name FROM roster JOIN mascot USING (nothing);
--! nothing
SELECT name FROM roster JOIN mascot ON 1;
--! BOOL
SELECT r.name FROM (roster AS r JOIN mascot AS m USING (school)) WHERE team = 'Knights';
--> [["Davis"]]
SELECT a.x FROM (SELECT NULL AS x) AS a JOIN (SELECT NULL AS x) AS b ON a.x = b.x;
--> []
