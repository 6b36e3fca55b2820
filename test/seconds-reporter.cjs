// A jest reporter that says how long each test file took, shows failures whole, and leaves its totals for the run's last line.
const { writeFileSync } = require('node:fs');
const { relative } = require('node:path');

class SecondsReporter {
  onTestFileResult(_test, result) {
    const { perfStats, numPassingTests: passed, numFailingTests, testExecError, testFilePath } = result;
    const failed = numFailingTests + (testExecError ? 1 : 0);
    const seconds = ((perfStats.end - perfStats.start) / 1000).toFixed(1).padStart(6);
    const counts = `${String(passed).padStart(4)} passed${failed > 0 ? `, ${failed} failed` : ''}`;
    console.log(`${seconds} s ${counts}  ${relative(process.cwd(), testFilePath)}`);
    if (failed === 0) return;
    console.log(result.failureMessage ?? '');
    for (const { type, message, origin } of result.console ?? []) console.log(`console.${type}: ${message}\n${origin}`);
  }

  onRunComplete(_contexts, results) {
    const totals = {
      passed: results.numPassedTests,
      // A file that could not run has no test that failed, and a run that was cut short has passed nothing.
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites + (results.wasInterrupted ? 1 : 0),
      skipped: results.numPendingTests + results.numTodoTests,
    };
    const { AUDITLANE_TEST_TOTALS: file } = process.env;
    if (file) writeFileSync(file, JSON.stringify(totals));
  }
}

module.exports = SecondsReporter;
