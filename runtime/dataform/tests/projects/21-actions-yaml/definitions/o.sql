create or replace table `acme.marts.o` as select 1 as x
