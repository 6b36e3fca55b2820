// Tells consumers that a partition was asked for an offset that is gone. kafkajs then commits "the beginning" over the group's offset at once, so
// that this is the only place left that knows how many records were missed.
export interface OutOfRange {
  readonly topic: string;
  readonly partition: number;
  readonly fetchOffset: number;
}

const listeners = new Set<(event: OutOfRange) => void>();

/** The function given back ends the listening. */
export function onOutOfRange(listener: (event: OutOfRange) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function reportOutOfRange(event: OutOfRange): void {
  for (const listener of listeners) listener(event);
}
