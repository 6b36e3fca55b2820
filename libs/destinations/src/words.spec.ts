// A stranger's text, cleaned and capped.
import * as fc from 'fast-check';
import { receiverWords } from './words';

describe('the words of a receiver', () => {
  it('lose control characters, bidi marks, separators and line breaks', () => {
    expect(receiverWords('bad\r\n\u001b[31mtoken\u202e\u2028x\u0000\u200by')).toBe('bad [31mtoken x y');
  });

  it('keep their letters, also outside the basic plane', () => {
    expect(receiverWords('Ungültiges Token 🔑 «x»')).toBe('Ungültiges Token 🔑 «x»');
  });

  it('are one line of at most 300 characters and valid Unicode, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
        const words = receiverWords(text);
        expect(words.length).toBeLessThanOrEqual(300);
        expect(words.isWellFormed()).toBe(true);
        expect(words).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
