// Makes the roles of an installation, where the connecting role may: the one step of a migration that reaches beyond its own database.
import { Client, DatabaseError, escapeIdentifier, escapeLiteral } from 'pg';
import { forwarderGroupRole, forwarderRoles, type LoginRole, loginRoles, migratorRole, roleSettings } from './roles';

export type Passwords = Partial<Readonly<Record<LoginRole, string>>>;

interface RoleRow {
  readonly rolname: string;
  readonly rolconfig: readonly string[] | null;
  readonly rolcanlogin: boolean;
}

/** Roles belong to the whole server, so that two databases migrated at once meet here: the loser of a race looks again. */
const raceCodes = new Set(['42710', '23505', 'XX000']);

export async function prepareRoles(client: Client, passwords: Passwords): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await prepareOnce(client, passwords);
    } catch (error) {
      if (!(error instanceof DatabaseError) || !raceCodes.has(error.code ?? '') || tries === 10) throw error;
    }
  }
}

async function prepareOnce(client: Client, passwords: Passwords): Promise<void> {
  const { rows } = await client.query<RoleRow>(
    `select rolname, rolconfig, rolcanlogin from pg_roles where rolname like 'auditlane\\_%'`,
  );
  const known = new Map(rows.map((row) => [row.rolname, row]));
  if (!known.has(forwarderGroupRole)) {
    await client.query(`create role ${forwarderGroupRole} nologin noinherit`);
  }
  for (const role of loginRoles) {
    if (!known.has(role)) await client.query(`create role ${role} login`);
    const password = passwords[role];
    if (password !== undefined) await client.query(`alter role ${role} password ${escapeLiteral(password)}`);
    for (const [name, value] of Object.entries(roleSettings(role))) {
      if (known.get(role)?.rolconfig?.includes(`${name}=${value}`)) continue;
      await client.query(`alter role ${role} set ${name} = ${escapeLiteral(value)}`);
    }
  }
  for (const role of forwarderRoles) {
    if (!(await isMember(client, role, forwarderGroupRole)))
      await client.query(`grant ${forwarderGroupRole} to ${role}`);
  }
  const me = await currentUser(client);
  if (!(await isMember(client, me, migratorRole))) {
    await client.query(`grant ${migratorRole} to ${escapeIdentifier(me)}`);
  }
}

export async function currentUser(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>('select current_user as name');
  return rows[0]?.name ?? '';
}

async function isMember(client: Client, role: string, group: string): Promise<boolean> {
  const { rows } = await client.query<{ member: boolean }>(`select pg_has_role($1, $2, 'member') as member`, [
    role,
    group,
  ]);
  return rows[0]?.member === true;
}

/** Whether the connecting role may make roles; where not, they must be there already. */
export async function mayMakeRoles(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    'select rolsuper or rolcreaterole as may from pg_roles where rolname = current_user',
  );
  return rows[0]?.may === true;
}
