// Indexer acknowledgement: ids count from 0 in each channel, and a true one is told once and then forgotten.

/** `at_once`: true at the first poll. `never`: indexed but never confirmed. `by_hand`: when the test says so. */
export type AckMode = 'at_once' | 'never' | 'by_hand';

export class Acks {
  mode: AckMode = 'at_once';
  private readonly channels = new Map<string, { next: number; open: Set<number>; confirmed: Set<number> }>();

  issue(channel: string): number {
    const state = this.channel(channel);
    const id = state.next++;
    (this.mode === 'at_once' ? state.confirmed : state.open).add(id);
    return id;
  }

  poll(channel: string, ids: readonly number[]): Record<string, boolean> {
    const state = this.channel(channel);
    return Object.fromEntries(ids.map((id) => [String(id), state.confirmed.delete(id)]));
  }

  /** Confirms everything that waits, in all channels. */
  confirm(): void {
    for (const state of this.channels.values()) {
      for (const id of state.open) state.confirmed.add(id);
      state.open.clear();
    }
  }

  /** What a restart of the indexer does. */
  forget(): void {
    this.channels.clear();
  }

  private channel(name: string) {
    const known = this.channels.get(name) ?? { next: 0, open: new Set<number>(), confirmed: new Set<number>() };
    this.channels.set(name, known);
    return known;
  }
}
