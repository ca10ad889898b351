{% macro quarter(column) %}format_date('%Y-Q%Q', {{ column }}){% endmacro %}
