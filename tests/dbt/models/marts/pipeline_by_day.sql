{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by={'field': 'close_date', 'data_type': 'date'}
) }}

select
    close_date,
    count(*) as opportunities,
    sum(amount) as amount,
    array_agg(struct(id, amount) order by amount desc limit 2) as largest
from {{ ref('stg_opportunities') }}
{% if is_incremental() %}
where close_date >= (select max(close_date) from {{ this }})
{% endif %}
group by close_date
