// Where the parts of the running test run are.

export interface Stack {
  readonly brokers: string[];
  /** As superuser. */
  readonly postgresUrl: string;
  /** The migrated database that test files copy. */
  readonly templateDatabase: string;
  /** Where further parts are asked for. */
  readonly runUrl: string;
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(
      `${name} is not set: this is no test of jest's project "integration" (its file must end in .test.ts)`,
    );
  return value;
}

export function stack(): Stack {
  return {
    brokers: variable('AUDITLANE_TEST_KAFKA').split(','),
    postgresUrl: variable('AUDITLANE_TEST_POSTGRES'),
    templateDatabase: variable('AUDITLANE_TEST_TEMPLATE'),
    runUrl: variable('AUDITLANE_TEST_RUN'),
  };
}
