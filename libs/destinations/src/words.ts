// A receiver's words are a stranger's text: cleaned and capped once here, before they reach a column, a log line or a page.

const cap = 300;
/** Control characters, line and paragraph separators, and the marks that reorder or hide text. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]+/gu;

export function receiverWords(text: string): string {
  // Cut before cleaning: the cleaning of a long text would cost what the cap is there to save.
  const clean = text
    .slice(0, cap * 4)
    .replace(unseen, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return clean.length <= cap ? clean : `${clean.slice(0, cap - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
