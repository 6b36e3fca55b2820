// What can be wrong with a search: a closed list of codes, each fault with its place and what to do about it.

export const faultCodes = [
  'bad_character',
  'bad_date',
  'bad_negation',
  'bad_prefix',
  'bad_time_zone',
  'empty_value',
  'list_not_allowed',
  'misplaced_quote',
  'relative_date',
  'too_long',
  'too_many_terms',
  'too_many_values',
  'unclosed_quote',
  'unknown_field',
  'unknown_value',
  'unsupported',
] as const;
export type FaultCode = (typeof faultCodes)[number];

export interface SearchFault {
  readonly code: FaultCode;
  /** UTF-16 offsets into the text, as editors count; `end` is behind the last character. */
  readonly start: number;
  readonly end: number;
  /** A sentence that says what to do. */
  readonly words: string;
  /** What would be right in place of the text from `start` to `end`, where there is a good guess. */
  readonly suggestion?: string;
}
