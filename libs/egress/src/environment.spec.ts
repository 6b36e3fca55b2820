// A weakened environment stops the start instead of weakening a connection.
import { Egress, parseAllowList } from './index';

test('S27 NODE_TLS_REJECT_UNAUTHORIZED=0 stops the start, with words that say what to do', () => {
  expect(() => new Egress(parseAllowList([]), { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })).toThrow(
    /NODE_TLS_REJECT_UNAUTHORIZED=0 is set.*AUDITLANE_EGRESS_CA_FILE/,
  );
  expect(() => new Egress(parseAllowList([]), { env: { NODE_TLS_REJECT_UNAUTHORIZED: '1' } })).not.toThrow();
});

test('an operator bundle without a certificate stops the start', () => {
  expect(() => new Egress(parseAllowList([]), { env: {}, operatorCaPem: 'nothing' })).toThrow(/no certificate/);
});
