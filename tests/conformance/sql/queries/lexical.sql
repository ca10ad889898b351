SELECT SELECT_;
--! Unrecognized name
SELECT 1e3, .5, 5., 0x1F, -0x1F;
--> [[1000.0, 0.5, 5.0, 31, -31]]
SELECT 'it\'s', "it's", '''a'b''', r'a\nb', 'a\tb', '\x41\u00e9\U0001F600';
--> [["it's", "it's", "a'b", "a\\nb", "a\tb", "Aé😀"]]
SELECT b'\xff', rb'\d', b"a";
--> [["/w==", "XGQ=", "YQ=="]]
SELECT TRUE, FALSE, true, nUlL;
--> [[true, false, true, null]]
SELECT DATE '2014-09-27', DATETIME '2014-09-27 12:30:00.45', TIME '12:30:00.45', TIMESTAMP '2014-09-27 12:30:00.45-08';
--> [["2014-09-27", "2014-09-27T12:30:00.450000", "12:30:00.450000", "2014-09-27 20:30:00.450+00"]]
SELECT NUMERIC '-9.876e-3', BIGNUMERIC '0', JSON '{"a": 1}';
--> [["-0.009876", "0", {"a": 1}]]
SELECT DATE 'yesterday';
--! yesterday
SELECT /* a remark */ 1 -- another;
--> [[1]]
SELECT 1 # another;
--> [[1]]
SELECT `t`.x FROM (SELECT 1 AS x) AS t;
--> [[1]]
