import { bearerOf } from './bearer';
import { mayAct, principalOf, roles, type Role } from './principal';

describe('the bearer token', () => {
  it('is taken from one well-formed Authorization header', () => {
    expect(bearerOf(['Bearer abc.def-g_h'])).toEqual({ kind: 'token', token: 'abc.def-g_h' });
    expect(bearerOf(['bearer abc'])).toEqual({ kind: 'token', token: 'abc' });
  });

  it('is missing where there is no header', () => {
    expect(bearerOf([])).toEqual({ kind: 'none' });
  });

  it.each([
    ['an empty header', ['']],
    ['a scheme alone', ['Bearer']],
    ['a scheme and a blank', ['Bearer ']],
    ['another scheme', ['Basic abc']],
    ['a doubled scheme', ['Bearer Bearer abc']],
    ['two headers', ['Bearer abc', 'Bearer abc']],
    ['control characters', ['Bearer abc\r\nx: y']],
    ['a token of 16 kB', [`Bearer ${'a'.repeat(16_384)}`]],
  ])('is not taken from %s', (_name, values) => {
    expect(bearerOf(values)).toEqual({ kind: 'malformed' });
  });
});

describe('the principal', () => {
  const claims = { sub: 'jane', tenant_id: 'acme', roles: ['viewer', 'someone-elses-role'] };

  it('is who the claims say, with the roles that are ours', () => {
    expect(principalOf(claims)).toEqual({ subject: 'jane', tenant: 'acme', roles: new Set(['viewer']) });
  });

  it.each([
    ['an array', ['acme']],
    ['an empty text', ''],
    ['a wildcard', '*'],
    ['several in one', 'acme,other'],
    ['nothing', undefined],
    ['a path', '../acme'],
  ])('is nobody where the tenant is %s', (_name, tenant) => {
    expect(principalOf({ ...claims, tenant_id: tenant })).toBeUndefined();
  });

  it('keeps a tenant apart from its other spelling', () => {
    expect(principalOf({ ...claims, tenant_id: 'Acme' })?.tenant).toBe('Acme');
  });

  it('is nobody where roles are not a list', () => {
    expect(principalOf({ ...claims, roles: 'settings-admin' })).toBeUndefined();
  });

  const may = (held: Role) =>
    roles.filter((role) => mayAct({ subject: 's', tenant: 't', roles: new Set([held]) }, role));
  it('may do what its role implies and nothing else', () => {
    expect(may('viewer')).toEqual(['viewer']);
    expect(may('exporter')).toEqual(['viewer', 'exporter']);
    expect(may('settings-admin')).toEqual(['viewer', 'exporter', 'settings-admin']);
    expect(may('operator')).toEqual(['operator']);
  });
});
