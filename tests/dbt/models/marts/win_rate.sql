with totals as (
    select
        a.industry,
        countif(o.stage = 'Won') as won,
        countif(o.closed) as closed
    from {{ ref('stg_accounts') }} as a
    left join {{ ref('stg_opportunities') }} as o on o.account_id = a.id
    group by 1
)

select
    ifnull(industry, 'unknown') as industry,
    won,
    closed,
    safe_divide(won, closed) as win_rate
from totals
