// jest calls this once after the project `integration`.
import { endRun } from './run';

module.exports = endRun;
