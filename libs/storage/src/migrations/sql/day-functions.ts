// SQL of the two functions through which alone a service may change what tables there are: making and dropping a day.
// Both run as the migrator (SECURITY DEFINER) with a fixed search_path, so that the services need to own nothing.

export const dayFunctionsSql = `
create function audit.database_day() returns date language sql volatile parallel safe set search_path = pg_catalog as $$
  select (clock_timestamp() at time zone 'UTC')::date
$$;

create function audit.make_day(day date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  today date := audit.database_day();
  kept int := (select retention_days from audit.topology);
  parent text;
  part text;
  made boolean := false;
begin
  if day is null or day < today - (kept + 8) or day > today + 31 then
    raise exception 'make_day: % is out of range', day using errcode = 'invalid_parameter_value';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('auditlane.days', 0));
  foreach parent in array array['events', 'quarantine'] loop
    part := parent || '_' || to_char(day, 'YYYYMMDD');
    continue when exists (
      select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'audit' and c.relname = part);
    -- Made aside and attached: attaching lets inserts into the other days go on, creating it in place would stop them all.
    execute format('create table audit.%I (like audit.%I including all)', part, parent);
    execute format('alter table audit.%I enable row level security', part);
    execute format('alter table audit.%I force row level security', part);
    execute format('alter table audit.%I attach partition audit.%I for values from (%L) to (%L)', parent, part, day, day + 1);
    made := true;
  end loop;
  return made;
end $$;
comment on function audit.make_day(date) is 'Makes the partitions of one day; true where any was missing.';

create function audit.drop_day(day date, caller_now timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  kept int := (select retention_days from audit.topology);
  database_now timestamptz := clock_timestamp();
  oldest text;
  parent text;
  part text;
  dropped boolean := false;
begin
  if day is null or caller_now is null then
    raise exception 'drop_day: a day and the caller''s clock are needed' using errcode = 'null_value_not_allowed';
  end if;
  if abs(extract(epoch from caller_now - database_now)) > 3600 then
    raise exception 'drop_day: the clocks disagree: database %, caller %', database_now, caller_now using errcode = 'AL001';
  end if;
  -- The youngest event of the day was stored just before the day's end and is owed its full retention from there.
  if day + 1 + kept > (database_now at time zone 'UTC')::date or day + 1 + kept > (caller_now at time zone 'UTC')::date then
    raise exception 'drop_day: % is not older than % days', day, kept using errcode = 'AL002';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('auditlane.days', 0));
  -- What goes must be a prefix of every tenant's seq: never a day before the days older than it.
  select min(c.relname) into oldest from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'audit.events'::regclass;
  if oldest < 'events_' || to_char(day, 'YYYYMMDD') then
    raise exception 'drop_day: % is older and must go first', oldest using errcode = 'AL003';
  end if;
  foreach parent in array array['events', 'quarantine'] loop
    part := parent || '_' || to_char(day, 'YYYYMMDD');
    continue when not exists (
      select from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = ('audit.' || parent)::regclass and c.relname = part);
    execute format('drop table audit.%I', part);
    dropped := true;
  end loop;
  return dropped;
end $$;
comment on function audit.drop_day(date, timestamptz) is
  'Drops one day that is older than retention by the database''s clock and by the caller''s; refuses where they differ by more than an hour.';
`;
