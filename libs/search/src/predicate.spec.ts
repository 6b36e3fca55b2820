// Which events a search finds, and which of them it can tell by their headers alone.
import { eventContent, parse, predicate, type EventFacts } from '.';

const facts: EventFacts = {
  action: 'workflows.workflow_created',
  area: 'workflows',
  category: 'System configuration',
  workspace: 'EU Production',
  actor: 'Jane@acme.test',
  id: 'Id-1',
  occurredAt: Date.parse('2026-11-23T10:00:00Z'),
};
const canonical = JSON.stringify({
  context: { ip: '203.0.113.7' },
  details: 'Created from a Template',
  parameters: { big: 1e21, 'dry run': true, name: 'Nightly sync', roles: ['admin', 'owner'], size: 12.5, tiny: 1.5e-7 },
});

const compiled = (text: string) => {
  const parsed = parse(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return predicate(parsed.query);
};
const finds = (text: string): boolean => compiled(text).matches(facts, () => eventContent(canonical));

it.each([
  '',
  'action:workflows.workflow_created',
  'action:workflows.*',
  'action:cases.case_viewed,workflows.*',
  '-action:cases.case_viewed',
  'area:workflows',
  'category:system_configuration',
  'workspace:"eu production"',
  'workspace:EU*',
  'workspace:*',
  'actor:jane@ACME.test',
  'id:Id-1',
  'id:Id*',
  'ip:203.0.113.*',
  'param.name:"NIGHTLY sync"',
  'param.roles:owner',
  'param.size:12.5',
  'param.big:1000000000000000000000',
  'param.tiny:0.00000015',
  'param."dry run":TRUE',
  'param.size:*',
  'after:2026-11-23 before:2026-11-24 on:2026-11-23',
  'after:2026-11-23T10:00:00Z',
  '-before:2026-11-23T10:00:00Z',
  'template',
  '"from a temp"',
  'workflow',
  '"Workflow created"',
  'jane',
  'product',
  'dry',
  '12.5',
])('finds the event by %s', (text) => {
  expect(finds(text)).toBe(true);
});

it.each([
  '-action:workflows.*',
  'area:cases',
  'workspace:EU',
  'actor:jane',
  'id:id-1',
  'ip:203.0.113.70',
  'param.Name:*',
  'param.roles:adm',
  'param.missing:*',
  'before:2026-11-23T10:00:00Z',
  'template nowhere',
  'Id-1',
  '203.0.113.7',
])('does not find it by %s', (text) => {
  expect(finds(text)).toBe(false);
});

it('looks into the event only where its headers cannot decide', () => {
  const never = () => {
    throw new Error('the content was read');
  };
  const byHeaders = compiled(
    'action:workflows.* area:workflows workspace:eu* -actor:joe id:* category:user* after:2026-01-01',
  );
  expect(byHeaders.headersOnly).toBe(true);
  expect(byHeaders.matches(facts, never)).toBe(false);
  const both = compiled('template area:cases');
  expect(both.headersOnly).toBe(false);
  expect(both.matches(facts, never)).toBe(false);
  expect(compiled('jane').matches(facts, never)).toBe(true);
});

it('finds nothing in an event that cannot be read', () => {
  expect(compiled('param.a:*').matches(facts, () => eventContent('not JSON'))).toBe(false);
});
