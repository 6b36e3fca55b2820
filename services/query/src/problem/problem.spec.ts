import { z } from 'zod';
import { faultsOfIssues } from './faults-of-issues';
import { problem, problemTypeOf } from './problem';
import { problemOfStatus } from './problem.filter';

describe('a problem', () => {
  it('has the members of RFC 9457', () => {
    expect(problem('not-found', 'No such event.')).toEqual({
      type: 'https://auditlane.dev/problems/not-found',
      title: 'There is nothing here',
      status: 404,
      detail: 'No such event.',
    });
  });

  it.each([
    [404, 'not-found'],
    [405, 'not-found'],
    [413, 'body-too-large'],
    [418, 'invalid-request'],
    [500, 'internal'],
    [599, 'internal'],
  ])('stands for the status %i of the framework', (status, type) => {
    expect(problemTypeOf(status)).toBe(type);
  });

  it('tells a body that is not JSON from another bad request', () => {
    expect(problemOfStatus(400, 'FST_ERR_CTP_INVALID_JSON_BODY').type).toContain('malformed-json');
    expect(problemOfStatus(400).type).toContain('invalid-request');
  });
});

describe('the faults of a request', () => {
  const schema = z.strictObject({ limit: z.string(), nested: z.strictObject({ a: z.number() }).optional() });
  const faults = (value: unknown) => faultsOfIssues(schema.safeParse(value).error?.issues ?? []);

  it('name the parameter', () => {
    expect(faults({ limit: ['1', '2'] })).toEqual([{ path: 'limit', message: expect.stringContaining('string') }]);
  });

  it('name each unknown parameter, at any depth, and shorten what is long', () => {
    expect(faults({ limit: '1', sort: 'x', [`k${'y'.repeat(100)}`]: 1, nested: { a: 1, b: 2 } })).toEqual([
      { path: 'nested.b', message: 'is not known here' },
      { path: 'sort', message: 'is not known here' },
      { path: `k${'y'.repeat(62)}…`, message: 'is not known here' },
    ]);
  });

  it('are cut off at twenty', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, 1]));
    expect(faults({ limit: '1', ...many })).toHaveLength(20);
  });
});
