// What the database relies on when it folds by `lower(… collate "C")` and `translate`: one character for one, and no surprise in ASCII.
import { fold, needlesOf, translation } from './fold';

const isAscii = (text: string): boolean => (text.codePointAt(0) ?? 0) < 0x80;
const characters = Array.from({ length: 0x110000 }, (_, codePoint) => codePoint)
  .filter((codePoint) => codePoint < 0xd800 || codePoint > 0xdfff)
  .map((codePoint) => String.fromCodePoint(codePoint));

describe('folding', () => {
  it('turns each character into one, once and for all, and none from outside of ASCII into one of ASCII', () => {
    const broken = characters.filter((character) => {
      const folded = fold(character);
      return Array.from(folded).length !== 1 || fold(folded) !== folded || isAscii(folded) !== isAscii(character);
    });
    expect(broken).toEqual([]);
  });

  it('is undone by the translation for every character there is', () => {
    const { from, to } = translation(characters);
    const table = new Map<string, string | undefined>();
    const pairs = Array.from(to);
    Array.from(from).forEach((character, at) => table.set(character, pairs[at]));
    const wrong = characters.filter(
      (character) => !isAscii(character) && (table.get(character) ?? character) !== fold(character),
    );
    expect(wrong).toEqual([]);
  });

  it.each([
    ['Ünïcode ÉCOLE', 'ünïcode école'],
    ['ΟΔΥΣΣΕΥΣ', 'οδυσσευσ'],
    ['Straße', 'straße'],
    ['İstanbul', 'İstanbul'],
    ['\u212Aelvin', '\u212Aelvin'],
    ['𐐀', '𐐨'],
  ])('%s is %s', (text, folded) => {
    expect(fold(text)).toBe(folded);
  });

  it('looks for both forms of an accent', () => {
    expect(needlesOf('José')).toEqual(['josé', 'jose\u0301']);
    expect(needlesOf('Jose')).toEqual(['jose']);
  });
});
