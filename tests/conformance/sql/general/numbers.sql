SELECT ROUND(2.5) a, ROUND(-2.5) b, TRUNC(2.7) c, CEIL(1.2) d, FLOOR(-1.2) e, MOD(7,3) f, DIV(7,2) g, ABS(-3) h, POW(2,3) i, SQRT(4) j, SIGN(-2) k;
--> [["3.0", "-3.0", "2.0", "2.0", "-2.0", 1, 3, 3, "8.0", "2.0", -1]]

SELECT ROUND(NUMERIC '1.255', 2) a, SAFE_DIVIDE(1,0) b, SAFE_DIVIDE(1,2) c, IEEE_DIVIDE(1,0) d, GREATEST(1,2,NULL) e, LEAST(3,2) f;
--> [["1.26", null, "0.5", "Infinity", null, 2]]

SELECT MOD(1, 0);
--! division by zero
