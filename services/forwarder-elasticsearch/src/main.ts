// The forwarder of all destinations of type elasticsearch.
import { runForwarder } from '@auditlane/delivery';

void runForwarder('elasticsearch');
