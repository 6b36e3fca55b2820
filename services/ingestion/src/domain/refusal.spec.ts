// Holds the words about a refused record to one printable line, whatever the producer put into them.
import * as fc from 'fast-check';
import { excerpt, refused } from './refusal';

describe('the detail of a refusal', () => {
  it('is one line of printable ASCII, at most 500 characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 700 }), (text) => {
        expect(refused('schema_invalid', text).detail).toMatch(/^[\x20-\x7e]{0,500}$/);
        expect(excerpt(text).length).toBeLessThanOrEqual(69);
      }),
    );
  });

  it('shows line breaks, terminal escapes and bidi marks as escapes', () => {
    expect(refused('schema_invalid', 'a\r\n\x1b[2J\u202e').detail).toBe('a\\u000d\\u000a\\u001b[2J\\u202e');
  });
});
