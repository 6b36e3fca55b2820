// The one event that is asked out of its turn, to see whether a receiver takes anything, is owed like any other: taken, it may never be acknowledged.
import { World, type Answer, type Replica } from './simulation';

/** Whatever the owner waits for happens, and ten seconds pass; what it sends at the end is answered in the next round. */
function round(world: World, owner: Replica, answer: Answer): void {
  for (let n = owner.sends.length; n > 0; n--) owner.answer(0, answer);
  owner.deliver(10);
  for (let n = owner.writes.length; n > 0; n--) owner.write(0);
  for (let n = owner.reads.length; n > 0; n--) owner.read(0);
  for (let n = owner.polls.length; n > 0; n--) owner.answerPoll(0, true);
  world.now += 10_000;
  owner.tick();
}

it('is sent again in its turn where it was not acknowledged, however long the receiver took nothing else', () => {
  const world = new World(() => 0.5);
  world.create('a', { itemized: false, acknowledges: true, enabled: true, poison: [1, 2, 3, 4, 5], leavesOutEvery: 0 });
  const { sink } = world.destinations[0] ?? {};
  if (!sink?.acks) throw new Error('no destination that acknowledges');
  for (let n = 0; n < 20; n++) world.append('a');
  world.publish(Infinity);
  const owner = world.claim();
  const newest = (): boolean => owner.sends.some(({ purpose }) => purpose === 'newest');
  for (let n = 0; n < 100 && !newest(); n++) round(world, owner, 'taken');
  owner.answer(0, 'taken');
  expect([...sink.seen]).toEqual([20]);

  // The indexer loses it, and is busy with everything else for longer than an acknowledgement may take.
  sink.acks.restart();
  for (let n = 0; n < 60; n++) round(world, owner, 'busy');
  expect([...sink.seen]).toEqual([20]);
  for (let n = 0; n < 100; n++) {
    sink.acks.makeSafe(() => true);
    round(world, owner, 'taken');
  }
  expect([...sink.safe].sort((one, other) => one - other)).toEqual(Array.from({ length: 15 }, (_, index) => index + 6));
  expect(world.cursors.get('a-0')).toMatchObject({ nextSeq: 21 });
});
