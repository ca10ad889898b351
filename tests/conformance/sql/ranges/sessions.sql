CREATE TABLE durations(emp_id INT64, dept_id INT64, duration RANGE<DATE>);

INSERT durations (emp_id, dept_id, duration) VALUES (10, 1000, RANGE<DATE> '[2010-01-10, 2010-03-10)'), (10, 2000, RANGE<DATE> '[2010-03-10, 2010-07-15)'), (10, 2000, RANGE<DATE> '[2010-06-15, 2010-08-18)'), (20, 2000, RANGE<DATE> '[2010-03-10, 2010-07-20)'), (20, 1000, RANGE<DATE> '[2020-05-10, 2020-09-20)');

SELECT emp_id, duration, session_range FROM RANGE_SESSIONIZE(TABLE durations, 'duration', ['emp_id']);
--: INT64, RANGE, RANGE
--~ [[10, "[2010-01-10, 2010-03-10)", "[2010-01-10, 2010-08-18)"], [10, "[2010-03-10, 2010-07-15)", "[2010-01-10, 2010-08-18)"],
--~ [10, "[2010-06-15, 2010-08-18)", "[2010-01-10, 2010-08-18)"], [20, "[2010-03-10, 2010-07-20)", "[2010-03-10, 2010-07-20)"],
--~ [20, "[2020-05-10, 2020-09-20)", "[2020-05-10, 2020-09-20)"]]
SELECT emp_id, duration, session_range FROM RANGE_SESSIONIZE(TABLE durations, 'duration', ['emp_id'], 'OVERLAPS');
--~ [[10, "[2010-03-10, 2010-07-15)", "[2010-03-10, 2010-08-18)"], [10, "[2010-06-15, 2010-08-18)", "[2010-03-10, 2010-08-18)"],
--~ [10, "[2010-01-10, 2010-03-10)", "[2010-01-10, 2010-03-10)"], [20, "[2020-05-10, 2020-09-20)", "[2020-05-10, 2020-09-20)"],
--~ [20, "[2010-03-10, 2010-07-20)", "[2010-03-10, 2010-07-20)"]]
SELECT emp_id, session_range AS normalized FROM (SELECT emp_id, session_range FROM RANGE_SESSIONIZE(TABLE durations, 'duration', ['emp_id'], 'MEETS')) GROUP BY emp_id, normalized;
--~ [[20, "[2010-03-10, 2010-07-20)"], [10, "[2010-01-10, 2010-08-18)"], [20, "[2020-05-10, 2020-09-20)"]]
SELECT * FROM RANGE_SESSIONIZE(TABLE durations, 'duration', []) WHERE dept_id = 1000 AND emp_id = 20;
--> [{"emp_id": 20, "dept_id": 1000, "duration": "[2020-05-10, 2020-09-20)", "session_range": "[2020-05-10, 2020-09-20)"}]
-- What is unbounded has no end; NULL is in no session.
SELECT r, session_range FROM RANGE_SESSIONIZE((SELECT r FROM UNNEST([RANGE<DATE> '[UNBOUNDED, 2020-01-02)', RANGE<DATE> '[2020-01-01, 2020-01-05)', RANGE<DATE> '[2021-01-01, UNBOUNDED)', NULL]) AS r), 'r', []);
--~ [["[UNBOUNDED, 2020-01-02)", "[UNBOUNDED, 2020-01-05)"], ["[2020-01-01, 2020-01-05)", "[UNBOUNDED, 2020-01-05)"], ["[2021-01-01, UNBOUNDED)", "[2021-01-01, UNBOUNDED)"], [null, null]]
SELECT * FROM RANGE_SESSIONIZE(TABLE durations, 'emp_id', ['emp_id']);
--! column emp_id must be a RANGE, but is INT64
SELECT * FROM RANGE_SESSIONIZE(TABLE durations, 'duration', ['emp_id'], 'TOUCHES');
--! invalid sessionize_option 'TOUCHES'
