// The forwarder of all destinations of type http.
import { runForwarder } from '@auditlane/delivery';

void runForwarder('http');
