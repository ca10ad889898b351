-- The state of each account's business: its pipeline, what was won and lost, what it buys, how it is looked after.
WITH
  settings AS (
    SELECT
      CURRENT_DATE('Europe/Berlin') AS today,
      DATE_SUB(CURRENT_DATE('Europe/Berlin'), INTERVAL 12 MONTH) AS year_ago,
      DATE_TRUNC(CURRENT_DATE('Europe/Berlin'), QUARTER) AS quarter_start,
      ['Prospecting', 'Qualification', 'Needs Analysis'] AS early_stages
  ),

  accounts AS (
    SELECT
      a.Id AS account_id,
      a.Name AS account_name,
      NULLIF(TRIM(a.Industry), '') AS industry,
      a.Type AS account_type,
      UPPER(a.BillingCountry) AS country,
      a.OwnerId AS owner_id,
      a.ParentId AS parent_id,
      a.AnnualRevenue AS annual_revenue,
      a.NumberOfEmployees AS employees,
      DATE(a.CreatedDate) AS customer_since,
      CASE
        WHEN a.NumberOfEmployees >= 5000 THEN 'enterprise'
        WHEN a.NumberOfEmployees >= 500 THEN 'mid-market'
        WHEN a.NumberOfEmployees IS NULL THEN 'unknown'
        ELSE 'small'
      END AS size_class
    FROM Account AS a
    WHERE NOT a.IsDeleted
    QUALIFY ROW_NUMBER() OVER (PARTITION BY a.Id ORDER BY a.SystemModstamp DESC) = 1
  ),

  owners AS (
    SELECT
      u.Id AS owner_id,
      u.Name AS owner_name,
      LOWER(u.Email) AS owner_email,
      IFNULL(u.Department, 'none') AS department,
      m.Name AS manager_name,
      u.IsActive AS owner_is_active
    FROM User AS u
    LEFT JOIN User AS m
      ON u.ManagerId = m.Id
  ),

  opportunities AS (
    SELECT
      o.Id AS opportunity_id,
      o.AccountId AS account_id,
      o.OwnerId AS owner_id,
      o.CampaignId AS campaign_id,
      o.Name AS opportunity_name,
      o.StageName AS stage,
      o.Type AS opportunity_type,
      COALESCE(o.LeadSource, 'unknown') AS lead_source,
      o.ForecastCategory AS forecast_category,
      IFNULL(o.Amount, 0) AS amount,
      CAST(IFNULL(o.Probability, 0) AS NUMERIC) / 100 AS probability,
      o.CloseDate AS close_date,
      DATE(o.CreatedDate) AS created_date,
      o.IsWon AS is_won,
      o.IsClosed AS is_closed,
      o.IsClosed AND NOT o.IsWon AS is_lost,
      DATE_DIFF(o.CloseDate, DATE(o.CreatedDate), DAY) AS days_to_close,
      o.StageName IN UNNEST(s.early_stages) AS is_early,
      o.CloseDate >= s.quarter_start
        AND o.CloseDate < DATE_ADD(s.quarter_start, INTERVAL 1 QUARTER) AS closes_this_quarter,
      o.CloseDate >= s.year_ago AS is_recent,
      NOT o.IsClosed AND o.CloseDate < s.today AS is_overdue
    FROM Opportunity AS o
    CROSS JOIN settings AS s
    WHERE NOT o.IsDeleted
    QUALIFY ROW_NUMBER() OVER (PARTITION BY o.Id ORDER BY o.SystemModstamp DESC) = 1
  ),

  line_items AS (
    SELECT
      l.OpportunityId AS opportunity_id,
      p.Family AS family,
      p.ProductCode AS product_code,
      SUM(l.TotalPrice) AS revenue,
      SUM(CAST(l.Quantity AS NUMERIC)) AS quantity,
      AVG(IFNULL(l.Discount, 0)) AS discount,
      MIN(l.ServiceDate) AS first_service_date
    FROM OpportunityLineItem AS l
    JOIN Product2 AS p
      ON l.Product2Id = p.Id
    WHERE NOT l.IsDeleted
    GROUP BY opportunity_id, family, product_code
  ),

  line_items_by_opportunity AS (
    SELECT
      opportunity_id,
      COUNT(DISTINCT product_code) AS products,
      SUM(revenue) AS revenue,
      ARRAY_AGG(
        STRUCT(family, product_code, revenue, quantity)
        ORDER BY revenue DESC, product_code
        LIMIT 5
      ) AS largest,
      STRING_AGG(DISTINCT family, ', ' ORDER BY family) AS families,
      SAFE_DIVIDE(SUM(CAST(discount AS NUMERIC) * revenue), SUM(revenue)) AS weighted_discount
    FROM line_items
    GROUP BY opportunity_id
  ),

  families_by_account AS (
    SELECT
      o.account_id,
      l.family,
      SUM(l.revenue) AS revenue,
      RANK() OVER (PARTITION BY o.account_id ORDER BY SUM(l.revenue) DESC) AS place
    FROM line_items AS l
    JOIN opportunities AS o
      USING (opportunity_id)
    WHERE o.is_won
    GROUP BY o.account_id, l.family
  ),

  favourite_family AS (
    SELECT
      account_id,
      family AS favourite_family,
      revenue AS favourite_family_revenue
    FROM families_by_account
    WHERE place = 1
    QUALIFY ROW_NUMBER() OVER (PARTITION BY account_id ORDER BY family) = 1
  ),

  sales AS (
    SELECT
      o.account_id,
      COUNT(*) AS opportunities,
      COUNTIF(o.is_won) AS won,
      COUNTIF(o.is_lost) AS lost,
      COUNTIF(NOT o.is_closed) AS open,
      COUNTIF(o.is_overdue) AS overdue,
      SUM(IF(o.is_won, o.amount, 0)) AS won_amount,
      SUM(IF(o.is_won AND o.is_recent, o.amount, 0)) AS won_amount_last_year,
      SUM(IF(NOT o.is_closed, o.amount, 0)) AS open_amount,
      SUM(IF(NOT o.is_closed, o.amount * o.probability, 0)) AS weighted_amount,
      SUM(IF(NOT o.is_closed AND o.closes_this_quarter, o.amount, 0)) AS open_amount_this_quarter,
      SUM(IF(NOT o.is_closed AND o.is_early, o.amount, 0)) AS early_amount,
      AVG(IF(o.is_won, o.days_to_close, NULL)) AS average_days_to_win,
      APPROX_QUANTILES(IF(o.is_won, o.days_to_close, NULL), 2)[OFFSET(1)] AS median_days_to_win,
      MAX(IF(o.is_won, o.close_date, NULL)) AS last_won_on,
      MIN(o.created_date) AS first_opportunity_on,
      SAFE_DIVIDE(COUNTIF(o.is_won), COUNTIF(o.is_closed)) AS win_rate,
      ARRAY_AGG(
        IF(
          o.is_closed,
          NULL,
          STRUCT(o.opportunity_id, o.opportunity_name, o.stage, o.amount, o.close_date, l.products, l.families)
        )
        IGNORE NULLS
        ORDER BY o.amount DESC
        LIMIT 10
      ) AS largest_open,
      SUM(l.revenue) AS line_item_revenue
    FROM opportunities AS o
    LEFT JOIN line_items_by_opportunity AS l
      USING (opportunity_id)
    GROUP BY o.account_id
  ),

  by_quarter AS (
    SELECT
      account_id,
      FORMAT_DATE('%Y-Q%Q', close_date) AS quarter,
      SUM(amount) AS amount
    FROM opportunities
    WHERE is_won
      AND is_recent
    GROUP BY account_id, quarter
  ),

  trend AS (
    SELECT
      account_id,
      ARRAY_AGG(STRUCT(quarter, amount) ORDER BY quarter) AS quarters,
      MAX(amount) AS best_quarter
    FROM (
      SELECT
        account_id,
        quarter,
        amount,
        amount - LAG(amount) OVER (PARTITION BY account_id ORDER BY quarter) AS change
      FROM by_quarter
    )
    GROUP BY account_id
  ),

  campaigns AS (
    SELECT
      o.account_id,
      ARRAY_AGG(DISTINCT c.Name IGNORE NULLS ORDER BY c.Name LIMIT 3) AS campaigns,
      SUM(IFNULL(c.ActualCost, c.BudgetedCost)) AS campaign_cost
    FROM opportunities AS o
    JOIN Campaign AS c
      ON o.campaign_id = c.Id
    WHERE REGEXP_CONTAINS(c.Status, r'^(Completed|In Progress)$')
    GROUP BY o.account_id
  ),

  activity AS (
    SELECT
      t.WhatId AS account_id,
      COUNTIF(t.IsClosed) AS tasks_done,
      COUNTIF(NOT t.IsClosed) AS tasks_open,
      COUNTIF(NOT t.IsClosed AND t.Priority = 'High') AS tasks_urgent,
      MAX(t.ActivityDate) AS last_activity_on,
      ANY_VALUE(t.Subject HAVING MAX t.CreatedDate) AS last_subject
    FROM Task AS t
    WHERE NOT t.IsDeleted
      AND t.WhatId LIKE '001%'
    GROUP BY account_id
  ),

  service AS (
    SELECT
      c.AccountId AS account_id,
      COUNT(*) AS cases,
      COUNTIF(NOT c.IsClosed) AS cases_open,
      COUNTIF(c.Priority = 'High') AS cases_urgent,
      AVG(TIMESTAMP_DIFF(c.ClosedDate, c.CreatedDate, MINUTE) / 60) AS hours_to_close,
      COUNTIF(c.Origin = 'Phone') / COUNT(*) AS share_by_phone
    FROM `Case` AS c
    WHERE NOT c.IsDeleted
    GROUP BY account_id
  ),

  people AS (
    SELECT
      AccountId AS account_id,
      COUNT(*) AS contacts,
      COUNT(DISTINCT SPLIT(Email, '@')[SAFE_OFFSET(1)]) AS mail_domains,
      LOGICAL_OR(REGEXP_CONTAINS(LOWER(Title), r'\b(ceo|cfo|cto|chief)\b')) AS knows_the_board
    FROM Contact
    WHERE NOT IsDeleted
    GROUP BY account_id
  )

SELECT
  a.account_id,
  a.account_name,
  parent.account_name AS parent_name,
  IFNULL(a.industry, 'unknown') AS industry,
  a.country,
  a.size_class,
  a.annual_revenue,
  o.owner_name,
  o.owner_email,
  o.manager_name,
  s.opportunities,
  s.won,
  s.lost,
  s.open,
  s.overdue,
  ROUND(s.won_amount, 2) AS won_amount,
  ROUND(s.won_amount_last_year, 2) AS won_amount_last_year,
  ROUND(s.open_amount, 2) AS open_amount,
  ROUND(s.weighted_amount, 2) AS weighted_amount,
  s.win_rate,
  s.average_days_to_win,
  s.median_days_to_win,
  s.largest_open,
  t.quarters,
  SAFE_DIVIDE(s.won_amount_last_year, t.best_quarter * 4) AS steadiness,
  f.favourite_family,
  c.campaigns,
  SAFE_DIVIDE(s.won_amount, c.campaign_cost) AS return_on_campaigns,
  IFNULL(v.tasks_open, 0) AS tasks_open,
  v.last_activity_on,
  DATE_DIFF(settings.today, v.last_activity_on, DAY) AS days_without_activity,
  IFNULL(r.cases_open, 0) AS cases_open,
  r.hours_to_close,
  p.contacts,
  p.knows_the_board,
  NTILE(10) OVER (ORDER BY s.won_amount_last_year DESC) AS decile,
  PERCENT_RANK() OVER (PARTITION BY a.size_class ORDER BY s.open_amount) AS open_amount_rank,
  TO_JSON_STRING(STRUCT(a.account_id, s.won, s.lost, s.open)) AS summary
FROM accounts AS a
CROSS JOIN settings
LEFT JOIN accounts AS parent
  ON a.parent_id = parent.account_id
LEFT JOIN owners AS o
  ON a.owner_id = o.owner_id
LEFT JOIN sales AS s
  ON a.account_id = s.account_id
LEFT JOIN trend AS t
  ON a.account_id = t.account_id
LEFT JOIN favourite_family AS f
  ON a.account_id = f.account_id
LEFT JOIN campaigns AS c
  ON a.account_id = c.account_id
LEFT JOIN activity AS v
  ON a.account_id = v.account_id
LEFT JOIN service AS r
  ON a.account_id = r.account_id
LEFT JOIN people AS p
  ON a.account_id = p.account_id
WHERE s.opportunities > 0
  OR v.tasks_open > 0
  OR r.cases > 0
ORDER BY s.open_amount DESC, a.account_id
