// Refuses to start where the environment would weaken every outgoing connection. Proxy variables need no check: nothing here reads them.

export function assertSafeEnvironment(env: Readonly<Record<string, string | undefined>>): void {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0')
    throw new Error(
      'NODE_TLS_REJECT_UNAUTHORIZED=0 is set: certificates would not be checked. Unset it; a private CA is given per destination or by AUDITLANE_EGRESS_CA_FILE.',
    );
}
