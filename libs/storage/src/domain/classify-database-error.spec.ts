// Holds which database errors hand records back, which make a day, which halve a batch, and which are bugs.
import { DatabaseError } from 'pg';
import { classifyDatabaseError, retryReasonOf } from './classify-database-error';

function databaseError(code: string, constraint?: string): DatabaseError {
  const error = new DatabaseError('refused', 7, 'error');
  error.code = code;
  error.constraint = constraint;
  return error;
}

describe('classifyDatabaseError', () => {
  it.each([
    ['40P01', 'retry:database_conflict'],
    ['40001', 'retry:database_conflict'],
    ['55P03', 'retry:database_conflict'],
    ['57014', 'retry:database_conflict'],
    ['57P01', 'retry:database_unavailable'],
    ['57P03', 'retry:database_unavailable'],
    ['08006', 'retry:database_unavailable'],
    ['25P03', 'retry:database_unavailable'],
    ['25006', 'retry:database_unavailable'],
    ['53300', 'retry:database_unavailable'],
    ['53100', 'retry:database_full'],
    ['23514', 'day_missing'],
    ['22P05', 'bisect'],
    ['22P02', 'bisect'],
    ['22003', 'bisect'],
    ['54001', 'bisect'],
    ['23505', 'bisect'],
    ['42501', 'unknown'],
    ['42P01', 'unknown'],
  ])('takes %s for %s', (code, fault) => {
    expect(classifyDatabaseError(databaseError(code))).toBe(fault);
  });

  it('tells a refused value from a missing partition by the constraint’s name', () => {
    expect(classifyDatabaseError(databaseError('23514', 'quarantine_excerpt_check'))).toBe('bisect');
  });

  it.each([
    Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
    Object.assign(new Error('read'), { code: 'ECONNRESET' }),
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Query read timeout'),
    new AggregateError([Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })]),
  ])('takes a lost connection for an unavailable database: %s', (error) => {
    expect(classifyDatabaseError(error)).toBe('retry:database_unavailable');
  });

  it('knows nothing of other errors: they end the process', () => {
    expect(classifyDatabaseError(new TypeError('x is not a function'))).toBe('unknown');
    expect(classifyDatabaseError('text')).toBe('unknown');
    expect(retryReasonOf('unknown')).toBeUndefined();
    expect(retryReasonOf('bisect')).toBeUndefined();
    expect(retryReasonOf('day_missing')).toBe('day_missing');
  });
});
