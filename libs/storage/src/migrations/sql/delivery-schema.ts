// SQL of schema delivery: who owns a partition, where a destination stands while it is not live, and what it told us.

export const deliverySchemaSql = `
create table delivery.partition_owner (
  "group" text not null,
  partition int not null,
  epoch bigint not null default 0,
  instance text not null default '',
  primary key ("group", partition)
);

create table delivery.cursor (
  destination_id uuid primary key references settings.destinations on delete cascade,
  tenant_id text not null,
  next_seq bigint not null,
  state text not null check (state in ('parked', 'disabled')),
  reason text not null,
  since timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table delivery.status (
  destination_id uuid primary key references settings.destinations on delete cascade,
  tenant_id text not null,
  started_version bigint not null default 0,
  delivered_through bigint not null default 0,
  state text not null default 'healthy' check (state in ('healthy', 'retrying', 'failing', 'disabled')),
  reason text not null default '',
  words text not null default '',
  since timestamptz not null default now(),
  last_success_at timestamptz,
  oldest_unsent_at timestamptz,
  attempts jsonb not null default '[]',
  updated_at timestamptz not null default now()
);

create table delivery.dead_letter (
  destination_id uuid not null references settings.destinations on delete cascade,
  tenant_id text not null,
  seq bigint not null,
  event_id text not null,
  reason text not null,
  code text not null default '',
  words text not null default '',
  excerpt text not null default '',
  at timestamptz not null default now(),
  primary key (destination_id, seq)
);

create table delivery.gap (
  destination_id uuid not null references settings.destinations on delete cascade,
  tenant_id text not null,
  from_seq bigint not null,
  to_seq bigint not null check (to_seq >= from_seq),
  reason text not null,
  at timestamptz not null default now(),
  primary key (destination_id, from_seq)
);

create table delivery.replica (
  "group" text not null,
  instance text not null,
  settings_version bigint not null default 0,
  seen_at timestamptz not null default now(),
  primary key ("group", instance)
);

do $$
declare
  name text;
begin
  foreach name in array array['cursor', 'status', 'dead_letter', 'gap'] loop
    execute format('alter table delivery.%I enable row level security', name);
    execute format('alter table delivery.%I force row level security', name);
  end loop;
end $$;
`;
