// Makes audit events that look like a working company's day: all 14 areas, people with habits, parameters that fit the action.
import { catalogue, type Action, type AreaKey } from '@auditlane/contracts';
import type { NewAuditEvent } from '@auditlane/producer';
import type { DemoTenant } from './tenants';

const people: Readonly<Record<DemoTenant, readonly string[]>> = {
  acme: ['jane.doe', 'omar.haddad', 'li.wei', 'sofia.rossi', 'tomas.novak'],
  globex: ['hank.scorpio', 'maria.silva', 'kofi.mensah', 'anna.berg'],
  initech: ['peter.gibbons', 'samir.n', 'joanna.k', 'bill.lumbergh'],
};
const workspaces = ['Production', 'Staging', 'Security operations', 'Finance', 'Research'];
const subjects: Readonly<Record<AreaKey, readonly string[]>> = {
  approval_management: ['Access to payroll', 'Firewall change 4711', 'New vendor: Contoso'],
  cases: ['Phishing: invoice.pdf', 'Impossible travel of j.doe', 'Malware on LAPTOP-0231'],
  case_related_tables: ['Observables', 'Case tasks', 'Timeline'],
  connections: ['Jira Cloud', 'CrowdStrike', 'Okta', 'AWS production'],
  dashboards: ['Mean time to respond', 'Open cases by severity', 'Automation savings'],
  global_variables: ['slack_channel', 'escalation_group', 'api_base_url'],
  runners: ['runner-eu-1', 'runner-us-2', 'runner-onprem-dmz'],
  self_service_apps: ['Request access', 'Report phishing', 'Reset MFA'],
  tables: ['Allow list', 'VIP users', 'Asset inventory'],
  tenant_admin_settings: ['Session time-out', 'Allowed domains', 'Single sign-on'],
  tenant_user_management: ['Analysts', 'Administrators', 'new.colleague'],
  users: ['Profile', 'Password', 'Personal API key'],
  workflows: ['Enrich alert', 'Isolate host', 'Daily report', 'Disable leaver'],
  workspace_management: ['Production', 'Staging', 'Research'],
};

function pick<T>(items: readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

/** One event; `random` gives numbers in [0, 1), so that a seed gives the same day again. */
export function believableEvent(tenant: DemoTenant, occurredAt: Date, random: () => number): NewAuditEvent {
  const area = pick(catalogue, random);
  const action = pick<Action>(area.actions, random);
  const subject = pick(subjects[area.key], random);
  const person = pick(people[tenant], random);
  const byMachine = random() < 0.08;
  return {
    tenantId: tenant,
    action: action.key,
    occurredAt,
    actor: byMachine
      ? { type: 'service_account', name: 'provisioning-bot', id: 'svc-17' }
      : { type: 'user', email: `${person}@${tenant}.test`, name: person.replace('.', ' ') },
    workspace: { name: pick(workspaces, random) },
    parameters: {
      name: subject,
      object_id: `${area.key}-${Math.floor(random() * 9000) + 1000}`,
      via: random() < 0.7 ? 'ui' : 'api',
    },
    details: `${action.description} Subject: ${subject}.`,
    context: {
      ip: `198.51.100.${Math.floor(random() * 250) + 1}`,
      userAgent: byMachine ? 'provisioning/2.4' : 'Mozilla/5.0 (X11; Linux x86_64) Firefox/144.0',
      requestId: `req-${Math.floor(random() * 1e9).toString(36)}`,
    },
  };
}
