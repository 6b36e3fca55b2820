// What Elasticsearch's bulk answer says about each event: per item where there are items, from the status where there are none.
import { bodyText, isObject, isSuccess, isWhole, jsonObject, textOf, wasCutOff, type JsonObject } from '../answer';
import { judgeStatus } from '../judge-status';
import type { InboundResponse, Verdict } from '../types';
import { receiverWords } from '../words';

export const isElasticsearch = (response: InboundResponse): boolean =>
  response.headers['x-elastic-product'] === 'Elasticsearch';

export function judgeElasticsearch(response: InboundResponse, count: number, now: number): readonly Verdict[] {
  const all = (verdict: Verdict): readonly Verdict[] => Array.from({ length: count }, () => verdict);
  if (!isSuccess(response.status)) return all(judgeWhole(response, now));
  const said = { code: `http_${response.status}`, words: receiverWords(bodyText(response)) };
  if (!isElasticsearch(response)) return all({ ...judgeStranger(response), code: said.code });
  // Half a bulk needs half an answer, and what was created by then is a conflict the second time. An event alone is never given up for this.
  if (wasCutOff(response)) {
    const words = 'the answer was cut off';
    return count > 1
      ? all({ kind: 'split', reason: 'receiver_refused_size', code: said.code, words })
      : all({ kind: 'retry', reason: 'unreadable_answer', code: said.code, words });
  }
  const items = jsonObject(response)?.['items'];
  if (!Array.isArray(items)) return all({ kind: 'park', reason: 'not_the_expected_receiver', ...said });
  if (items.length !== count)
    return all({
      kind: 'retry',
      reason: 'unreadable_answer',
      code: said.code,
      words: `${items.length} items for ${count} events`,
    });
  return items.map(judgeItem);
}

/** Elasticsearch has named itself in every answer since 7.14: who does not is believed nothing, however much the answer looks like a bulk's. */
function judgeStranger(response: InboundResponse): {
  kind: 'park';
  reason: 'not_the_expected_receiver';
  words: string;
} {
  const text = bodyText(response);
  const who = /^\s*</.test(text)
    ? 'a web page, not Elasticsearch'
    : Array.isArray(jsonObject(response)?.['items'])
      ? 'a bulk answer without X-Elastic-Product: OpenSearch, or Elasticsearch before 7.14'
      : 'an answer without X-Elastic-Product, so not from Elasticsearch';
  return { kind: 'park', reason: 'not_the_expected_receiver', words: receiverWords(`${who}: ${text}`) };
}

interface Fault {
  readonly type: string;
  readonly reason: string;
}

function judgeItem(item: unknown): Verdict {
  const result: unknown = isObject(item) ? Object.values(item)[0] : undefined;
  const status = isObject(result) ? result['status'] : undefined;
  if (!isObject(result) || !isWhole(status))
    return { kind: 'retry', reason: 'unreadable_answer', code: 'bulk_item_unreadable', words: '' };
  // In the failure store it is the stream's own, for its owner to look at: sent again it would only get there twice. `failed` and `not_enabled`
  // stand beside an error and a status of their own: those events are nowhere.
  if (status === 200 || status === 201)
    return result['failure_store'] === 'used' ? { kind: 'delivered', diverted: true } : { kind: 'delivered' };
  const fault = faultOf(result['error']);
  // A create under an id made from the event's identity: what is there already is this event.
  if (status === 409 && (fault.type === '' || fault.type === 'version_conflict_engine_exception'))
    return { kind: 'delivered' };
  const code = `bulk_${status}${fault.type && `_${fault.type.slice(0, 80).replace(/\W/g, '_')}`}`;
  return judgeFault(status, fault, { code, words: receiverWords(fault.reason) });
}

function judgeFault(status: number, fault: Fault, said: { readonly code: string; readonly words: string }): Verdict {
  if (status === 400) return judgeRefused(fault, said);
  if (status === 413) return { kind: 'poison', reason: 'receiver_refused_size', ...said };
  if (status === 401) return { kind: 'park', reason: 'credentials_refused', ...said };
  if (status === 403)
    return { kind: 'park', reason: isBlock(fault) ? 'target_not_writable' : 'permission_refused', ...said };
  if (status === 404) return { kind: 'park', reason: 'not_found', ...said };
  if (status === 429) return { kind: 'retry', reason: 'rate_limited', ...said };
  if (status === 503) return { kind: 'retry', reason: 'busy', ...said };
  if (status >= 500 && status <= 599) return { kind: 'retry', reason: 'server_error', ...said };
  return { kind: 'retry', reason: 'unreadable_answer', ...said };
}

const mappingFaults = /^(document_parsing|mapper_parsing|strict_dynamic_mapping|mapper)_exception$/;
/** Refusals that have nothing to do with the event, and would meet each one the same. */
const settingsAtFault =
  /only write ops with an op_type of create|pipeline with id \[|is not writable|has no write index|is not a write index/;

function judgeRefused(fault: Fault, said: { readonly code: string; readonly words: string }): Verdict {
  if (fault.type === 'invalid_index_name_exception') return { kind: 'park', reason: 'index_refused', ...said };
  if (!mappingFaults.test(fault.type) && settingsAtFault.test(fault.reason))
    return { kind: 'park', reason: 'configuration_refused', ...said };
  const reason = mappingFaults.test(fault.type) ? 'receiver_refused_mapping' : 'receiver_refused_event';
  return { kind: 'poison', reason, ...said };
}

const isBlock = (fault: Fault): boolean =>
  fault.type === 'cluster_block_exception' || /index \[.*\] blocked by/.test(fault.reason);

function judgeWhole(response: InboundResponse, now: number): Verdict {
  const body = jsonObject(response);
  const fault = faultOf(body?.['error']);
  const verdict = judgeStatus(response, fault.reason || bodyText(response), now);
  if (response.status === 403 && verdict.kind === 'park' && isBlock(fault))
    return { ...verdict, reason: 'target_not_writable' };
  // "no handler found for uri": Elasticsearch's 400 for a path that it does not have.
  if (response.status === 400 && typeof body?.['error'] === 'string')
    return { kind: 'park', reason: 'not_found', code: 'http_400', words: receiverWords(body['error']) };
  return verdict;
}

function faultOf(error: unknown): Fault {
  const fault: JsonObject = isObject(error) ? error : {};
  return { type: textOf(fault['type']), reason: textOf(fault['reason']) || textOf(error) };
}
