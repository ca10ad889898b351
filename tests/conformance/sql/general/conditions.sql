SELECT IFNULL(NULL, 3) b, IF(1>2,'a','b') c, COALESCE(NULL,NULL,5) d, NULLIF(1,1) e, CASE WHEN 1=1 THEN NUMERIC '1' ELSE 2.5 END f, CASE 3 WHEN 3 THEN 'a' END g;
--> [[3, "b", 5, null, 1, "a"]]

SELECT x IN (1,2) a, x NOT IN UNNEST([5]) b, x BETWEEN 1 AND 3 c, EXISTS(SELECT 1) d, x IS NOT DISTINCT FROM NULL e FROM (SELECT 1 x);
--> [[true, true, true, true, false]]

SELECT SAFE.PARSE_DATE('%Y', 'x') a, SAFE.LEFT('abc', 1) b;
--> [[null, "a"]]
