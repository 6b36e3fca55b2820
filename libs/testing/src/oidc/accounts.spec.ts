import { accountName, claimsOf } from './accounts';

describe('demo accounts', () => {
  it('carry their tenant and their one role in the name', () => {
    expect(claimsOf(accountName('acme', 'settings-admin'))).toEqual({ tenant_id: 'acme', roles: ['settings-admin'] });
  });

  it.each(['acme', 'root@acme', 'viewer@', 'viewer@a b', 'viewer@a@b', '@acme', `viewer@${'a'.repeat(65)}`])(
    'do not exist under the name %p',
    (name) => {
      expect(claimsOf(name)).toBeUndefined();
    },
  );
});
