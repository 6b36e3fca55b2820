// The forwarder of all destinations of type splunk.
import { runForwarder } from '@auditlane/delivery';

void runForwarder('splunk');
