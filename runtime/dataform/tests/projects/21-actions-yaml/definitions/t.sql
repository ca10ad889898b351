select `a` as "b\n", current_date() as day -- ${not_js}
