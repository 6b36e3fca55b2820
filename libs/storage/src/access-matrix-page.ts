// Prints the access matrix as the page docs/access-matrix.md.
import { accessMatrix, functionMatrix, keyRotationColumns, type TableAccess } from './access-matrix';

const roles = ['auditlane_persistence', 'auditlane_query', 'auditlane_forwarder'] as const;

export function accessMatrixPage(): string {
  return `# Who may do what in the database

Written from \`libs/storage/src/access-matrix.ts\`; \`libs/storage/test/access-matrix.test.ts\` holds the live catalogue to it.
\`auditlane_migrator\` owns everything and no service role is a member of it. The three forwarder roles (\`_splunk\`, \`_http\`,
\`_elasticsearch\`) have what the group \`auditlane_forwarder\` has. Partitions have no grants: only their parents can be reached.

Letters: S select, I insert, U update, D delete. _tenant_: only rows of \`current_setting('auditlane.tenant')\`, none where it is
unset; _tenant or operator_: also everyone's where \`auditlane.operator\` is on. Both by row-level security, forced on parents and partitions.

<!-- prettier-ignore-start -->

| table | row security | ${roles.join(' | ')} |
|---|---|---|---|---|
${accessMatrix.map(tableRow).join('\n')}

\`auditlane_key_rotation\` (\`npm run rotate-keys\`) reaches these columns of all tenants and nothing else:

| table | may read | may update |
|---|---|---|
${Object.entries(keyRotationColumns)
  .map(([table, { select, update }]) => `| \`${table}\` | ${select.join(', ')} | ${update.join(', ')} |`)
  .join('\n')}

| function | may be called by |
|---|---|
${Object.entries(functionMatrix)
  .map(([name, callers]) => `| \`${name}\` | ${callers.join(', ')} |`)
  .join('\n')}

<!-- prettier-ignore-end -->
`;
}

function tableRow({ table, rowSecurity, access }: TableAccess): string {
  const cells = roles.map((role) => {
    const found = access.find((entry) => entry.role === role);
    if (!found) return '–';
    const letters = found.privileges.map((privilege) => privilege.charAt(0).toUpperCase()).join('');
    return found.rows === 'all' ? letters : `${letters} (${found.rows})`;
  });
  return `| \`${table}\` | ${rowSecurity ? 'forced' : '–'} | ${cells.join(' | ')} |`;
}
