import { KafkaJSProtocolError } from 'kafkajs';
import { Membership } from './membership';
import { PartitionAssignment, type PartitionLink } from './partition.assignment';

class Broker implements PartitionLink {
  readonly commits: [number, string][] = [];
  readonly failures: unknown[] = [];
  private waiting: PromiseWithResolvers<void>[] = [];

  commit(_topic: string, _partition: number, offset: number, metadata: string): Promise<void> {
    this.commits.push([offset, metadata]);
    const answer = Promise.withResolvers<void>();
    this.waiting.push(answer);
    return answer.promise;
  }
  committed = () => Promise.resolve(undefined);
  logRange = () => Promise.resolve({ start: 0, end: 0 });
  reclaim = () => Promise.resolve();
  commitFailed(_assignment: unknown, error: unknown): void {
    this.failures.push(error);
  }
  next(): PromiseWithResolvers<void> | undefined {
    return this.waiting.shift();
  }
}

describe('commits of an assignment', () => {
  const begin = (commitIntervalMs = 250) => {
    const broker = new Broker();
    const membership = new Membership(30_000);
    const assignment = new PartitionAssignment('t', 0, membership.begin(), membership, broker, {
      handlerCommits: false,
      commitIntervalMs,
    });
    return { broker, membership, assignment };
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('are joined while one is under way: the newest offset follows it', async () => {
    const { broker, assignment } = begin();
    const first = assignment.commit(1);
    const second = assignment.commit(2);
    const third = assignment.commit(3, 'accepted=77');
    broker.next()?.resolve();
    await settled();
    broker.next()?.resolve();
    await Promise.all([first, second, third]);
    expect(broker.commits).toEqual([
      [1, ''],
      [3, 'accepted=77'],
    ]);
  });

  it('are tried again after an error that says nothing of the membership', async () => {
    const { broker, assignment } = begin();
    const done = assignment.commit(1);
    broker.next()?.reject(new Error('connection closed'));
    while (broker.commits.length < 2) await settled();
    broker.next()?.resolve();
    await done;
    expect(broker.commits).toEqual([
      [1, ''],
      [1, ''],
    ]);
  });

  it('stop when the group no longer knows this member: the records are the next owner’s', async () => {
    const { broker, assignment } = begin();
    const done = assignment.commit(1);
    broker
      .next()
      ?.reject(new KafkaJSProtocolError(Object.assign(new Error('x'), { type: 'ILLEGAL_GENERATION', code: 22 })));
    await done;
    expect(broker.commits).toHaveLength(1);
    expect(broker.failures).toHaveLength(1);
  });

  it('are made once in an interval where many batches ask for them: at once, then for the newest', async () => {
    const { broker, assignment } = begin(20);
    assignment.commitSoon(1);
    assignment.commitSoon(2);
    assignment.commitSoon(3);
    expect(broker.commits).toEqual([[1, '']]);
    broker.next()?.resolve();
    while (broker.commits.length < 2) await settled();
    expect(broker.commits).toEqual([
      [1, ''],
      [3, ''],
    ]);
  });

  it('do not wait for the interval once the partition is being taken away', async () => {
    const { broker, assignment } = begin(3_600_000);
    assignment.commitSoon(1);
    broker.next()?.resolve();
    await settled();
    assignment.commitSoon(2);
    expect(broker.commits).toHaveLength(1);
    assignment.release('rebalancing');
    broker.next()?.resolve();
    await settled();
    assignment.commitSoon(3);
    broker.next()?.resolve();
    await assignment.flushed();
    expect(broker.commits.map(([offset]) => offset)).toEqual([1, 2, 3]);
  });

  it('are left out, due or not, once the partition is lost', async () => {
    const { broker, assignment } = begin(3_600_000);
    assignment.commitSoon(1);
    broker.next()?.resolve();
    await settled();
    assignment.commitSoon(2);
    assignment.release('lost');
    await assignment.flushed();
    expect(broker.commits.map(([offset]) => offset)).toEqual([1]);
  });

  it('are not made in the name of a later generation', async () => {
    const { broker, membership, assignment } = begin();
    membership.begin();
    await assignment.commit(1);
    expect(broker.commits).toEqual([]);
    expect(assignment.isMember()).toBe(false);
  });
});
