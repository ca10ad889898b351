select * from `acme.marts.t` where day is null
