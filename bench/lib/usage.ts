// Reads what a process has used so far from the kernel: CPU-seconds and the highest resident memory. Linux only, as the benches are.
import { readFileSync } from 'node:fs';

export interface Usage {
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

/** Clock ticks a second; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The process name may hold spaces and parentheses; the numbers start after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return { cpuSeconds: ticks / ticksPerSecond, peakRssMb: Number(peak?.[1] ?? 0) / 1024 };
}

/** CPU since `before`, and the peak so far. */
export function usedSince(pid: number, before: Usage): Usage {
  const now = usageOf(pid);
  return { cpuSeconds: now.cpuSeconds - before.cpuSeconds, peakRssMb: now.peakRssMb };
}

/** Resident memory now. */
export function residentMb(pid: number): number {
  const now = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(now?.[1] ?? 0) / 1024;
}
