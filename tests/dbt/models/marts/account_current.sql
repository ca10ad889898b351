{{ config(
    materialized='incremental',
    unique_key='id',
    incremental_strategy='merge',
    on_schema_change='append_new_columns',
    cluster_by=['industry'],
    partition_by={'field': 'changed_at', 'data_type': 'timestamp', 'granularity': 'day'}
) }}

select id, name, industry, revenue, changed_at
{% if var('as_of') >= 2 %}, char_length(name) as name_length{% endif %}
from {{ ref('stg_accounts') }}
{% if is_incremental() %}
where changed_at > (select max(changed_at) from {{ this }})
{% endif %}
