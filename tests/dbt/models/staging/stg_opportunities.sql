select
    o.* except (stage),
    s.stage,
    s.closed
from {{ ref('opportunities') }} as o
join {{ ref('stages') }} as s using (stage)
