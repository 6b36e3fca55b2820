// SQL of what admins ask of a delivery and what is told about it: replays, resends of dead letters, and a webhook about health.

const tenant = `tenant_id = nullif(current_setting('auditlane.tenant', true), '')`;

/** A replay's wish and its progress stand apart, so that each has one writer: the query service wishes, the partition's owner works. */
export const deliveryOperationsSql = `
create table delivery.replay (
  id uuid primary key,
  destination_id uuid not null references settings.destinations on delete cascade,
  tenant_id text not null,
  kind text not null check (kind in ('range', 'dead_letters')),
  from_seq bigint not null check (from_seq >= 1),
  to_seq bigint not null check (to_seq >= from_seq),
  wish text not null default 'run' check (wish in ('run', 'pause', 'cancel')),
  requested_by text not null default '',
  version bigint not null default 0,
  created_at timestamptz not null default now()
);
create index replay_by_destination on delivery.replay (destination_id, created_at);
create index replay_by_version on delivery.replay (version);
comment on column delivery.replay.version is
  'Set by trigger from the one counter of settings, so that a forwarder that keeps up with settings keeps up with replays.';
create trigger stamp before insert or update on delivery.replay for each row execute function settings.stamp_replay_version();

create table delivery.replay_letter (
  replay_id uuid not null references delivery.replay on delete cascade,
  tenant_id text not null,
  seq bigint not null,
  primary key (replay_id, seq)
);
comment on table delivery.replay_letter is 'Which dead letters a replay of kind dead_letters sends again; a row goes once its letter is settled.';

create table delivery.replay_progress (
  replay_id uuid primary key references delivery.replay on delete cascade,
  tenant_id text not null,
  state text not null check (state in ('running', 'waiting', 'paused', 'completed', 'cancelled')),
  next_seq bigint not null,
  delivered bigint not null default 0,
  dead_lettered bigint not null default 0,
  unwanted bigint not null default 0,
  missing bigint not null default 0,
  reason text not null default '',
  words text not null default '',
  updated_at timestamptz not null default now()
);

alter table delivery.dead_letter add column resends int not null default 0;
alter table delivery.status add column failing_since timestamptz;
comment on column delivery.status.failing_since is
  'When the outage began that is still on. Only a success ends one: neither a restart nor another name for the failure does.';

create table settings.webhook (
  tenant_id text primary key,
  url text not null,
  enabled boolean not null default true,
  ca_pem text,
  secret jsonb not null,
  version bigint not null default 0,
  updated_at timestamptz not null default now()
);
create trigger stamp before insert or update on settings.webhook for each row execute function settings.stamp_version();
create trigger removed after delete on settings.webhook for each statement execute function settings.count_removal();

create table delivery.notification (
  destination_id uuid not null references settings.destinations on delete cascade,
  tenant_id text not null,
  partition int not null,
  failing_since timestamptz not null,
  kind text not null check (kind in ('failing_15_minutes', 'failing_24_hours', 'recovered')),
  id uuid not null unique,
  body text not null,
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  tries int not null default 0,
  next_try_at timestamptz not null default now(),
  words text not null default '',
  primary key (destination_id, failing_since, kind)
);
create index notification_unsent on delivery.notification (partition, next_try_at) where sent_at is null;
create index notification_by_tenant on delivery.notification (tenant_id, created_at);
comment on table delivery.notification is 'Each alarm once: the key names the outage it speaks of, and the row stands before the first request for it is made.';

do $$
declare
  name text;
begin
  foreach name in array array['delivery.replay', 'delivery.replay_letter', 'delivery.replay_progress', 'delivery.notification', 'settings.webhook'] loop
    execute format('alter table %s enable row level security', name);
    execute format('alter table %s force row level security', name);
  end loop;
end $$;

grant select, insert, update on delivery.replay to auditlane_query;
grant select on delivery.replay to auditlane_forwarder;
grant select, insert on delivery.replay_letter to auditlane_query;
grant select, delete on delivery.replay_letter to auditlane_forwarder;
grant select, insert, update on delivery.replay_progress to auditlane_forwarder;
grant select on delivery.replay_progress to auditlane_query;
grant select, insert, update, delete on settings.webhook to auditlane_query;
grant select on settings.webhook to auditlane_forwarder;
grant select, insert, update on delivery.notification to auditlane_forwarder;
grant select on delivery.notification to auditlane_query;
-- No more than sealed values and what they are bound to: neither addresses nor names, and no key opens anything without the ring.
grant usage on schema settings to auditlane_key_rotation;
grant select (id, tenant_id, token), update (token) on settings.destinations to auditlane_key_rotation;
grant select (tenant_id, secret), update (secret) on settings.webhook to auditlane_key_rotation;

create policy query_writes_tenant on delivery.replay to auditlane_query using (${tenant}) with check (${tenant});
create policy forwarder_reads on delivery.replay for select to auditlane_forwarder using (true);
create policy query_writes_tenant on delivery.replay_letter to auditlane_query using (${tenant}) with check (${tenant});
create policy forwarder_settles on delivery.replay_letter to auditlane_forwarder using (true) with check (true);
create policy forwarder_writes on delivery.replay_progress to auditlane_forwarder using (true) with check (true);
create policy query_reads_tenant on delivery.replay_progress for select to auditlane_query using (${tenant});
create policy rotation_reseals on settings.destinations to auditlane_key_rotation using (true) with check (true);
create policy rotation_reseals on settings.webhook to auditlane_key_rotation using (true) with check (true);
create policy query_writes_tenant on settings.webhook to auditlane_query using (${tenant}) with check (${tenant});
create policy forwarder_reads on settings.webhook for select to auditlane_forwarder using (true);
create policy forwarder_writes on delivery.notification to auditlane_forwarder using (true) with check (true);
create policy query_reads_tenant on delivery.notification for select to auditlane_query using (${tenant});
`;

/** Before the tables: their triggers name it. A replay has no updated_at, which settings.stamp_version sets. */
export const stampReplaySql = `
create function settings.stamp_replay_version() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.version := settings.raise_version();
  return new;
end $$;
`;

/** The same secret under another key-encryption key is no new version: nobody has to reconnect for it. */
export const stampVersionSql = `
create or replace function settings.stamp_version() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  before jsonb;
  after jsonb := to_jsonb(new);
begin
  if tg_op = 'UPDATE' then
    before := to_jsonb(old);
    if before #- '{token,kek}' #- '{token,dek}' #- '{secret,kek}' #- '{secret,dek}'
      = after #- '{token,kek}' #- '{token,dek}' #- '{secret,kek}' #- '{secret,dek}' and before <> after then
      return new;
    end if;
  end if;
  new.version := settings.raise_version();
  new.updated_at := clock_timestamp();
  return new;
end $$;
`;
