import { destinationTypes } from '@auditlane/contracts';
import { registry } from '@auditlane/destinations';
import { shownRequest } from './shown-request';

const event = {
  seq: 7,
  canonical: Buffer.from(`{"details":"${'ä'.repeat(40_000)}"}`),
  headers: {
    tenant: 'acme',
    id: 'e7',
    contentHash: '',
    action: 'workflows.workflow_created',
    area: 'workflows',
    category: 'User actions',
    occurredAt: 1_700_000_000_000,
    receivedAt: 1_700_000_000_000,
    workspace: '',
    actor: 'jane@acme.test',
    clockSkew: false,
    seq: 7,
    acceptedOffset: 7,
  },
};
const id = '5f0c2f9e-0000-4000-8000-000000000000';
const url = 'https://siem.acme.test:8088';

describe.each(destinationTypes)('the request shown for a dead letter of type %s', (type) => {
  const options = registry[type].settings.parse({});

  it('is what would be sent, its beginning at least, without any token', () => {
    const shown = shownRequest({ id, type, url, options }, event);
    expect(shown).toMatchObject({ method: 'POST', bodyCut: true });
    expect(shown?.url.startsWith(url)).toBe(true);
    expect(shown?.headers['authorization']).toMatch(/^\w+ ••••$/);
    expect(shown?.body.includes('ää')).toBe(true);
    expect(shown?.body.includes('\uFFFD')).toBe(false);
    expect(JSON.stringify(shown)).not.toContain('hidden');
  });

  it('is not made up where the settings are not valid', () => {
    expect(shownRequest({ id, type, url: 'ftp://nowhere', options }, event)).toBeUndefined();
  });
});

it('hides a basic sign-in too, which is the token in another spelling', () => {
  const options = registry.elasticsearch.settings.parse({ auth: 'basic' });
  const shown = shownRequest({ id, type: 'elasticsearch', url, options }, event);
  expect(shown?.headers['authorization']).toBe('Basic ••••');
});
