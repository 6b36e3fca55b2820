// What a search says, as a value. Texts stand as they were typed: folding is the business of whoever compares.

export const valueFields = ['area', 'category', 'action', 'workspace', 'actor', 'id', 'ip'] as const;
export type ValueField = (typeof valueFields)[number];

export const timeFields = ['before', 'after', 'on'] as const;
export type TimeField = (typeof timeFields)[number];

/** One of the alternatives of a term. A prefix of nothing asks whether there is a value at all. */
export interface Value {
  readonly text: string;
  readonly prefix: boolean;
}

/** Milliseconds since the epoch; from is part of it, to is not. */
export interface Span {
  readonly from?: number;
  readonly to?: number;
}

export type Term = { readonly negated: boolean } & (
  | { readonly kind: 'field'; readonly field: ValueField; readonly values: readonly Value[] }
  | { readonly kind: 'param'; readonly name: string; readonly values: readonly Value[] }
  /** `text` is what was written, `span` what it meant at that time and in that zone. */
  | { readonly kind: 'time'; readonly field: TimeField; readonly text: string; readonly span: Span }
  | { readonly kind: 'text'; readonly text: string }
);

/** An event is found where every term holds; without terms, every event is. */
export interface Query {
  readonly terms: readonly Term[];
}
