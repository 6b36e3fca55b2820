// Every code that a test of an Elasticsearch destination can find besides those of HTTP itself.
import type { CodeEntry, CodeTable, ProbeStage } from '../probe';

const ok = (stage: ProbeStage, meaning: string): CodeEntry => ({ stage, state: 'ok', meaning, fix: '' });
const open = (stage: ProbeStage, meaning: string, fix: string): CodeEntry => ({
  stage,
  state: 'not_proven',
  meaning,
  fix,
});
const bad = (stage: ProbeStage, meaning: string, fix: string): CodeEntry => ({ stage, state: 'failed', meaning, fix });

const newKey =
  'In Kibana, open Stack Management > API keys, create a key with create_doc and auto_configure on the target, and enter it in its encoded form.';
const freeDisk =
  'Free disk space or remove the block: PUT <target>/_settings {"index.blocks.write":null,"index.blocks.read_only":null,"index.blocks.read_only_allow_delete":null}.';
const grant = 'Give the role or API key the privilege create_doc on the target.';
const createTarget =
  'Create the target, or give the API key the privilege auto_configure on it; check the spelling of the target in the options.';

export const elasticsearchCodes: CodeTable = {
  elasticsearch_answers: ok('answer', 'Elasticsearch answers.'),
  root_not_shown: open(
    'answer',
    'These credentials may not see which product answers; the next stages show it.',
    'Nothing to do where the next stages pass: a key that can only write is right.',
  ),
  opensearch: bad(
    'answer',
    'This is OpenSearch, which is not Elasticsearch: it lacks what delivery is judged by.',
    'Enter the address of an Elasticsearch cluster (7.14 or newer), or send to OpenSearch through a collector of your own (type http).',
  ),
  elasticsearch_too_old: bad(
    'answer',
    'This Elasticsearch is older than 7.14: it does not name itself in its answers.',
    'Upgrade the cluster, or send through a collector of your own (type http).',
  ),
  not_elasticsearch: bad(
    'answer',
    'Something else than Elasticsearch answers.',
    'Enter the Elasticsearch endpoint (port 9200 or 9243, on Elastic Cloud "Copy endpoint" of Elasticsearch), not that of Kibana or of a web page.',
  ),
  credentials_accepted: ok('authentication', 'Elasticsearch knows the credentials.'),
  security_off: ok(
    'authentication',
    'The cluster has its security switched off: it asks for no credentials, and the token is not looked at.',
  ),
  permissions_off: ok('permission', 'The cluster has its security switched off: everybody may write.'),
  http_401: bad('authentication', 'Elasticsearch does not accept the credentials.', newKey),
  api_key_expired: bad('authentication', 'The API key has expired.', newKey),
  api_key_revoked: bad('authentication', 'The API key was invalidated.', newKey),
  http_403: bad('permission', 'Elasticsearch knows the credentials and refuses the request.', grant),
  http_404: bad(
    'answer',
    'There is no Elasticsearch at this path.',
    'Check the path of the URL: it is the address of the cluster, without an index in it.',
  ),
  permission_granted: ok('permission', 'The credentials may create documents in the target.'),
  create_doc_missing: bad('permission', 'The credentials may not create documents in the target.', grant),
  target_missing: bad('permission', 'The target does not exist, and the credentials may not create it.', createTarget),
  target_not_seen: open(
    'permission',
    'The credentials may create documents in the target; whether it exists they may not see, and they may not create it.',
    'Make sure that the target exists, or give the API key the privilege auto_configure on it.',
  ),
  bulk_400_index_closed_exception: bad('permission', 'The index is closed.', 'Open it: POST <target>/_open.'),
  bulk_403_cluster_block_exception: bad('permission', 'The target is blocked for writing.', freeDisk),
  bulk_429_cluster_block_exception: bad(
    'permission',
    'The target is blocked for writing: the disk is nearly full.',
    freeDisk,
  ),
  bulk_403_security_exception: bad('permission', 'The credentials may not create documents in the target.', grant),
  bulk_404_index_not_found_exception: bad(
    'permission',
    'The target does not exist, and may not be created.',
    createTarget,
  ),
  bulk_400_illegal_argument_exception: bad(
    'event',
    'The target does not take documents this way.',
    'Read its words: an alias needs a write index, and a pipeline that the target names must exist.',
  ),
  bulk_400_document_parsing_exception: bad(
    'event',
    'The mapping of the target does not take the test event.',
    'Install the index template of the documents, or set event to text in the options.',
  ),
  bulk_400_mapper_parsing_exception: bad(
    'event',
    'The mapping of the target does not take the test event.',
    'Install the index template of the documents, or set event to text in the options.',
  ),
  bulk_400_strict_dynamic_mapping_exception: bad(
    'event',
    'The mapping of the target takes no fields but its own.',
    'Install the index template of the documents, or set dynamic to false in the mapping.',
  ),
  bulk_429_es_rejected_execution_exception: bad(
    'event',
    'Elasticsearch is full for now.',
    'Try again in a while; if it lasts, give the cluster more room.',
  ),
  event_taken: ok('event', 'Elasticsearch took the bulk request with the test event.'),
  event_stored: ok('confirmation', 'Elasticsearch created the document of the test event.'),
  event_diverted: open(
    'confirmation',
    'Elasticsearch kept the test event in the failure store of the data stream: the mapping did not take it.',
    'Look into <target>::failures, and install the index template of the documents.',
  ),
};
