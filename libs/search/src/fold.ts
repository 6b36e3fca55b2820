// What "ignoring case" means here, in a way that JavaScript and PostgreSQL keep to the letter whatever their Unicode versions and locales.
//
// A character folds to its one-character lower case (of its one-character upper case, so that both sigmas are one), and no other character
// ever folds to an ASCII one. So the folding of a text never changes its length, `lower(… collate "C")` does the ASCII part in the database, and
// `translate` the rest of it, for the few characters that a search has. Accents count; a text in decomposed form (macOS writes it) is met by
// searching for both forms of what was typed, never by normalising what is stored.

const onlyAscii = /^[\0-\x7f]*$/;

export function fold(text: string): string {
  if (onlyAscii.test(text)) return text.toLowerCase();
  let folded = '';
  for (const character of text) folded += foldCharacter(character);
  return folded;
}

/** What to look for: the folded text in composed and decomposed form. One where they are the same. */
export function needlesOf(text: string): readonly string[] {
  return [...new Set([fold(text.normalize('NFC')), fold(text.normalize('NFD'))])];
}

function foldCharacter(character: string): string {
  const upper = character.toUpperCase();
  const lower = (isSingle(upper) ? upper : character).toLowerCase();
  const folded = isSingle(lower) ? lower : character;
  return onlyAscii.test(folded) && !onlyAscii.test(character) ? character : folded;
}

const isSingle = (text: string): boolean =>
  text.length === 1 || (text.length === 2 && (text.codePointAt(0) ?? 0) > 0xffff);

/** Past this no character has a case (Unicode 16: U+1E921 is the last). */
const lastCased = 0x1ffff;
let unfolded: ReadonlyMap<string, readonly string[]> | undefined;

/** The non-ASCII characters of these folded texts with those that fold to them: `from` and `to` of PostgreSQL's `translate`. */
export function translation(needles: readonly string[]): { readonly from: string; readonly to: string } {
  let from = '';
  let to = '';
  for (const character of new Set(needles.join(''))) {
    if (onlyAscii.test(character)) continue;
    for (const other of foldingTo(character)) {
      from += other;
      to += character;
    }
  }
  return { from, to };
}

function foldingTo(character: string): readonly string[] {
  unfolded ??= invertFolding();
  return unfolded.get(character) ?? [];
}

function invertFolding(): ReadonlyMap<string, readonly string[]> {
  const inverse = new Map<string, string[]>();
  for (let codePoint = 0x80; codePoint <= lastCased; codePoint++) {
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
    const character = String.fromCodePoint(codePoint);
    const folded = foldCharacter(character);
    if (folded !== character) inverse.set(folded, [...(inverse.get(folded) ?? []), character]);
  }
  return inverse;
}
