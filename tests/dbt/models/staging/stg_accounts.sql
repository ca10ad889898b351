with all_changes as (
    select id, name, industry, revenue, changed_at from {{ ref('accounts') }}
    {% if var('as_of') >= 2 %}
    union all
    select id, name, industry, cast(revenue as numeric), cast(changed_at as timestamp) from {{ ref('accounts_later') }}
    {% endif %}
)

select * from all_changes
qualify row_number() over (partition by id order by changed_at desc) = 1
