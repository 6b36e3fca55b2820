// jest calls this once before the project `integration`.
import { startRun } from './run';

module.exports = startRun;
