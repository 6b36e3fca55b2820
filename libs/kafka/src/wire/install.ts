// Puts our own decoder and encoder under kafkajs, at one seam each: the functions that give a Fetch call its response decoder and a Produce call
// its request encoder. kafkajs cannot be told to go on after a batch it cannot read (unknown codec: the consumer stops for good; corrupt: it fails
// for ever), nor to cap decompression; and its encoder took most of a hop's CPU.
import fetchApi from 'kafkajs/src/protocol/requests/fetch';
import produceApi from 'kafkajs/src/protocol/requests/produce';
import RequestQueue from 'kafkajs/src/network/requestQueue';
import { decodeFetchResponse } from './fetch-response';
import { encodeProduce, isPlain } from './produce-request';

const decodedVersion = 11;
const encodedVersions = { first: 3, last: 7 };
const state = { installed: false };

export function installWireProtocol(): void {
  if (state.installed) return;
  state.installed = true;

  const protocol = fetchApi.protocol.bind(fetchApi);
  fetchApi.protocol = (choice) => {
    const call = protocol(choice);
    if (choice.version !== decodedVersion)
      throw new Error(`the broker speaks Fetch only up to version ${choice.version}; Kafka 2.3 or newer is needed`);
    return (options) => {
      const fetch = call(options);
      const offsets = new Map<string, number>();
      for (const { topic, partitions } of options.topics)
        for (const { partition, fetchOffset } of partitions) offsets.set(`${partition}:${topic}`, Number(fetchOffset));
      const decode = (payload: Buffer): Promise<unknown> =>
        decodeFetchResponse(payload, (topic, partition) => offsets.get(`${partition}:${topic}`) ?? 0);
      return { ...fetch, response: { ...fetch.response, decode } };
    };
  };

  const produce = produceApi.protocol.bind(produceApi);
  produceApi.protocol = (choice) => {
    const call = produce(choice);
    if (choice.version < encodedVersions.first || choice.version > encodedVersions.last) return call;
    return (options) => {
      const made = call(options);
      if (!isPlain(options)) return made;
      const encode = (): Promise<{ buf: Buffer; buffer: Buffer }> => {
        const body = encodeProduce(options, Date.now());
        return Promise.resolve({ buf: body, buffer: body });
      };
      return { ...made, request: { ...made.request, encode } };
    };
  };

  // kafkajs re-arms this timer for ever once a connection was used, with a negative delay: a thousand wake-ups a second and a warning each
  // time (kafkajs#1751). There is something to check only while requests are waiting.
  const schedule = RequestQueue.prototype.scheduleCheckPendingRequests;
  RequestQueue.prototype.scheduleCheckPendingRequests = function (): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}
