/** Preloaded by `bench/rules.ts`: writes what the process has used, by the kernel's count, when it ends. */
import { writeFileSync } from "node:fs";

process.once("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const usage = { cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMb: (maxRSS * 1024) / 1e6 };
  writeFileSync(process.env.LINKSCOPE_BENCH_USAGE ?? "/dev/null", JSON.stringify(usage));
});
