-- What a tool for charts may read (docs/decisions/0119): sums of months and years that have ended, in steps of eleven people, and nothing else. Whoever may
-- connect may read them; nobody but the service may read the tables behind them.
create schema figures;

-- Made again whenever the tables behind them are (finish_rebuild).
create function make_figures() returns void language plpgsql security definer set search_path = public as $$
begin
  create view figures.opinions_by_month as
  select date_trunc('month', delivered_at at time zone 'Europe/Paris')::date as month, count(*) - count(*) % 11 as opinions
  from case_fact
  where delivered_at < date_trunc('month', now() at time zone 'Europe/Paris') at time zone 'Europe/Paris'
  group by 1;

  create view figures.people_by_department_class as
  select c.year, coalesce(d.class, 'unclassified') as class, count(*) - count(*) % 11 as people
  from (
    select extract(year from delivered_at at time zone 'Europe/Paris')::int as year, department_code
    from case_fact
    where delivered_at < date_trunc('year', now() at time zone 'Europe/Paris') at time zone 'Europe/Paris' and department_code is not null
  ) as c
  left join department_class d on d.version = (select max(version) from department_class_version) and d.code = c.department_code
  group by 1, 2;

  create view figures.people_by_category as
  select extract(year from delivered_at at time zone 'Europe/Paris')::int as year, mission_category as category, count(*) - count(*) % 11 as people
  from case_fact
  where delivered_at < date_trunc('year', now() at time zone 'Europe/Paris') at time zone 'Europe/Paris' and mission_category is not null
  group by 1, 2;

  create view figures.opinions_by_outcome as
  select extract(year from delivered_at at time zone 'Europe/Paris')::int as year,
    case when diagnosis <> 'changed' and treatment <> 'changed' then 'converges' else 'differs' end as outcome,
    count(*) - count(*) % 11 as opinions
  from case_fact
  where delivered_at < date_trunc('year', now() at time zone 'Europe/Paris') at time zone 'Europe/Paris' and outcome_version > 0
  group by 1, 2;

  create view figures.beneficiaries_by_list as
  select insurer_id, version, accepted as people, imported_at from roster_fact;

  grant usage on schema figures to public;
  grant select on all tables in schema figures to public;
end $$;
select make_figures();

create or replace function finish_rebuild() returns void language plpgsql security definer set search_path = public as $$
declare fact name;
begin
  for fact in select relname from pg_class where relnamespace = 'rebuild'::regnamespace and relkind = 'r' loop
    -- The views go with it.
    execute format('drop table public.%I cascade', fact);
    execute format('alter table rebuild.%I set schema public', fact);
  end loop;
  perform make_figures();
end $$;
