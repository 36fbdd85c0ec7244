/** Prints every breach of the repository's rules; exits 1 when there is one. */
import { repositoryBreaches } from "./repository-rules.ts";

const breaches = repositoryBreaches();
for (const { file, says } of breaches) process.stdout.write(`${file}: ${says}\n`);
process.stdout.write(`${breaches.length} breaches of the repository's rules\n`);
process.exitCode = breaches.length === 0 ? 0 : 1;
