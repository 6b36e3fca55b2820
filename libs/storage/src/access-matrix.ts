// Who may do what to which table: the matrix that docs/access-matrix.md prints and a test compares with the live catalogue.
import { forwarderGroupRole } from './roles';

export type Privilege = 'select' | 'insert' | 'update' | 'delete';
/** Rows a role reaches through row-level security: its tenant's, everyone's, or (operators) its tenant's and, on request, everyone's. */
export type Rows = 'all' | 'tenant' | 'tenant or operator';

export interface Access {
  readonly role: 'auditlane_persistence' | 'auditlane_query' | typeof forwarderGroupRole;
  readonly privileges: readonly Privilege[];
  readonly rows: Rows;
}

export interface TableAccess {
  readonly table: string;
  readonly rowSecurity: boolean;
  readonly access: readonly Access[];
}

const persistence = (rows: Rows, ...privileges: Privilege[]): Access => ({
  role: 'auditlane_persistence',
  privileges,
  rows,
});
const query = (rows: Rows, ...privileges: Privilege[]): Access => ({ role: 'auditlane_query', privileges, rows });
const forwarder = (rows: Rows, ...privileges: Privilege[]): Access => ({ role: forwarderGroupRole, privileges, rows });
const guarded = (table: string, ...access: Access[]): TableAccess => ({ table, rowSecurity: true, access });
/** Tables that hold no tenant's content, or that one role alone may touch. */
const open = (table: string, ...access: Access[]): TableAccess => ({ table, rowSecurity: false, access });

export const accessMatrix: readonly TableAccess[] = [
  open('audit.topology', persistence('all', 'select'), query('all', 'select'), forwarder('all', 'select')),
  guarded('audit.events', persistence('all', 'insert'), query('tenant', 'select'), forwarder('tenant', 'select')),
  guarded(
    'audit.tenant_head',
    persistence('all', 'select', 'insert', 'update'),
    query('tenant', 'select'),
    forwarder('tenant', 'select'),
  ),
  open('audit.dedupe', persistence('all', 'select', 'insert', 'delete')),
  open('audit.partition_state', persistence('all', 'select', 'insert', 'update')),
  open('audit.attempt', persistence('all', 'select', 'insert', 'update', 'delete')),
  guarded('audit.quarantine', persistence('all', 'select', 'insert'), query('tenant or operator', 'select')),
  guarded(
    'audit.quarantine_tally',
    persistence('all', 'select', 'insert', 'update', 'delete'),
    query('tenant or operator', 'select'),
  ),
  open('settings.version', query('all', 'select', 'update'), forwarder('all', 'select')),
  guarded('settings.destinations', query('tenant', 'select', 'insert', 'update', 'delete'), forwarder('all', 'select')),
  open('delivery.partition_owner', forwarder('all', 'select', 'insert', 'update')),
  guarded('delivery.cursor', forwarder('all', 'select', 'insert', 'update', 'delete'), query('tenant', 'select')),
  guarded('delivery.status', forwarder('all', 'select', 'insert', 'update'), query('tenant or operator', 'select')),
  guarded('delivery.dead_letter', forwarder('all', 'select', 'insert', 'update', 'delete'), query('tenant', 'select')),
  guarded('delivery.gap', forwarder('all', 'select', 'insert', 'update'), query('tenant', 'select')),
  guarded('delivery.replay', query('tenant', 'select', 'insert', 'update'), forwarder('all', 'select')),
  guarded('delivery.replay_letter', query('tenant', 'select', 'insert'), forwarder('all', 'select', 'delete')),
  guarded('delivery.replay_progress', forwarder('all', 'select', 'insert', 'update'), query('tenant', 'select')),
  guarded('settings.webhook', query('tenant', 'select', 'insert', 'update', 'delete'), forwarder('all', 'select')),
  guarded('delivery.notification', forwarder('all', 'select', 'insert', 'update'), query('tenant', 'select')),
  open('delivery.replica', forwarder('all', 'select', 'insert', 'update', 'delete'), query('all', 'select')),
];

/** What `npm run rotate-keys` may touch, of every tenant: columns, not tables. */
export const keyRotationColumns: Readonly<Record<string, Readonly<Record<'select' | 'update', readonly string[]>>>> = {
  'settings.destinations': { select: ['id', 'tenant_id', 'token'], update: ['token'] },
  'settings.webhook': { select: ['secret', 'tenant_id'], update: ['secret'] },
};

/** Functions a role may call; nobody else may. */
export const functionMatrix: Readonly<Record<string, readonly Access['role'][]>> = {
  'audit.make_day': ['auditlane_persistence'],
  'audit.drop_day': ['auditlane_persistence'],
  'audit.database_day': ['auditlane_persistence'],
  'settings.raise_version': ['auditlane_query'],
};
