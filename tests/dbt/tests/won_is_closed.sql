select * from {{ ref('stg_opportunities') }} where stage = 'Won' and not closed
