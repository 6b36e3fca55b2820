// Holds what each record of `stored` says of the one before it, whatever is handed in again.
import { chainStart, StoredChain } from './stored-chain';

describe('the chain', () => {
  it('links each event to the one before it, over the end of a batch and over offsets that stored nothing', () => {
    const chain = new StoredChain(-1);
    chain.handedIn(0);
    expect([0, 1, 4].map((offset) => chain.link(offset))).toEqual([-1, 0, 1]);
    chain.handedIn(7);
    expect(chain.before).toBe(4);
    expect(chain.link(9)).toBe(4);
  });

  it('says the same of what is handed in again', () => {
    const chain = new StoredChain(3);
    chain.handedIn(5);
    expect([5, 6, 8].map((offset) => chain.link(offset))).toEqual([3, 5, 6]);
    chain.handedIn(5);
    expect(chain.before).toBe(3);
    expect([5, 6, 8].map((offset) => chain.link(offset))).toEqual([3, 5, 6]);
    chain.handedIn(8);
    expect(chain.before).toBe(6);
    expect(chain.link(8)).toBe(6);
  });

  it('says nothing of the first event where what came before is not known, or lies further on', () => {
    const unknown = new StoredChain(undefined);
    expect([5, 6].map((offset) => unknown.link(offset))).toEqual([undefined, 5]);
    const ahead = new StoredChain(9);
    ahead.handedIn(5);
    expect([5, 6].map((offset) => ahead.link(offset))).toEqual([undefined, 5]);
  });
});

describe('a claim', () => {
  const state = { nextOffset: 20, publishedOffset: 10, storedBefore: 7 };

  it('goes on with what was stored below the offset that it begins at', () => {
    expect(chainStart(state, 0)).toBe(7);
    expect(chainStart(state, 10)).toBe(7);
    expect(chainStart({ ...state, storedBefore: undefined }, 0)).toBeUndefined();
  });

  it('assumes an event where Kafka deleted what may not have been published', () => {
    expect(chainStart(state, 15)).toBe(14);
    expect(chainStart(state, 500)).toBe(19);
    expect(chainStart({ ...state, storedBefore: undefined }, 15)).toBe(14);
  });
});
