// jest calls this once after the project `integration`.
import { disposeRun } from './run';

module.exports = disposeRun;
