// Puts our own decoder under kafkajs, at one seam: the function that gives a Fetch call its response decoder. kafkajs cannot be told to go on
// after a batch it cannot read (unknown codec: the consumer stops for good; corrupt: it fails for ever), nor to cap decompression.
import fetchApi from 'kafkajs/src/protocol/requests/fetch';
import RequestQueue from 'kafkajs/src/network/requestQueue';
import { decodeFetchResponse } from './fetch-response';

const decodedVersion = 11;
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

  // kafkajs re-arms this timer for ever once a connection was used, with a negative delay: a thousand wake-ups a second and a warning each
  // time (kafkajs#1751). There is something to check only while requests are waiting.
  const schedule = RequestQueue.prototype.scheduleCheckPendingRequests;
  RequestQueue.prototype.scheduleCheckPendingRequests = function (): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}
