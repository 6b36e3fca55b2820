// SQL of schema settings: what tenants configure. The version is counted by triggers, so that no writer can forget it.

export const settingsSchemaSql = `
create table settings.version (
  only_row boolean primary key default true check (only_row),
  version bigint not null default 0
);
insert into settings.version default values;

create function settings.raise_version() returns bigint language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  raised bigint;
begin
  if current_setting('auditlane.settings_raised_by', true) = pg_current_xact_id()::text then
    return (select version from settings.version);
  end if;
  update settings.version set version = version + 1 returning version into raised;
  perform set_config('auditlane.settings_raised_by', pg_current_xact_id()::text, true);
  return raised;
end $$;
comment on function settings.raise_version() is
  'The version of this transaction: raised on the first call, the same on the next. The counter''s row lock makes versions commit in order, so that a poll misses none.';

create function settings.announce_version() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_notify('settings_changed', new.version::text);
  return null;
end $$;
create trigger announce after update on settings.version for each row execute function settings.announce_version();

create table settings.destinations (
  id uuid primary key,
  tenant_id text not null,
  type text not null check (type in ('splunk', 'http', 'elasticsearch')),
  name text not null,
  enabled boolean not null default true,
  url text not null,
  options jsonb not null default '{}',
  ca_pem text,
  filter text,
  token jsonb,
  token_last4 text not null default '',
  version bigint not null default 0,
  start_seq bigint not null default 1,
  start_version bigint not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index destinations_by_tenant on settings.destinations (tenant_id, type);
comment on column settings.destinations.version is 'Set by trigger to the version of the transaction that last wrote the row.';
comment on column settings.destinations.start_version is
  'The version in which start_seq was last set; a writer that sets a start position sets it to settings.raise_version().';

create function settings.stamp_version() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.version := settings.raise_version();
  new.updated_at := clock_timestamp();
  return new;
end $$;
create trigger stamp before insert or update on settings.destinations for each row execute function settings.stamp_version();

create function settings.count_removal() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform settings.raise_version();
  return null;
end $$;
create trigger removed after delete on settings.destinations for each statement execute function settings.count_removal();

alter table settings.destinations enable row level security;
alter table settings.destinations force row level security;
`;
