-- One moment in each element.
SELECT FORMAT_TIMESTAMP('%A|%a|%B|%b|%h', TIMESTAMP '2021-01-20 21:47:00+00');
--> [["Wednesday|Wed|January|Jan|Jan"]]
SELECT FORMAT_TIMESTAMP('%C|%c', TIMESTAMP '2021-01-20 21:47:00+00');
--> [["20|Wed Jan 20 21:47:00 2021"]]
SELECT FORMAT_TIMESTAMP('%D|%d|%e|%F|%x', TIMESTAMP '2021-01-20 21:47:00+00');
--> [["01/20/21|20|20|2021-01-20|01/20/21"]]
SELECT FORMAT_TIMESTAMP('%G|%g|%H|%I|%j|%k|%l', TIMESTAMP '2021-01-20 21:47:00+00');
--> [["2021|21|21|09|020|21| 9"]]
SELECT FORMAT_TIMESTAMP('%M|%m|%P|%p|%Q|%R|%S|%T|%X', TIMESTAMP '2021-01-20 21:47:00+00');
--> [["47|01|pm|PM|1|21:47|00|21:47:00|21:47:00"]]
SELECT FORMAT_TIMESTAMP('%s', TIMESTAMP '2021-01-20 21:47:00+00');
--> [["1611179220"]]
SELECT FORMAT_TIMESTAMP('%U|%u|%V|%W|%w|%Y|%y|%E4Y', TIMESTAMP '2021-01-20 21:47:00+00');
--> [["03|3|03|03|3|2021|21|2021"]]
SELECT FORMAT_TIMESTAMP('%n%t%%', TIMESTAMP '2021-01-20 21:47:00+00');
--> [["\n\t%"]]
SELECT FORMAT_DATE('%e|%d|%j', DATE '2021-02-03');
--> [[" 3|03|034"]]
SELECT FORMAT_DATE('%x', DATE '2008-12-25'), FORMAT_DATE('%b-%d-%Y', DATE '2008-12-25'), FORMAT_DATE('%b %Y', DATE '2008-12-25');
--> [["12/25/08", "Dec-25-2008", "Dec 2008"]]
SELECT FORMAT_DATE('%G-W%V-%u', DATE '2021-01-03'), FORMAT_DATE('%G-W%V-%u', DATE '2020-12-31');
--> [["2020-W53-7", "2020-W53-4"]]
SELECT FORMAT_DATE('%U %W', DATE '2023-01-01'), FORMAT_DATE('%U %W', DATE '2024-01-01');
--> [["01 00", "00 01"]]
SELECT FORMAT_DATE('%Y', CAST(NULL AS DATE));
--> [[null]]
SELECT FORMAT_DATE(f, DATE '2024-07-09') FROM UNNEST(['%Y', '%m/%d', 'Q%Q']) AS f WITH OFFSET AS o ORDER BY o;
--> [["2024"], ["07/09"], ["Q3"]]

-- What is read of a text.
SELECT PARSE_DATE('%A %b %e %Y', 'Thursday Dec 25 2008');
--> [["2008-12-25"]]
SELECT PARSE_DATE('%Y %A %b %e', 'Thursday Dec 25 2008');
--! Failed to parse input string
SELECT PARSE_DATE('%A %b %e', 'Thursday Dec 25 2008');
--! Failed to parse input string
SELECT PARSE_DATE('%F', '2000-12-30'), PARSE_DATE('%x', '12/25/08'), PARSE_DATE('%Y%m%d', '20081225');
--> [["2000-12-30", "2008-12-25", "2008-12-25"]]
SELECT PARSE_DATE('%m/%d/%y', '01/02/69'), PARSE_DATE('%m/%d/%y', '01/02/68');
--> [["1969-01-02", "2068-01-02"]]
SELECT PARSE_DATE('%Y', '2008'), PARSE_DATE('%m', '7'), PARSE_DATE('%d', '5');
--> [["2008-01-01", "1970-07-01", "1970-01-05"]]
SELECT PARSE_DATE('%Y-%j', '2024-060');
--> [["2024-02-29"]]
SELECT PARSE_DATE('%d %B %Y', '25 december 2008'), PARSE_DATE('%d %b %Y', '25 DEC 2008');
--> [["2008-12-25", "2008-12-25"]]
SELECT PARSE_DATE('%F', '  2008-12-25  ');
--> [["2008-12-25"]]
SELECT PARSE_DATE('%Y %m', '2008 12'), PARSE_DATE('%Y%t%m', '2008   12');
--> [["2008-12-01", "2008-12-01"]]
SELECT PARSE_DATE('%F', '2008-13-01');
--! Failed to parse input string
SELECT PARSE_DATE('%F', '2008-12-25 x');
--! Failed to parse input string
SELECT PARSE_DATE('%F', NULL);
--> [[null]]
SELECT PARSE_DATE('%D', '12/25/08'), PARSE_DATE('%%%Y%%', '%2024%');
--> [["2008-12-25", "2024-01-01"]]
